"""What may be published: the marts of the last build, if that was whole and went well.

dbt writes its runs down in `shipworthy_builds` (macros/project/builds.sql), which is the one place
where a warehouse says whether its marts belong together.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from shipworthy import __version__
from shipworthy.errors import ShipworthyError
from shipworthy.warehouse import reading

SCHEMA = "shipworthy"
# One row beside the marts, by which readers know what they read.
PUBLICATION = "publication"
_BUILDS = "shipworthy_builds"
_HEADLINE = "headline"


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


@dataclass(frozen=True)
class _Run:
    """A line of the record, the last one of its run.

    Parameters
    ----------
    state : str
        `running`, `succeeded` or `failed`.
    command : str
        Such as `dbt build`.
    scope : str
        `all`, `part`, `tests` or `rest`.
    failed : str or None
        Names of what failed.
    marts : list of [schema, name]
        The marts that the project has.
    recorded_at : datetime
        UTC.
    """

    state: str
    command: str
    scope: str
    failed: str | None
    marts: list[list[str]]
    recorded_at: datetime


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
        runs = _runs(connection, warehouse, schema)
        _refuse_unfit(runs, warehouse)
        marts = tuple(_mart(connection, place, name) for place, name in runs[-1].marts)
        headline = next(mart for mart in marts if mart.name == _HEADLINE)
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


def _runs(connection: duckdb.DuckDBPyConnection, warehouse: Path, schema: str | None) -> list[_Run]:
    """Return the runs that made the marts of one schema, oldest first."""
    places = connection.execute(
        "select table_schema from information_schema.tables "
        "where table_catalog = current_catalog() and table_name = ? order by table_schema",
        [_BUILDS],
    ).fetchall()
    by_schema: dict[str, list[_Run]] = {}
    for (place,) in places:
        lines = connection.execute(
            "select state, command, scope, failed, marts, recorded_at "
            f'from "{place}".{_BUILDS} '
            "qualify row_number() over (partition by run_id order by recorded_at desc) = 1 "
            "order by min(recorded_at) over (partition by run_id)"
        ).fetchall()
        runs = [
            _Run(state, command, scope, failed, json.loads(marts), at)
            for state, command, scope, failed, marts, at in lines
        ]
        found = [where for where, name in runs[-1].marts if name == _HEADLINE] if runs else []
        if found:
            by_schema[found[0]] = runs
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


def _refuse_unfit(runs: list[_Run], warehouse: Path) -> None:
    """Refuse marts that are half built, failed, or were built at different times."""
    builds = [position for position, run in enumerate(runs) if run.scope != "tests"]
    if not builds:
        raise ShipworthyError(f"{warehouse} was tested and never built; run `shipworthy build`.")
    last = runs[builds[-1]]
    # `dbt retry` goes on with what the run before it left undone.
    whole = builds[-1]
    while runs[whole].scope == "rest" and whole > 0:
        whole -= 1
    for run in (last, *runs[builds[-1] + 1 :]):
        if run.state == "running":
            raise ShipworthyError(
                f"the last build of {warehouse} did not end (`{run.command}`, begun "
                f"{run.recorded_at:%Y-%m-%d %H:%M} UTC): it still runs or was cut short; run "
                "`shipworthy build`, and publish after it."
            )
        if run.state != "succeeded":
            raise ShipworthyError(
                f"the last build of {warehouse} failed (`{run.command}`, "
                f"{run.recorded_at:%Y-%m-%d %H:%M} UTC: {_shortened(run.failed)}); mend that, run "
                "`shipworthy build`, and publish after it."
            )
    if runs[whole].scope != "all":
        raise ShipworthyError(
            f"the last build of {warehouse} covered a part of the models (`{last.command}` with a "
            "selection), so that its marts may not belong together; run `shipworthy build` "
            "without one, and publish after it."
        )


def _shortened(names: str | None) -> str:
    parts = (names or "unknown").split(", ")
    return ", ".join(parts[:3]) + (f" and {len(parts) - 3} more" if len(parts) > 3 else "")


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
