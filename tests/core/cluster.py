"""A PostgreSQL server of the tests' own: in a folder that goes with it, reached by a socket alone, durable not at all."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg

USER = "nobody"  # whom it runs as where the tests run as root, which PostgreSQL refuses
HASTE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "listen_addresses=", "shared_buffers=16MB")


def program(name: str) -> str:
    """Where a program of the newest server is."""
    found = shutil.which(name) or max(map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), default="")
    assert found, "PostgreSQL is missing; on Debian: apt install postgresql"
    return found


@contextmanager
def server() -> Iterator[str]:
    """Runs one; its databases' addresses begin with what is given, and their name comes where ``{}`` is."""
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as made:  # a socket's path is short
        folder = Path(made)
        if os.geteuid() == 0:
            shutil.chown(folder, USER)
        data = str(folder / "data")
        run(program("initdb"), "-D", data, "-A", "trust", "-U", "studio", "-E", "UTF8", "--locale=C", "--no-sync")
        settings = [part for said in (*HASTE, f"unix_socket_directories={folder}") for part in ("-c", said)]
        with process(program("postgres"), "-D", data, *settings):
            address = f"postgresql+psycopg://studio@/{{}}?host={folder}"
            until_it_answers(folder)
            yield address


def until_it_answers(folder: Path) -> None:
    asked = (program("pg_isready"), "-h", str(folder), "-t", "30", "-q")
    while subprocess.run(asked, check=False).returncode:
        pass


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, **as_whom())


@contextmanager
def process(*command: str) -> Iterator[subprocess.Popen]:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **as_whom()) as started:
        try:
            yield started
        finally:
            started.terminate()


def as_whom() -> dict:
    return {"user": USER, "group": "nogroup", "extra_groups": [], "cwd": "/tmp"} if os.geteuid() == 0 else {}


def ask(address: str, statement: str) -> list[tuple]:
    with psycopg.connect(address.replace("+psycopg", ""), autocommit=True) as db:
        found = db.execute(statement)
        return found.fetchall() if found.description else []


def emptied(address: str, tables: Sequence[str]) -> str:
    """Takes all rows out, and counts ids from 1 again; the name of the folder's database, empty if nobody used it yet."""
    if ask(address, "SELECT to_regclass('studio')") == [(None,)]:
        return ""
    ask(address, f"TRUNCATE {', '.join(tables)} RESTART IDENTITY")
    return ask(address, "SELECT id FROM studio")[0][0]
