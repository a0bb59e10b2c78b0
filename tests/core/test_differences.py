"""Laws of what is shown of how one text became another."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.differences import changes

WORDS = st.lists(st.sampled_from(["red", "balloon", "the", "cat", ",", "not", "a", "don't", "7", "“sea”", "."]), max_size=12)


def joined(before: str, after: str, *kinds: str) -> str:
    return "".join(text for kind, text in changes(before, after) if kind in kinds)


@given(WORDS, WORDS)
def test_changes_hold_both_texts_whole(before: list[str], after: list[str]) -> None:
    old, new = " ".join(before), " ".join(after)
    assert joined(old, new, "same", "in").split() == new.split()
    assert joined(old, new, "same", "out").replace(" ", "") == old.replace(" ", "")


def test_changes_name_words_and_leave_the_marks_between_them_alone() -> None:
    found = changes("Add a balloon at the top right.", "Add a red balloon at the top right, not a blue one.")
    assert found == (
        ("same", "Add a"),
        ("in", " red"),
        ("same", " balloon at the top right"),
        ("in", ", not a blue one"),
        ("same", "."),
    )


@given(st.text(max_size=60), st.text(max_size=60))
def test_changes_take_any_text(before: str, after: str) -> None:
    assert {kind for kind, _ in changes(before, after)} <= {"same", "in", "out"}
