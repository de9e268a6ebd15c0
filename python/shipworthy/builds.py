"""What the warehouse knows of its builds: whether its marts belong together.

dbt writes its runs down in `shipworthy_builds` (macros/project/builds.sql), the one place that says
so.
"""

import json
from dataclasses import dataclass
from datetime import datetime

import duckdb

HEADLINE = "headline"
_BUILDS = "shipworthy_builds"


@dataclass(frozen=True)
class Run:
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


def runs_by_schema(connection: duckdb.DuckDBPyConnection) -> dict[str, list[Run]]:
    """Return the recorded runs, oldest first, by the schema that holds their marts.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Open on the warehouse.
    """
    places = connection.execute(
        "select table_schema from information_schema.tables "
        "where table_catalog = current_catalog() and table_name = ? order by table_schema",
        [_BUILDS],
    ).fetchall()
    by_schema: dict[str, list[Run]] = {}
    for (place,) in places:
        lines = connection.execute(
            "select state, command, scope, failed, marts, recorded_at "
            f'from "{place}".{_BUILDS} '
            "qualify row_number() over (partition by run_id order by recorded_at desc) = 1 "
            "order by min(recorded_at) over (partition by run_id)"
        ).fetchall()
        runs = [
            Run(state, command, scope, failed, json.loads(marts), at)
            for state, command, scope, failed, marts, at in lines
        ]
        found = [where for where, name in runs[-1].marts if name == HEADLINE] if runs else []
        if found:
            by_schema[found[0]] = runs
    return by_schema


def flaw_of_last_build(runs: list[Run]) -> str | None:
    """Return what is wrong with the last build or tests since it, such as `failed (...)`.

    Parameters
    ----------
    runs : list of Run
        Of one schema, oldest first.
    """
    built = [position for position, run in enumerate(runs) if run.scope != "tests"]
    for run in runs[built[-1] :] if built else []:
        at = f"{run.recorded_at:%Y-%m-%d %H:%M} UTC"
        if run.state == "running":
            return f"did not end (`{run.command}`, begun {at}): it still runs or was cut short"
        if run.state != "succeeded":
            return f"failed (`{run.command}`, {at}: {_shortened(run.failed)})"
    return None


def is_whole(runs: list[Run]) -> bool:
    """Return whether the last build covered all models, `dbt retry` with what it goes on with.

    Parameters
    ----------
    runs : list of Run
        Of one schema, oldest first.
    """
    for run in reversed(runs):
        if run.scope not in ("tests", "rest"):
            return run.scope == "all"
    return False


def _shortened(names: str | None) -> str:
    parts = (names or "unknown").split(", ")
    return ", ".join(parts[:3]) + (f" and {len(parts) - 3} more" if len(parts) > 3 else "")
