"""The decisions that the shipped Dockerfiles hold, each over the whole matrix."""

import re
from collections.abc import Callable

import pytest

from orchestrator.model.dockerfile.instructions import instructions
from orchestrator.model.versions import line_number
from tests.templates.shipped import all_facts, config, dockerfiles

Where = Callable[[tuple[int, ...], str], bool]

LINUX = ("debian", "slim", "alpine")
DEBIAN = ("debian", "slim")
SMALL = ("slim", "alpine")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("ENV PATH=/usr/local/bin:$PATH\n", lambda line, group: group in LINUX),
        ("ENV LANG=C.UTF-8\n", lambda line, group: group in LINUX and line < (3, 13)),
        ("ENV PYTHONIOENCODING=UTF-8\n", lambda line, group: group == "windowsservercore"),
        ("ENV GPG_KEY=", lambda line, group: group in LINUX and line < (3, 14)),
        (
            "ENV GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D\n",
            lambda line, group: group in LINUX and line < (3, 12),
        ),
        (
            "ENV GPG_KEY=7169605F62C751356D054A26A821E680E5FA6305\n",
            lambda line, group: group in LINUX and (3, 12) <= line < (3, 14),
        ),
        ("VALIDSIG", lambda line, group: group in LINUX and line < (3, 14)),
        ("tar.xz.asc /Python-", lambda line, group: group in LINUX and line < (3, 14)),
        (
            " /7169605F62C751356D054A26A821E680E5FA6305.asc\n",
            lambda line, group: group in LINUX and (3, 12) <= line < (3, 14),
        ),
        ("    gnupg", lambda line, group: group in SMALL and line < (3, 14)),
        ("    libzstd-dev", lambda line, group: group in DEBIAN and line >= (3, 14)),
        ("    zstd-dev", lambda line, group: group == "alpine" and line >= (3, 14)),
        ("    netbase", lambda line, group: group == "slim"),
        ("    uuid-dev", lambda line, group: group in DEBIAN),
        ("RUN apk add --no-cache ca-certificates tzdata\n", lambda line, group: group == "alpine"),
        (" --enable-optimizations --with-lto ;;", lambda line, group: group in DEBIAN),
        (" set -- --with-lto ;;", lambda line, group: group == "alpine"),
        ("--enable-shared", lambda line, group: group in LINUX),
        (
            "-fno-omit-frame-pointer -mno-omit-leaf-frame-pointer",
            lambda line, group: group in LINUX and line >= (3, 12),
        ),
        ("dpkg-buildflags --get CFLAGS", lambda line, group: group in DEBIAN),
        ("-Wl,--strip-all", lambda line, group: group in SMALL),
        ("-DTHREAD_STACK_SIZE=0x100000", lambda line, group: group == "alpine"),
        ("-Wl,-rpath='\\$\\$ORIGIN/../lib'", lambda line, group: group in LINUX),
        ("/usr/share/gdb/auto-load", lambda line, group: group == "debian"),
        ("apt-mark showmanual", lambda line, group: group == "slim" or (group == "debian" and line >= (3, 14))),
        (".python-rundeps", lambda line, group: group == "alpine"),
        ("setuptools==79.0.1", lambda line, group: group in LINUX and line < (3, 12)),
        ("wheel==0.45.1 --hash=sha256:", lambda line, group: group in LINUX and line < (3, 12)),
        ('CMD ["python3"]\n', lambda line, group: group in LINUX),
        ('CMD ["python"]\n', lambda line, group: group == "windowsservercore"),
    ],
)
def test_what_stands_where(text: str, where: Where) -> None:
    found = {name for name, dockerfile in dockerfiles().items() if text in dockerfile}

    assert found == {each.name for each in all_facts() if where(line_number(each.line), each.variant.group)}


def test_lists_of_packages_are_thrown_away_as_the_release_allows() -> None:
    found = {
        each.name: ("apt-get dist-clean\n" in text, "rm -rf /var/lib/apt/lists/*\n" in text)
        for each in all_facts()
        if (text := dockerfiles()[each.name])
    }

    assert found == {
        each.name: (
            each.variant.name in ("trixie", "slim-trixie"),
            each.variant.name in ("bookworm", "slim-bookworm"),
        )
        for each in all_facts()
    }


@pytest.mark.parametrize(
    ("variant", "base"),
    [
        ("trixie", "buildpack-deps:trixie"),
        ("slim-trixie", "debian:trixie-slim"),
        ("bookworm", "buildpack-deps:bookworm"),
        ("slim-bookworm", "debian:bookworm-slim"),
        ("alpine3.24", "alpine:3.24"),
        ("windowsservercore-ltsc2025", "mcr.microsoft.com/windows/servercore:ltsc2025"),
    ],
)
def test_the_last_stage_stands_on_the_base(variant: str, base: str) -> None:
    stages = [each.text for each in instructions(dockerfiles()[f"3.14/{variant}"]) if each.keyword == "FROM"]

    assert stages[-1] == base


@pytest.mark.parametrize("name", ["3.10/slim-trixie", "3.14/slim-trixie", "3.15-rc/alpine3.24"])
def test_packages_stand_one_to_a_line_in_order(name: str) -> None:
    lists = re.findall(r"(?:apt-get install|apk add) [^\n]* \\\n((?: {4}\S+ \\\n)* {4}\S+\n)", dockerfiles()[name])
    packages = [[line.strip(" \\") for line in text.splitlines()] for text in lists]

    assert packages
    assert packages == [sorted(set(words)) for words in packages]


def test_a_release_candidate_is_downloaded_from_the_folder_of_its_release() -> None:
    added = [each for each in instructions(dockerfiles()["3.15-rc/trixie"]) if each.keyword == "ADD"]

    assert [(each.flags, each.text) for each in added] == [
        (
            (("checksum", "sha256:6a935ae234a67e6549894373b0cfeb8361182d03b21442328ae9598ab7422127"),),
            "https://www.python.org/ftp/python/3.15.0/Python-3.15.0b3.tar.xz /Python-3.15.0b3.tar.xz",
        )
    ]


def test_windows_keeps_to_what_the_classic_builder_knows() -> None:
    texts = [dockerfiles()[each.name] for each in all_facts() if each.variant.group == "windowsservercore"]

    assert len(texts) == 6
    assert [text for text in texts if "<<" in text or "--mount" in text or "ADD " in text] == []


def test_windows_checks_the_installer_before_it_runs_it() -> None:
    text = dockerfiles()["3.15-rc/windowsservercore-ltsc2025"]
    steps = (
        "ENV PYTHON_SHA256=8002dbdf7277964a3c50f5deef090dfcd0769647a35aec97999f63d5f2903d38\n",
        "'https://www.python.org/ftp/python/3.15.0/python-3.15.0b3-amd64.exe'",
        "$sha256 -ne $env:PYTHON_SHA256",
        "Start-Process",
        "$process.ExitCode -ne 0",
        "python --version",
        "pip --version",
        "Remove-Item",
    )

    assert sorted(steps, key=text.index) == list(steps)


def test_the_matrix_has_all_builds() -> None:
    assert len(dockerfiles()) == 42
    assert sum(len(config().architectures_of(each.variant) or ()) for each in all_facts()) == 258
