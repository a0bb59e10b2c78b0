"""The third page: training runs, to start, watch, save, stop and resume. Only for whoever owns the studio's machine.

It keeps nothing: each look reads the runs' folders again. Its scripts are in ``assets/js/train.js``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import gradio as gr
from pydantic import Field

from core.errors import CommandError
from core.types import Value
from studio import machine
from studio.curves import charts_of
from studio.launcher import Launcher
from studio.pages.answers import Answer, Call, Do, answering
from studio.pages.parts import MOUNT, Who
from studio.rollouts import tried_in
from studio.runs import Asked, Run, log_of, metrics_of
from studio.storyboard import frame_of, run_of, runs_of

if TYPE_CHECKING:
    from studio.visitors import Visitor

TITLE, ADDRESS = "Training", "train"


class Look(Value):
    """Which run a browser looks at, and at which of its steps' replies; none: the last."""

    run: str = Field(default="", max_length=200)
    step: int | None = None


def train_page(launcher: Launcher, who: Who) -> None:
    """Builds the page into the open route. ``who`` says which visitor a request comes from."""
    gr.HTML(
        html_template=frame_of("train_frame"),
        js_on_load=MOUNT % "train",
        server_functions=trainings(launcher, who),
        apply_default_css=False,
        elem_id="train",
    )


def trainings(launcher: Launcher, who: Who) -> list[Callable[..., Answer]]:
    """The server functions of the page, by their names."""

    def look(call: Call, visitor: Visitor) -> Answer:
        asked = Look.model_validate(call)
        runs = launcher.runs()
        here = next((run for run in runs if run.id == asked.run), None)
        listed = {"runs": runs_of(runs, asked.run), "count": len(runs), "first": runs[0].id if runs else ""}
        return listed | ({"run": _shown(here, asked.step), "state": here.state} if here else {"gone": bool(asked.run)})

    def offer(call: Call, visitor: Visitor) -> Answer:
        found = launcher.offer()
        rows = [{"name": rows.name, "stages": list(rows.stages)} for rows in found.rows]
        return {"rows": rows, "models": list(found.models), "painters": list(found.painters), "judges": list(found.judges)}

    def weigh(call: Call, visitor: Visitor) -> Answer:
        """The command that would be started, exactly, under a name that is free."""
        named = call.get("name") or launcher.free_name("grpo" if call.get("kind") == "grpo" else f"sft-{call.get('role')}")
        asked = Asked.model_validate(call | {"name": named})
        return {"command": launcher.command(asked), "name": asked.name}

    def start(call: Call, visitor: Visitor) -> Answer:
        asked = Asked.model_validate(call)
        launcher.start(asked)
        return {"run": asked.name}

    def save(call: Call, visitor: Visitor) -> Answer:
        launcher.save(Look.model_validate(call).run)
        return {}

    def stop(call: Call, visitor: Visitor) -> Answer:
        launcher.stop(Look.model_validate(call).run)
        return {}

    def resume(call: Call, visitor: Visitor) -> Answer:
        launcher.resume(Look.model_validate(call).run)
        return {}

    return [answering(_owners(do), who) for do in (look, offer, weigh, start, save, stop, resume)]


def _owners(do: Do) -> Do:
    """The same, for whoever owns the machine only."""

    def for_owners(call: Call, visitor: Visitor) -> Answer:
        if not visitor.owns_all:
            raise CommandError("Only the owner of this studio trains here, at the computer that it runs on.")
        return do(call, visitor)

    for_owners.__name__ = do.__name__
    return for_owners


def _shown(run: Run, step: int | None) -> str:
    memory = machine.memory_of(run.started.pid) if run.started and run.started.lives else None
    tried = tried_in(run.folder, step) if run.kind == "grpo" else None
    return run_of(run, charts_of(metrics_of(run.folder)), tried, log_of(run.folder), memory, machine.gpus())
