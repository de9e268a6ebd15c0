"""The demo is read where there is nothing else, or where it is asked for by name; never both."""

import shutil
from contextlib import closing

import pytest

from dbt_runs import query, run_dbt
from shipworthy.contract import RAW_SCHEMA
from shipworthy.files import load_files
from shipworthy.warehouse import connect

STAGED = "--select staging"
SOURCE = "select data_source from shipworthy_staging.stg_shipworthy__data_source"
DEPLOYMENTS = "select count(*) from shipworthy_staging.stg_shipworthy__deployments"
INCIDENTS = "select count(*) from shipworthy_staging.stg_shipworthy__incidents"


@pytest.fixture
def export(tmp_path):
    directory = tmp_path / "export"
    directory.mkdir()
    (directory / "deployments.csv").write_text(
        "deployment_id,service,environment,sha,status,created_at\n"
        "d1,shop,production,abc,success,2026-01-01 00:00:00\n"
    )
    return directory


def test_the_demo_says_that_it_is_one(demo):
    assert query(demo.warehouse, SOURCE) == [("DEMO",)]
    assert query(demo.warehouse, "select data_source from shipworthy.headline") == [("DEMO",)]
    assert "shipworthy: DEMO: an invented organisation" in demo.output


def test_an_empty_side_of_a_join_takes_no_sum_away(demo):
    """The demo leaves no team out, which statistics know: DECISIONS.md on DuckDB's optimizer."""
    (rate, low, high, harm, left_out), *more = query(
        demo.warehouse,
        "select severity_weighted_failure_rate, severity_weighted_failure_rate_low, "
        "severity_weighted_failure_rate_high, harm_per_builder_week, teams_left_out "
        "from shipworthy.headline",
    )
    assert not more
    assert left_out == 0
    assert low < rate < high
    assert harm > 0


def test_one_row_of_any_input_ends_the_demo(demo, export, tmp_path):
    warehouse = tmp_path / "some.duckdb"
    shutil.copy(demo.warehouse, warehouse)
    assert query(warehouse, INCIDENTS) != [(0,)]
    load_files(export, warehouse)

    # A part of the models would stand on the demo and the rest on what was loaded.
    done = run_dbt("run --select int_shipworthy__as_of", warehouse, succeeds=False)
    assert "were last built from the demo and would now read loaded tables" in done.output
    assert "run `dbt build` without a selection once" in done.output

    done = run_dbt(f"run {STAGED}", warehouse)
    assert query(warehouse, SOURCE) == [("loaded",)]
    assert (query(warehouse, DEPLOYMENTS), query(warehouse, INCIDENTS)) == ([(1,)], [(0,)])
    assert "shipworthy: built from the tables of shipworthy_raw." in done.output
    # dbt knows of both, so that a project parsed before the load is right after it.
    (node,) = (
        node
        for node in done.artifact("manifest.json")["nodes"].values()
        if node["name"] == "stg_shipworthy__deployments"
    )
    assert sorted(node["depends_on"]["nodes"]) == [
        "seed.shipworthy.deployments",
        "source.shipworthy.shipworthy_raw.deployments",
    ]

    run_dbt(f"run {STAGED}", warehouse, variables={"demo": True})
    assert query(warehouse, SOURCE) == [("DEMO",)]


def test_no_seed_of_the_demo_is_written_where_rows_are_loaded(export, tmp_path):
    warehouse = tmp_path / "some.duckdb"
    load_files(export, warehouse)
    done = run_dbt("seed", warehouse)
    schemas = {name for (name,) in query(warehouse, "select schema_name from duckdb_tables()")}
    assert schemas == {"shipworthy_raw", "shipworthy_reference"}
    assert "shipworthy_demo.incidents" in done.output
    assert "NOT NEEDED" in done.output


def test_empty_raw_tables_leave_the_demo(tmp_path):
    warehouse = tmp_path / "some.duckdb"
    connect(warehouse).close()
    run_dbt("run --select stg_shipworthy__data_source", warehouse)
    assert query(warehouse, SOURCE) == [("DEMO",)]
    run_dbt("run --select stg_shipworthy__data_source", warehouse, variables={"demo": False})
    assert query(warehouse, SOURCE) == [("loaded",)]


def test_the_demo_does_not_replace_marts_of_loaded_rows_unasked(export, tmp_path):
    warehouse = tmp_path / "some.duckdb"
    load_files(export, warehouse)
    run_dbt(f"run {STAGED}", warehouse)
    with closing(connect(warehouse)) as connection:
        connection.execute(f"delete from {RAW_SCHEMA}.deployments")
        connection.execute(f"delete from {RAW_SCHEMA}.load_watermarks")

    for selected in (STAGED, "--select int_shipworthy__as_of"):
        done = run_dbt(f"run {selected}", warehouse, succeeds=False)
        assert "no such table holds a row now: the demo would replace their marts" in done.output
    assert (query(warehouse, SOURCE), query(warehouse, DEPLOYMENTS)) == ([("loaded",)], [(1,)])

    run_dbt(f"run {STAGED}", warehouse, variables={"demo": False})
    assert (query(warehouse, SOURCE), query(warehouse, DEPLOYMENTS)) == ([("loaded",)], [(0,)])
    for command in ("seed", f"run {STAGED}"):
        run_dbt(command, warehouse, variables={"demo": True})
    assert query(warehouse, SOURCE) == [("DEMO",)]


@pytest.mark.slow
def test_models_that_stand_for_inputs_are_no_demo(tmp_path):
    warehouse = tmp_path / "some.duckdb"
    select = "run --select stg_shipworthy__data_source"
    for variables in ({"github_tables": "dlt"}, {"relations": {"incidents": "deployments"}}):
        run_dbt(select, warehouse, variables=variables)
        assert query(warehouse, SOURCE) == [("loaded",)]
