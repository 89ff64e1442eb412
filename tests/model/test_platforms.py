import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.platforms import ARCHES, Arch, Platform, arch, arch_of, native_arch

WORDS = st.from_regex(r"[A-Za-z0-9_.-]+", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("linux/amd64", Platform("linux", "amd64")),
        ("linux/arm/v7", Platform("linux", "arm", "v7")),
        ("unknown/unknown", Platform("unknown", "unknown")),
    ],
)
def test_parse(text: str, expected: Platform) -> None:
    assert Platform.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "linux",
        "linux/",
        "/amd64",
        "linux/arm/",
        "linux//v7",
        "a/b/c/d",
        "linux/amd64,linux/arm64",
        "linux/a b",
        "linux/a\n",
    ],
)
def test_parse_rejects(text: str) -> None:
    with pytest.raises(ValueError, match="is not a platform; write it like linux/amd64 or linux/arm/v7"):
        Platform.parse(text)


@given(st.builds(Platform, WORDS, WORDS, st.just("") | WORDS))
def test_a_platform_is_read_back_from_its_text(platform: Platform) -> None:
    assert Platform.parse(str(platform)) == platform


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("linux/arm", "linux/arm/v7"),
        ("linux/arm64", "linux/arm64/v8"),
        ("linux/arm/v5", "linux/arm/v5"),
        ("linux/386", "linux/386"),
    ],
)
def test_the_normal_platform_names_the_variant_that_is_meant(text: str, expected: str) -> None:
    assert str(Platform.parse(text).normal) == expected


def test_the_arches_are_those_of_bashbrew_in_the_order_of_an_index() -> None:
    assert {name: (str(known.platform), known.namespace) for name, known in ARCHES.items()} == {
        "amd64": ("linux/amd64", "amd64"),
        "arm32v5": ("linux/arm/v5", "arm32v5"),
        "arm32v6": ("linux/arm/v6", "arm32v6"),
        "arm32v7": ("linux/arm/v7", "arm32v7"),
        "arm64v8": ("linux/arm64/v8", "arm64v8"),
        "i386": ("linux/386", "i386"),
        "mips64le": ("linux/mips64le", "mips64le"),
        "ppc64le": ("linux/ppc64le", "ppc64le"),
        "riscv64": ("linux/riscv64", "riscv64"),
        "s390x": ("linux/s390x", "s390x"),
        "windows-amd64": ("windows/amd64", "winamd64"),
    }
    assert list(ARCHES) == sorted(ARCHES)


@pytest.mark.parametrize("known", ARCHES.values(), ids=str)
def test_each_arch_is_found_by_its_name_and_by_its_platform(known: Arch) -> None:
    assert (arch(known.name), arch_of(known.platform)) == (known, known)


@pytest.mark.parametrize(("text", "name"), [("linux/arm64", "arm64v8"), ("linux/arm", "arm32v7")])
def test_an_arch_is_found_by_a_platform_without_its_variant(text: str, name: str) -> None:
    assert arch_of(Platform.parse(text)) == ARCHES[name]


@pytest.mark.parametrize("text", ["linux/amd64/v2", "linux/loong64", "windows/arm64", "unknown/unknown"])
def test_a_platform_without_an_arch_is_none(text: str) -> None:
    assert arch_of(Platform.parse(text)) is None


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("x86_64", "did you mean `amd64`?"),
        ("armhf", "did you mean `arm32v7`?"),
        ("arm64", "did you mean `arm64v8`?"),
        ("aarch64", "did you mean `arm64v8`?"),
        ("linux/s390x", "did you mean `s390x`?"),
        ("AMD64", "did you mean `amd64`?"),
        ("ppc64el", "did you mean `ppc64le`?"),
        ("vax", f"there are {', '.join(ARCHES)}"),
        ("", f"there are {', '.join(ARCHES)}"),
    ],
)
def test_an_unknown_arch_is_refused_with_the_name_that_is_meant(name: str, hint: str) -> None:
    with pytest.raises(ValueError, match="is not an arch") as error:
        arch(name)

    assert str(error.value) == f"{name!r} is not an arch; {hint}"


@pytest.mark.parametrize(
    ("machine", "name"),
    [
        ("x86_64", "amd64"),
        ("aarch64", "arm64v8"),
        ("armv5tel", "arm32v5"),
        ("armv6l", "arm32v6"),
        ("armv8l", "arm32v7"),
        ("s390x", "s390x"),
    ],
)
def test_the_native_arch_is_told_by_the_machine(machine: str, name: str) -> None:
    assert native_arch(machine) == ARCHES[name]


def test_an_unknown_machine_is_refused() -> None:
    with pytest.raises(ValueError, match="'vax' is a machine that we know no arch for"):
        native_arch("vax")
