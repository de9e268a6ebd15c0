"""Every input but commits can be switched off, all of them at once too."""

import re

import pytest

from dbt_runs import ROOT, query, run_dbt
from shipworthy.contract import TABLES

SWITCHES = re.findall(r"^  shipworthy__using_(\w+):", (ROOT / "dbt_project.yml").read_text(), re.M)
OFF = {f"using_{name}": False for name in SWITCHES}
# Births without deaths would read as code that nobody ever removes.
TOGETHER = {"line_lifetimes": ("line_births", "line_deaths")}
# What goes with an input that it hangs on.
WITH = {
    "pull_requests": ("pull_request_commits", "pull_request_commit_files"),
    "pull_request_commits": ("pull_request_commit_files",),
    "reviews": ("review_threads",),
    "deployments": ("deployment_commits",),
}


def inputs(switch):
    """Tables that a switch takes away."""
    return (*TOGETHER.get(switch, (switch,)), *WITH.get(switch, ()))


@pytest.fixture(scope="module")
def all_off(tmp_path_factory):
    """Everything but commits switched off, built with every data test."""
    warehouse = tmp_path_factory.mktemp("all_off") / "all_off.duckdb"
    return run_dbt("build", warehouse, variables=OFF)


def test_every_input_but_commits_has_a_switch():
    assert {name for switch in SWITCHES for name in inputs(switch)} == TABLES.keys() - {"commits"}


@pytest.mark.slow
def test_everything_builds_with_all_switched_off(all_off):
    assert "WARN=0 ERROR=0 SKIP=0" in all_off.output
    rows = query(all_off.warehouse, "select count(*) > 500 from shipworthy.fct_changes")
    assert rows == [(True,)]
    for mart in ("fct_releases", "fct_incidents", "fct_deployments", "code_turnover"):
        assert not query(all_off.warehouse, f"from shipworthy.{mart}"), mart
    rows = query(
        all_off.warehouse,
        """
        select null_reason, count(ai_spend_usd), count(cost_to_serve) from shipworthy.ai_cost
        group by null_reason order by null_reason
        """,
    )
    assert rows == [("ai_usage_not_loaded", 0, 0), ("group_too_small", 0, 0)]
    rows = query(
        all_off.warehouse,
        """
        select normalized_deployments_null_reason, severity_weighted_failure_rate_null_reason,
            turnover_ratio_null_reason, normalized_deployments_per_week,
            severity_weighted_failure_rate, turnover_ratio
        from shipworthy.headline
        """,
    )
    assert rows == [
        (
            "deployments_not_loaded",
            "incidents_not_loaded",
            "line_lifetimes_not_loaded",
            None,
            None,
            None,
        )
    ]


@pytest.mark.slow
def test_unit_tests_pin_every_switch_that_they_need(all_off):
    done = run_dbt(
        "test --select test_type:unit", all_off.warehouse, variables=OFF | {"unit_tests": True}
    )
    passed = re.search(r"PASS=(\d+) WARN=0 ERROR=0 SKIP=0", done.output)
    assert int(passed[1]) > 90
