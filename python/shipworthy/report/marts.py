"""Reads the rows that the page shows. One query a mart; none of them computes anything."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import duckdb

from shipworthy.builds import flaw_of_last_build, runs_by_schema
from shipworthy.errors import ShipworthyError

Row = dict[str, Any]


@dataclass(frozen=True)
class Window:
    """Which rows are read.

    Parameters
    ----------
    start : date or None
        The first day; None for all.
    team : str or None
        The one team; None for all.
    """

    start: date | None = None
    team: str | None = None


class Marts:
    """The marts of one warehouse.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Open for reading; the caller closes it.
    schema : str
        Where the marts are.
    window : Window
        Which rows are read of marts that have teams and weeks.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, schema: str, window: Window | None = None
    ) -> None:
        self._connection = connection
        self._schema = schema
        self.window = window or Window()
        self._columns: dict[str, list[str]] = {}
        for name, column in connection.execute(
            "select table_name, column_name from information_schema.columns "
            "where table_catalog = current_catalog() and table_schema = ? "
            "order by table_name, ordinal_position",
            [schema],
        ).fetchall():
            self._columns.setdefault(name, []).append(column)

    def has(self, mart: str) -> bool:
        """Return whether a mart was built."""
        return mart in self._columns

    def flaw_of_last_build(self) -> str | None:
        """Return why the marts may not belong together, if the warehouse says so."""
        return flaw_of_last_build(runs_by_schema(self._connection).get(self._schema, []))

    def columns(self, mart: str) -> list[str]:
        """Return the columns that a mart has."""
        return self._columns[mart]

    def rows(
        self,
        mart: str,
        columns: Iterable[str],
        *,
        time: str | None = None,
        team: str | None = None,
        only: dict[str, str] | None = None,
        order: Sequence[str] = (),
        condition: str = "true",
    ) -> list[Row]:
        """Return rows of a mart, in an order that does not depend on how they were built.

        Parameters
        ----------
        mart : str
            Relation in the marts' schema.
        columns : iterable of str
            What is read.
        time, team : str, optional
            Columns that the window applies to. A row of the organisation is of no team.
        only : dict of str to str, optional
            Values that rows must have.
        order : sequence of str
            Columns to order by, before all others.
        condition : str
            What else must hold, as SQL over the mart's columns.

        Raises
        ------
        ShipworthyError
            If the mart lacks a column: it was built by another version.
        """
        names = list(dict.fromkeys(columns))
        missing = [name for name in names if name not in self._columns.get(mart, [])]
        if missing:
            raise ShipworthyError(
                f"{self._schema}.{mart} has no {', '.join(missing)}: another version built it; "
                "run `dbt build`."
            )
        tests = [f"({condition})"]
        values: list[object] = []
        if time and self.window.start:
            tests.append(f'"{time}" >= ?')
            values.append(self.window.start)
        if team and self.window.team is not None:
            tests.append(f'"{team}" = ?')
            values.append(self.window.team)
            if "is_organisation" in self._columns[mart]:
                tests.append("not is_organisation")
        for name, value in (only or {}).items():
            tests.append(f'cast("{name}" as varchar) = ?')
            values.append(value)
        listed = ", ".join(f'"{name}"' for name in names)
        first = [f'"{name}"' for name in order if name in names]
        result = self._connection.execute(
            f'select {listed} from "{self._schema}"."{mart}" where {" and ".join(tests)} '
            f"order by {', '.join([*first, listed])}",
            values,
        ).fetchall()
        return [dict(zip(names, row, strict=True)) for row in result]


def first_day(as_of: date, weeks: int) -> date:
    """Return the Monday from which so many weeks lead up to a day, its own included."""
    return as_of - timedelta(days=as_of.weekday(), weeks=weeks - 1)
