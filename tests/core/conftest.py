"""The store's laws hold of both databases: ``store`` keeps its stories in a file, and with ``-m postgres`` in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import SQLModel

from core.store import Store

#: What holds of any store. A test of these that is about SQLite's file alone is marked ``sqlite``.
LAWS = {
    "test_reviews_answers",
    "test_reviews_leases",
    "test_reviews_queue",
    "test_reviews_training",
    "test_store",
    "test_store_branches",
    "test_store_lists",
    "test_store_timings",
    "test_store_writers",
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    module = metafunc.module.__name__.rpartition(".")[2]
    if module in LAWS and "store" in metafunc.fixturenames and not metafunc.definition.get_closest_marker("sqlite"):
        kinds = ["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgres, pytest.mark.xdist_group("postgres")])]
        metafunc.parametrize("store", kinds, indirect=True)


@pytest.fixture(scope="session")
def addresses() -> Iterator[str]:
    """What the addresses of databases are like, of a PostgreSQL server that is there for these tests; ``{}`` is the name."""
    from tests.core import cluster

    with cluster.server() as addresses:
        yield addresses


@pytest.fixture(scope="session")
def address(addresses: str) -> str:
    """Of a PostgreSQL database that tests share, one after the other."""
    return addresses.format("postgres")


@pytest.fixture
def shared(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A new data folder whose stories are in the PostgreSQL database, as the environment says."""
    from core.store.database import ADDRESS, MARK
    from tests.core import cluster

    monkeypatch.setenv(ADDRESS, address)
    folder = tmp_path / "data"
    if name := cluster.emptied(address, sorted(SQLModel.metadata.tables)):
        folder.mkdir()
        (folder / MARK).write_text(name)
    with Store(folder, address=address) as opened:
        yield opened


@pytest.fixture
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty data folder, open for writing; in the laws, of either database."""
    if getattr(request, "param", "sqlite") == "postgresql":
        yield request.getfixturevalue("shared")
        return
    with Store(tmp_path / "data") as opened:
        yield opened
