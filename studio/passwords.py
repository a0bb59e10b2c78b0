"""Keeps who may sign in: a file with a line ``name:scrypt$…`` for each person. No password is in it, only what proves one.

A line has the costs of its scrypt, its salt and its hash: ``name:scrypt$n$r$p$salt$hash``, the last two in base64. Lines that
begin with ``#`` are comments. The file is written whole or not at all, for its owner's eyes alone.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import logging
import os
import secrets
import stat
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from core.errors import StudioError

log = logging.getLogger("studio.passwords")

SCHEME = "scrypt"
MIN_LENGTH, MAX_LENGTH = 8, 1024  # characters of a password; NIST SP 800-63B asks for 8, and that long ones are taken
MAX_NAME = 64
MAX_MEMORY = 256 * 2**20  # bytes that checking one password may take, whatever a line says
GUEST = "guest-"  # what names of people who did not sign in begin with


@dataclass(frozen=True)
class Cost:
    """What one try costs: 128·n·r bytes of memory, and p times the time of filling it."""

    n: int = 2**15  # with p=3 one of the equal choices of OWASP's Password Storage Cheat Sheet: 32 MB a try
    r: int = 8
    p: int = 3

    @property
    def memory(self) -> int:
        return 128 * self.n * self.r


@dataclass(frozen=True)
class Hashed:
    """What a password is proved by; its text is what stands in the file."""

    cost: Cost
    salt: bytes
    hash: bytes

    def __str__(self) -> str:
        salt, hash = (base64.b64encode(part).decode() for part in (self.salt, self.hash))
        return f"{SCHEME}${self.cost.n}${self.cost.r}${self.cost.p}${salt}${hash}"

    def fits(self, password: str) -> bool:
        """Whether this is the password; takes as long if it is not."""
        return hmac.compare_digest(_scrypt(password, self.salt, self.cost, len(self.hash)), self.hash)


def hashed(password: str, cost: Cost | None = None) -> Hashed:
    """The password with a salt of its own."""
    cost, salt = cost or Cost(), secrets.token_bytes(16)
    return Hashed(cost, salt, _scrypt(password, salt, cost, 32))


def parsed(text: str) -> Hashed | None:
    """What a line has after its name; None if it is no hash of ours that this machine may work out."""
    scheme, *parts = text.split("$")
    if scheme != SCHEME or len(parts) != 5:
        return None
    try:
        n, r, p = map(int, parts[:3])
        salt, hash = (base64.b64decode(part, validate=True) for part in parts[3:])
    except (ValueError, binascii.Error):
        return None
    known, cost = n > 1 and n & (n - 1) == 0 and 0 < r <= 32 and 0 < p <= 16, Cost(n, r, p)
    return Hashed(cost, salt, hash) if known and cost.memory <= MAX_MEMORY and len(salt) >= 8 and len(hash) >= 16 else None


def _scrypt(password: str, salt: bytes, cost: Cost, length: int) -> bytes:
    # The same word in another normal form, as another keyboard writes it, is the same password.
    typed = unicodedata.normalize("NFC", password[:MAX_LENGTH]).encode(errors="surrogatepass")
    return hashlib.scrypt(typed, salt=salt, n=cost.n, r=cost.r, p=cost.p, maxmem=2 * MAX_MEMORY, dklen=length)


# ---------------------------------------------------------------- the file


def lines_of(file: Path) -> list[str]:
    """The file's lines, comments too. ``StudioError`` if others can read it, or it is no text."""
    if file.stat().st_mode & 0o077:
        raise StudioError("Others can read {file}, which says who may sign in; do: chmod 600 {file}", file=file.name)
    try:
        return [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
    except UnicodeDecodeError as error:
        raise StudioError("{file} is no text in UTF-8.", file=file.name) from error


def named(line: str) -> tuple[str, str] | None:
    """The name on a line, and what follows it; None for a comment, or a line without both."""
    name, _, rest = line.partition(":")
    return None if line.startswith("#") or not name.strip() or not rest else (name.strip(), rest)


def read(file: Path) -> dict[str, Hashed]:
    """Who may sign in. ``StudioError`` if that is nobody, or a line's password is not hashed."""
    known = dict(filter(None, map(named, lines_of(file))))
    people = {name: proof for name, text in known.items() if (proof := parsed(text))}
    if plain := len(known) - len(people):
        raise StudioError(
            "{count} passwords in {file} are not hashed; do: python app.py password --hash-all --auth-file {file}",
            file=file,
            count=plain,
        )
    if not people:
        raise StudioError("Nobody could sign in by {file}; do: python app.py password NAME --auth-file {file}", file=file)
    return people


def put(file: Path, changes: Mapping[str, Hashed | None]) -> None:
    """Gives people new passwords, or takes them out (None); all other lines stay. The file is there whole at every moment."""
    file = file.resolve()  # a link stays one
    lines = lines_of(file) if file.exists() else []
    kept = [line for line in lines if (known := named(line)) is None or known[0] not in changes]
    written = [*kept, *(f"{name}:{proof}" for name, proof in changes.items() if proof)]
    part = file.with_name(f".{file.name}.{secrets.token_hex(8)}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "w", encoding="utf-8") as opened:
            opened.write("".join(f"{line}\n" for line in written))
            opened.flush()
            os.fsync(opened.fileno())
        os.replace(part, file)
    except BaseException:  # also when a person interrupts
        part.unlink(missing_ok=True)
        raise


def hash_all(file: Path, cost: Cost | None = None) -> list[str]:
    """Hashes every password that stands in the file as it is; returns whose they were."""
    plain = {name: text for name, text in filter(None, map(named, lines_of(file))) if parsed(text) is None}
    put(file, {name: hashed(password, cost) for name, password in plain.items()})
    return list(plain)


def tend(file: Path, name: str | None, remove: bool, all: bool, ask: Callable[[], str]) -> Iterator[str]:
    """What ``python app.py password`` does; yields what it says. ``ask`` gets a new password."""
    if all:
        yield from [f"{each}: hashed." for each in hash_all(file)] or ["All passwords in it are hashed."]
    elif name is None:
        yield from sorted(known[0] for line in lines_of(file) if (known := named(line)))
    elif remove:
        if name not in dict(filter(None, map(named, lines_of(file)))):
            raise StudioError("There is no {name} in {file}.", name=name, file=file)
        put(file, {name: None})
        yield f"{name} may not sign in any more."
    else:
        check_name(name)
        password = ask()
        check_password(password)
        put(file, {name: hashed(password)})
        yield f"{name} may sign in. Open the studio with --auth-file {file}."


def check_name(name: str) -> None:
    """``StudioError`` says what is wrong with a name that is to sign in."""
    if not name or len(name) > MAX_NAME or name != name.strip() or not name.isprintable() or ":" in name or name[0] == "#":
        raise StudioError("A name has 1 to {most} characters, no colon among them, and does not begin with #.", most=MAX_NAME)
    if name.startswith(GUEST):
        raise StudioError("Names that begin with {guest} are those of people who did not sign in.", guest=GUEST)


def check_password(password: str) -> None:
    """``StudioError`` says what is wrong with a new password."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise StudioError("A password has {least} to {most} characters.", least=MIN_LENGTH, most=MAX_LENGTH)


# ---------------------------------------------------------------- the door


class People:
    """Those who may sign in, as the file has them now: who is taken out of it, or gets another password, is out at once."""

    def __init__(self, file: Path) -> None:
        """``StudioError`` if nobody could sign in."""
        self._file = file
        self._lock = Lock()
        self._known = read(file)
        self._seen = _look_of(file)

    def knows(self, name: str, password: str) -> bool:
        """Whether the name and the password open the door; takes as long for a name that nobody has."""
        known = self._now()
        stranger = max(known.values(), key=lambda proof: proof.cost.memory * proof.cost.p)
        fits = known.get(name, stranger).fits(password)
        return fits and name in known and len(password) <= MAX_LENGTH

    def proof_of(self, name: str) -> str:
        """What changes when their password does; empty if they may not sign in."""
        proof = self._now().get(name)
        return str(proof) if proof else ""

    def names(self) -> list[str]:
        """Everybody who may sign in."""
        return list(self._now())

    def _now(self) -> dict[str, Hashed]:
        with self._lock:
            look = _look_of(self._file)
            if look != self._seen:
                self._seen = look
                try:
                    self._known = read(self._file)
                except (OSError, StudioError) as error:  # whoever came in by the file as it was may stay until it is mended
                    log.warning("The changed file of who may sign in is not heeded: %s", error)
            return self._known


def _look_of(file: Path) -> tuple[int, int, int] | None:
    """What is another if the file is; None while it is not there."""
    try:
        now = file.stat()
    except OSError:
        return None
    return now.st_ino, now.st_mtime_ns, stat.S_IMODE(now.st_mode)
