"""Laws of who looks, what is theirs, and who may come in."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import StudioError
from studio.visitors import COOKIE, NOBODY, OWNER, Visitor, doorkeeper, has_token, new_token, visitor_of


def passwords(folder: Path, text: str, mode: int = 0o600) -> Path:
    file = folder / "passwords"
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)
    return file


@pytest.mark.parametrize(
    ("name", "password", "opens"),
    [
        ("ann", "a:long secret", True),
        ("bär", "grüße", True),
        ("ann", "a", False),
        ("ann", "", False),
        ("ann", "a:long secret ", False),
        ("bär", "a:long secret", False),
        ("ANN", "a:long secret", False),
        ("", "", False),
        ("", "nobody's", False),
        ("carl", "", False),
        ("no colon here", "", False),
        ("# dora", "old", False),
        ("nobody", "", False),
    ],
)
def test_the_door_opens_to_a_name_with_its_password_and_to_nothing_else(
    tmp_path: Path, name: str, password: str, opens: bool
) -> None:
    text = "ann:a:long secret\n\n  bär:grüße  \ncarl:\n:nobody's\nno colon here\n# dora:old\n"
    assert doorkeeper(passwords(tmp_path, text))(name, password) is opens


@pytest.mark.parametrize("text", ["", "\n\n", "# ann:secret\n", "ann\n", "ann:\n", ":secret\n"])
def test_a_file_that_lets_nobody_in_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(StudioError, match="Nobody could sign in: passwords has no line name:password"):
        doorkeeper(passwords(tmp_path, text))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_file_that_others_can_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(StudioError, match="chmod 600 passwords"):
        doorkeeper(passwords(tmp_path, "ann:secret\n", mode))


def test_on_ones_own_computer_everybody_is_the_owner_of_everything() -> None:
    assert visitor_of(None, {}, shared=False) == visitor_of(None, {COOKIE: new_token()}, shared=False) == OWNER
    assert OWNER.owns("person:ann")
    assert OWNER.owns("")


def test_who_signed_in_has_their_name_and_their_own_stories_only() -> None:
    for shared in (True, False):
        ann = visitor_of("ann", {COOKIE: new_token()}, shared)
        assert ann == Visitor("ann")
        assert ann.owns(ann.by)
        assert not ann.owns("person:anna")
        assert not ann.owns("ann")
        assert not ann.owns("")


def test_a_guest_is_known_by_their_cookie_and_their_name_does_not_give_it_away() -> None:
    mine, other = new_token(), new_token()
    guest = visitor_of(None, {COOKIE: mine}, shared=True)
    assert guest == visitor_of(None, {COOKIE: mine, "another": "x"}, shared=True)
    assert guest.owns(guest.by)
    assert not guest.owns_all
    assert not guest.owns(visitor_of(None, {COOKIE: other}, shared=True).by)
    assert not guest.owns(visitor_of(None, {}, shared=True).by)
    assert mine[:8] not in guest.name
    assert visitor_of(None, {COOKIE: guest.name}, shared=True).by != guest.by, "a name that is seen signs nobody in"


@pytest.mark.parametrize("token", ["", "short", "x" * 65, "x" * 40 + "\n", "é" * 40, "../" * 12, "<" * 40])
def test_a_cookie_that_is_not_ours_is_none(token: str) -> None:
    assert visitor_of(None, {COOKIE: token}, shared=True) == visitor_of(None, {}, shared=True) == NOBODY
    assert not has_token({COOKIE: token})


def test_nobody_owns_nothing_not_even_what_nobody_opened() -> None:
    assert not NOBODY.owns(NOBODY.by)
