"""Small warehouses with all marts, made by hand: the contracts' columns, a few rows."""

import hashlib
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
from shipworthy.report.panels import PANELS

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


def fifty_teams(path):
    """A warehouse with fifty teams and three years of weeks, whose values do not repeat."""
    teams = [f"team-{number:02}" for number in range(50)]
    weeks = range(156)
    odd = [((number * 7919) % 10007) / 997 for number in range(len(teams) * len(weeks))]
    pairs = [(team, back) for team in teams for back in weeks]

    def common(place, team, back):
        return {
            "team": team,
            "week_start_on": monday(back),
            "is_mature": back > 5,
            "immature_reason": None if back > 5 else "window_open",
        }

    def numbers(place, names):
        """A value of each column that its unit allows: shares up to 1, counts whole."""
        found = {}
        for index, (name, unit) in enumerate(names):
            value = odd[(place * 31 + index * 977) % len(odd)]
            if unit in ("share", "rate"):
                value /= 11
            found[name] = round(value * 9) if unit == "count" else value
        return found

    def rows(names, **fixed):
        return [
            common(place, *pair) | numbers(place, names) | fixed for place, pair in enumerate(pairs)
        ]

    by_panel = {item.key: item for item in PANELS}

    def measured(key):
        columns = by_panel[key].columns
        return [
            (name, column.unit)
            for column in columns
            if column.unit not in ("word", "flag", "text")
            for name in (column.column, column.low, column.high)
            if name
        ]

    world = {
        "normalized_deployments": rows(measured("shipping"), basis="held_lines"),
        "severity_weighted_failure_rate": rows(measured("breaking")),
        "human_decision_density": rows(
            measured("deciding"), authorship="all", is_organisation=False, is_suppressed=False
        ),
        "flow_pressure": rows(measured("flow"), is_organisation=False, is_suppressed=False),
        "ai_cost": rows(measured("cost"), is_organisation=False, is_suppressed=False),
        "delivery_performance": [
            row | {"service": f"{row['team']}-{number}"}
            for row in rows(measured("delivery"), dora_band_year=2023)
            for number in range(2)
        ],
        "turnover_signal": [
            {name: value for name, value in row.items() if "mature" not in name}
            for row in rows(measured("lasting"), is_organisation=False, turnover_signal="watch")
            if row["is_mature"]
        ],
        "team_scorecard": [scored(*pair) for pair in pairs],
        "gaming_signals": [
            {
                **common(place, *pair),
                "signal": f"signal_{place % 24}",
                "value": odd[place],
                "threshold": 3.5,
                "is_firing": True,
                "evidence": f"{odd[place] * 1e8:.2f} tokens for {place}.00 AI lines that held",
            }
            for place, pair in enumerate(pairs)
        ],
        "fct_releases": [
            {
                "release_id": f"{team}@{monday(back)}",
                "service": team,
                "team": team,
                "window_started_at": datetime.combine(monday(back), datetime.min.time()),
                "is_failed": True,
                "failure_weight": 0.3,
                "held_lines": odd[back],
                "ai_held_lines": odd[back] / 2,
            }
            for team, back in pairs
            if back % 4 == 0
        ],
        "fct_release_changes": [
            {
                "release_id": f"{team}@{monday(back)}",
                "team": team,
                "window_started_at": datetime.combine(monday(back), datetime.min.time()),
                "is_failed": True,
                "service": team,
                "repository": f"acme/{team}",
                "sha": hashlib.sha1(f"{team} {back} {number}".encode()).hexdigest(),
                "pull_request_number": 1000 + back * 8 + number,
                "authorship": "ai" if number % 2 else "human",
                "lines_added": 40 + number,
                "held_lines": odd[back] / (number + 1),
                "is_shipped": True,
            }
            for team, back in pairs
            if back % 4 == 0
            for number in range(8)
        ],
    }
    for row in world["turnover_signal"]:
        row.pop("immature_reason", None)
    return small(path, **world)
