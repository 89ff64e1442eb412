"""How every target stands, as its users see it: on the terminal, as JSON, and as a page in a real browser."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.tools.debian.apt import Apt
from orchestrator.tools.process import SystemRunner
from tests.chromium import PACKAGE, Page, chromium
from tests.e2e.conftest import ARCHES, NewHello
from tests.e2e.hello import Hello

pytestmark = pytest.mark.e2e

NOBODY = "127.0.0.1:1"
LAST_LINE = 'CMD ["hello"]'
EXPECTED = {
    "2.0/slim-trixie@amd64": ("up to date", "arch tag only"),
    "2.0/slim-trixie@s390x": ("up to date", "older image"),
    "2.0/trixie@amd64": ("failed", "older image"),
    "2.0/trixie@s390x": ("stale", "older image"),
}
MOST_STOPS = 20
"""Presses of Tab that lead to the matrix at the latest."""

SHOWN = "[...document.querySelectorAll('.matrix td:not(.out) button')].map((each) => each.ariaLabel.split(':')[0])"
FOCUS = "(document.activeElement.ariaLabel ?? '').split(':')[0]"
# WCAG 2.2, 1.4.3: contrast of 4.5 between a text and what is behind it.
FAINT = """(() => {
  const parts = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((each) => each / 255)
    .map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4))
    .reduce((sum, each, index) => sum + each * [0.2126, 0.7152, 0.0722][index], 0);
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const color = parts(getComputedStyle(each).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  return [...document.body.querySelectorAll('*')]
    .filter((each) => each.checkVisibility())
    .filter((each) => [...each.childNodes].some((child) => child.nodeType === 3 && child.data.trim()))
    .filter((each) => {
      const [low, high] = [light(parts(getComputedStyle(each).color)), light(behind(each))].sort((a, b) => a - b);
      return (high + 0.05) / (low + 0.05) < 4.5;
    })
    .map((each) => each.outerHTML);
})()"""


@pytest.fixture(scope="module", autouse=True)
def browser(state: Path) -> None:
    """Chromium, installed where it is missing."""
    if shutil.which(PACKAGE) is None:
        asyncio.run(Apt(state, SystemRunner(dict(os.environ))).install_tools([PACKAGE]))


@pytest.fixture(scope="module")
def family(hello: NewHello) -> Hello:
    """Published, then changed: one variant was built anew and published for one arch, the other fails."""
    made: Hello = hello(arches=("amd64", "s390x"), variants=("slim-trixie", "trixie"))
    made.run("build", "--arch", "all")
    made.run("publish")
    made.edit(LAST_LINE, f"LABEL of=slim\n{LAST_LINE}")
    made.run("build", "--variant", "slim", "--arch", "all")
    made.run("publish", "--variant", "slim", "--arch", "amd64")
    made.edit(LAST_LINE, f"RUN echo 'no </script> here' >&2; exit 7\n{LAST_LINE}", template="debian.j2")
    made.run("build", "--variant", "debian", "--arch", "amd64", check=False)
    made.run("status", "--html", str(made.root / "status.html"))
    return made


@pytest.fixture
async def page(family: Hello) -> AsyncIterator[Page]:
    async with chromium() as tab:
        await tab.open(address(family))
        yield tab


def address(family: Hello) -> str:
    return (family.root / "status.html").as_uri()


async def choose(page: Page, name: str, value: str) -> None:
    await page.evaluate(
        f"{{ const select = document.getElementById({name!r}); select.value = {value!r};"
        "select.dispatchEvent(new Event('change')); }"
    )


def stands(document: Any) -> dict[str, tuple[str, str]]:
    return {each["target"]: (each["state"], each["public"]["state"]) for each in document["builds"]}


def test_every_target_stands_as_it_was_left(family: Hello) -> None:
    document = json.loads(family.run("status", "--format", "json").stdout)

    assert stands(document) == EXPECTED
    (failed,) = (each["failure"] for each in document["builds"] if each["failure"])
    assert (failed["tries"], failed["exit_code"], failed["log"]) == (1, 10, "out/logs/2.0/trixie@amd64.log")
    assert "no </script> here" in failed["excerpt"]
    sizes = {each["target"]: len(each["sizes"]) for each in document["builds"]}
    assert sizes == dict.fromkeys(EXPECTED, 1) | {"2.0/slim-trixie@amd64": 2}
    digest, _ = family.shared("trixie")
    assert {each["digest"] for each in document["tags"] if each["tag"] == "trixie"} == {digest}
    (ran,) = document["last_run"]["builds"]
    assert (ran["target"], ran["builder"], ran["result"]) == ("2.0/trixie@amd64", "default", "failed")


def test_the_terminal_has_the_matrix(family: Hello) -> None:
    text = family.run("status").stdout

    assert "2.0/slim-trixie  =  =\n2.0/trixie       F  S\n" in text
    assert max(map(len, text.partition("\n\n")[2].partition("\n\n")[0].splitlines())) <= 80


def test_what_is_published_says_so_and_since_when(hello: NewHello) -> None:
    family: Hello = hello()
    missing = json.loads(family.run("status", "--format", "json").stdout)
    family.run("build")
    family.run("publish")

    published = json.loads(family.run("status", "--format", "json").stdout)

    target = "2.0/slim-trixie@amd64"
    assert stands(missing) == {target: ("missing", "not published")}
    assert stands(published) == {target: ("up to date", "published")}
    (build,) = published["builds"]
    _, index = family.shared()
    assert build["public"]["digest"] == index["manifests"][0]["digest"]
    assert build["public"]["run"] == family.document("publish.json")["run"]
    assert build["size_bytes"] == build["sizes"][0]["size_bytes"] == family.records()[target]["size_bytes"]


def test_a_registry_that_is_not_there_leaves_everything_unknown(family: Hello) -> None:
    finished = family.run("--registry", NOBODY, "status", "--format", "json", check=False)

    document = json.loads(finished.stdout)
    assert (finished.returncode, document["exit_code"]) == (13, 13)
    assert stands(document) == dict.fromkeys(EXPECTED, ("unknown", "unknown"))
    assert document["problems"]


async def test_the_page_shows_every_build_and_gives_no_cause_for_complaints(page: Page) -> None:
    labels = await page.evaluate("[...document.querySelectorAll('.matrix td button')].map((each) => each.ariaLabel)")

    assert labels == [f"{target}: {state}, {public}" for target, (state, public) in EXPECTED.items()]
    assert await page.evaluate("document.querySelectorAll('.lanes .track span').length") == 1
    assert await page.evaluate("document.querySelectorAll('#tags li button').length") == 16
    assert await page.evaluate("document.querySelectorAll('#sizes td[data-target]').length") == 4
    assert page.complaints == []


async def test_filters_leave_what_they_take_and_stand_in_the_address(page: Page, family: Hello) -> None:
    await choose(page, "arch", "s390x")
    by_arch = await page.evaluate(SHOWN)
    await page.evaluate("document.querySelector('#states [data-state=stale]').click()")
    by_both = await page.evaluate(SHOWN)
    said = await page.evaluate("[document.getElementById('shown').textContent, location.hash]")
    await page.evaluate("document.querySelector('#filter [type=reset]').click()")
    everything = await page.evaluate(SHOWN)
    await page.open(f"{address(family)}{said[1]}&variant=nonsense")
    again = await page.evaluate(SHOWN)

    assert by_arch == ["2.0/slim-trixie@s390x", "2.0/trixie@s390x"]
    assert by_both == again == ["2.0/trixie@s390x"]
    assert said == ["1 of 4 builds", "#arch=s390x&state=stale"]
    assert everything == list(EXPECTED)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("variant", "slim", ["2.0/slim-trixie@amd64", "2.0/slim-trixie@s390x"]),
        ("variant", "trixie", ["2.0/trixie@amd64", "2.0/trixie@s390x"]),
        ("version", "2.0", list(EXPECTED)),
        ("public", "arch tag only", ["2.0/slim-trixie@amd64"]),
    ],
)
async def test_each_filter_works_alone(page: Page, name: str, value: str, expected: list[str]) -> None:
    await choose(page, name, value)

    assert await page.evaluate(SHOWN) == expected


async def test_the_page_is_worked_without_a_mouse(page: Page) -> None:
    first = ""
    for _ in range(MOST_STOPS):
        await page.press("Tab")
        first = await page.evaluate(FOCUS)
        if "@" in first:
            break
    await page.press("ArrowDown", "Enter")
    title = await page.evaluate("document.querySelector('dialog[open] h2').textContent")
    log = await page.evaluate("document.querySelector('dialog[open] pre').textContent")
    await page.press("Escape")
    back = await page.evaluate(FOCUS)
    await page.press("ArrowRight", "ArrowUp", "Home", "End")
    last = await page.evaluate(FOCUS)
    await page.press("Tab")
    after = await page.evaluate("document.activeElement.closest('.matrix')")

    assert (first, title, back) == ("2.0/slim-trixie@amd64", "2.0/trixie@amd64", "2.0/trixie@amd64")
    assert "no </script> here" in log
    assert (last, after) == ("2.0/slim-trixie@s390x", None)


async def test_a_tag_gives_the_command_that_pulls_it(page: Page, family: Hello) -> None:
    await page.evaluate("document.querySelector('#tags li button').click()")
    await page.evaluate("new Promise((done) => setTimeout(done, 100))")

    said = await page.evaluate("document.getElementById('said').textContent")
    assert said == f"Copied: docker pull {family.registry}/library/{family.name}:2.0.1-slim-trixie"


@pytest.mark.parametrize("dark", [False, True])
async def test_every_text_stands_out_and_every_control_has_a_name(page: Page, family: Hello, dark: bool) -> None:
    await page.open(address(family), dark=dark)
    faint = await page.evaluate(FAINT)
    await page.evaluate("document.querySelector('.matrix button.failed').click()")
    faint += await page.evaluate(FAINT)
    await page.evaluate("document.querySelector('dialog').close()")
    nodes = (await page.call("Accessibility.getFullAXTree"))["nodes"]

    controls = [node for node in nodes if node.get("role", {}).get("value") in {"button", "combobox", "dialog"}]
    assert faint == []
    assert len(controls) > 25
    assert [node for node in controls if not node["name"]["value"]] == []


async def test_a_phone_scrolls_one_way_and_has_room_for_fingers(page: Page, family: Hello) -> None:
    await page.open(address(family), width=390, height=844)

    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    # WCAG 2.2, 2.5.8: at least 24 by 24.
    small = await page.evaluate(
        "[...document.querySelectorAll('button, select, summary')].filter((each) => each.checkVisibility())"
        ".map((each) => each.getBoundingClientRect()).filter((box) => box.width < 24 || box.height < 24).length"
    )
    assert small == 0


async def test_the_page_of_282_builds_is_small_and_answers_at_once(hello: NewHello) -> None:
    family: Hello = hello(arches=ARCHES, variants=("slim-trixie", "trixie"))
    versions = {f"2.{minor}": {"version": f"2.{minor}.1", "variants": ["slim-trixie", "trixie"]} for minor in range(47)}
    (family.root / "versions.json").write_text(json.dumps(versions))
    file = family.root / "status.html"
    family.run("status", "--html", str(file))

    async with chromium() as page:
        # The best of three: other work on the machine is not the page's.
        opened = []
        for _ in range(3):
            await page.open(file.as_uri())
            opened.append(await page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd"))
        filtered = await page.evaluate(
            "(() => { const select = document.getElementById('arch'); select.value = 's390x';"
            "const begin = performance.now(); select.dispatchEvent(new Event('change'));"
            "document.body.offsetHeight; return performance.now() - begin; })()"
        )
        shown = await page.evaluate("document.getElementById('shown').textContent")
        picture = await page.picture()

    assert shown == "94 of 282 builds"
    assert file.stat().st_size < 1_000_000
    assert min(opened) < 1_000
    assert filtered < 100
    assert picture.startswith(b"\x89PNG")
