import pytest

from orchestrator.model.dockerfile.ignore_rules import IgnoreRules

FILES = (
    *("Dockerfile", "README.md", "a.txt", "b/a.txt", "b/c/a.txt", "b/c/d.md", "bc/a.txt", ".hidden", "e f", "x+(y)"),
)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", FILES),
        ("# a.txt\n\n   \n", FILES),
        ("*", ()),
        ("**", ()),
        ("/", FILES),
        (".", FILES),
        ("a.txt", ("Dockerfile", "README.md", *FILES[3:])),
        ("/a.txt", ("Dockerfile", "README.md", *FILES[3:])),
        ("./b/../a.txt/", ("Dockerfile", "README.md", *FILES[3:])),
        ("  a.txt  \r\n", ("Dockerfile", "README.md", *FILES[3:])),
        ("\ufeffa.txt", ("Dockerfile", "README.md", *FILES[3:])),
        ("b", ("Dockerfile", "README.md", "a.txt", "bc/a.txt", ".hidden", "e f", "x+(y)")),
        ("b/**", ("Dockerfile", "README.md", "a.txt", "bc/a.txt", ".hidden", "e f", "x+(y)")),
        ("**/a.txt", ("Dockerfile", "README.md", "b/c/d.md", ".hidden", "e f", "x+(y)")),
        ("b/**/a.txt", ("Dockerfile", "README.md", "a.txt", "b/c/d.md", "bc/a.txt", ".hidden", "e f", "x+(y)")),
        ("*/*/a.txt", ("Dockerfile", "README.md", "a.txt", "b/a.txt", "b/c/d.md", *FILES[6:])),
        ("**/c", ("Dockerfile", "README.md", "a.txt", "b/a.txt", "bc/a.txt", ".hidden", "e f", "x+(y)")),
        ("**c/a.txt", ("Dockerfile", "README.md", "a.txt", "b/a.txt", "b/c/d.md", ".hidden", "e f", "x+(y)")),
        ("b**", ("Dockerfile", "README.md", "a.txt", ".hidden", "e f", "x+(y)")),
        ("*\n!**c/a.txt", ("b/c/a.txt", "bc/a.txt")),
        ("**/*.md\n!*/c/**/*.md", ("Dockerfile", *FILES[2:])),
        ("b/**\n!b", ("Dockerfile", "README.md", "a.txt", "bc/a.txt", ".hidden", "e f", "x+(y)")),
        ("b\n!b", FILES),
        ("b/c\n!b/*/d.md", ("Dockerfile", "README.md", "a.txt", "b/a.txt", *FILES[5:])),
        ("*\n./!a.txt\n/!b/a.txt", ("a.txt", "b/a.txt")),
        ("*\n!\u3000a.txt\u00a0", ("a.txt",)),
        ("[[]x\n[^.]?f", (*FILES[:8], "x+(y)")),
        ("*\n!a.txt", ("a.txt",)),
        ("*\n!b", ("b/a.txt", "b/c/a.txt", "b/c/d.md")),
        ("*\n! b/c\nb/c/d.md", ("b/c/a.txt",)),
        ("!a.txt\n*", ()),
        ("*\n!**/*.md\nREADME.md", ("b/c/d.md",)),
        (
            "e f",
            ("Dockerfile", "README.md", "a.txt", "b/a.txt", "b/c/a.txt", "b/c/d.md", "bc/a.txt", ".hidden", "x+(y)"),
        ),
        ("x+(y)", FILES[:-1]),
        ("[a-c]*", ("Dockerfile", "README.md", ".hidden", "e f", "x+(y)")),
        ("a\\.tx?", ("Dockerfile", "README.md", *FILES[3:])),
        ("../a.txt", FILES),
    ],
)
def test_the_last_rule_that_fits_decides(text: str, kept: tuple[str, ...]) -> None:
    rules = IgnoreRules.parse(text)

    assert tuple(path for path in FILES if not rules.ignores(path)) == kept


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a\n!\n", "line 2: `!` must be followed by a pattern"),
        ("!/", "line 1: `!` must be followed by a pattern"),
        ("\\d*", r"line 1: '\\d*' has \d, which is no pattern of paths for BuildKit; leave it out"),
        ("a|*", "line 1: 'a|*' has |, which is no pattern of paths for BuildKit; leave it out"),
        ("^*", "line 1: '^*' has ^, which is no pattern of paths for BuildKit; leave it out"),
        ("[*]", "line 1: '[*]' has [*], which is no pattern of paths for BuildKit; leave it out"),
        (
            "[[:alpha:]]",
            "line 1: '[[:alpha:]]' has [[:alpha:], which is no pattern of paths for BuildKit; leave it out",
        ),
        ("a\n\nb[", "line 3: 'b[' is no pattern: a [ or a backslash at its end has nothing that belongs to it"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_line(text: str, problem: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the whole message is compared
        IgnoreRules.parse(text)

    assert str(raised.value) == problem
