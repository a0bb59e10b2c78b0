"""Laws of how long somebody who guesses passwords has to wait."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.lockout import FORGOTTEN_AFTER, FREE_OF_ADDRESS, FREE_OF_NAME, LONGEST, Lockout, network_of

HERE, THERE = "192.0.2.1", "198.51.100.7"


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def tries(lockout: Lockout, clock: Clock, seconds: float, name: str = "ann", address: str = HERE) -> int:
    """How many passwords somebody gets to try who tries ten times a second."""
    got = 0
    for _ in range(int(seconds * 10)):
        got += not lockout.knock(name, address)
        clock.now += 0.1
    return got


def test_waits_double_with_every_further_miss_up_to_a_bound(clock: Clock) -> None:
    lockout, waits = Lockout(clock), []
    for _ in range(FREE_OF_NAME):
        assert lockout.knock("ann", HERE) == 0
    for _ in range(14):
        waits.append(lockout.knock("ann", HERE))
        clock.now += waits[-1]
        assert lockout.knock("ann", HERE) == 0, "after the wait one may try again"
    assert waits[:5] == [1, 2, 4, 8, 16]
    assert waits[-1] == LONGEST


def test_three_seconds_of_guessing_are_a_handful_of_guesses_and_an_hour_is_a_few_more(clock: Clock) -> None:
    assert tries(Lockout(clock), clock, 3) <= FREE_OF_NAME + 2
    assert tries(Lockout(clock), clock, 3600) <= 20


def test_many_names_from_one_address_are_as_slow(clock: Clock) -> None:
    lockout = Lockout(clock)
    got = sum(not lockout.knock(f"name {n}", HERE) for n in range(500))
    assert got == FREE_OF_ADDRESS
    assert lockout.knock("ann", THERE) == 0, "others may sign in meanwhile"


def test_one_name_from_many_addresses_is_as_slow(clock: Clock) -> None:
    lockout = Lockout(clock)
    assert sum(not lockout.knock("ann", f"10.0.0.{n}") for n in range(200)) == FREE_OF_NAME


def test_many_tries_at_once_are_no_more_than_many_in_turn(clock: Clock) -> None:
    lockout = Lockout(clock)
    begun = [lockout.knock("ann", HERE) for _ in range(60)]  # none has been answered yet
    assert begun.count(0) == FREE_OF_NAME


def test_a_right_password_forgives_the_name_but_not_what_else_came_from_the_address(clock: Clock) -> None:
    lockout = Lockout(clock)
    for n in range(FREE_OF_ADDRESS - 1):
        assert lockout.knock(f"name {n}", HERE) == 0
    assert lockout.knock("ann", HERE) == 0
    lockout.welcome("ann", HERE)
    clock.now += 2
    assert lockout.knock("bob", HERE) == 0
    assert lockout.knock("carl", HERE) > 0
    for _ in range(FREE_OF_NAME):
        assert lockout.knock("ann", THERE) == 0, "her own misses begin anew"


def test_misses_are_forgotten_when_nothing_happens_for_long(clock: Clock) -> None:
    lockout = Lockout(clock)
    tries(lockout, clock, 60)
    clock.now += LONGEST + FORGOTTEN_AFTER + 1
    assert [lockout.knock("ann", HERE) for _ in range(FREE_OF_NAME)] == [0] * FREE_OF_NAME


@given(st.lists(st.tuples(st.text(max_size=3), st.ip_addresses()), max_size=80))
def test_however_many_knock_no_more_than_a_few_are_remembered(knocks: list[tuple[str, object]]) -> None:
    lockout = Lockout(most=10)
    for name, address in knocks:
        lockout.knock(name, str(address))
    assert len(lockout) <= 20


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("testclient", "another", False),
    ],
)
def test_a_person_has_one_address_of_ipv4_and_a_whole_network_of_ipv6(one: str, other: str, same: bool) -> None:
    assert (network_of(one) == network_of(other)) is same
