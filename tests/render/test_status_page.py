import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import InputError
from orchestrator.render.status_page import TEMPLATES, page

SHIPPED = Path(__file__).parents[2] / "orchestrator" / TEMPLATES
PARTS = {path.name: path.read_text(encoding="utf-8") for path in SHIPPED.iterdir()}
_FACTS = re.compile(r'<script id="facts" type="application/json">(.*?)</script>', re.DOTALL)


def document(**changes: Any) -> dict[str, Any]:
    return {"image": "tool", "builds": [], "tags": [], "problems": [], **changes}


def facts(text: str) -> Any:
    """What the page holds, read as a browser reads it."""
    (found,) = _FACTS.findall(text)
    return json.loads(found)


@pytest.mark.parametrize(
    "cause",
    ["</script><script>alert(1)</script>", "<!--<script>", "]]>", "a & b", "\u2028\u2029", "é€", '"\\"', "{{ x }}"],
)
def test_whatever_a_build_says_stays_a_text(cause: str) -> None:
    text = page(document(problems=[cause]), PARTS)

    assert facts(text)["status"]["problems"] == [cause]
    assert text.count("<script") == 2


def test_the_title_is_escaped() -> None:
    assert "<title>&lt;b&gt;: builds and tags</title>" in page(document(image="<b>"), PARTS)


@pytest.mark.parametrize(("part", "directive"), [("page.css", "style-src"), ("page.js", "script-src")])
def test_the_policy_allows_the_pages_own_script_and_style_alone(part: str, directive: str) -> None:
    text = page(document(), PARTS)

    digest = base64.b64encode(hashlib.sha256(PARTS[part].encode()).digest()).decode()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    assert f"{directive} 'sha256-{digest}'" in policy.split("; ")
    assert "default-src 'none'" in policy
    assert PARTS[part] in text


def test_the_page_names_no_other_place() -> None:
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)[^\s\"']+", page(document(), PARTS)) == []


def test_the_page_keeps_the_last_sizes_and_as_much_of_digests_as_people_compare() -> None:
    sizes = [{"since": "2026-01-01", "digest": f"sha256:{'a' * 64}", "size_bytes": number} for number in range(12)]

    (build,) = facts(page(document(builds=[{"target": "2.0/trixie@amd64", "sizes": sizes}]), PARTS))["status"]["builds"]

    shown = [{"since": "2026-01-01", "digest": f"sha256:{'a' * 12}", "size_bytes": number} for number in range(2, 12)]
    assert build == {"target": "2.0/trixie@amd64", "sizes": shown}


def test_equal_facts_give_equal_bytes() -> None:
    assert page(document(), PARTS) == page(document(), PARTS)


def test_an_error_in_the_template_has_its_place() -> None:
    with pytest.raises(InputError, match=r"^templates/status/page\.html:2: "):
        page(document(), {**PARTS, "page.html": "\n{{ nothing }}"})
