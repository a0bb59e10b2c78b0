"""What SQLite and PostgreSQL word differently, once each: queries and tables say what they mean, and are compiled for either.

Knows no table. How each is opened, locked and answered for is in :mod:`core.store.sqlite` and :mod:`core.store.postgres`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Boolean, ColumnExpressionArgument, Computed, Connection, Index, String, literal, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

# ---------------------------------------------------------------- conditions


class holds(FunctionElement[bool]):  # noqa: N801: it is called as a function, in queries
    """Whether a column has this word in it, case and all."""

    type = Boolean()
    inherit_cache = True

    def __init__(self, column: ColumnExpressionArgument[str], word: str) -> None:
        super().__init__(column, literal(word, String()))


@compiles(holds)
def _holds(element: holds, compiler: Any, **how: Any) -> str:
    return f"instr({compiler.process(element.clauses, **how)}) > 0"


@compiles(holds, "postgresql")
def _holds_there(element: holds, compiler: Any, **how: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **how)}) > 0"


class row_by_row(FunctionElement[bool]):
    """The condition, looked at row by row along an index that another one chose.

    Otherwise SQLite takes an index for a part of it, or thinks little is left, and sorts. PostgreSQL keeps count of its rows,
    and decides by itself.
    """

    type = Boolean()
    inherit_cache = True


@compiles(row_by_row)
def _row_by_row(element: row_by_row, compiler: Any, **how: Any) -> str:
    return f"likely(iif({compiler.process(element.clauses, **how)}, 1, 0))"


@compiles(row_by_row, "postgresql")
def _row_by_row_there(element: row_by_row, compiler: Any, **how: Any) -> str:
    return f"({compiler.process(element.clauses, **how)})"


# ---------------------------------------------------------------- rows


def put(db: Connection, table: Any, rows: Sequence[Mapping[str, Any]], key: Collection[str]) -> None:
    """Inserts these rows; one whose ``key`` is there already gets the other values. All rows have the same columns."""
    if rows:
        new: Any = (postgresql if db.dialect.name == "postgresql" else sqlite).insert(table)
        values = {name: new.excluded[name] for name in rows[0] if name not in key}
        db.execute(new.on_conflict_do_update(index_elements=list(key), set_=values), list(rows))


# ---------------------------------------------------------------- tables


def partial(name: str, *columns: str, where: str, there: str | None = None, unique: bool = False) -> Index:
    """An index of those rows alone where this holds; ``there``: as PostgreSQL says it, whose truth values are no numbers."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(there or where))


class Derived(Computed):
    """A column that follows from others of its row. PostgreSQL stores it: it has no index on what it computes when asked."""

    inherit_cache = True

    def __init__(self, here: str, there: str) -> None:
        """The expression as SQLite says it, and as PostgreSQL does."""
        super().__init__(here, persisted=False)
        self.there = there


@compiles(Derived, "postgresql")
def _derived_there(element: Derived, compiler: Any, **how: Any) -> str:
    expression = element.there.replace("%", "%%")  # which the driver takes for places to fill in
    return f"GENERATED ALWAYS AS ({expression}) STORED"
