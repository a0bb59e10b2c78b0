"""Whatever database there ever was opens, with all that was in it; a migration is whole or has not happened."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import inspect
from sqlmodel import SQLModel, create_engine

from core.errors import StoreError
from core.store import Store, StoryQuery, database, migrations
from tests.core.telling import told

FIRST_STORY = Path(__file__).parent / "fixtures" / "database_v1.sql"


def test_the_migrations_make_exactly_the_tables_that_the_code_knows(store: Store) -> None:
    fresh = create_engine("sqlite://")
    SQLModel.metadata.create_all(fresh)
    known, made = inspect(fresh), inspect(store.database.engine)
    tables = {"story", "event", "attempt", "timing", "reviewable", "review", "skip", "lease", "gold", "guideline"}
    tables |= {"ticket", "deed"}
    assert set(made.get_table_names()) == tables <= set(known.get_table_names())
    for table in made.get_table_names():
        for aspect in ("get_columns", "get_pk_constraint", "get_foreign_keys"):
            assert str(getattr(made, aspect)(table)) == str(getattr(known, aspect)(table)), (table, aspect)
        there, wanted = ([_index(found) for found in one.get_indexes(table)] for one in (made, known))
        assert there == wanted


def _index(found: dict) -> tuple:
    where = found.get("dialect_options", {}).get("sqlite_where")
    return found["name"], found["column_names"], found["unique"], str(where)


def test_a_migration_that_fails_leaves_the_database_as_it_was(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(db) -> None:
        db.exec_driver_sql("DROP TABLE guideline")
        raise ZeroDivisionError

    story = told(store)
    store.close()
    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, broken))
    monkeypatch.setattr(database, "MIGRATIONS", migrations.MIGRATIONS)
    with pytest.raises(ZeroDivisionError):
        Store(store.database.folder)
    monkeypatch.undo()
    with Store(store.database.folder) as again:
        assert inspect(again.database.engine).has_table("guideline")
        assert again.card(story.id).status == "done"


def test_a_folder_of_a_newer_studio_is_refused(store: Store) -> None:
    with store.database.writing() as db:
        db.exec_driver_sql("PRAGMA user_version = 99")
    store.close()
    with pytest.raises(StoreError, match="newer version"):
        Store(store.database.folder)
    with pytest.raises(StoreError, match="newer version"):
        Store(store.database.folder, write=False)


# ---------------------------------------------------------------- databases of old


@pytest.fixture
def first(tmp_path: Path) -> Iterator[Store]:
    """A data folder that the first version of the studio made: two stories, one finished, one deleted."""
    folder = tmp_path / "old"
    folder.mkdir()
    with closing(sqlite3.connect(folder / "studio.db")) as db:
        db.executescript(migrations.FIRST_TABLES + FIRST_STORY.read_text(encoding="utf-8") + "PRAGMA user_version = 1;")
    with Store(folder) as store:
        yield store


def test_a_database_of_the_first_version_opens_with_all_that_was_in_it(first: Store) -> None:
    (card,) = first.page().cards
    assert (card.id, card.title, card.status, card.attempts) == (
        "firststory01",
        "A cat finds a red balloon by the sea",
        "done",
        3,
    )
    assert (card.starred, card.trunk, card.owner) == (False, None, "ann")
    assert len(first.ids()) == 2
    assert [first.audit(story_id).faults for story_id in first.ids()] == [(), ()]
    timings = first.timings("pocket")
    assert timings is not None
    assert (timings.plans, timings.drawings, timings.verdicts) == (2, 6, 6), "of deleted stories, too; people are not timed"
    first.rebuild()
    assert first.timings("pocket") == timings


def test_a_database_of_the_first_version_can_do_all_that_is_new(first: Store) -> None:
    first.star("firststory01", True)
    branch = first.branch("firststory01", "person:bob")
    assert first.events(branch.id)[:-1] == first.events("firststory01")
    assert [card.id for card in first.page(StoryQuery(starred=True)).cards] == ["firststory01"]
    assert [card.trunk for card in first.page().cards] == ["firststory01", None]


def test_a_fact_that_cannot_be_read_keeps_no_old_database_shut(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "studio.db")) as db:
        rows = FIRST_STORY.read_text(encoding="utf-8").replace('{"by":"painter', '{"by:"painter')
        db.executescript(migrations.FIRST_TABLES + rows + "PRAGMA user_version = 1;")
    with Store(tmp_path) as store:
        assert "cannot be read" in store.audit("firststory01").faults[0]


def test_an_old_database_that_cannot_be_written_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "studio.db")) as db:
        db.executescript(migrations.FIRST_TABLES + "PRAGMA user_version = 1;")
    with pytest.raises(StoreError, match="older version"):
        Store(tmp_path, write=False)
