"""Whole builds: the demo, the same data from files, switches, wrong variables, odd worlds."""

import json
import re
import shutil
from datetime import datetime

import pytest
from dbt.cli.main import dbtRunner

from dbt_runs import ROOT, differences, query, read_schemas, run_dbt, two_at_a_time
from shipworthy.contract import RAW_SCHEMA, TABLES
from shipworthy.files import load_files
from shipworthy.warehouse import _RESERVED_STEMS, connect

# dbt reads .dbtignore with a class that its own dependency calls old.
pytestmark = pytest.mark.filterwarnings("ignore:GitWildMatchPattern:DeprecationWarning")

DEMO = ROOT / "seeds" / "demo"
NO_UNIT_TESTS = "--exclude-resource-type=unit_test"
SWITCHES = (
    "using_pull_requests",
    "using_reviews",
    "using_deployments",
    "using_incidents",
    "using_ai_usage",
    "using_people",
    "using_services",
    "using_costs",
    "using_product_metrics",
)


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


def test_the_same_data_from_files_give_the_same_marts(demo, loaded, tmp_path):
    warehouse = tmp_path / "warehouse.duckdb"
    shutil.copy(loaded, warehouse)
    run_dbt("build", warehouse, NO_UNIT_TESTS, variables={"demo": False})
    assert not list(
        differences(
            read_schemas(demo.warehouse, "shipworthy"), read_schemas(warehouse, "shipworthy")
        )
    )
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
        update shipworthy_demo.line_deaths set lines = 1000000
        where rowid = (select min(rowid) from shipworthy_demo.line_deaths)""",
    "decisions_and_deployments_reach_their_marts": """
        delete from shipworthy.delivery_performance where deployments > 0 and service = 'search'""",
    "every_incident_is_attributed_or_counted_as_unattributed": """
        delete from shipworthy_intermediate.int_shipworthy__failures where failure = 'incident'""",
    "every_incident_that_counts_is_a_fact": """
        insert into shipworthy_demo.incidents (incident_id, opened_at)
        values ('lost', '2026-01-01')""",
    "failure_weights_reach_the_failure_rate": """
        update shipworthy.fct_deployments set failure_weight = 1 - failure_weight""",
    "give_each_service_a_path_prefix_of_its_own": """
        insert into shipworthy_intermediate.int_shipworthy__service_paths
        select * replace ('twin' as service)
        from shipworthy_intermediate.int_shipworthy__service_paths limit 1""",
    "held_lines_reach_their_release": """
        update shipworthy_intermediate.int_shipworthy__lines_held
        set ai_held_lines = ai_held_lines + 0.1""",
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


# ---------------------------------------------------------------------------- switches


@pytest.fixture(scope="module")
def switched_off(loaded, tmp_path_factory):
    """Builds by what is switched off; `all` is the demo with its seeds, the others read files."""

    def build(off):
        warehouse = tmp_path_factory.mktemp("off") / f"{off}.duckdb"
        if off == "all":
            return run_dbt(
                "build", warehouse, variables=dict.fromkeys(SWITCHES, False), succeeds=None
            )
        shutil.copy(loaded, warehouse)
        variables = {"demo": False, off: False}
        return run_dbt("build", warehouse, NO_UNIT_TESTS, variables=variables, succeeds=None)

    return two_at_a_time(build, (*SWITCHES, "all"))


@pytest.mark.parametrize("off", [*SWITCHES, "all"])
def test_everything_builds_with_inputs_switched_off(switched_off, off):
    done = switched_off[off]
    assert done.returncode == 0, done.output[-6000:]
    assert "WARN=0 ERROR=0 SKIP=0" in done.output


def test_failure_rate_is_null_without_incidents(switched_off):
    rows = query(
        switched_off["using_incidents"].warehouse,
        """
        select null_reason, count(*) > 0, count(severity_weighted_failure_rate),
            count(change_failure_rate), count(failure_weight), count(unattributed_incidents)
        from shipworthy.severity_weighted_failure_rate group by null_reason
        """,
    )
    assert rows == [("incidents_not_loaded", True, 0, 0, 0, 0)]


def test_stability_rests_on_remediations_without_incidents(switched_off):
    rows = query(
        switched_off["using_incidents"].warehouse,
        "select distinct stability_basis from shipworthy.normalized_deployments",
    )
    assert rows == [("remediations_only",)]


def test_nothing_but_what_lands_ships_without_deployments(switched_off):
    warehouse = switched_off["using_deployments"].warehouse
    sources = query(warehouse, "select distinct source from shipworthy.fct_deployments")
    assert sources == [("commit",)]


@pytest.mark.parametrize(
    ("off", "reason"),
    [("using_ai_usage", "ai_usage_not_loaded"), ("using_people", "people_not_loaded")],
)
def test_adoption_is_null_with_a_reason(switched_off, off, reason):
    rows = query(
        switched_off[off].warehouse,
        "select null_reason, count(ai_adoption) from shipworthy.ai_adoption group by null_reason",
    )
    assert rows == [(reason, 0)]


@pytest.mark.parametrize(
    ("off", "reasons"),
    [
        ("using_ai_usage", {("ai_usage_not_loaded", "ai_usage_not_loaded", 0, 0)}),
        ("using_costs", {(None, "no_builder_costs", 1, 0)}),
    ],
)
def test_cost_is_null_with_a_reason(switched_off, off, reasons):
    rows = query(
        switched_off[off].warehouse,
        """
        select null_reason, cost_to_serve_null_reason,
            max((ai_cost_per_normalized_deployment is not null)::int),
            max((cost_to_serve is not null)::int)
        from shipworthy.ai_cost where not is_suppressed and is_organisation
        group by null_reason, cost_to_serve_null_reason
        """,
    )
    assert set(rows) == reasons


def test_spend_still_finds_its_releases_without_people(switched_off):
    rows = query(
        switched_off["using_people"].warehouse,
        """
        select bool_and(ai_spend_usd is null), max(allocated_spend_usd) > 0
        from shipworthy.ai_cost where not is_organisation and team <> 'unassigned'
        """,
    )
    assert rows == [(True, True)]


def test_outcomes_are_null_without_product_metrics(switched_off):
    warehouse = switched_off["using_product_metrics"].warehouse
    assert not query(warehouse, "from shipworthy.product_outcomes")
    rows = query(
        warehouse,
        """
        select null_reason, count(product_outcome_coverage)
        from shipworthy.product_outcome_coverage group by null_reason
        """,
    )
    assert rows == [("product_metrics_not_loaded", 0)]


def test_untagged_code_is_human_without_ai_usage(switched_off):
    rows = query(
        switched_off["using_ai_usage"].warehouse,
        "select distinct basis from shipworthy.turnover_signal",
    )
    assert rows == [("trailers_only",)]
    assert not query(
        switched_off["using_ai_usage"].warehouse,
        "from shipworthy.code_turnover where authorship = 'unknown'",
    )


def test_repositories_stand_in_for_services(switched_off):
    rows = query(
        switched_off["using_services"].warehouse,
        """
        select count(*) > 0, bool_and(service = repository and team = repository)
        from shipworthy.fct_releases
        """,
    )
    assert rows == [(True, True)]


def test_builders_are_the_authors_without_people(switched_off):
    rows = query(
        switched_off["using_people"].warehouse,
        "select count(ai_share) > 0 from shipworthy.normalized_deployments where is_mature",
    )
    assert rows == [(True,)]
    assert not query(
        switched_off["using_people"].warehouse,
        "from shipworthy.fct_changes where author_team is not null",
    )


def test_hotfix_branches_are_not_known_without_pull_requests(demo, switched_off):
    def hotfixes(run):
        return query(
            run.warehouse,
            """
            select count(*) from shipworthy_intermediate.int_shipworthy__remediations
            where remediation = 'hotfix'
            """,
        )[0][0]

    assert hotfixes(switched_off["using_pull_requests"]) <= hotfixes(demo)


@pytest.mark.parametrize(
    ("off", "reason"),
    [
        ("using_pull_requests", "pull_requests_not_loaded"),
        ("using_reviews", "reviews_not_loaded"),
    ],
)
def test_decisions_are_null_with_a_reason(switched_off, off, reason):
    for measure, mart in (
        ("decisions", "human_decision_density"),
        ("unreviewed_rate_high", "flow_pressure"),
    ):
        rows = query(
            switched_off[off].warehouse,
            f"select null_reason, count({measure}) from shipworthy.{mart} "
            "where not is_suppressed group by null_reason",
        )
        assert rows == [(reason, 0)]
    rows = query(
        switched_off[off].warehouse,
        """
        select count(change_lead_time_hours) > 0, count(pickup_hours)
        from shipworthy.delivery_performance
        """,
    )
    assert rows == [(True, 0)]


def test_delivery_performance_without_incidents(switched_off):
    rows = query(
        switched_off["using_incidents"].warehouse,
        """
        select count(change_failure_rate_high), count(failed_deployment_recovery_hours),
            count(deployment_rework_rate) > 0, count(distinct recovery_null_reason)
        from shipworthy.delivery_performance
        """,
    )
    assert rows == [(0, 0, True, 1)]


# ---------------------------------------------------------------------------- odd worlds


def test_next_to_nothing_builds(tmp_path):
    def build(commits):
        warehouse = tmp_path / f"with_{commits}.duckdb"
        connection = connect(warehouse)
        if commits:
            connection.execute(
                f"""
                insert into {RAW_SCHEMA}.commits
                    (repository, sha, mainline_position, landed_at, authorship)
                values ('only', 'one', 1, '2026-01-05 12:00:00', 'human')
                """
            )
        connection.close()
        return run_dbt("build", warehouse, NO_UNIT_TESTS, variables={"demo": False})

    for commits, done in two_at_a_time(build, [0, 1]).items():
        assert "WARN=0 ERROR=0 SKIP=0" in done.output
        changes = query(done.warehouse, "select count(*) from shipworthy.fct_changes")
        assert changes == [(commits,)]
        assert not query(done.warehouse, "from shipworthy.fct_releases")


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


def test_what_comes_after_as_of_has_no_effect(loaded, tmp_path):
    def build(name):
        warehouse = tmp_path / f"{name}.duckdb"
        shutil.copy(loaded, warehouse)
        _deploy_before_landing(warehouse)
        if name == "truncated":
            _truncate(warehouse)
        as_of = AS_OF if name == "whole" else ""
        run_dbt("build", warehouse, NO_UNIT_TESTS, variables={"demo": False, "as_of": as_of})
        return read_schemas(warehouse, "shipworthy")

    marts = two_at_a_time(build, ["truncated", "whole"])
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


# ---------------------------------------------------------------------------- variables


class Operations:
    """Macros run in this process, on one parsed project."""

    def __init__(self, directory):
        self.arguments = (
            *("--project-dir", str(ROOT), "--profiles-dir", str(ROOT)),
            *("--target-path", str(directory), "--log-path", str(directory)),
            "--quiet",
        )
        self.manifest = dbtRunner().invoke(["parse", *self.arguments]).result

    def invoke(self, *command):
        """Run a dbt command."""
        return dbtRunner(manifest=self.manifest).invoke([*command, *self.arguments])

    def check(self, **variables):
        """Return what check_variables says; None is no objection."""
        named = {f"shipworthy__{name}": value for name, value in variables.items()}
        done = self.invoke("run-operation", "check_variables", "--vars", json.dumps(named))
        return None if done.success else done.result.results[0].message


@pytest.fixture(scope="module")
def operations(tmp_path_factory):
    directory = tmp_path_factory.mktemp("operations")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHIPWORTHY_WAREHOUSE", str(directory / "warehouse.duckdb"))
        yield Operations(directory)


BOOLEAN = "true or false, without quotes"
MOMENT = "empty, a day 'YYYY-MM-DD' or a moment 'YYYY-MM-DD HH:MM:SS' in UTC, in quotes"


@pytest.mark.parametrize(
    ("name", "values", "allowed"),
    [
        ("demo", ["yes", None], BOOLEAN),
        ("raw_schema", ["my-schema", "", 7, None], "the name of a schema"),
        ("using_pull_requests", ["false"], BOOLEAN),
        ("using_reviews", ["true"], BOOLEAN),
        ("using_deployments", [1], BOOLEAN),
        ("using_incidents", [0], BOOLEAN),
        ("using_ai_usage", [None], BOOLEAN),
        ("using_people", ["no"], BOOLEAN),
        ("using_services", [[True]], BOOLEAN),
        ("using_costs", ["no"], BOOLEAN),
        ("using_product_metrics", [1], BOOLEAN),
        ("as_of", ["yesterday", "2026-13-01", "2026-01-05 24:00:00", True, 20260105], MOMENT),
        ("turnover_window_days", [0, 366, 30.5, "30", True, None], "a whole number from 1 to 365"),
        ("turnover_line_cap", [0, "many"], "a whole number from 1 to 1000000000"),
        ("untagged_counts_as", ["robots", None], "one of auto, human, unknown"),
        ("moves_count", ["true"], BOOLEAN),
        ("survival_days", [0, 3651], "a whole number from 1 to 3650"),
        ("release_window_hours", [0, 169, 1.5], "a whole number from 1 to 168"),
        ("lines_per_unit", [0, -50, "50"], "a number from 1 to 1000000000"),
        ("change_line_cap", [0, False], "a whole number from 1 to 1000000000"),
        ("incident_attribution_hours", [0, 8761, "72"], "a whole number from 1 to 8760"),
        ("incident_tie", ["after"], "one of at_or_before, strictly_before"),
        ("remediation_weight", [-0.1, 1.1, "0.3"], "a number from 0 to 1"),
        ("review_seconds_per_line", [-1, 3601, "1"], "a number from 0 to 3600"),
        ("median", ["mean", None], "one of interpolated, lower"),
        ("dora_band_year", [2025, 2022, "2023"], "one of 2021, 2023"),
        ("redeployments_count", ["yes"], BOOLEAN),
        ("failed_rollouts_count", [0], BOOLEAN),
        ("confidence_level", [0.49, 1, 95, "0.95"], "a number from 0.5 to 0.9999"),
        ("minimum_group_size", [0, 2.5], "a whole number from 1 to 1000"),
        ("show_people", ["no", 1], BOOLEAN),
        ("adoption_target", [80, "80%"], "a number from 0 to 1"),
        ("signal_unshipped_share", [2, "much"], "a number from 0 to 1"),
        ("signal_spend_to_shipped", [1001, "much"], "a number from 1 to 1000"),
        ("signal_intensity_z", [1001, "much"], "a number from 0 to 1000"),
        ("signal_active_hours", [25, "much"], "a whole number from 1 to 24"),
        ("signal_long_days", [8, "much"], "a whole number from 1 to 7"),
        ("signal_metronome_hours", [169, "much"], "a whole number from 2 to 168"),
        ("signal_metronome_variation", [11, "much"], "a number from 0 to 10"),
        ("signal_hugging_share", [2, "much"], "a number from 0 to 1"),
        ("signal_hugging_percentile", [2, "much"], "a number from 0 to 1"),
        ("signal_release_inflation", [1001, "much"], "a number from 1 to 1000"),
        ("signal_empty_share", [2, "much"], "a number from 0 to 1"),
        ("signal_late_turnover", [1001, "much"], "a number from 1 to 1000"),
        ("signal_late_lines", [-1, 0.5], "a whole number from 0 to 1000000000"),
        ("signal_refill_share", [2, "much"], "a number from 0 to 1"),
        ("signal_uncommented_share", [2, "much"], "a number from 0 to 1"),
        ("signal_incident_drop", [0, "much"], "a number from 1 to 1000"),
        ("signal_incident_chance", [2, "much"], "a number from 0 to 1"),
        ("signal_attribution_drop", [2, "much"], "a number from 0 to 1"),
    ],
)
def test_wrong_values_are_refused(operations, name, values, allowed):
    for value in values:
        message = operations.check(**{name: value})
        assert message is not None, f"{name} = {value!r} passed"
        assert f"shipworthy: shipworthy__{name} is '{value}'; allowed is {allowed}.\n" in message


def test_every_variable_is_checked(operations):
    tested = {
        argument[0]
        for mark in test_wrong_values_are_refused.pytestmark
        for argument in mark.args[1]
    }
    declared = re.findall(r"^  shipworthy__(\w+):", (ROOT / "dbt_project.yml").read_text(), re.M)
    assert tested == set(declared)
    assert len(declared) == len(tested)
    message = operations.check(turnover_windows_days=30)
    assert (
        "shipworthy: shipworthy__turnover_windows_days is no variable of shipworthy; it has"
        in message
    )
    assert all(f"shipworthy__{name}" in message for name in declared)


def test_values_at_the_limits_pass(operations):
    for end in (
        {
            "turnover_window_days": 1,
            "remediation_weight": 0,
            "confidence_level": 0.5,
            "lines_per_unit": 1,
        },
        {
            "turnover_window_days": 365,
            "remediation_weight": 1,
            "confidence_level": 0.9999,
            "lines_per_unit": 12.5,
        },
        {"as_of": "2026-01-05"},
        {"as_of": "2026-01-05T23:59:59"},
        {"as_of": None},
        {"raw_schema": "Raw_2"},
    ):
        assert operations.check(**end) is None


def test_a_wrong_variable_ends_the_run_before_anything_is_built(tmp_path):
    warehouse = tmp_path / "warehouse.duckdb"
    done = run_dbt("run", warehouse, variables={"untagged_counts_as": "robots"}, succeeds=False)
    assert (
        "shipworthy: shipworthy__untagged_counts_as is 'robots'; allowed is one of auto"
        in done.output
    )
    assert not query(warehouse, "from duckdb_tables()")


def test_a_wrong_variable_ends_parsing_with_the_same_sentence(tmp_path):
    def parse(name):
        warehouse = tmp_path / f"{name}.duckdb"
        return run_dbt("parse", warehouse, variables={name: "30"}, succeeds=False)

    names = ["turnover_window_days", "incident_attribution_hours", "confidence_level"]
    for name, done in two_at_a_time(parse, names).items():
        assert f"shipworthy: shipworthy__{name} is '30'; allowed is a" in done.output
        assert "Traceback" not in done.output


def test_a_warehouse_named_like_a_schema_is_refused(operations, monkeypatch, tmp_path):
    for stem in sorted(_RESERVED_STEMS):
        monkeypatch.setenv("SHIPWORTHY_WAREHOUSE", str(tmp_path / f"{stem}.duckdb"))
        message = operations.check()
        assert f"shipworthy: the warehouse file is called '{stem}' like a schema in it;" in message
    monkeypatch.setenv("SHIPWORTHY_WAREHOUSE", str(tmp_path / "fine.duckdb"))
    assert operations.check() is None


# ---------------------------------------------------------------------------- the contract

SAME_TYPE = {"text": "varchar", "string": "varchar"}


def test_dbt_and_python_state_the_same_contract(operations):
    sources = {
        source.name: {name: column.data_type for name, column in source.columns.items()}
        for source in operations.manifest.sources.values()
    }
    stands_in = operations.invoke(
        "compile",
        "--inline",
        "{% set all = {} %}"
        f"{{% for input in {sorted(sources)} %}}"
        "{% do all.update({input: shipworthy.input_columns(input)}) %}"
        "{% endfor %}{{ tojson(all) }}",
    )
    macro = {
        name: {
            column: SAME_TYPE.get(kind.lower(), kind.lower()) for column, kind in columns.items()
        }
        for name, columns in json.loads(stands_in.result.results[0].node.compiled_code).items()
    }
    contract = {
        name: {column: kind.lower() for column, kind in TABLES[name].columns.items()}
        for name in sources
    }
    assert sources == contract
    assert macro == contract
    for name in sources:
        assert list(sources[name]) == list(contract[name])


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
