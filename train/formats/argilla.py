"""Reviews as Argilla's datasets on disk, one for each kind of item, as ``argilla.Dataset.from_disk`` reads them (2.8).

``attempts``, ``plans`` and ``pairs`` each hold ``records.json``, one record an item: ``fields`` are what is judged (pictures as
data URIs), ``suggestions`` the critic's answer, ``responses`` one for each question and annotator. Argilla knows its users by
ids: ours follow from the name, and ``reviewers.json`` says whose each is.

Can't carry: when an answer was given, by which guideline, how long it took, whether it was blind, flagged or an adjudication;
marks with a fraction, which are rounded.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from core.reviewing import FAULTS
from core.store import Store
from core.types import ImageRef, PlannedStep
from train.formats.files import Lines

Record = dict[str, Any]
RECORDS, SETTINGS, DATASET, REVIEWERS = "records.json", ".argilla/settings.json", ".argilla/dataset.json", "reviewers.json"
VERDICTS = {True: "accepted", False: "refused"}

#: Column of a review -> kind of field, or question with its values; what is required is there in every record.
FIELDS: dict[str, dict[str, str]] = {
    "attempt": {"prompt": "text", "current_prompt": "text", "before": "image", "after": "image"},
    "plan": {"request": "text", "plan": "text"},
    "pair": {
        "prompt": "text",
        "before": "image",
        "after": "image",
        "other_after": "image",
        "current_prompt": "text",
        "other_current_prompt": "text",
    },
}
QUESTIONS: dict[str, dict[str, tuple[str, Iterable[Any]]]] = {
    "attempt": {
        "accepted": ("label_selection", VERDICTS.values()),
        "refined_prompt": ("text", ()),
        "faults": ("multi_label_selection", FAULTS),
        "semantics": ("rating", range(11)),
        "quality": ("rating", range(11)),
        "comment": ("text", ()),
    },
    "plan": {"rating": ("rating", range(1, 6)), "steps": ("text", ()), "comment": ("text", ())},
    "pair": {"better": ("label_selection", ("first", "second", "neither")), "comment": ("text", ())},
}
REQUIRED = {"after", "other_after", "prompt", "request", "plan", "accepted", "rating", "better"}
METADATA = ("story", "profile", "step", "revision", "number", "other_number", "painter", "critic", "p_success", "planner")
#: What names an item.
KEY = ("kind", "story", "step", "revision", "number", "other_number")


class Datasets:
    """Gathers reviews by their item, without pictures, and writes all when it is closed."""

    def __init__(self, out: Path, store: Store) -> None:
        self._out, self._store = out, store
        self._items: dict[tuple[Any, ...], list[Record]] = {}

    def add(self, row: Record) -> None:
        key = tuple(row[name] for name in KEY)
        if key not in self._items:
            for value in row.values():
                if isinstance(value, ImageRef):
                    self._store.images.read(value)  # so that one that is gone costs its item, and not all when they are written
        self._items.setdefault(key, []).append(row)

    def close(self) -> None:
        reviewers = {user_id(row["reviewer"]): row["reviewer"] for rows in self._items.values() for row in rows}
        guideline = self._store.reviews.guideline()
        for kind in FIELDS:
            mine = [rows for key, rows in self._items.items() if key[0] == kind]
            if mine:
                self._write(kind, mine, guideline.text if guideline else None)
        _put(self._out / REVIEWERS, reviewers)

    def _write(self, kind: str, items: list[list[Record]], guideline: str | None) -> None:
        folder = self._out / f"{kind}s"
        _put(folder / SETTINGS, settings_of(kind, guideline))
        _put(folder / DATASET, {"name": f"interleave-studio-{kind}s", "guidelines": guideline, "allow_extra_metadata": True})
        lines = Lines(folder / RECORDS)
        for rows in items:
            lines.add(record_of(rows, self._store))
        lines.close()


def record_of(rows: list[Record], store: Store) -> Record:
    """The record of an item that these reviews are of."""
    first, kind = rows[0], rows[0]["kind"]
    responses: dict[str, list[Record]] = {}
    for row in rows:
        for name, (question, _) in QUESTIONS[kind].items():
            value = _value(row[name], question)
            if value not in (None, "", []):
                said = {"value": value, "user_id": user_id(row["reviewer"]), "status": "submitted"}
                responses.setdefault(name, []).append(said)
    return {
        "id": "/".join(str(first[name]) for name in KEY if first[name] is not None),
        "fields": {name: _shown(first[name], store) for name in FIELDS[kind] if first[name] is not None},
        "metadata": {name: first[name] for name in METADATA if first[name] is not None},
        "suggestions": _suggestions(first) if kind == "attempt" else {},
        "responses": responses,
        "vectors": {},
        "_server_id": None,
    }


def _suggestions(row: Record) -> Record:
    """The critic's answer; the score is how sure it is of it."""
    accepted, p = row["critic_accepted"], row["p_success"]
    if accepted is None:
        return {}
    sure = p if accepted or p is None else 1 - p
    found = {"accepted": {"value": VERDICTS[accepted], "score": sure, "agent": row["critic"]}}
    if row["critic_refined_prompt"]:
        found["refined_prompt"] = {"value": row["critic_refined_prompt"], "score": None, "agent": row["critic"]}
    return found


def _value(value: Any, question: str) -> Any:
    """An answer as a question of this kind has it."""
    match question:
        case "label_selection":
            return VERDICTS[value] if isinstance(value, bool) else value
        case "multi_label_selection":
            return list(value)
        case "rating":
            return None if value is None else round(value)
        case _:
            return _words(value)


def _shown(value: Any, store: Store) -> str:
    if not isinstance(value, ImageRef):
        return _words(value) or ""
    data = store.images.read(value)
    kind = "png" if data.startswith(b"\x89PNG") else "webp" if data[8:12] == b"WEBP" else "jpeg"
    return f"data:image/{kind};base64,{b64encode(data).decode()}"


def _words(value: Any) -> str | None:
    """A text; steps as JSON."""
    if isinstance(value, tuple):
        steps = [step.model_dump() for step in value if isinstance(step, PlannedStep)]
        return json.dumps(steps, ensure_ascii=False, indent=1)
    return value if value is None else str(value)


def settings_of(kind: str, guideline: str | None) -> Record:
    """The dataset's fields and questions, as Argilla's ``Settings.from_json`` reads them."""
    fields = [
        {"name": name, "title": _title(name), "required": name in REQUIRED, "settings": {"type": form}}
        for name, form in FIELDS[kind].items()
    ]
    questions = [
        {"name": name, "title": _title(name), "required": name in REQUIRED, "settings": _question(form, values)}
        for name, (form, values) in QUESTIONS[kind].items()
    ]
    shared = {"vectors": [], "metadata": [], "allow_extra_metadata": True, "mapping": None}
    answers = {"strategy": "overlap", "min_submitted": 1}
    return {"guidelines": guideline, "fields": fields, "questions": questions, "distribution": answers, **shared}


def _question(form: str, values: Iterable[Any]) -> Record:
    options: list[Record] = [{"value": value} for value in values]
    if form == "rating":
        return {"type": form, "options": options}
    if options:
        return {"type": form, "options": [option | {"text": option["value"], "description": None} for option in options]}
    return {"type": form, "use_markdown": False}


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


def user_id(reviewer: str) -> str:
    """The id that stands for an annotator."""
    return str(uuid5(NAMESPACE_URL, f"interleave-studio:reviewer:{reviewer}"))


def _put(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
