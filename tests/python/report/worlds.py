"""Small warehouses with all marts, made by hand: the contracts' columns, a few rows."""

import re
import shutil
import tempfile
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa
import yaml

from dbt_runs import ROOT

AS_OF = datetime(2026, 10, 11, 23)
NEWEST = date(2026, 10, 5)


def contracts():
    """Columns and types of each mart by its relation's name, as the contracts state them."""
    columns = {}
    for path in sorted((ROOT / "models" / "marts").glob("*/_*.yml")):
        for model in yaml.safe_load(path.read_text()).get("models", []):
            # A description is the page of the relation's name.
            (relation,) = re.findall(r"doc\('shipworthy__(\w+)'\)", model["description"])
            columns[relation] = {column["name"]: column["data_type"] for column in model["columns"]}
    return columns


CONTRACTS = contracts()


# Gone when the tests end.
_KEPT = tempfile.TemporaryDirectory()


def monday(weeks_back):
    return NEWEST - timedelta(weeks=weeks_back)


@cache
def _empty():
    """A warehouse whose marts are empty, made once."""
    path = Path(_KEPT.name) / "empty.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema shipworthy")
        for mart, columns in CONTRACTS.items():
            listed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
            connection.execute(f"create table shipworthy.{mart} ({listed})")
    return path


def make(path, rows):
    """Write a warehouse whose marts hold these rows (lists of dicts by mart), null elsewhere.

    Returns
    -------
    Path
        The file.
    """
    shutil.copyfile(_empty(), path)
    with duckdb.connect(str(path)) as connection:
        for mart, given in rows.items():
            columns = CONTRACTS[mart]
            names = sorted({name for row in given for name in row})
            assert set(names) <= set(columns), (mart, set(names) - set(columns))
            quoted = ", ".join(f'"{name}"' for name in names)
            connection.register(
                "given", pa.table({name: [row.get(name) for row in given] for name in names})
            )
            connection.execute(
                f"insert into shipworthy.{mart} ({quoted}) select {quoted} from given"
            )
            connection.unregister("given")
    return path


def headline(**given):
    return {
        "as_of_at": AS_OF,
        "normalized_deployments_per_week": 40.9070094,
        "ai_share": 0.3769483,
        "shipping_first_week_start_on": monday(16),
        "shipping_last_week_start_on": monday(5),
        "deployments": 636,
        "deployments_shipping_nothing": 299,
        "severity_weighted_failure_rate": 0.0169279,
        "severity_weighted_failure_rate_low": 0.0074755,
        "severity_weighted_failure_rate_high": 0.0378764,
        "failures_last_week_start_on": monday(1),
        "turnover_ratio": 2.2136056,
        "turnover_ratio_low": 1.5319658,
        "turnover_ratio_high": 3.2072976,
        "turnover_signal": "alarm",
        "turnover_signal_weeks": 12,
        "turnover_basis": "ai_usage",
        "turnover_attribution_coverage": 0.4665796,
        "turnover_window_days": 30,
        "turnover_last_week_start_on": monday(5),
        "teams_left_out": 0,
        "data_source": "loaded",
    } | given


def shipped(team, weeks_back, value=8.3206, **given):
    return {
        "team": team,
        "week_start_on": monday(weeks_back),
        "is_mature": weeks_back >= 5,
        "immature_reason": None if weeks_back >= 5 else "window_open",
        "normalized_deployments": value,
        "ai_normalized_deployments": value / 4,
        "human_normalized_deployments": value * 3 / 4,
        "automation_normalized_deployments": 0.0,
        "unknown_normalized_deployments": 0.0,
        "ai_share": 0.25,
        "normalized_deployments_index": 1.0844375,
        "builders": 8,
        "deployments": 7,
        "releases": 5,
        "held_lines": 515.0,
        "basis": "held_lines",
        "stability_basis": "incidents_and_remediations",
    } | given


def scored(team, weeks_back, **given):
    return {
        "team": team,
        "week_start_on": monday(weeks_back),
        "is_suppressed": False,
        "are_normalized_deployments_mature": True,
        "is_failure_rate_mature": True,
        "is_turnover_mature": True,
        "are_decisions_mature": True,
        "is_delivery_mature": True,
        "is_ai_cost_mature": True,
        "are_signals_mature": True,
        "signals_in_force": "",
        "normalized_deployments": 8.3206,
        "normalized_deployments_index": 1.0844375,
    } | given


def small(path, team="harbor", **more):
    """A warehouse with one team, ten weeks of which six are final."""
    rows = {
        "headline": [headline()],
        "normalized_deployments": [shipped(team, back, 8 + back / 8) for back in range(10)],
        "team_scorecard": [scored(team, back) for back in range(10)],
    }
    return make(path, rows | more)
