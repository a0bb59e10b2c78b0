"""Laws of the file that says who may sign in: no password is in it, only its owner reads it, and it is whole at every moment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import StudioError
from studio import passwords
from studio.passwords import Cost, Hashed, People, hash_all, hashed, parsed, put, read, tend

ROOT = Path(__file__).parents[2]
CHEAP = Cost(n=16)
LONG = "a long secret"


def proof(password: str = LONG) -> Hashed:
    return hashed(password, CHEAP)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "people"


def written(file: Path, text: str, mode: int = 0o600) -> Path:
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)
    return file


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_a_hash_fits_its_password_and_no_other_also_when_read_back(right: str, wrong: str) -> None:
    line = str(hashed(right, CHEAP))
    again = parsed(line)
    assert again is not None
    assert again.fits(right)
    assert str(again) == line
    assert not again.fits(right + "x")
    if passwords.unicodedata.normalize("NFC", wrong) != passwords.unicodedata.normalize("NFC", right):
        assert not again.fits(wrong)


def test_one_word_typed_on_two_keyboards_is_one_password_and_two_people_share_no_salt() -> None:
    assert proof("caf\u00e9 au lait").fits("cafe\u0301 au lait")
    assert proof().salt != proof().salt


def test_what_a_new_password_costs_is_what_owasp_asks_for() -> None:
    made = parsed(str(hashed(LONG)))
    assert made is not None
    assert (made.cost.memory, made.cost.p, len(made.salt), len(made.hash)) == (32 * 2**20, 3, 16, 32)


@pytest.mark.parametrize(
    "text",
    [
        "",
        LONG,
        "scrypt$16$8$3$AAAA",
        "scrypt$16$8$3$not base64!$AAAA",
        "scrypt$17$8$3${salt}${hash}",
        "scrypt$1073741824$8$3${salt}${hash}",
        "scrypt$16$99999$3${salt}${hash}",
        "scrypt$16$8$99${salt}${hash}",
        "scrypt$-16$8$3${salt}${hash}",
        "scrypt$16$8$3$${hash}",
        "scrypt$16$8$3${salt}$AA==",
        "md5$16$8$3${salt}${hash}",
    ],
)
def test_a_line_that_is_no_hash_or_one_that_would_take_all_memory_is_none(text: str) -> None:
    *_, salt, hash = str(proof()).split("$")
    assert parsed(text.replace("{salt}", salt).replace("{hash}", hash)) is None


# ---------------------------------------------------------------- the door


@pytest.mark.parametrize(
    ("name", "password", "opens"),
    [
        ("ann", LONG, True),
        ("bär", "grüße an alle", True),
        ("ann", "a long", False),
        ("ann", "", False),
        ("ann", f"{LONG} ", False),
        ("bär", LONG, False),
        ("ANN", LONG, False),
        ("", "", False),
        ("dora", LONG, False),
        ("# dora", LONG, False),
        ("nobody", LONG, False),
        ("ann", LONG + "x" * 2000, False),
    ],
)
def test_the_door_opens_to_a_name_with_its_password_and_to_nothing_else(
    file: Path, name: str, password: str, opens: bool
) -> None:
    text = f"ann:{proof()}\n\n  bär:{proof('grüße an alle')}  \n:{proof()}\nno colon here\n# dora:{proof()}\n"
    assert People(written(file, text)).knows(name, password) is opens


def test_a_name_that_nobody_has_costs_as_much_as_one_that_somebody_has(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(file, {"ann": proof(), "bob": hashed(LONG, Cost(n=64))})
    people, costs, real = People(file), list[Cost](), passwords._scrypt
    monkeypatch.setattr(passwords, "_scrypt", lambda *args: costs.append(args[2]) or real(*args))
    people.knows("bob", "wrong password")
    people.knows("nobody", LONG)
    assert costs == [Cost(n=64)] * 2


@pytest.mark.parametrize("text", ["", "\n\n", "# ann:secret\n", "ann\n", "ann:\n", ":secret\n"])
def test_a_file_that_lets_nobody_in_is_refused(file: Path, text: str) -> None:
    with pytest.raises(StudioError, match=r"Nobody could sign in by .*people; do: python app\.py password NAME"):
        People(written(file, text))


def test_passwords_that_stand_there_as_they_are_are_refused_with_the_command_that_hashes_them(file: Path) -> None:
    written(file, f"ann:{LONG}\nbob:{proof()}\n")
    with pytest.raises(StudioError, match=r"1 passwords in .* are not hashed; do: python app\.py password --hash-all") as no:
        People(file)
    assert LONG not in str(no.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_file_that_others_can_read_or_write_is_refused(file: Path, mode: int) -> None:
    with pytest.raises(StudioError, match="chmod 600 people"):
        People(written(file, f"ann:{proof()}\n", mode))


def test_who_is_taken_out_of_the_file_is_out_at_once_and_a_broken_file_changes_nothing(file: Path) -> None:
    put(file, {"ann": proof(), "bob": proof()})
    people = People(file)
    before = people.proof_of("ann")
    put(file, {"bob": None, "ann": proof("another secret")})
    assert not people.knows("bob", LONG)
    assert people.knows("ann", "another secret")
    assert people.proof_of("bob") == ""
    assert people.proof_of("ann") not in ("", before)
    written(file, "ann:plain text\n")
    assert people.knows("ann", "another secret")
    file.unlink()
    assert people.knows("ann", "another secret")


# ---------------------------------------------------------------- the file


def test_a_change_leaves_all_other_lines_and_only_the_owner_can_read(file: Path) -> None:
    written(file, f"# our class\nann:{proof()}\nbob:{proof()}\n")
    put(file, {"ann": None, "carl": proof()})
    lines = file.read_text().splitlines()
    assert [line.split(":")[0] for line in lines] == ["# our class", "bob", "carl"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_a_write_that_fails_leaves_the_file_as_it_was(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(file, {"ann": proof()})
    before = file.read_bytes()

    def fail(*_: object) -> None:
        raise OSError("no space left")

    for call in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, call, fail)
            with pytest.raises(OSError, match="no space"):
                put(file, {"bob": proof()})
        assert (file.read_bytes(), list(file.parent.iterdir())) == (before, [file])


def test_all_plain_passwords_can_be_hashed_where_they_stand(file: Path) -> None:
    written(file, f"# people\nann:a:long secret\nbob:{proof()}\n")
    bob = read(written(file.with_name("other"), f"bob:{proof()}\n"))
    assert hash_all(file, CHEAP) == ["ann"]
    assert "a:long secret" not in file.read_text()
    assert People(file).knows("ann", "a:long secret")
    assert People(file).knows("bob", LONG)
    assert hash_all(file, CHEAP) == []
    assert bob


@pytest.mark.parametrize("name", ["", "a:b", "#ann", " ann", "ann\n", "x" * 65, "guest-0123456789ab"])
def test_a_name_that_would_be_somebody_elses_or_break_the_file_is_refused(file: Path, name: str) -> None:
    with pytest.raises(StudioError):
        list(tend(file, name, False, False, lambda: LONG))
    assert not file.exists()


def test_a_password_that_is_too_short_is_refused(file: Path) -> None:
    with pytest.raises(StudioError, match="8 to 1024 characters"):
        list(tend(file, "ann", False, False, lambda: "seven77"))
    assert not file.exists()


# ---------------------------------------------------------------- the command


def command(file: Path, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "app.py", "password", *words, "--auth-file", str(file)]
    return subprocess.run(line, cwd=ROOT, input=typed, capture_output=True, text=True, check=False)


def test_the_command_gives_lists_and_takes_names_and_says_no_password(file: Path) -> None:
    made = command(file, "ann", typed=f"{LONG}\n")
    assert made.returncode == 0
    assert LONG not in made.stdout + made.stderr + file.read_text()
    assert People(file).knows("ann", LONG)
    assert file.stat().st_mode & 0o777 == 0o600
    assert command(file).stdout == "ann\n"
    assert command(file, "bob", "--remove").stderr.startswith("There is no bob")
    assert command(file, "ann", "--remove").returncode == 0
    assert command(file).stdout == ""
