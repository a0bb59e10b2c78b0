"""Laws of who looks, and what is theirs."""

from __future__ import annotations

import pytest

from studio.visitors import COOKIE, NOBODY, OWNER, Visitor, has_token, new_token, visitor_of


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


def test_where_somebody_comes_from_makes_nobody_another_person() -> None:
    cookies = {COOKIE: new_token()}
    here, there = (visitor_of(None, cookies, shared=True, address=address) for address in ("192.0.2.1", "192.0.2.2"))
    assert here == there
    assert (here.address, there.address) == ("192.0.2.1", "192.0.2.2")
    assert visitor_of(None, {}, shared=True, address="192.0.2.1") == NOBODY
