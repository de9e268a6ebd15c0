"""Whole builds: the demo, the same data from files, as_of, wrong variables."""

import re
import shutil
from datetime import datetime

import pytest

from dbt_runs import (
    ROOT,
    differences,
    query,
    read_schemas,
    run_dbt,
    two_at_a_time,
)
from shipworthy.contract import RAW_SCHEMA, TABLES
from shipworthy.files import load_files
from shipworthy.warehouse import connect

# dbt reads .dbtignore with a class that its own dependency calls old.
pytestmark = pytest.mark.filterwarnings("ignore:GitWildMatchPattern:DeprecationWarning")

DEMO = ROOT / "seeds" / "demo"


# ---------------------------------------------------------------------------- the demo


def test_demo_builds_without_a_warning(demo):
    summary = re.search(r"PASS=(\d+) WARN=(\d+) ERROR=(\d+) SKIP=(\d+)", demo.output)
    assert summary
    assert summary.groups()[1:] == ("0", "0", "0")
    assert "WARNING" not in demo.output
    assert "eprecat" not in demo.output


def test_hidden_deprecations_would_show(tmp_path):
    project = tmp_path / "deprecated"
    (project / "models").mkdir(parents=True)
    (project / "dbt_project.yml").write_text("name: deprecated\nprofile: shipworthy\n")
    (project / "models" / "one.sql").write_text("select 1 as one")
    (project / "models" / "one.yml").write_text("models: [{name: one, nonsense: true}]\n")
    shutil.copy(ROOT / "profiles.yml", project)
    done = run_dbt("parse", tmp_path / "warehouse.duckdb", project=project, deprecations=True)
    assert "eprecat" in done.output


def test_nobody_is_counted(demo):
    assert demo.artifact("manifest.json")["metadata"]["send_anonymous_usage_stats"] is False


@pytest.mark.slow
def test_rebuild_gives_the_same_rows(demo, tmp_path):
    warehouse = tmp_path / "warehouse.duckdb"
    shutil.copy(demo.warehouse, warehouse)
    run_dbt("run", warehouse)
    schemas = ("shipworthy", "shipworthy_intermediate")
    assert not list(
        differences(read_schemas(demo.warehouse, *schemas), read_schemas(warehouse, *schemas))
    )


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """A warehouse with the demo's files in its raw tables."""
    warehouse = tmp_path_factory.mktemp("loaded") / "warehouse.duckdb"
    loads = load_files(DEMO, warehouse)
    assert not any(load.rejected or load.superseded for load in loads)
    return warehouse


@pytest.mark.slow
def test_the_same_data_from_files_give_the_same_marts(demo, loaded, tmp_path):
    warehouse = tmp_path / "warehouse.duckdb"
    shutil.copy(loaded, warehouse)
    run_dbt("seed", warehouse)
    run_dbt("run", warehouse)
    expected, found = (
        read_schemas(one, "shipworthy", leaving_out=["data_source"])
        for one in (demo.warehouse, warehouse)
    )
    assert not list(differences(expected, found))
    assert query(warehouse, "select data_source from shipworthy.headline") == [("loaded",)]
    assert not query(warehouse, "from duckdb_tables() where schema_name = 'shipworthy_demo'")


# What each test in tests/singular must find.
DAMAGE = {
    "a_small_group_cannot_be_computed_from_the_rest": """
        update shipworthy.ai_cost set is_suppressed = false
        where is_suppressed and null_reason = 'protects_a_small_group'""",
    "ai_spend_is_allocated_or_unshipped": """
        update shipworthy.ai_cost set unshipped_spend_usd = unshipped_spend_usd + 0.01
        where is_organisation and week_start_on = '2026-03-02'""",
    "changes_are_live_once_at_a_time": """
        insert into shipworthy_intermediate.int_shipworthy__changes_put_live
        select * replace (shipping_order + 1 as shipping_order, 'again' as deployment_id)
        from shipworthy_intermediate.int_shipworthy__changes_put_live
        where taken_off_order is null limit 1""",
    "deaths_never_exceed_births": """
        update shipworthy_intermediate.int_shipworthy__lines_died set lines = 1000000
        where age_days = (
            select min(age_days) from shipworthy_intermediate.int_shipworthy__lines_died)""",
    "decisions_and_deployments_reach_their_marts": """
        delete from shipworthy.delivery_performance where deployments > 0 and service = 'search'""",
    "every_incident_is_attributed_or_counted_as_unattributed": """
        delete from shipworthy_intermediate.int_shipworthy__failures where failure = 'incident'""",
    "every_incident_that_counts_is_a_fact": """
        insert into shipworthy_staging.stg_shipworthy__incidents (incident_id, opened_at)
        values ('lost', '2026-01-01')""",
    "failure_weights_reach_the_failure_rate": """
        update shipworthy.fct_deployments set failure_weight = 1 - failure_weight""",
    "give_each_service_a_path_prefix_of_its_own": """
        insert into shipworthy_intermediate.int_shipworthy__service_paths
        select * replace ('twin' as service)
        from shipworthy_intermediate.int_shipworthy__service_paths limit 1""",
    "held_lines_reach_their_release": """
        update shipworthy.fct_release_changes set held_lines = held_lines + 0.1""",
    "releases_add_up_to_their_team_week": """
        update shipworthy.fct_releases set normalized_deployments = normalized_deployments + 0.1""",
    "turnover_lines_reconcile_with_births": """
        delete from shipworthy.code_turnover where lines_added > 0 and authorship = 'ai'""",
}


def test_singular_tests_find_the_damage_they_are_there_for(demo, tmp_path):
    assert {path.stem for path in (ROOT / "tests" / "singular").iterdir()} == DAMAGE.keys()
    warehouse = tmp_path / "warehouse.duckdb"
    shutil.copy(demo.warehouse, warehouse)
    connection = connect(warehouse)
    for statement in DAMAGE.values():
        connection.execute(statement)
    connection.close()
    done = run_dbt("test --select test_type:singular", warehouse, succeeds=False)
    results = {
        result["unique_id"].split(".")[2]: result["status"]
        for result in done.artifact("run_results.json")["results"]
        if result["unique_id"].startswith("test.")
    }
    assert results == dict.fromkeys(DAMAGE, "fail")


def test_a_table_is_replaced_as_a_whole_or_not_at_all(demo, tmp_path):
    warehouse = tmp_path / "warehouse.duckdb"
    shutil.copy(demo.warehouse, warehouse)
    run = ("run --select fct_shipworthy__incidents", warehouse)
    rows = "from shipworthy.fct_incidents order by incident_id"
    before = query(warehouse, rows)
    assert before
    parent = "shipworthy_intermediate.int_shipworthy__incidents_placed"
    connection = connect(warehouse)
    # The mart's key is no key any more, which the database refuses after the old table is dropped.
    connection.execute(f"insert into {parent} select * from {parent}")
    connection.close()
    assert "Constraint Error" in run_dbt(*run, succeeds=False).output
    assert query(warehouse, rows) == before
    connection = connect(warehouse)
    connection.execute(f"create or replace table {parent} as select distinct * from {parent}")
    # What an earlier version left may be a view.
    connection.execute("drop table shipworthy.fct_incidents")
    connection.execute("create view shipworthy.fct_incidents as select 1 as one")
    connection.close()
    for _ in range(2):
        run_dbt(*run)
        assert query(warehouse, rows) == before
    [[kind]] = query(
        warehouse,
        "select table_type from information_schema.tables where table_name = 'fct_incidents'",
    )
    assert kind == "BASE TABLE"


def test_a_key_that_no_index_holds_is_asked_for_before_a_table_is_replaced(demo, tmp_path):
    warehouse = tmp_path / "warehouse.duckdb"
    shutil.copy(demo.warehouse, warehouse)
    rows = "from shipworthy.gaming_signals order by all"
    before = query(warehouse, rows)
    assert before
    parent = "shipworthy_intermediate.int_shipworthy__group_visibility"
    connection = connect(warehouse)
    connection.execute(f"insert into {parent} select * from {parent}")
    connection.close()
    run = run_dbt("run --select shipworthy__gaming_signals", warehouse, succeeds=False)
    assert "there are 2 rows of one key (team, week_start_on, signal)" in run.output
    assert query(warehouse, rows) == before


# ---------------------------------------------------------------------------- as_of


AS_OF = datetime(2026, 3, 18, 9, 30)
LATER = {
    "commits": "coalesce(landed_at, committed_at) > $as_of",
    "pull_requests": "opened_at > $as_of",
    "pull_request_commits": "committed_at > $as_of",
    "reviews": "submitted_at > $as_of",
    "review_threads": "opened_at > $as_of",
    "deployments": "coalesce(finished_at, started_at, created_at) > $as_of",
    "incidents": "opened_at > $as_of",
    "ai_usage": "bucket_started_at > $as_of",
}


HEADLINES = ("normalized_deployments", "severity_weighted_failure_rate", "code_turnover")


# `make test` builds the headlines and the facts below them, `make test-all` all marts and tests.
@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(
            (
                *("--exclude-resource-type", "test"),
                *("--select", *(f"+shipworthy__{name}" for name in HEADLINES)),
            ),
            id="headlines",
        ),
        pytest.param((), id="everything", marks=pytest.mark.slow),
    ],
)
def test_what_comes_after_as_of_has_no_effect(loaded, tmp_path, arguments):
    def build(name):
        warehouse = tmp_path / f"{name}.duckdb"
        shutil.copy(loaded, warehouse)
        _deploy_before_landing(warehouse)
        if name == "truncated":
            _truncate(warehouse)
        as_of = AS_OF if name == "whole" else ""
        run_dbt("build", warehouse, *arguments, variables={"demo": False, "as_of": as_of})
        return read_schemas(warehouse, "shipworthy")

    marts = two_at_a_time(build, ["truncated", "whole"])
    assert marts["whole"].keys() >= {f"shipworthy.{name}" for name in HEADLINES}
    _, deployments = marts["whole"]["shipworthy.fct_deployments"]
    assert len(deployments) > 100
    assert any("early" in row and "no_sha" in row for row in deployments)
    assert not list(differences(marts["truncated"], marts["whole"]))


def _deploy_before_landing(warehouse):
    """Clocks differ: deploy, before as_of, a change that lands after it."""
    connection = connect(warehouse)
    connection.execute(
        f"""
        insert into {RAW_SCHEMA}.deployments by name
        select d.* replace ('early' as deployment_id, c.sha as sha)
        from {RAW_SCHEMA}.deployments as d
        inner join {RAW_SCHEMA}.commits as c on d.repository = c.repository
        where d.status = 'success' and d.environment = 'production' and d.kind = 'deploy'
            and d.finished_at < $as_of and c.landed_at > $as_of
        order by d.finished_at desc, c.landed_at limit 1
        """,
        {"as_of": AS_OF},
    )
    connection.close()


def _truncate(warehouse):
    connection = connect(warehouse)
    for table, is_later in LATER.items():
        deleted = connection.execute(
            f"delete from {RAW_SCHEMA}.{table} where {is_later} returning 1", {"as_of": AS_OF}
        ).fetchall()
        assert deleted, f"{table} has no later row"
    for table, sha in (("line_births", "added_sha"), ("line_deaths", "removed_sha")):
        connection.execute(
            f"""
            delete from {RAW_SCHEMA}.{table} as lines where not exists (
                from {RAW_SCHEMA}.commits as c
                where c.repository = lines.repository and c.sha = lines.{sha}
            )
            """
        )
    connection.execute(
        f"update {RAW_SCHEMA}.incidents set resolved_at = null where resolved_at > $as_of",
        {"as_of": AS_OF},
    )
    for column in ("ready_at", "merged_at", "closed_at"):
        connection.execute(
            f"update {RAW_SCHEMA}.pull_requests set {column} = null where {column} > $as_of",
            {"as_of": AS_OF},
        )
    connection.execute(
        f"update {RAW_SCHEMA}.load_watermarks set loaded_through = least(loaded_through, $as_of)",
        {"as_of": AS_OF},
    )
    connection.close()


# ---------------------------------------------------------------------------- wrong variables


def test_a_wrong_variable_ends_the_run_before_anything_is_built(tmp_path):
    warehouse = tmp_path / "warehouse.duckdb"
    done = run_dbt("run", warehouse, variables={"untagged_counts_as": "robots"}, succeeds=False)
    assert (
        "shipworthy: shipworthy__untagged_counts_as is 'robots'; allowed is one of auto"
        in done.output
    )
    assert not query(warehouse, "from duckdb_tables()")


@pytest.mark.slow
def test_a_wrong_variable_ends_parsing_with_the_same_sentence(tmp_path):
    def parse(name):
        warehouse = tmp_path / f"{name}.duckdb"
        return run_dbt("parse", warehouse, variables={name: "30"}, succeeds=False)

    names = [
        "turnover_window_days",
        "incident_attribution_hours",
        "named_cause_days",
        "confidence_level",
    ]
    for name, done in two_at_a_time(parse, names).items():
        assert f"shipworthy: shipworthy__{name} is '30'; allowed is a" in done.output
        assert "Traceback" not in done.output


# ---------------------------------------------------------------------------- the contract


def test_models_alone_in_a_new_warehouse_ask_for_the_seeds(tmp_path):
    warehouse = tmp_path / "new.duckdb"
    selected = ("--select", "+int_shipworthy__severities_read,resource_type:model")
    for command in ("run", "build"):
        done = run_dbt(command, warehouse, *selected, succeeds=False)
        assert "1 reference table that is not in this warehouse yet" in done.output
        assert (
            "such as shipworthy_reference.shipworthy__severity_labels; run `dbt seed`"
            in done.output
        )
        assert not query(warehouse, "from duckdb_tables()")
    run_dbt("seed", warehouse)
    run_dbt("run", warehouse, *selected)


def test_demo_seeds_keep_the_contract(demo):
    for name, table in TABLES.items():
        assert (
            dict(
                query(
                    demo.warehouse,
                    f"""
                select column_name, data_type from duckdb_columns()
                where schema_name = 'shipworthy_demo' and table_name = '{name}'
                """,
                )
            )
            == table.columns
        )
