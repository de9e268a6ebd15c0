"""A project that installs the package gets what it computed by hand, in its own schemas."""

import shutil
from pathlib import Path

import pytest
import yaml

from dbt_runs import ROOT, query, run_dbt
from metric_queries import query_metrics

CONSUMER = ROOT / "tests" / "consumer"
LANDING = "path:seeds/landing"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the consumer with the package installed."""
    project = tmp_path_factory.mktemp("consumer") / "project"
    shutil.copytree(
        CONSUMER, project, ignore=shutil.ignore_patterns("dbt_packages", "target", "logs")
    )
    packages = project / "packages.yml"
    packages.write_text(packages.read_text().replace("../../", str(ROOT)))
    run_dbt("deps", project.parent / "consumer.duckdb", project=project)
    return project


@pytest.fixture(scope="module")
def built(project):
    warehouse = project.parent / "consumer.duckdb"
    run_dbt(f"seed --select {LANDING}", warehouse, project=project)
    return run_dbt(f"build --exclude {LANDING}", warehouse, project=project)


@pytest.mark.slow
def test_everything_is_green_and_without_a_warning(built):
    assert "WARN=0 ERROR=0 SKIP=0" in built.output
    assert "WARNING" not in built.output


@pytest.mark.slow
def test_hand_computed_rows_are_compared(built):
    results = {
        result["unique_id"].split(".")[2]: result["status"]
        for result in built.artifact("run_results.json")["results"]
    }
    compared = {name: status for name, status in results.items() if "computed_by_hand" in name}
    assert compared == {
        "normalized_deployments_is_as_computed_by_hand": "pass",
        "severity_weighted_failure_rate_is_as_computed_by_hand": "pass",
        "code_turnover_is_as_computed_by_hand": "pass",
    }


@pytest.mark.slow
def test_unit_tests_of_the_package_run_where_asked_for(project, built, tmp_path):
    def unit_tests(run):
        return [
            result["status"]
            for result in run.artifact("run_results.json")["results"]
            if result["unique_id"].startswith("unit_test.shipworthy.")
        ]

    assert not unit_tests(built)
    asking = tmp_path / "project"
    shutil.copytree(project, asking)
    # The package's tests are of its own definitions.
    (asking / "macros" / "is_production.sql").unlink()
    settings = yaml.safe_load((asking / "dbt_project.yml").read_text())
    settings["unit_tests"] = {"shipworthy": {"+enabled": True}}
    (asking / "dbt_project.yml").write_text(yaml.safe_dump(settings))
    warehouse = Path(shutil.copy(built.warehouse, tmp_path))
    statuses = unit_tests(run_dbt("test --select test_type:unit", warehouse, project=asking))
    assert len(statuses) > 10
    assert set(statuses) == {"pass"}


@pytest.mark.slow
def test_a_variable_that_cannot_be_read_is_refused(project, tmp_path):
    done = run_dbt(
        "run --select stg_shipworthy__commits",
        tmp_path / "consumer.duckdb",
        project=project,
        variables={"unit_tests": True},
        succeeds=False,
    )
    assert "`unit_tests: {shipworthy: {+enabled: true}}` in its dbt_project.yml" in done.output


@pytest.mark.slow
def test_no_demo_seed_is_built(built):
    seeds = [
        unique_id
        for unique_id in built.artifact("manifest.json")["nodes"]
        if unique_id.startswith("seed.shipworthy.")
    ]
    assert seeds
    assert all(name.startswith("seed.shipworthy.shipworthy__") for name in seeds)


@pytest.mark.slow
def test_relations_are_where_the_consumer_puts_them(built):
    schemas = query(
        built.warehouse,
        """
        select schema_name from duckdb_tables() union select schema_name from duckdb_views()
        where not internal order by schema_name
        """,
    )
    assert [name for (name,) in schemas] == [
        "analytics",
        "analytics_expected",
        "analytics_landing",
        "analytics_shipworthy",
        "analytics_shipworthy_intermediate",
        "analytics_shipworthy_reference",
        "analytics_shipworthy_staging",
    ]


@pytest.mark.slow
def test_a_schema_rule_of_the_consumer_holds_for_the_package(project, tmp_path):
    rule = project / "macros" / "generate_schema_name.sql"
    rule.write_text(
        "{% macro generate_schema_name(custom_schema_name, node) -%}"
        "ours_{{ custom_schema_name or 'plain' }}"
        "{%- endmacro %}"
    )
    try:
        parsed = run_dbt("parse", tmp_path / "consumer.duckdb", project=project)
    finally:
        rule.unlink()
    nodes = parsed.artifact("manifest.json")["nodes"]
    assert nodes["model.shipworthy.shipworthy__code_turnover"]["schema"] == "ours_shipworthy"
    assert nodes["model.consumer.shipping_by_team"]["schema"] == "ours_plain"


@pytest.mark.slow
def test_a_file_that_old_clients_cannot_open_is_warned_about(project, tmp_path):
    profiles = project / "profiles.yml"
    text = profiles.read_text()
    profiles.write_text(text[: text.index("      # Else")])
    try:
        done = run_dbt(
            "run --select stg_shipworthy__data_source", tmp_path / "new.duckdb", project=project
        )
    finally:
        profiles.write_text(text)
    assert "clients older than DuckDB 2 cannot open what this writes" in done.output


@pytest.mark.slow
def test_nothing_is_the_demo_of_the_package(built):
    rows = query(built.warehouse, "select data_source from analytics_shipworthy.headline")
    assert rows == [("loaded",)]


@pytest.mark.slow
def test_models_of_the_consumer_build_on_the_marts(built):
    rows = query(built.warehouse, "from analytics.shipping_by_team order by team")
    assert rows == [("blue", 2.0), ("red", 7.0)]


@pytest.mark.slow
def test_metrics_of_the_package_and_of_the_consumer_stand_side_by_side(project, built, tmp_path):
    questions = [
        (["shipworthy_normalized_deployments", "normalized_deployments"], ["team"]),
        (["shipworthy_normalized_deployments"], ["team__pace"]),
        (["shipworthy_severity_weighted_failure_rate", "shipworthy_turnover_rate"], []),
    ]
    by_team, by_pace, rates = query_metrics(built, questions, tmp_path / "metrics", project)
    assert sorted(by_team) == [("blue", 2.0, 2.0), ("red", 7.0, 7.0)]
    assert sorted(by_pace) == [("little", 2.0), ("much", 7.0)]
    sums = query(
        built.warehouse,
        """
        select * from (
            select sum(failure_weight) / sum(closed_windows)
            from analytics_shipworthy.severity_weighted_failure_rate where is_mature
        ), (
            select sum(lines_removed) / sum(lines_added)
            from analytics_shipworthy.code_turnover where is_mature
        )
        """,
    )
    assert rates == [pytest.approx(sums[0], rel=1e-9)]
    assert 0 < rates[0][0] < 1


@pytest.mark.slow
def test_uninstalling_leaves_what_was_there_before(project, built, tmp_path):
    warehouse = Path(shutil.copy(built.warehouse, tmp_path))
    done = run_dbt("run-operation shipworthy.uninstall", warehouse, project=project)
    assert "now remove the package from packages.yml" in done.output
    left = query(
        warehouse,
        "select distinct schema_name from duckdb_schemas() "
        "where database_name = current_database() and not internal order by schema_name",
    )
    # Its own models, its own rows, and what stands in for a loader.
    assert [name for (name,) in left] == ["analytics", "analytics_expected", "analytics_landing"]


@pytest.mark.slow
def test_a_wrong_variable_of_the_consumer_is_refused(project, tmp_path):
    settings = project / "dbt_project.yml"
    right = settings.read_text()
    settings.write_text(right.replace("survival_days: 30", "survival_days: 0"))
    try:
        done = run_dbt(
            "run-operation shipworthy.check_variables",
            tmp_path / "consumer.duckdb",
            project=project,
            succeeds=False,
        )
    finally:
        settings.write_text(right)
    assert "shipworthy: shipworthy__survival_days is '0'; allowed is a whole number" in done.output
