"""Laws of what programs are told about the studio: how it is to all of them, figures to those who may have them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from httpx import Response
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core import VERSION
from core.backends.fake import Conduct, plan_of, scripted_agents
from core.errors import ReadOnly
from core.events import Drawn
from core.settings import Settings
from core.types import Verdict
from studio.health import Family, Health, health_routes, written
from studio.visitors import NOBODY, OWNER, Visitor
from tests.studio.storybook import House, Storybook, until
from tests.studio.test_worker import held

TOKEN = "a long token that nobody guesses"
NO_TOKENS = [
    "",
    "Bearer",
    "Bearer ",
    f"Bearer {TOKEN[:-1]}",
    f"Bearer {TOKEN}x",
    f"Basic {TOKEN}",
    TOKEN,
    "Bearer é",
    "Bearer None",
]
ANN = Visitor("ann")
SAMPLE = re.compile(r'([a-z_]+)(?:\{([a-z]+)="((?:[^"\\\n]|\\.)*)"\})? (\S+)')
Samples = dict[tuple[str, str], float]


class Watched(House):
    """A house whose health is asked for."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.health = Health(self.controller)

    def ask(self, address: str, visitor: Visitor = OWNER, token: str | None = None, **headers: str) -> Response:
        app = Starlette(routes=health_routes(self.health, lambda request: visitor, token and SecretStr(token)))
        return TestClient(app, base_url="http://studio.test").get(address, headers=headers)

    def state(self) -> str:
        return str(self.ask("/healthz", NOBODY).json()["status"])

    def samples(self) -> Samples:
        return parsed(self.ask("/metrics").text)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Watched]:
    with Watched(tmp_path / "data", Storybook(side=64).agents) as opened:
        yield opened


def parsed(text: str) -> Samples:
    """Each value by its metric and label; every line must be as the format says, every metric explained before."""
    samples, explained = Samples(), set[str]()
    for line in text.removesuffix("\n").split("\n"):
        if comment := re.fullmatch(r"# (HELP|TYPE) ([a-z_]+) (.*)", line):
            explained.add(f"{comment[1]} {comment[2]}")
            assert comment[1] == "HELP" or comment[3] in ("counter", "gauge")
        else:
            sample = SAMPLE.fullmatch(line)
            assert sample, line
            assert {f"HELP {sample[1]}", f"TYPE {sample[1]}"} <= explained
            label = re.sub(r"\\(.)", lambda escape: {"n": "\n"}.get(escape[1], escape[1]), sample[3] or "")
            assert (sample[1], label) not in samples, "each value is told once"
            samples[sample[1], label] = float(sample[4])
    return samples


# ---------------------------------------------------------------- how it is


def test_how_the_studio_is_it_tells_everybody_and_nothing_else(house: Watched) -> None:
    answer = house.ask("/healthz", NOBODY)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "version": VERSION})
    assert answer.headers["cache-control"] == "no-store"


def test_a_studio_that_can_keep_nothing_is_read_only_until_it_can(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.worker.BETWEEN_TRIES", 0.03)
    refusing = Event()
    with Watched(tmp_path, Storybook(side=64).agents) as house:
        append = house.store.append

        def refuse(story_id: str, seq: int, events: Sequence[Any], trajectory: Any) -> None:
            if refusing.is_set() and any(isinstance(event, Drawn) for event in events):
                raise ReadOnly("The disk is full.")
            append(story_id, seq, events, trajectory)

        monkeypatch.setattr(house.store, "append", refuse)
        refusing.set()
        house.controller.start()
        story = house.open()
        until(lambda: house.state() == "read-only")
        assert house.samples()["interleave_read_only", ""] == 1
        refusing.clear()
        house.rest(story)
        assert house.state() == "ok"
        assert house.samples()["interleave_read_only", ""] == 0


def test_a_studio_that_closes_is_draining(house: Watched) -> None:
    house.controller.start()
    assert house.worker.drain(1)
    assert house.state() == "draining"
    assert house.samples()["interleave_draining", ""] == 1


# ---------------------------------------------------------------- figures


def test_the_figures_are_what_happened(house: Watched) -> None:
    house.controller.start()
    t = house.rest(house.open())
    samples = house.samples()
    assert {label: value for (name, label), value in samples.items() if name == "interleave_calls_total"} == {
        "planner": 1,
        "painter": len(t.tries),
        "critic": len(t.tries),
    }
    accepted = sum(bool(tried.verdict and tried.verdict.accepted) for tried in t.tries)
    assert samples["interleave_verdicts_total", "accepted"] == accepted > 0
    assert samples["interleave_verdicts_total", "refused"] == len(t.tries) - accepted > 0
    assert samples["interleave_call_seconds_total", "painter"] > 0
    assert samples["interleave_pictures", ""] == len({tried.attempt.image.sha256 for tried in t.tries})
    assert samples["interleave_database_bytes", ""] >= (house.folder / "studio.db").stat().st_size
    assert [samples["interleave_stories", state] for state in ("running", "in_flight", "queued")] == [0, 0, 0]
    assert samples["interleave_build_info", VERSION] == 1


def test_failures_are_counted_by_why(tmp_path: Path) -> None:
    def broken(case: Any) -> Verdict:
        raise RuntimeError("index 7 is out of bounds")

    with Watched(tmp_path, scripted_agents([plan_of(1)], verdicts=broken, conduct=Conduct(failures=1))) as house:
        house.controller.start()
        story = house.open()
        most = house.rest(story, "stuck").policy.max_failures
        samples = house.samples()
    # The planner, the painter and the critic each failed once by the script; the critic after that by its own fault.
    assert samples["interleave_failures_total", "agent"] == 3
    assert samples["interleave_failures_total", "internal"] == most - 1
    assert samples["interleave_calls_total", "critic"] == most


def test_stories_are_running_of_which_some_are_in_a_call_and_the_others_queue(tmp_path: Path) -> None:
    book = Storybook(side=64)
    hold = held(book)
    with Watched(tmp_path, book.agents) as house:
        stories = [house.open("One"), house.open("Two"), house.open("Three")]
        house.controller.start()
        assert hold.here.wait(20)
        samples = house.samples()
        hold.go.set()
        house.rest(stories[-1])
    assert [samples["interleave_stories", state] for state in ("running", "in_flight", "queued")] == [3, 1, 2]


def test_pictures_are_not_counted_anew_at_every_look(house: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = list[int]()
    files = house.store.images.files
    monkeypatch.setattr(house.store.images, "files", lambda: (counts.append(1), files())[1])
    for _ in range(3):
        house.samples()
    assert len(counts) == 1


def test_a_data_folder_that_refuses_is_said_to(house: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> list[str]:
        raise ReadOnly("The data folder cannot be read; check its disk.")

    monkeypatch.setattr(house.store, "unfinished", refuse)
    answer = house.ask("/metrics")
    assert (answer.status_code, answer.text) == (503, "The data folder cannot be read; check its disk.")


@given(st.text(), st.dictionaries(st.text(), st.floats(allow_nan=False), max_size=4))
def test_whatever_a_label_says_the_text_stays_the_formats(help: str, values: dict[str, float]) -> None:
    family = Family("any_total", "counter", help.replace("\r", ""), "code", tuple(values.items()))
    assert parsed(written([family])) == {("any_total", label): value for label, value in values.items()}


# ---------------------------------------------------------------- to whom


@pytest.mark.parametrize("visitor", [NOBODY, ANN, Visitor("guest-1", guest=True)], ids=["a stranger", "who signed in", "a guest"])
def test_figures_are_for_the_owner_and_for_who_has_the_token(house: Watched, visitor: Visitor) -> None:
    assert house.ask("/metrics").status_code == 200
    assert house.ask("/metrics").headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    for token in (None, TOKEN):
        refused = house.ask("/metrics", visitor, token)
        assert (refused.status_code, refused.text) == (404, "There is nothing here.")
    assert house.ask("/metrics", visitor, TOKEN, authorization=f"Bearer {TOKEN}").status_code == 200
    assert house.ask("/metrics", visitor, TOKEN, authorization=f"bearer {TOKEN}").status_code == 200


@pytest.mark.parametrize("token", [None, TOKEN])
@pytest.mark.parametrize("sent", NO_TOKENS)
def test_nothing_but_the_token_is_the_token(house: Watched, sent: str, token: str | None) -> None:
    assert house.ask("/metrics", NOBODY, token, authorization=sent.encode("latin-1")).status_code == 404  # type: ignore[arg-type]


def test_the_token_comes_from_the_environment_and_is_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_METRICS_TOKEN", TOKEN)
    settings = Settings()
    assert settings.metrics_token is not None
    assert settings.metrics_token.get_secret_value() == TOKEN
    assert TOKEN not in f"{settings!r} {settings} {settings.model_dump_json()}"
    monkeypatch.setenv("STUDIO_PORT", "0")
    with pytest.raises(ValidationError) as fault:
        Settings()
    assert TOKEN not in str(fault.value)
    with pytest.raises(ValidationError) as fault:
        Settings(metrics_token=[TOKEN])  # type: ignore[arg-type]
    assert TOKEN not in str(fault.value)
