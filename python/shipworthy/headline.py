"""What a build ends with: the mart `headline` in sentences that a leader can repeat, or as JSON."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from shipworthy.builds import flaw_of_last_build, runs_by_schema
from shipworthy.contract import RAW_SCHEMA, TABLES
from shipworthy.errors import ShipworthyError
from shipworthy.warehouse import reading

_SCHEMA = "shipworthy"
# Every version of the mart has these; by them it is found in a schema of another name.
_COLUMNS = (
    "as_of_at",
    "normalized_deployments_per_week",
    "severity_weighted_failure_rate",
    "turnover_ratio",
    "turnover_signal",
)
_DEMO = "DEMO"
# Verdicts under which the ratio is chance, and is not shown.
_UNDECIDED = frozenset({"insufficient_data"})
_RATIO = ("turnover_ratio", "turnover_ratio_low", "turnover_ratio_high")

_USUAL_WEEKS = 12
_NUMBERS = {
    "normalized_deployments": "normalized deployments",
    "severity_weighted_failure_rate": "failure rate",
    "turnover_ratio": "turnover",
}

# What brings a number that is null for a reason.
_NEXT_STEPS = {
    "deployments_not_loaded": (
        "Deployments: shipworthy load git PATH --releases 'v*' takes release tags for them, or "
        "load deployments.csv."
    ),
    "no_builders": (
        "Builders: no human landed a change in those weeks, or none who is listed where people are "
        "loaded; list who does by the address of their commits (identities joins several of a "
        "person), or load no people."
    ),
    "incidents_not_loaded": "Incidents: load incidents.csv, or a source of incidents.",
    "line_lifetimes_not_loaded": "Lines: shipworthy load git PATH reads them.",
    "no_mature_week": (
        "Weeks: none is final yet. One is when its lines have had the turnover window to be "
        "rewritten in and what it rests on was read beyond that; load and build again then."
    ),
}

_BASES = {
    "ai_usage": ("Code without a mark counts as human where its author had no AI at hand"),
    "trailers_only": (
        "The comparison rests on marks in commits alone, so part of the AI's code counts as"
        " nobody's: load AI usage"
    ),
    "untagged_as_human": "Code without a mark counts as human, because a variable says so",
    "untagged_as_unknown": "Code without a mark counts as nobody's, because a variable says so",
}


def headline(warehouse: Path, schema: str | None = None) -> str:
    """Say where the warehouse is, what its rows are, and what the three headline numbers are.

    Parameters
    ----------
    warehouse : Path
        The DuckDB file that dbt built.
    schema : str, optional
        Where the mart is; by default `shipworthy`, else the one schema that holds it.

    Returns
    -------
    str
        Lines; a number that is null is told with its reason.

    Raises
    ------
    ShipworthyError
        If there is no such file, it is not a warehouse, or the marts are not built.
    """
    row, is_outdated, flaw = _read(warehouse, schema)
    lines = [
        _opening(warehouse, row),
        _unfit(flaw),
        _shipping(row),
        _failing(row),
        *_turnover(row),
        *_harm(row),
        *_held_back(row),
        *_next_steps(row),
    ]
    if is_outdated:
        lines.append("Rows were loaded since this was built from the demo; run `dbt build`.")
    return "\n".join(line for line in lines if line)


def headline_json(warehouse: Path, schema: str | None = None) -> str:
    """Return the same as one JSON object: the mart's columns, and the file as `warehouse`.

    Days and moments (UTC) are texts in ISO 8601; the ratio is null where there is no verdict.

    Parameters
    ----------
    warehouse, schema
        As in `headline`.

    Raises
    ------
    ShipworthyError
        As in `headline`.
    """
    row, is_outdated, flaw = _read(warehouse, schema)
    if row["turnover_signal"] in _UNDECIDED:
        row |= dict.fromkeys(_RATIO)
    content = {
        "warehouse": str(warehouse),
        **row,
        "is_outdated": is_outdated,
        "flaw_of_last_build": flaw,
    }
    return json.dumps(content, default=_iso, ensure_ascii=False, indent=2)


def _iso(value: object) -> str | float:
    return value.isoformat() if isinstance(value, date | datetime) else float(str(value))


def _read(warehouse: Path, schema: str | None) -> tuple[dict[str, Any], bool, str | None]:
    """Return the row, whether it is the demo's though rows are loaded, and the build's flaw."""
    if not warehouse.is_file():
        raise ShipworthyError(
            f"there is no warehouse at {warehouse}; "
            "run `shipworthy build`, which builds what is loaded, else the demo."
        )
    with reading(warehouse) as connection:
        place = marts_schema(connection, warehouse, schema)
        result = connection.execute(f'select * from "{place}".headline')
        columns = [column[0] for column in result.description]
        rows = result.fetchall()
        if not rows:
            raise ShipworthyError(f"{warehouse}: {place}.headline is empty; run `dbt build`.")
        row = dict(zip(columns, rows[0], strict=True))
        is_outdated = row.get("data_source") == _DEMO and _holds_rows(connection)
        return row, is_outdated, flaw_of_last_build(runs_by_schema(connection).get(place, []))


def _unfit(flaw: str | None) -> str:
    if flaw is None:
        return ""
    return f"The last build {flaw}; these numbers may not belong together: build again."


def marts_schema(
    connection: duckdb.DuckDBPyConnection, warehouse: Path, schema: str | None = None
) -> str:
    """Return the schema of the marts: in a project that installs the package it has another name.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Open on the warehouse.
    warehouse : Path
        The file, for messages.
    schema : str, optional
        Where the marts must be; by default `shipworthy`, else the one schema that holds them.

    Raises
    ------
    ShipworthyError
        If no schema holds them, several do, or the one that is asked for does not.
    """
    found = [
        name
        for name, columns in connection.execute(
            "select table_schema, list(column_name) from information_schema.columns "
            "where table_catalog = current_catalog() and table_name = 'headline' "
            "group by table_schema order by table_schema"
        ).fetchall()
        if set(_COLUMNS) <= set(columns)
    ]
    if schema is not None:
        if schema not in found:
            there = f"; it is in {', '.join(found)}" if found else ", nor does any other schema"
            raise ShipworthyError(f"{warehouse}: schema {schema} holds no headline{there}.")
        return schema
    if not found:
        raise ShipworthyError(f"{warehouse} has no marts yet; run `dbt build`.")
    if _SCHEMA in found:
        return _SCHEMA
    if len(found) > 1:
        raise ShipworthyError(
            f"{warehouse} holds several headlines, in {', '.join(found)}; choose one with --schema."
        )
    return found[0]


def _holds_rows(connection: duckdb.DuckDBPyConnection) -> bool:
    there = {
        name
        for (name,) in connection.execute(
            "select table_name from information_schema.tables "
            "where table_catalog = current_catalog() and table_schema = ?",
            [RAW_SCHEMA],
        ).fetchall()
    }
    return any(
        connection.execute(f"select 1 from {RAW_SCHEMA}.{name} limit 1").fetchall()
        for name in TABLES
        if name in there
    )


# ---------------------------------------------------------------------------- sentences


def _opening(warehouse: Path, row: dict[str, Any]) -> str:
    as_of = f"as of {row['as_of_at']:%Y-%m-%d}" if row["as_of_at"] else "no data"
    demo = ", DEMO: an invented organisation" if row.get("data_source") == _DEMO else ""
    return f"{warehouse} ({as_of}{demo})"


def _shipping(row: dict[str, Any]) -> str:
    value = row["normalized_deployments_per_week"]
    if value is None:
        return f"Normalized deployments: none ({_reason(row, 'normalized_deployments')})."
    share = "" if row["ai_share"] is None else f", {row['ai_share']:.0%} of them AI-written"
    weeks = ""
    first, last = row.get("shipping_first_week_start_on"), row.get("shipping_last_week_start_on")
    if first and last:
        weeks = f" in the {(last - first).days // 7 + 1} weeks to {last + timedelta(days=6)}"
    nothing = ""
    if row.get("deployments"):
        nothing = (
            f" {row['deployments_shipping_nothing']} of {row['deployments']} production "
            "deployments shipped nothing."
        )
    return f"Normalized deployments: {value:.1f} a week{share}{weeks}.{nothing}"


def _failing(row: dict[str, Any]) -> str:
    value = row["severity_weighted_failure_rate"]
    if value is None:
        reason = _reason(row, "severity_weighted_failure_rate")
        return f"Severity-weighted failure rate: none ({reason})."
    low, high = (row.get(f"severity_weighted_failure_rate_{end}") for end in ("low", "high"))
    limits = "" if low is None or high is None else f" [{low:.3f}, {high:.3f}]"
    harm = row.get("harm_per_builder_week")
    low, high = (row.get(f"harm_per_builder_week_{end}") for end in ("low", "high"))
    sure = "" if low is None or high is None else f" [{low:.3f}, {high:.3f}]"
    by_builder = "" if harm is None else f" Harm: {harm:.3f} a builder and week{sure}."
    return f"Severity-weighted failure rate: {value:.3f}{limits}.{by_builder}"


def _turnover(row: dict[str, Any]) -> list[str]:
    name = f"{row['turnover_window_days']}-day turnover of AI against human code"
    value, signal = row["turnover_ratio"], row["turnover_signal"]
    if signal in _UNDECIDED:
        lines = [f"{name}: too little data for a verdict."]
    elif value is None:
        return [f"{name}: none ({_reason(row, 'turnover_ratio')})."]
    else:
        high = row["turnover_ratio_high"]
        limit = "unbounded" if high is None else f"{high:.2f}"
        verdict = str(signal).replace("_", " ")
        lines = [
            f"{name}: rewritten {value:.2f} times as often "
            f"[{row['turnover_ratio_low']:.2f}, {limit}], {verdict}{_look_back(row)}."
        ]
    coverage = row.get("turnover_attribution_coverage")
    rests = []
    if coverage is not None:
        rests.append(f"{coverage:.0%} of the lines carry a mark of who wrote them.")
    if row.get("turnover_basis"):
        basis = str(row["turnover_basis"])
        rests.append(f"{_BASES.get(basis, basis)} ({basis}).")
    return [*lines, *([" ".join(rests)] if rests else [])]


_HARMS = {
    "fixed_lines": "among the lines that fixes of incidents and hotfixes removed",
    "failed_releases": "in releases that failed",
}


def _harm(row: dict[str, Any]) -> list[str]:
    """Say how often AI code stands where something went wrong, line for line."""
    parts = []
    for measure, where in _HARMS.items():
        value, low = row.get(f"{measure}_ratio"), row.get(f"{measure}_ratio_low")
        if value is None or low is None:
            continue
        high = row[f"{measure}_ratio_high"]
        limit = "unbounded" if high is None else f"{high:.2f}"
        parts.append(
            f"{value:.2f} times as often {where} [{low:.2f}, {limit}], "
            f"{row[f'{measure}_signal']} over {row[f'{measure}_weeks']} weeks"
        )
    if not parts:
        return []
    return [f"Harm of AI against human code, line for line: {'; '.join(parts)}."]


def _look_back(row: dict[str, Any]) -> str:
    weeks = row.get("turnover_signal_weeks")
    if weeks is None or weeks == _USUAL_WEEKS:
        return ""
    return f" over {weeks} weeks, because {_USUAL_WEEKS} are too few for a verdict"


def _held_back(row: dict[str, Any]) -> list[str]:
    """Say which source holds which numbers back, since when, and how to mend it."""
    numbers: dict[tuple[Any, Any, Any], list[str]] = {}
    for measure, name in _NUMBERS.items():
        parts = ("by", "since", "hint")
        source, since, hint = (row.get(f"{measure}_held_back_{part}") for part in parts)
        if source:
            numbers.setdefault((source, since, hint), []).append(name)
    lines = [
        f"Held back by {source}, known only through {since:%Y-%m-%d}: {', '.join(names)}. "
        f"{str(hint)[:1].upper()}{str(hint)[1:]}."
        for (source, since, hint), names in numbers.items()
    ]
    late = row.get("teams_left_out")
    if late:
        waits = "team waits" if late == 1 else "teams wait"
        verb = "is" if late == 1 else "are"
        lines.append(
            f"{late} {waits} for a source that lags, and {verb} left out of deployments and "
            "failures."
        )
    return lines


def _next_steps(row: dict[str, Any]) -> list[str]:
    """Say what would bring a number that is not there."""
    reasons = [row.get(f"{measure}_null_reason") for measure in _NUMBERS]
    return [_NEXT_STEPS[reason] for reason in dict.fromkeys(reasons) if reason in _NEXT_STEPS]


def _reason(row: dict[str, Any], measure: str) -> str:
    return str(row[f"{measure}_null_reason"] or "unknown").replace("_", " ")
