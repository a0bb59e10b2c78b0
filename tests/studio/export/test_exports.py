"""Laws of exports in the background: a file is there whole or not at all, belongs to whoever knows its id, and goes again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest

from core.errors import CommandError, NotFound
from core.images import ImageStore
from studio.export.book import Book
from studio.export.formats import FORMATS, book_makers
from studio.export.jobs import Bounds, Exports, Job
from tests.studio.export.books import STORY, book, files_in, keep, page
from tests.studio.storybook import until

ROOT = Path(__file__).parents[3]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Gate:
    """Makes the book only when it is let."""

    def __init__(self, made: Book) -> None:
        self.made = made
        self.asked = Event()
        self.open = Event()

    def __call__(self, story: str) -> Book:
        self.asked.set()
        assert self.open.wait(20)
        return self.made


@pytest.fixture
def made(images: ImageStore) -> Book:
    return book([page("One.", keep(images), "Sea"), page("Two.", keep(images, "navy"))], title="The Cat & the Sea")


@pytest.fixture
def gate(made: Book) -> Gate:
    return Gate(made)


@pytest.fixture
def clock() -> Clock:
    return Clock()


Open = Callable[..., Exports]


@pytest.fixture
def opened(tmp_path: Path, images: ImageStore, made: Book, clock: Clock) -> Iterator[Open]:
    all_opened: list[Exports] = []

    def exports(book_of: Callable[[str], Book] = lambda _: made, bounds: Bounds | None = None) -> Exports:
        all_opened.append(Exports(tmp_path / "exports", book_makers(book_of, images), bounds, clock))
        return all_opened[-1]

    yield exports
    for each in all_opened:
        each.close()


def ended(exports: Exports, job_id: str) -> Job:
    until(lambda: exports.status(job_id).ended)
    return exports.status(job_id)


@pytest.mark.parametrize("name", FORMATS)
def test_an_export_ends_as_a_whole_file_with_a_name_and_a_type(opened: Open, name: str) -> None:
    exports = opened()
    job = ended(exports, exports.start(STORY, name, "ann"))
    assert (job.state, job.message, job.owner, job.story) == ("done", "Your file is ready.", "ann", STORY)
    assert job.done == job.total > 1
    assert job.path is not None
    assert job.path.stat().st_size > 100
    assert job.file_name.startswith("the-cat-the-sea")
    assert job.media_type == FORMATS[name].media_type
    assert files_in(exports.folder) == [job.path.name]


def test_what_a_format_has_to_say_is_said_with_the_file(opened: Open) -> None:
    exports = opened(lambda _: book([page("Runes: \U00010c00")]))
    job = ended(exports, exports.start(STORY, "pdf", "ann"))
    assert job.state == "done"
    assert "No font here has" in job.warnings[0]


def test_exports_are_made_one_after_the_other_in_the_order_they_were_asked_for(opened: Open, gate: Gate) -> None:
    exports = opened(gate)
    first, second = (exports.start(STORY, "markdown", "ann") for _ in range(2))
    assert gate.asked.wait(20)
    assert (exports.status(first).state, exports.status(second).state) == ("working", "waiting")
    gate.open.set()
    assert [ended(exports, each).state for each in (first, second)] == ["done", "done"]


def test_an_id_cannot_be_guessed_and_an_unknown_one_is_not_found(opened: Open) -> None:
    exports = opened()
    ids = {exports.start(STORY, "markdown", str(number)) for number in range(5)}
    assert len(ids) == 5
    assert all(len(each) == 32 for each in ids)
    for unknown in ("", "0" * 32, "../x"):
        with pytest.raises(NotFound, match="no such export"):
            exports.status(unknown)


def test_a_cancelled_export_leaves_no_file(opened: Open, gate: Gate) -> None:
    exports = opened(gate)
    working, waiting = exports.start(STORY, "pdf", "ann"), exports.start(STORY, "pdf", "ann")
    assert gate.asked.wait(20)
    assert exports.cancel(waiting).state == "cancelled"
    exports.cancel(working)
    gate.open.set()
    assert ended(exports, working).state == "cancelled"
    assert exports.status(waiting).state == "cancelled"
    assert exports.status(working).path is None
    assert files_in(exports.folder) == []


def test_a_cancel_at_the_last_moment_leaves_no_file_either(opened: Open, made: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    reached, go = Event(), Event()

    def slow(of: Book, images: ImageStore, out: Path, report: object) -> tuple[str, ...]:
        out.write_bytes(b"whole")
        reached.set()
        assert go.wait(20)
        return ()

    monkeypatch.setitem(FORMATS, "html", type(FORMATS["html"])("html", "", ".html", "text/html", slow))
    exports = opened()
    job_id = exports.start(STORY, "html", "ann")
    assert reached.wait(20)
    assert len(files_in(exports.folder)) == 1, "the part is there"
    exports.cancel(job_id)
    go.set()
    assert ended(exports, job_id).state == "cancelled"
    assert files_in(exports.folder) == []


def test_a_cancel_that_comes_too_late_changes_nothing(opened: Open) -> None:
    exports = opened()
    job = ended(exports, exports.start(STORY, "markdown", "ann"))
    assert exports.cancel(job.id) == job
    assert job.path is not None
    assert job.path.is_file()


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (CommandError("There is nothing to read in this story yet."), "There is nothing to read in this story yet."),
        (OSError(28, "No space left on device"), "The disk is full: free some space, then export again."),
        (ZeroDivisionError(), "The export failed (ZeroDivisionError); the log says more."),
    ],
)
def test_an_export_that_fails_says_why_and_the_next_one_is_made(opened: Open, made: Book, fault: Exception, message: str) -> None:
    faults = [fault]

    def book_of(story: str) -> Book:
        if faults:
            raise faults.pop()
        return made

    exports = opened(book_of)
    job = ended(exports, exports.start(STORY, "markdown", "ann"))
    assert (job.state, job.message, job.path) == ("failed", message, None)
    assert files_in(exports.folder) == []
    assert ended(exports, exports.start(STORY, "markdown", "ann")).state == "done"


def test_results_go_after_an_hour(opened: Open, clock: Clock) -> None:
    exports = opened()
    job = ended(exports, exports.start(STORY, "markdown", "ann"))
    clock.now = 3599.0
    assert exports.status(job.id) == job
    clock.now = 3601.0
    with pytest.raises(NotFound):
        exports.status(job.id)
    assert files_in(exports.folder) == []


def test_only_the_newest_results_are_kept(opened: Open, clock: Clock) -> None:
    exports = opened(bounds=Bounds(files=2))
    made = []
    for _ in range(4):
        clock.now += 1
        made.append(ended(exports, exports.start(STORY, "markdown", "ann")))
    until(lambda: len(files_in(exports.folder)) == 2)
    assert files_in(exports.folder) == sorted(job.path.name for job in made[2:] if job.path)
    with pytest.raises(NotFound):
        exports.status(made[0].id)


def test_nobody_can_ask_for_too_many_at_once(opened: Open, gate: Gate) -> None:
    exports = opened(gate, Bounds(each=2, waiting=3))
    mine = [exports.start(STORY, "markdown", "ann") for _ in range(2)]
    with pytest.raises(CommandError, match="You have 2 exports in work"):
        exports.start(STORY, "markdown", "ann")
    exports.start(STORY, "markdown", "bob")
    with pytest.raises(CommandError, match="too many exports"):
        exports.start(STORY, "markdown", "eve")
    exports.cancel(mine[1])
    exports.start(STORY, "markdown", "ann")
    gate.open.set()


def test_a_format_that_there_is_not_is_refused_at_once(opened: Open) -> None:
    with pytest.raises(CommandError, match="no such format"):
        opened().start(STORY, "docx", "ann")


def test_closing_gives_up_what_is_in_work_and_takes_no_more(opened: Open, gate: Gate) -> None:
    exports = opened(gate)
    working, waiting = exports.start(STORY, "pdf", "ann"), exports.start(STORY, "pdf", "ann")
    assert gate.asked.wait(20)
    exports.close(seconds=0)
    gate.open.set()
    exports.close()
    assert [exports.status(each).state for each in (working, waiting)] == ["cancelled", "cancelled"]
    assert files_in(exports.folder) == []
    with pytest.raises(CommandError, match="closing"):
        exports.start(STORY, "pdf", "ann")


def test_a_start_sweeps_what_was_left_and_nothing_else(opened: Open, tmp_path: Path) -> None:
    folder = tmp_path / "exports"
    (folder / f"{'a' * 32}.part.x1").mkdir(parents=True)
    for name in (f"{'a' * 32}.part.x1/1.jpg", f"{'a' * 32}.part", f"{'b' * 32}.pdf", "notes.txt"):
        (folder / name).write_bytes(b"x")
    opened()
    assert files_in(folder) == ["notes.txt"]


def test_a_process_killed_half_way_leaves_only_what_the_next_start_sweeps(tmp_path: Path, opened: Open) -> None:
    """A real process, killed without a warning between two pages of a PDF."""
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from core.images import ImageStore\n"
        "from studio.export import pdf\n"
        "from studio.export.formats import book_makers\n"
        "from studio.export.jobs import Exports\n"
        "from tests.studio.export.books import book, keep, page\n"
        "folder = Path(sys.argv[1])\n"
        "images = ImageStore(folder / 'images')\n"
        "made = book([page('One.', keep(images)), page('Two.', keep(images, 'navy'))])\n"
        "jpeg_of, drawn = pdf.jpeg_of, []\n"
        "def slow(*args):\n"
        "    drawn.append(args)\n"
        "    if len(drawn) == 2:\n"
        "        print('half', flush=True)\n"
        "        time.sleep(60)\n"
        "    return jpeg_of(*args)\n"
        "pdf.jpeg_of = slow\n"
        "Exports(folder / 'exports', book_makers(lambda story: made, images)).start('story', 'pdf', 'ann')\n"
        "time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "half\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    left = files_in(tmp_path / "exports")
    assert left, "its parts are there"
    assert not [name for name in left if name.endswith(".pdf")], "but no book"
    opened()
    assert files_in(tmp_path / "exports") == []
