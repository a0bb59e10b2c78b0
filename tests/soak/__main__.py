"""``python -m tests.soak``: stories round after round, studios that are killed, and many people at once; takes hours.

Prints what it found as Markdown, and one JSON object as the last line. The exit status is 1 if anything grows, is lost, or
takes longer than its goal.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.backends.fake import Conduct, scripted_agents
from core.casting import build_agents
from core.profiles import load_profile
from tests.soak.kills import SCRIPTED, killed
from tests.soak.load import GOAL_MS, loaded
from tests.soak.rounds import BOUNDS, WARM, grows, slopes, soaked

PARTS = ("rounds", "kills", "load")


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description="What only time shows.")
    parser.add_argument("parts", nargs="*", default=list(PARTS), help="rounds, kills, load; all, if none is named")
    parser.add_argument("--profile", default="pocket", help="the models; 'scripted' for none")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--stories", type=int, default=24, help="in each round")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--viewers", type=int, default=50)
    parser.add_argument("--creators", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long people come")
    asked = parser.parse_args(words)
    found, sections = dict[str, Any](), list[str]()
    with tempfile.TemporaryDirectory() as made:
        for part in asked.parts:
            found[part], section = _measured(part, Path(made) / part, asked)
            sections.append(section)
    print("\n".join(sections))
    print(json.dumps(found))
    return 0 if all(part["sound"] for part in found.values()) else 1


def _measured(part: str, folder: Path, asked: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """What was found, and how it reads."""
    scripted = asked.profile == SCRIPTED
    match part:
        case "rounds":
            agents = scripted_agents() if scripted else build_agents(load_profile(asked.profile))
            weights = soaked(folder, agents, asked.stories, asked.rounds, tell=lambda weight: print(weight, file=sys.stderr))
            slope = slopes(weights)
            rows = [f"| {name} | {slope[name]:+.3f} | {BOUNDS[name]:g} |" for name in BOUNDS]
            about = f"{asked.rounds} rounds of {asked.stories} stories ({asked.profile}), the first {WARM} not counted."
            section = _table(about, "| what | added by a round | most |", rows)
            return {"weights": list(map(asdict, weights)), "slopes": slope, "sound": not grows(slope)}, section
        case "kills":
            seconds = (0.1, 1.0) if scripted else (1.0, 30.0)
            end = killed(folder, asked.profile, asked.stories, asked.kills, seconds)
            about = (
                f"{end.kills} kills ({asked.profile}): {end.acknowledged} facts were acknowledged, {end.lost} of them lost; "
                f"the doctor found {len(end.faults)} faults."
            )
            return {**asdict(end), "sound": not end.lost and not end.faults}, about + "\n"
        case "load":
            agents = scripted_agents(conduct=Conduct(seconds=0.1)) if scripted else build_agents(load_profile(asked.profile))
            load = loaded(folder, agents, asked.viewers, asked.creators, asked.seconds)
            about = (
                f"{asked.viewers} viewers and {asked.creators} creators for {asked.seconds:g} s ({asked.profile}); "
                f"goal: p95 below {GOAL_MS:g} ms. The studio spent {load.cpu_ms:.1f} ms of a core on a request."
            )
            section = _table(about, "| request | how many | median ms | p95 ms |", _rows(load.kinds))
            return {**asdict(load), "sound": load.is_quick}, section
    raise SystemExit(f"There is no part {part!r}: {', '.join(PARTS)}.")


def _rows(kinds: dict[str, dict[str, float]]) -> Iterator[str]:
    for name, kind in kinds.items():
        yield f"| {name} | {kind['requests']:.0f} | {kind['median_ms']:.0f} | {kind['p95_ms']:.0f} |"


def _table(about: str, head: str, rows: Any) -> str:
    return "\n".join([about, "", head, "|---" + "|--:" * (head.count("|") - 2) + "|", *rows, ""])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
