"""What may be published: the marts of the last build, if that was whole and went well."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import duckdb

from shipworthy import __version__
from shipworthy.builds import HEADLINE, Run, flaw_of_last_build, is_whole, runs_by_schema
from shipworthy.errors import ShipworthyError
from shipworthy.warehouse import reading

SCHEMA = "shipworthy"
# One row beside the marts, by which readers know what they read.
PUBLICATION = "publication"


@dataclass(frozen=True)
class Mart:
    """A relation to publish.

    Parameters
    ----------
    name : str
        As it is called in the target.
    query : str
        What the connection reads it by.
    columns : dict of str to str
        DuckDB's type by column, in order.
    """

    name: str
    query: str
    columns: dict[str, str]


class Tables(Protocol):
    """What belongs together: an edition of the marts, or all that was loaded."""

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """Reads the warehouse, and holds off its writers."""

    @property
    def version(self) -> str:
        """When it is written; see `Edition`."""

    @property
    def tables(self) -> tuple[Mart, ...]:
        """What to write, each under its name."""


@dataclass(frozen=True)
class Edition:
    """One state of all marts.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Reads the warehouse, and holds off its writers.
    version : str
        When it is published, in UTC, such as `20261128T173715123456Z`; texts in order of time.
    as_of_at : datetime or None
        The moment that the numbers are judged at, UTC.
    is_demo : bool
        Whether the rows are invented.
    marts : tuple of Mart
        `publication` is the last one.
    """

    connection: duckdb.DuckDBPyConnection
    version: str
    as_of_at: datetime | None
    is_demo: bool
    marts: tuple[Mart, ...]

    @property
    def tables(self) -> tuple[Mart, ...]:
        """The marts, and the row that tells of them."""
        return (*self.marts, _publication(self))


@contextmanager
def open_edition(warehouse: Path, schema: str | None, with_demo: bool) -> Iterator[Edition]:
    """Open the warehouse's marts to publish them.

    Parameters
    ----------
    warehouse : Path
        The DuckDB file.
    schema : str, optional
        Where the marts are; by default `shipworthy`, else the one schema that holds them.
    with_demo : bool
        Whether the demo may be published.

    Raises
    ------
    ShipworthyError
        As `publish` says.
    """
    if not warehouse.is_file():
        raise ShipworthyError(f"there is no warehouse at {warehouse}; run `shipworthy build`.")
    with reading(warehouse) as connection:
        runs = _recorded(connection, warehouse, schema)
        _refuse_unfit(runs, warehouse)
        marts = tuple(_mart(connection, place, name) for place, name in runs[-1].marts)
        headline = next(mart for mart in marts if mart.name == HEADLINE)
        rows = connection.execute(
            f"select as_of_at, data_source = 'DEMO' from {headline.query}"
        ).fetchall()
        as_of_at, is_demo = rows[0] if rows else (None, False)
        if is_demo and not with_demo:
            raise ShipworthyError(
                f"{warehouse} holds the demo, an invented organisation; load something and run "
                "`shipworthy build`, or publish it all the same with --demo."
            )
        version = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
        yield Edition(connection, version, as_of_at, bool(is_demo), marts)


def _recorded(
    connection: duckdb.DuckDBPyConnection, warehouse: Path, schema: str | None
) -> list[Run]:
    """Return the runs that made the marts of one schema, oldest first."""
    by_schema = runs_by_schema(connection)
    if schema is not None and schema not in by_schema:
        there = f"; there are marts in {', '.join(by_schema)}" if by_schema else ""
        raise ShipworthyError(f"{warehouse}: no build was recorded for schema {schema}{there}.")
    if not by_schema:
        raise ShipworthyError(
            f"{warehouse} does not say how its last build ended: nothing was built in it, or by an "
            "older version; run `shipworthy build`."
        )
    if schema is None and SCHEMA not in by_schema and len(by_schema) > 1:
        raise ShipworthyError(
            f"{warehouse} holds the marts of several projects, in {', '.join(by_schema)}; choose "
            "one with --schema."
        )
    return by_schema[schema or (SCHEMA if SCHEMA in by_schema else next(iter(by_schema)))]


def _refuse_unfit(runs: list[Run], warehouse: Path) -> None:
    """Refuse marts that are half built, failed, or were built at different times."""
    if all(run.scope == "tests" for run in runs):
        raise ShipworthyError(f"{warehouse} was tested and never built; run `shipworthy build`.")
    flaw = flaw_of_last_build(runs)
    if flaw is not None:
        raise ShipworthyError(
            f"the last build of {warehouse} {flaw}; run `shipworthy build`, and publish after it."
        )
    if not is_whole(runs):
        raise ShipworthyError(
            f"the last build of {warehouse} covered a part of the models (`{runs[-1].command}` "
            "with a selection), so that its marts may not belong together; run `shipworthy build` "
            "without one, and publish after it."
        )


def _mart(connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> Mart:
    query = f'"{schema}"."{name}"'
    described = connection.execute(f"describe {query}").fetchall()
    return Mart(name, query, {row[0]: row[1] for row in described})


def _publication(edition: Edition) -> Mart:
    as_of = f"timestamp '{edition.as_of_at}'" if edition.as_of_at else "cast(null as timestamp)"
    moment = datetime.strptime(edition.version, "%Y%m%dT%H%M%S%fZ")
    query = (
        f"(select '{edition.version}' as version, timestamp '{moment}' as published_at, "
        f"{as_of} as as_of_at, '{'DEMO' if edition.is_demo else 'loaded'}' as data_source, "
        f"'{__version__}' as shipworthy_version)"
    )
    columns = {
        "version": "VARCHAR",
        "published_at": "TIMESTAMP",
        "as_of_at": "TIMESTAMP",
        "data_source": "VARCHAR",
        "shipworthy_version": "VARCHAR",
    }
    return Mart(PUBLICATION, query, columns)
