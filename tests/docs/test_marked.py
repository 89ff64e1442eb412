import pytest

from docs.marked import placed

BEGIN, END = "<!-- written by `make bench` -->", "<!-- end of what `make bench` writes -->"


def test_a_part_takes_the_place_of_the_one_before_it() -> None:
    text = f"# Tool\n{BEGIN}\n\nold\n\n{END}\nmore\n"

    once = placed(text, r"new \1", by="bench")

    assert once == f"# Tool\n{BEGIN}\n\nnew \\1\n{END}\nmore\n"
    assert placed(once, "newer\n", by="bench") == f"# Tool\n{BEGIN}\n\nnewer\n\n{END}\nmore\n"


@pytest.mark.parametrize(
    "text", ["", f"{BEGIN}\n", f"{END}\n{BEGIN}\n", f"{BEGIN}\n{END}\n".replace("bench", "picture")]
)
def test_a_document_without_its_marks_is_left_alone(text: str) -> None:
    with pytest.raises(ValueError, match="expected the lines"):
        placed(text, "table", by="bench")
