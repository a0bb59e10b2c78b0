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
from core.ports import Agents, Delta
from core.store import Store
from tests.core.telling import agents, untimed
from train.cli import app
from train.doctor import examine

ROOT = Path(__file__).parents[2]
KEYS = ["stories", "finished", "failed", "steps", "attempts", "accepted", "generator_calls", "critic_calls", "seconds"]


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
    monkeypatch.setattr(profiles, "build_agents", lambda profile: waiting.pop(0) if len(waiting) > 1 else waiting[0])
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
    cast.insert(0, agents(steps=1, conduct=interrupting(at=15)))
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
