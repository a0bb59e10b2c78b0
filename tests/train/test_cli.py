"""The door: every command explains itself, results go to stdout, what happens meanwhile to stderr, and no fault is a riddle."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from core import profiles
from core.backends.fake import Conduct
from core.casting import Models
from core.ports import Agents, Delta
from core.store import Store
from tests.core.telling import agents, untimed
from train.cli import app
from train.doctor import examine

ROOT = Path(__file__).parents[2]
KEYS = [
    "stories",
    "finished",
    "failed",
    "steps",
    "attempts",
    "accepted",
    "profiles",
    "generator_calls",
    "critic_calls",
    "seconds",
]


def commands(group: typer.core.TyperGroup, *path: str) -> Iterator[tuple[str, ...]]:
    """The paths of all commands and groups below this one."""
    for name, command in group.commands.items():
        yield (*path, name)
        if isinstance(command, typer.core.TyperGroup):
            yield from commands(command, *path, name)


TREE = typer.main.get_command(app)
assert isinstance(TREE, typer.core.TyperGroup)
COMMANDS = list(commands(TREE))


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    """A file of three prompts, with one malformed line among them."""
    path = tmp_path / "prompts.jsonl"
    lines = [json.dumps({"id": number, "user_input": f"Story {number}"}) for number in (1, 2, 3)]
    path.write_text("\n".join([lines[0], "not JSON", *lines[1:]]))
    return path


@pytest.fixture
def cast(monkeypatch: pytest.MonkeyPatch) -> list[Agents]:
    """The agents that the next runs get instead of a profile's models; the last ones stay."""
    waiting = [agents(steps=1)]

    def build(models: Models, profile: profiles.Profile) -> Agents:
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    monkeypatch.setattr(Models, "agents", build)
    return waiting


def run(prompts: Path, *options: str) -> Result:
    """The collect command, in this process."""
    given = ["collect", "--prompts", str(prompts), "--data", str(prompts.parent / "data"), *options]
    return CliRunner().invoke(app, given)


def outcome(result: Result) -> dict:
    """What the one line on stdout says."""
    (line,) = result.stdout.splitlines()
    said = json.loads(line)
    assert isinstance(said, dict)
    return said


def separate(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "train", *command], cwd=ROOT, capture_output=True, text=True, check=False)


# ---------------------------------------------------------------- help


def test_the_door_lists_every_command() -> None:
    done = separate("--help")
    assert done.returncode == 0
    assert "Usage: python -m train" in done.stdout
    first_words = {line.strip("│ ").split(" ")[0] for line in done.stdout.splitlines()}
    assert {"collect", "doctor", "evaluate", "pocket"} <= set(TREE.commands) <= first_words


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_says_what_it_does_and_what_each_option_means(path: tuple[str, ...]) -> None:
    command = TREE
    for name in path:
        command = command.commands[name]
    assert command.help
    assert command.help.split("\n\n")[0].strip().endswith("."), "its first paragraph is a sentence"
    for option in command.params:
        assert option.name == "help" or getattr(option, "help", None), f"{option.name} has no help"
    answer = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "300"})
    assert (answer.exit_code, answer.stderr) == (0, "")
    assert command.help.split("\n")[0].rstrip(".") in answer.stdout
    inner = command.commands if isinstance(command, typer.core.TyperGroup) else {}
    assert all(name in answer.stdout for name in inner)


def test_the_help_of_collect_names_every_key_of_its_json_line() -> None:
    said = CliRunner().invoke(app, ["collect", "--help"], env={"COLUMNS": "300"}).stdout
    assert [key for key in KEYS if key not in said] == []


# ---------------------------------------------------------------- collect


def test_the_result_is_one_json_line_on_stdout_and_all_else_goes_to_stderr(prompts: Path, cast: list[Agents]) -> None:
    result = run(prompts)
    said = outcome(result)
    assert result.exit_code == 0
    assert list(said) == KEYS
    assert (said["stories"], said["finished"], said["failed"], said["steps"]) == (3, 3, 0, 3)
    assert said["attempts"] == said["generator_calls"] == said["critic_calls"] >= 3
    complaint, *progress = result.stderr.splitlines()
    assert complaint.startswith("prompts.jsonl, line 2, is left out: ")
    assert f"3/3 {said['generator_calls']} drawings, {said['critic_calls']} verdicts" in progress[-1]
    again = outcome(run(prompts))
    assert {**again, "seconds": 0} == {**said, "seconds": 0, "generator_calls": 0, "critic_calls": 0}


def test_a_limit_takes_the_first_prompts_and_the_rest_can_follow(prompts: Path, cast: list[Agents]) -> None:
    first = outcome(run(prompts, "--limit", "2"))
    assert (first["stories"], first["finished"]) == (2, 2)
    rest = outcome(run(prompts))
    assert (rest["stories"], rest["finished"]) == (3, 3)
    assert rest["generator_calls"] == rest["attempts"] - first["attempts"] > 0
    assert run(prompts, "--limit", "0").exit_code == 2


def test_attempts_and_seed_are_as_asked_and_make_other_stories(prompts: Path, cast: list[Agents]) -> None:
    assert outcome(run(prompts, "--max-attempts", "1"))["attempts"] == 3
    assert outcome(run(prompts, "--max-attempts", "1", "--seed", "4"))["generator_calls"] == 3
    with Store(prompts.parent / "data") as store:
        assert {(card.profile, card.attempts) for card in store.page().cards} == {("pocket", 1)}
        assert len(store.page().cards) == 6
        seeds = {store.events(card.id)[0].request.seed for card in store.page().cards}
    assert len(seeds) == 6


# ---------------------------------------------------------------- several profiles


@pytest.fixture
def hands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Agents]]:
    """Two profiles, ``a.toml`` and ``b.toml``; by name, the agents that were built of each."""
    built: dict[str, list[Agents]] = {"a": [], "b": []}
    for name in built:
        (tmp_path / f"{name}.toml").write_text((profiles.ASSETS / "profiles" / "pocket.toml").read_text())

    def build(models: Models, profile: profiles.Profile) -> Agents:
        built[profile.name].append(agents(steps=1))
        return built[profile.name][-1]

    monkeypatch.setattr(profiles, "missing_weights", lambda profile: [])
    monkeypatch.setattr(Models, "agents", build)
    return built


def both(prompts: Path, *options: str) -> Result:
    return run(prompts, *(word for name in "ab" for word in ("--profile", str(prompts.parent / f"{name}.toml"))), *options)


def told_by(prompts: Path, data: str = "data") -> dict[str, str]:
    """Which profile told each story, by the request."""
    with Store(prompts.parent / data) as store:
        opened = [store.events(story_id)[0] for story_id in store.ids()]
    return {event.request.text: event.profile for event in opened}


def test_prompts_are_dealt_over_profiles_and_every_story_says_which_one_told_it(
    prompts: Path, hands: dict[str, list[Agents]]
) -> None:
    prompts.write_text("\n".join(json.dumps({"id": number, "user_input": f"Story {number}"}) for number in range(12)))
    said = outcome(both(prompts))
    tellers = told_by(prompts)
    assert (said["stories"], said["finished"], len(tellers)) == (12, 12, 12)
    assert said["profiles"] == {name: list(tellers.values()).count(name) for name in "ab"}
    assert min(said["profiles"].values()) > 0
    for part in ("1/2", "2/2"):
        both(prompts, "--shard", part, "--data", str(prompts.parent / "sharded"))
    assert told_by(prompts, "sharded") == tellers
    with Store(prompts.parent / "data") as whole, Store(prompts.parent / "sharded") as sharded:
        assert sorted(whole.ids()) == sorted(sharded.ids())


def test_with_each_every_profile_tells_every_prompt(prompts: Path, hands: dict[str, list[Agents]]) -> None:
    said = outcome(both(prompts, "--each"))
    assert (said["stories"], said["finished"], said["profiles"]) == (6, 6, {"a": 3, "b": 3})
    assert outcome(both(prompts))["generator_calls"] == 0, "what is dealt is a part of it"


def test_what_is_told_loads_no_models_again_and_a_profile_may_come_later(prompts: Path, hands: dict[str, list[Agents]]) -> None:
    outcome(run(prompts, "--profile", str(prompts.parent / "a.toml")))
    said = outcome(both(prompts, "--each"))
    assert (said["profiles"], said["stories"]) == ({"a": 3, "b": 3}, 6)
    assert {name: len(built) for name, built in hands.items()} == {"a": 1, "b": 1}
    again = both(prompts, "--each")
    assert {**outcome(again), "seconds": 0} == {**said, "seconds": 0, "generator_calls": 0, "critic_calls": 0}
    assert {name: len(built) for name, built in hands.items()} == {"a": 1, "b": 1}
    assert "6/6" in again.stderr


def test_two_profiles_of_one_name_are_refused(prompts: Path, hands: dict[str, list[Agents]]) -> None:
    result = run(prompts, "--profile", "pocket", "--profile", "pocket")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "two of the profiles have one name" in result.stderr
    assert not (prompts.parent / "data").exists()


def test_a_second_profile_without_weights_is_refused_before_the_first_has_told_anything(
    prompts: Path, hands: dict[str, list[Agents]], monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = profiles.Missing("someone/model", 9.0, "hf download someone/model")
    monkeypatch.setattr(profiles, "missing_weights", lambda profile: [missing] if profile.name == "b" else [])
    assert (both(prompts).exit_code, hands) == (1, {"a": [], "b": []})


def test_a_prompt_without_its_picture_is_named_and_the_others_are_told(prompts: Path, cast: list[Agents]) -> None:
    with open(prompts, "a") as file:
        file.write('\n{"id": 4, "user_input": "Go on", "user_input_image": "gone.png"}')
    result = run(prompts)
    assert (result.exit_code, outcome(result)["stories"]) == (0, 3)
    assert "prompts.jsonl, line 5, is left out: This picture's file cannot be read." in result.stderr
    assert "4/4" in result.stderr


# ---------------------------------------------------------------- stops


def interrupting(at: int, times: int = 1) -> Conduct:
    """In the middle of a call, at the given delta, a person presses Ctrl-C."""
    deltas = itertools.count(1)

    def press(delta: Delta) -> None:
        if next(deltas) == at:
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)

    return Conduct(hook=press)


def test_ctrl_c_ends_with_130_and_the_json_line_and_the_same_command_finishes(
    prompts: Path, cast: list[Agents], tmp_path: Path
) -> None:
    other = tmp_path / "uncut" / prompts.name
    other.parent.mkdir()
    other.write_text(prompts.read_text())
    uncut = outcome(run(other))
    before = signal.getsignal(signal.SIGINT)
    cast.insert(0, agents(steps=1, conduct=interrupting(at=11)))
    stopped = run(prompts)
    said = outcome(stopped)
    assert stopped.exit_code == 130
    assert list(said) == KEYS
    assert (said["stories"], said["finished"] < 3, said["generator_calls"] > 0) == (3, True, True)
    assert "Run the same command again to go on." in stopped.stderr
    assert signal.getsignal(signal.SIGINT) is before
    assert examine(prompts.parent / "data").faults == ()
    finished = run(prompts)
    kept = ("stories", "finished", "failed", "steps", "attempts", "accepted")
    assert finished.exit_code == 0
    assert [outcome(finished)[key] for key in kept] == [uncut[key] for key in kept]
    assert told(prompts) == told(other)
    calls = [said[key] + outcome(finished)[key] - uncut[key] for key in ("generator_calls", "critic_calls")]
    assert calls == [1, 0], "only the drawing in flight is drawn again"


def told(prompts: Path) -> list[list[dict]]:
    with Store(prompts.parent / "data") as store:
        return [untimed(store.events(story_id)) for story_id in sorted(store.ids())]


def test_a_second_ctrl_c_ends_at_once_and_loses_nothing_either(prompts: Path, cast: list[Agents]) -> None:
    cast.insert(0, agents(steps=1, conduct=interrupting(at=15, times=2)))
    stopped = run(prompts)
    assert (stopped.exit_code, stopped.stdout) == (130, "")
    assert examine(prompts.parent / "data").faults == ()
    assert outcome(run(prompts))["finished"] == 3


# ---------------------------------------------------------------- refusals


def test_a_folder_that_another_process_owns_is_refused_in_one_sentence(prompts: Path) -> None:
    data = prompts.parent / "data"
    prompts.write_text('{"id": 1, "user_input": "A cat"}')
    with Store(data) as owner:
        done = separate("collect", "--prompts", str(prompts), "--data", str(data))
        assert owner.ids() == []
    assert (done.returncode, done.stdout) == (1, "")
    says = f"Process {os.getpid()} has this data folder open: its stories can be read here, not changed.\n"
    assert done.stderr == says


def test_an_unknown_profile_is_refused_in_one_sentence_and_makes_nothing(prompts: Path, cast: list[Agents]) -> None:
    result = run(prompts, "--profile", "crayons")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("There is no profile 'crayons'; there are pocket, ")
    assert result.stderr.count("\n") == 1
    assert not (prompts.parent / "data").exists()


def test_missing_weights_are_refused_in_one_sentence_and_give_the_folder_back(
    prompts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts.write_text('{"id": 1, "user_input": "A cat"}')
    missing = profiles.Missing("someone/model", 9.0, "hf download someone/model")
    monkeypatch.setattr(profiles, "missing_weights", lambda profile: [missing])
    result = run(prompts)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.endswith("Get someone/model (9 GB) with: hf download someone/model.\n")
    assert result.stderr.count("\n") == 1
    with Store(prompts.parent / "data") as store:
        assert store.read_only == ""
