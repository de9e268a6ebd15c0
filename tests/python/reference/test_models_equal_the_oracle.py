"""Whole dbt runs on random worlds, row by row against the reference implementation."""

import math
from datetime import datetime, timedelta

import pyarrow as pa
import pytest

from dbt_runs import TOLERANCE, read_rows, run_dbt
from reference.oracle import compute
from reference.rows import at, row
from reference.worlds import AS_OF, worlds
from shipworthy.contract import RAW_SCHEMA, TABLES
from shipworthy.warehouse import connect

# Relation -> (model, key columns). A release's name is the models' own: its parts are compared.
MARTS = {
    "fct_deployments": ("fct_shipworthy__deployments", ["deployment_id"]),
    "fct_incidents": ("fct_shipworthy__incidents", ["incident_id"]),
    "fct_releases": (
        "fct_shipworthy__releases",
        ["service", "repository", "window_started_at"],
    ),
    "fct_release_changes": (
        "fct_shipworthy__release_changes",
        ["service", "repository", "sha", "deployment_id"],
    ),
    "code_turnover": (
        "shipworthy__code_turnover",
        ["week_start_on", "team", "service", "repository", "authorship"],
    ),
    "turnover_signal": (
        "shipworthy__turnover_signal",
        ["team", "is_organisation", "week_start_on"],
    ),
    "harm_by_authorship": (
        "shipworthy__harm_by_authorship",
        ["team", "week_start_on", "window_weeks"],
    ),
    "line_survival": (
        "shipworthy__line_survival",
        ["quarter_start_on", "authorship", "age_days"],
    ),
    "normalized_deployments": (
        "shipworthy__normalized_deployments",
        ["team", "week_start_on"],
    ),
    "severity_weighted_failure_rate": (
        "shipworthy__severity_weighted_failure_rate",
        ["team", "week_start_on"],
    ),
    "human_decision_density": (
        "shipworthy__human_decision_density",
        ["team", "is_organisation", "week_start_on", "authorship"],
    ),
    "delivery_performance": (
        "shipworthy__delivery_performance",
        ["team", "service", "week_start_on"],
    ),
    "flow_pressure": (
        "shipworthy__flow_pressure",
        ["team", "is_organisation", "week_start_on"],
    ),
}

ARROW_TYPES = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
}


def _watermarks(tables):
    for name, moment in (
        ("commits", at(days=180)),
        ("commits", at(days=160, hours=12)),
        ("incidents", at(days=161)),
        ("deployments", None),
        ("ai_usage", at(days=3)),
        ("reviews", at(days=140)),
    ):
        mark = row("load_watermarks", input=name, source=f"s{moment}", loaded_through=moment)
        tables["load_watermarks"].append(mark)


def _only_a_watermark_of_incidents(tables):
    tables["load_watermarks"].append(
        row("load_watermarks", input="incidents", source="quiet", loaded_through=at(days=150))
    )


# Name -> (arguments of worlds(), variables without their prefix).
SETTINGS = {
    "everything": (
        {"count": 24, "seed": 1},
        {"as_of": AS_OF, "minimum_group_size": 2, "failed_rollouts_count": True},
    ),
    "bare": (
        {"count": 20, "seed": 101, "without": ("services", "people", "ai_usage")},
        {},
    ),
    "other_values": (
        {"count": 20, "seed": 201, "keep": _watermarks},
        {
            "turnover_window_days": 7,
            "turnover_line_cap": 40,
            "untagged_counts_as": "unknown",
            "moves_count": True,
            "release_window_hours": 36,
            "lines_per_unit": 20,
            "change_line_cap": 100,
            "incident_attribution_hours": 24,
            "incident_tie": "strictly_before",
            "remediation_weight": 0.2,
            "confidence_level": 0.9,
            "survival_days": 60,
            "minimum_group_size": 1,
            "review_seconds_per_line": 2.5,
            "median": "lower",
            "dora_band_year": 2021,
            "redeployments_count": False,
            "failed_rollouts_count": True,
        },
    ),
    "switched_off": (
        {"count": 20, "seed": 301},
        {
            "using_services": False,
            "using_incidents": False,
            "using_reviews": False,
            "minimum_group_size": 1,
            "untagged_counts_as": "human",
            "as_of": AS_OF.date() - timedelta(days=20),
        },
    ),
    "quiet": (
        {
            "count": 20,
            "seed": 401,
            "without": ("incidents", "people"),
            "keep": _only_a_watermark_of_incidents,
        },
        {},
    ),
}


def write(tables, warehouse):
    """Fill the raw tables of a new warehouse."""
    connection = connect(warehouse)
    for name, table in TABLES.items():
        if not tables.get(name):
            continue
        fields = [(column, ARROW_TYPES[kind]) for column, kind in table.columns.items()]
        connection.register("rows_to_write", pa.Table.from_pylist(tables[name], pa.schema(fields)))
        connection.execute(f"insert into {RAW_SCHEMA}.{name} select * from rows_to_write")
        connection.unregister("rows_to_write")
    connection.close()


def build(warehouse, variables):
    """Seeds, and the models that the compared marts need."""
    run_dbt(
        "build",
        warehouse,
        "--exclude-resource-type=test",
        *("--select", *(f"+{model}" for model, _ in MARTS.values())),
        variables=variables,
    )


def read(warehouse):
    """Rows of every compared mart, as dicts."""
    return {name: read_rows(warehouse, f"shipworthy.{name}") for name in MARTS}


def name_releases(marts):
    """Replace the names of releases by what they stand for."""
    names = {
        r["release_id"]: (r["service"], r["repository"], r["window_started_at"])
        for r in marts["fct_releases"]
    }
    assert len(names) == len(marts["fct_releases"])
    for table in ("fct_releases", "fct_release_changes", "fct_deployments"):
        for found in marts[table]:
            found["release_id"] = names.get(found["release_id"])


def same(expected, actual):
    """Equal, doubles to nine digits; null only equals null."""
    if isinstance(expected, float) and isinstance(actual, (int, float)):
        return math.isclose(expected, actual, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return type(expected) is type(actual) and expected == actual


def differences(name, expected, actual):
    """Sentences about every row and value in which a mart differs from the oracle."""
    keys = MARTS[name][1]
    by_key = []
    for rows in (expected, actual):
        keyed = {tuple(found[column] for column in keys): found for found in rows}
        if len(keyed) != len(rows):
            yield f"{name}: {len(rows) - len(keyed)} rows repeat a key"
        by_key.append(keyed)
    wanted, found = by_key
    for key in wanted.keys() - found.keys():
        yield f"{name}: no row {_short(key)}, expected {_short(wanted[key].values())}"
    for key in found.keys() - wanted.keys():
        yield f"{name}: unexpected row {_short(key)}: {_short(found[key].values())}"
    for key in wanted.keys() & found.keys():
        for column, value in wanted[key].items():
            if column not in found[key]:
                yield f"{name}: no column {column}"
            elif not same(value, found[key][column]):
                got = found[key][column]
                yield f"{name}.{column} {_short(key)}: expected {value!r}, got {got!r}"


def _short(values):
    return ", ".join(
        value.isoformat(" ", "minutes") if isinstance(value, datetime) else str(value)
        for value in values
    )


# Built by `make test`; the rest by `make test-all`.
QUICK = ("everything",)


@pytest.mark.parametrize(
    "setting",
    [
        pytest.param(setting, marks=() if setting in QUICK else pytest.mark.slow)
        for setting in SETTINGS
    ],
)
def test_models_equal_the_oracle(setting, tmp_path):
    world_arguments, given = SETTINGS[setting]
    tables = worlds(**world_arguments)
    variables = {f"shipworthy__{name}": value for name, value in given.items()}
    warehouse = tmp_path / "worlds.duckdb"
    write(tables, warehouse)
    build(warehouse, {"demo": False} | given)
    expected, actual = compute(tables, variables), read(warehouse)
    name_releases(expected)
    name_releases(actual)
    found = []
    for name in MARTS:
        assert expected[name] or name == "fct_incidents"
        found += sorted(set(differences(name, expected[name], actual[name])))
    assert not found, f"{len(found)} differences\n" + "\n".join(found[:60])
