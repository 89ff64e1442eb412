import pytest

from orchestrator.model.facts import Source
from orchestrator.render.dockerfile_checks import problems

SHA256 = "0" * 63 + "1"
TARBALL = Source("a.tar.xz", "https://example.org/a.tar.xz", SHA256)
SIGNATURE = Source("a.asc", "https://example.org/a.asc", "")
SOURCES = (TARBALL, SIGNATURE)


@pytest.mark.parametrize(
    "text",
    [
        "FROM debian:trixie\n",
        f"FROM scratch AS source\nADD --checksum=sha256:{SHA256} {TARBALL.url} /a\nADD {SIGNATURE.url} /b\n"
        "FROM debian:trixie\nRUN --mount=type=bind,from=source,target=/mnt <<EOF\n# escape=` is text here\nEOF\n",
        "FROM debian:trixie AS build\nFROM debian:trixie\nCOPY --from=build /a /b\nCOPY --from=0 /a /b\n",
        "# Not a directive.\n# syntax=example.org/frontend\nFROM debian:trixie\n",
        "FROM debian:trixie\nADD file.tar.gz /\nRUN printf 'a\tb'\n",
    ],
)
def test_a_dockerfile_that_is_well(text: str) -> None:
    assert problems(text, SOURCES) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM debian\nRUN a\x1bb\n", "line 2 of the result has the control character '\\x1b'"),
        ("FROM debian\nRUN a\u2028b\n", "line 2 of the result has the control character '\\u2028'"),
        (
            "# syntax=example.org/frontend\nFROM debian\n",
            "the parser directive `# syntax=` is not allowed; leave it out",
        ),
        ("# escape=`\nFROM debian\n", "the parser directive `# escape=` is not allowed; leave it out"),
        ("RUN id\n", "the result is not a Dockerfile: line 1: a Dockerfile needs at least one FROM"),
        (
            "FROM debian\nCOPY --from=example.org/a /a /b\n",
            "files are taken from the image example.org/a; give it a stage of its own: FROM example.org/a AS name",
        ),
        (
            "FROM debian\nRUN --mount=type=bind,from=tool,target=/mnt id\n",
            "files are taken from the image tool; give it a stage of its own: FROM tool AS name",
        ),
        (
            "FROM debian\n\nADD https://example.org/b /\n",
            "line 3 of the result adds https://example.org/b, which `sources` in orchestrator.yaml does not name",
        ),
        (
            "FROM debian\nADD git@example.org:a.git /\n",
            "line 2 of the result adds git@example.org:a.git, which `sources` in orchestrator.yaml does not name",
        ),
        (
            'FROM debian\nADD ["https://example.org/b", "/"]\n',
            "line 2 of the result adds https://example.org/b, which `sources` in orchestrator.yaml does not name",
        ),
        (
            "FROM debian\nONBUILD ADD 'https:'//example.org\\/b /\n",
            "line 2 of the result adds https://example.org/b, which `sources` in orchestrator.yaml does not name",
        ),
        (
            "FROM debian\nADD ${URL} file-$A.tar /\n",
            "line 2 of the result adds ${URL}, which `sources` in orchestrator.yaml does not name",
        ),
        (
            "// syntax=example.org/frontend\nFROM debian\n",
            "the parser directive `# syntax=` is not allowed; leave it out",
        ),
        (
            "#!/usr/bin/env -S docker build -f\n# syntax=example.org/frontend\nFROM debian\n",
            "the parser directive `# syntax=` is not allowed; leave it out",
        ),
        (
            f"FROM debian\nADD {TARBALL.url} /\n",
            f"line 2 of the result adds {TARBALL.url} without --checksum=sha256:{SHA256}",
        ),
        (
            f"FROM debian\nADD --checksum=sha256:{'2' * 64} {TARBALL.url} /\n",
            f"line 2 of the result adds {TARBALL.url} without --checksum=sha256:{SHA256}",
        ),
    ],
)
def test_what_a_dockerfile_must_not_do(text: str, expected: str) -> None:
    assert problems(text, SOURCES) == (expected,)


def test_whatever_comes_from_afar_must_be_named() -> None:
    text = "FROM debian\nADD someone@example.org:a example.org/a.git#main a@b.tar /\n"

    assert problems(text, SOURCES) == tuple(
        f"line 2 of the result adds {url}, which `sources` in orchestrator.yaml does not name"
        for url in ("someone@example.org:a", "example.org/a.git#main")
    )
