"""Pictures that are remembered: never more than there is room for, and the longest unasked goes first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.recent import Recent

ROOM = 100  # pixels
NAMES = "abcdef"

#: A name to ask for, or a name and a side to put.
acts = st.lists(st.sampled_from(NAMES) | st.tuples(st.sampled_from(NAMES), st.integers(1, 11)), max_size=40)


@given(acts)
def test_it_remembers_the_last_ones_that_fit_and_no_others(done: list[str | tuple[str, int]]) -> None:
    recent, expected = Recent(ROOM), dict[str, int]()  # name -> side, the longest unasked first
    for act in done:
        if isinstance(act, str):
            assert (recent.get(act) is not None) == (act in expected)
            if act in expected:
                expected[act] = expected.pop(act)
        elif act[1] ** 2 <= ROOM:
            name, side = act
            expected.pop(name, None)
            expected[name] = side
            recent.put(name, Image.new("RGB", (side, side)))
            while sum(kept**2 for kept in expected.values()) > ROOM:
                del expected[next(iter(expected))]
        else:
            recent.put(act[0], Image.new("RGB", (act[1], act[1])))
    for name in NAMES:
        found = recent.get(name)
        assert (found.width if found else None) == expected.get(name)
