"""No story is believed: whatever is wrong with its manifest, facts or pictures is said, and nothing of it is kept."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from core.events import SCHEMA
from core.store import Store
from core.storyfile import import_story, manifest
from core.types import MAX_STEPS
from tests.core.storyfile.boxes import a_picture, box, parts, refused, repictured, reworded, told_again
from tests.core.telling import ASKED
from tests.core.test_images import encoded, picture

FACTS, MANIFEST = "facts.jsonl", "manifest.json"


# ---------------------------------------------------------------- the manifest

MANIFESTS: dict[str, tuple[Callable[[dict], object], str]] = {
    "of another format": (lambda said: said.update(format="zip"), "malformed at format"),
    "of a newer version": (lambda said: said.update(version=2), "newer version of the studio"),
    "of a newer schema": (lambda said: said.update(facts_schema=SCHEMA + 1), "newer version of the studio"),
    "of a newer schema with other fields": (lambda said: said.update(facts_schema=99, more=1), "newer version of the studio"),
    "of no version": (lambda said: said.pop("version"), "says nothing of a story"),
    "of a strange version": (lambda said: said.update(version="new"), "says nothing of a story"),
    "with a field too many": (lambda said: said.update(run="me"), "malformed at run"),
    "with a strange id": (lambda said: said.update(story="../../../x"), "malformed at story"),
    "with too few facts": (lambda said: said["facts"].update(count=1), "should have 1 facts"),
    "with too many facts": (lambda said: said["facts"].update(count=10**9), "malformed at facts.count"),
    "with other facts": (lambda said: said["facts"].update(sha256="0" * 64), "facts are not those"),
    "with a picture twice": (lambda said: said["pictures"].append(said["pictures"][0]), "names a picture twice"),
    "with a picture less": (lambda said: said["pictures"].pop(), "is not in its manifest"),
    "with a picture more": (lambda said: said["pictures"].append({**said["pictures"][0], "sha256": "0" * 64}), "is missing"),
    "with a wider picture": (lambda said: said["pictures"][0].update(width=65), "another size than its manifest"),
    "with a longer picture": (lambda said: said["pictures"][0].update(bytes=9), "not the one that was exported"),
}


@pytest.mark.parametrize(("change", "why"), MANIFESTS.values(), ids=MANIFESTS)
def test_a_manifest_that_is_not_right_is_refused(
    store: Store, good: Path, tmp_path: Path, change: Callable[[dict], object], why: str
) -> None:
    refused(store, box(tmp_path / "bad.zip", reworded(parts(good), change)), why)


@pytest.mark.parametrize("text", [b"", b"[]", b"7", b"{}", b"\xff", b"[" * 100_000, b'{"format": ' + b"9" * 10_000 + b"}"])
def test_a_manifest_that_is_no_manifest_is_refused(store: Store, good: Path, tmp_path: Path, text: bytes) -> None:
    refused(store, box(tmp_path / "bad.zip", {**parts(good), MANIFEST: text}), "says nothing of a story")


@pytest.mark.parametrize("which", [MANIFEST, FACTS, "picture"])
def test_a_file_that_is_not_whole_is_refused(store: Store, good: Path, tmp_path: Path, which: str) -> None:
    whole = parts(good)
    del whole[a_picture(whole) if which == "picture" else which]
    refused(store, box(tmp_path / "bad.zip", whole), "not whole: .* is missing")


# ---------------------------------------------------------------- the facts


def of_kind(facts: list[dict], kind: str) -> dict:
    return next(fact for fact in facts if fact["kind"] == kind)


def drawn(facts: list[dict]) -> dict:
    attempt: dict = of_kind(facts, "drawn")["attempt"]
    return attempt


STEP = {"id": "s1", "prompt": "x"}
LARGE = 2**63
STORIES: dict[str, tuple[Callable[[list[dict]], object], str]] = {
    "that nobody opens": (lambda facts: facts.pop(0), "first fact does not open a story"),
    "that is opened twice": (lambda facts: facts.append(facts[0]), "opens the story again"),
    "of another kind": (lambda facts: facts.append({"kind": "danced"}), r"Fact \d+ of the story file cannot be read"),
    "with a field too many": (lambda facts: facts[0].update(run="me"), "Fact 0 of the story file cannot be read"),
    "that is no object": (lambda facts: facts.append(["paused"]), "cannot be read"),
    "with a picture that is not there": (lambda facts: drawn(facts)["image"].update(sha256="0" * 64), "which is missing"),
    "with a source that is not there": (
        lambda facts: drawn(facts).update(source={"sha256": "0" * 64, "width": 64, "height": 64}),
        "which is missing",
    ),
    "with a reference that is not there": (
        lambda facts: facts[0]["request"].update(references=[{"sha256": "0" * 64, "width": 64, "height": 64}]),
        "which is missing",
    ),
    "with a path for a picture": (lambda facts: drawn(facts)["image"].update(sha256="../../x"), "cannot be read"),
    "with two sizes of a picture": (lambda facts: drawn(facts)["source"].update(width=7), "two sizes"),
    "that needs no picture": (
        lambda facts: facts[1:].clear() or facts.__setitem__(slice(1, None), []),
        "none of its facts names",
    ),
    "with a seed that no row keeps": (lambda facts: drawn(facts).update(seed=LARGE), "a number in it"),
    "with a revision that no row keeps": (lambda facts: drawn(facts)["key"].update(revision=LARGE), "a number in it"),
    "with an endless duration": (lambda facts: of_kind(facts, "drawn").update(seconds=float("inf")), "cannot be read"),
    "with no duration": (lambda facts: of_kind(facts, "drawn").update(seconds=float("nan")), "cannot be read"),
    "that lasts for ever": (lambda facts: of_kind(facts, "drawn").update(seconds=1e300), "a number in it"),
    "of no time": (lambda facts: facts[0].pop("at"), "when it happened"),
    "without a time zone": (lambda facts: facts[0].update(at="2026-01-01T00:00:00"), "when it happened"),
    "of another time zone": (lambda facts: facts[0].update(at="0001-01-01T00:00:00+14:00"), "when it happened"),
    "by a very long name": (lambda facts: facts[0].update(by="person:" + "x" * 300), "too long"),
    "of a very long profile": (lambda facts: facts[0].update(profile="x" * 300), "too long"),
    "with a step twice": (lambda facts: of_kind(facts, "planned").update(steps=[STEP, STEP]), "one of them twice"),
    "with too many steps": (
        lambda facts: of_kind(facts, "planned").update(steps=[{**STEP, "id": f"s{n + 1}"} for n in range(MAX_STEPS + 1)]),
        "too many steps",
    ),
    "with an attempt twice": (lambda facts: facts.append(of_kind(facts, "drawn")), "drawn before"),
}


@pytest.mark.parametrize(("change", "why"), STORIES.values(), ids=STORIES)
def test_a_story_that_no_studio_recorded_is_refused(
    store: Store, good: Path, tmp_path: Path, change: Callable[[list[dict]], object], why: str
) -> None:
    refused(store, box(tmp_path / "bad.zip", told_again(parts(good), change)), why)


@pytest.mark.parametrize("text", [b"garbage", b"\xff\xfe", b"[" * 100_000, b"", b'{"by":"\\ud800"}'])
def test_facts_that_are_garbage_are_refused(store: Store, good: Path, tmp_path: Path, text: bytes) -> None:
    whole = parts(good)
    lines = whole[FACTS] + text + b"\n"
    count = lines.count(b"\n")
    facts = {"count": count, "sha256": manifest.digest_of(lines)}
    bad = reworded({**whole, FACTS: lines}, lambda said: said.update(facts=facts))
    refused(store, box(tmp_path / "bad.zip", bad), f"Fact {count - 1} of the story file")


def test_a_branch_that_names_a_story_of_this_folder_gets_none_of_its_facts(store: Store, good: Path, tmp_path: Path) -> None:
    secret = store.create(ASKED, "person:ann", story_id="secretstory1")
    fact = {"kind": "branched", "trunk": secret.id, "length": 1, "seed": 1, "by": "person:ann", "at": "2026-01-01T00:00:00Z"}
    file = box(tmp_path / "a.zip", told_again(parts(good), lambda facts: facts.append(fact)))
    new_id = import_story(store, file, "person:eve")
    assert [event.kind for event in store.events(new_id)].count("opened") == 1
    assert (store.card(new_id).owner, store.card(new_id).trunk) == ("eve", None)
    assert store.card(secret.id).owner == "ann"
    assert store.audit(new_id).faults == store.audit(secret.id).faults == ()


def test_a_file_cannot_make_its_story_somebody_elses_or_older_than_it_is_here(store: Store, good: Path, tmp_path: Path) -> None:
    fact = {"kind": "imported", "origin": "x", "digest": "a" * 64, "by": "person:ann", "at": "2999-01-01T00:00:00Z"}
    file = box(tmp_path / "a.zip", told_again(parts(good), lambda facts: facts.append(fact)))
    card = store.card(import_story(store, file, "person:eve"))
    assert card.owner == "eve"
    assert card.created_at.year < 2999


# ---------------------------------------------------------------- the pictures


def png(image: Image.Image, **options: object) -> bytes:
    out = BytesIO()
    image.save(out, "PNG", **options)
    return out.getvalue()


def words() -> PngInfo:
    info = PngInfo()
    info.add_text("comment", "mine")
    return info


def frames() -> bytes:
    return png(picture(1), save_all=True, append_images=[picture(2)])


PICTURES: dict[str, tuple[Callable[[], bytes], str]] = {
    "that is a JPEG": (lambda: encoded(picture(), "JPEG"), "cannot be read"),
    "that is a page": (lambda: b"<script>alert(1)</script>", "cannot be read"),
    "that is cut off": (lambda: png(picture())[:-30], "cannot be read"),
    "with something behind it": (lambda: png(picture()) + b"<script>", "more than the studio writes"),
    "with a comment": (lambda: png(picture(), pnginfo=words()), "more than the studio writes"),
    "with a colour profile": (lambda: png(picture(), icc_profile=b"x" * 200), "more than the studio writes"),
    "that moves": (frames, "more than the studio writes"),
    "that is transparent": (lambda: png(picture().convert("RGBA")), "more than the studio writes"),
    "of another size": (lambda: png(picture(width=81)), "has not the size"),
    "that is a bomb": (lambda: png(Image.new("1", (9000, 9000))), "make it smaller"),
    "that is a huge bomb": (lambda: png(Image.new("1", (40_000, 40_000))), "cannot be read|make it smaller"),
}


@pytest.mark.parametrize(("make", "why"), PICTURES.values(), ids=PICTURES)
def test_a_picture_that_the_studio_would_not_have_written_is_refused(
    store: Store, good: Path, tmp_path: Path, make: Callable[[], bytes], why: str
) -> None:
    whole = parts(good)
    upload = next(name for name in whole if name.startswith("pictures/") and whole[name] == png_of_upload(good))
    refused(store, box(tmp_path / "bad.zip", repictured(whole, upload[9:-4], make())), f"picture [0-9a-f]{{12}} .*({why})")


def png_of_upload(good: Path) -> bytes:
    with Store(good.parent / "data", write=False) as store:
        (story_id,) = store.ids()
        request = store.open_story(story_id).trajectory.request
        assert request is not None
        return store.images.read(request.images[0])


def test_a_picture_whose_content_is_not_what_its_name_says_is_refused(store: Store, good: Path, tmp_path: Path) -> None:
    whole = parts(good)
    name = a_picture(whole)
    other = png(picture(7, 80, 64))
    assert len(other) != len(whole[name])
    longer = reworded({**whole, name: other}, lambda said: said["pictures"][0].update(bytes=len(other)))
    refused(store, box(tmp_path / "bad.zip", {**whole, name: other}), "not the one that was exported")
    refused(store, box(tmp_path / "bad.zip", longer), "not the one that was exported")
