"""Metrics are what sums over the marts say, by every grouping that a mart has."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dbt_runs import ROOT, Run, differences, order, query
from metric_queries import query_metrics

PARTS = ("ai", "human", "automation", "unknown")


def ratio(numerator, denominator):
    """Sum over sum in SQL; no denominator is null."""
    return f"sum({numerator})::double / nullif(sum({denominator})::double, 0)"


# What each metric is, over the mature rows of its mart.
MARTS = {
    "normalized_deployments": {
        **{
            name: f"sum({name})"
            for name in (
                "normalized_deployments",
                *(f"{part}_normalized_deployments" for part in PARTS),
                "releases",
                "deployments",
                "changes_shipped",
                "held_lines",
                "stable_held_lines",
            )
        },
        "ai_share": ratio("ai_normalized_deployments", "normalized_deployments"),
        "shipping_weeks": "count(distinct week_start_on)",
        "builder_weeks": "sum(builders)",
        "normalized_deployments_per_week": (
            "sum(normalized_deployments) / count(distinct week_start_on)"
        ),
        "normalized_deployments_per_builder": ratio("normalized_deployments", "builders"),
    },
    "severity_weighted_failure_rate": {
        **{
            name: f"sum({name})"
            for name in (
                "failure_weight",
                "closed_windows",
                "failed_windows",
                "harm_weight",
                "deployment_failure_weight",
                "closed_deployments",
                "failed_deployments",
                "unattributed_incidents",
            )
        },
        "severity_weighted_failure_rate": ratio("failure_weight", "closed_windows"),
        "builder_weeks_beside_harm": "sum(builders) filter (where harm_weight is not null)",
        "harm_per_builder_week": (
            "sum(harm_weight) / nullif(sum(builders) filter (where harm_weight is not null), 0)"
        ),
        "failure_weight_with_builders": (
            "sum(failure_weight) filter (where normalized_deployments is not null)"
        ),
        "normalized_deployments_beside_failures": (
            "sum(normalized_deployments) filter (where failure_weight is not null)"
        ),
        "failure_weight_per_normalized_deployment": (
            "sum(failure_weight) filter (where normalized_deployments is not null) / nullif("
            "sum(normalized_deployments) filter (where failure_weight is not null), 0)"
        ),
        "severity_weighted_change_failure_rate": ratio(
            "deployment_failure_weight", "closed_deployments"
        ),
        "change_failure_rate": ratio("failed_deployments", "closed_deployments"),
    },
    "code_turnover": {
        "lines_added": "sum(lines_added)",
        "lines_removed": "sum(lines_removed)",
        "turnover_rate": ratio("lines_removed", "lines_added"),
        "lines_removed_by_own_team": "sum(lines_removed_by_own_team)",
        "lines_removed_by_other_team": "sum(lines_removed_by_other_team)",
        "own_team_turnover_rate": ratio("lines_removed_by_own_team", "lines_added"),
        "other_team_turnover_rate": ratio("lines_removed_by_other_team", "lines_added"),
    },
    "ai_adoption": {
        "ai_user_weeks": "sum(ai_users)",
        "builder_weeks_with_usage_known": "sum(builders) filter (where ai_users is not null)",
        "ai_adoption": ratio("ai_users", "case when ai_users is not null then builders end"),
        "tokens": "sum(tokens)",
        "billed_usd": "sum(billed_usd)",
    },
}
SIGNALS = {
    "turnover_ratio": "max(turnover_ratio) filter (where is_organisation)",
    "turnover_ratio_low": "max(turnover_ratio_low) filter (where is_organisation)",
    "turnover_ratio_high": "max(turnover_ratio_high) filter (where is_organisation)",
    "highest_team_turnover_ratio": "max(turnover_ratio) filter (where not is_organisation)",
    "compared_teams": "count(*) filter (where not is_organisation)",
    "usage_turnover_ratio": "max(usage_turnover_ratio) filter (where is_organisation)",
    "usage_turnover_ratio_low": "max(usage_turnover_ratio_low) filter (where is_organisation)",
    "usage_turnover_ratio_high": "max(usage_turnover_ratio_high) filter (where is_organisation)",
    "highest_team_usage_turnover_ratio": (
        "max(usage_turnover_ratio) filter (where not is_organisation)"
    ),
}
# Over the year to the last week.
HARM = {
    name: f"max({column}) filter (where {'not ' * (name != column)}is_organisation)"
    for measure in ("fixed_lines_ratio", "failed_releases_ratio")
    for name, column in (
        (measure, measure),
        (f"{measure}_low", f"{measure}_low"),
        (f"{measure}_high", f"{measure}_high"),
        (f"highest_team_{measure}", measure),
    )
}

# What the question calls a group, and what it is in SQL.
TEAM = {"team": "team"}
WEEK = {"metric_time__week": "strftime(week_start_on, '%Y-%m-%d')"}
MONTH = {"metric_time__month": "strftime(date_trunc('month', week_start_on), '%Y-%m-%d')"}
SERVICE = {"service": "service"}
REPOSITORY = {"repository": "repository"}
AUTHORSHIP = {"shipworthy_code_turnover__authorship": "authorship"}
SIGNAL = {"shipworthy_turnover_signal__turnover_signal": "turnover_signal"}

EVERYWHERE = ({}, TEAM, WEEK, MONTH, TEAM | MONTH, TEAM | WEEK)
CASES = [(mart, groups) for mart in MARTS for groups in EVERYWHERE] + [
    ("code_turnover", groups)
    for groups in (
        SERVICE,
        AUTHORSHIP,
        MONTH | SERVICE | AUTHORSHIP,
        TEAM | WEEK | SERVICE | REPOSITORY | AUTHORSHIP,
    )
]
# The last mature week of each period.
SIGNAL_CASES = [
    (list(SIGNALS), {}),
    (["turnover_ratio", "highest_team_turnover_ratio"], MONTH),
    (["turnover_ratio", "highest_team_turnover_ratio"], WEEK),
    (["highest_team_turnover_ratio", "highest_team_usage_turnover_ratio"], TEAM),
    (["compared_teams"], SIGNAL),
]
OF_TEAMS = [name for name in HARM if name.startswith("highest_team")]
HARM_CASES = [(list(HARM), {}), (list(HARM), MONTH), (OF_TEAMS, TEAM)]


@pytest.fixture(scope="module")
def answers(demo, tmp_path_factory):
    """Every question at once: starting up takes longer than asking."""
    questions = [(list(MARTS[mart]), groups) for mart, groups in CASES]
    questions += SIGNAL_CASES + HARM_CASES
    questions.append((["normalized_deployments", "turnover_rate", "ai_adoption"], TEAM | MONTH))
    answered = query_metrics(
        demo,
        [
            ([f"shipworthy_{name}" for name in metrics], list(groups))
            for metrics, groups in questions
        ],
        tmp_path_factory.mktemp("metrics") / "project",
    )
    return dict(zip(((*names, *groups) for names, groups in questions), answered, strict=True))


def expected(demo, metrics, groups, relation):
    """Rows of the same question in SQL."""
    chosen = [*groups.values(), *metrics.values()]
    group_by = f"group by {', '.join(groups.values())}" if groups else ""
    return query(demo.warehouse, f"select {', '.join(chosen)} from {relation} {group_by}")


def differing(wanted, found):
    """Sentences about differing rows."""
    as_tables = [{"metrics": ([], sorted(map(tuple, rows), key=order))} for rows in (wanted, found)]
    return list(differences(*as_tables))


@pytest.mark.parametrize(("mart", "groups"), CASES)
def test_metrics_are_sums_over_the_mart(demo, answers, mart, groups):
    metrics = MARTS[mart]
    wanted = expected(demo, metrics, groups, f"(from shipworthy.{mart} where is_mature)")
    assert wanted
    assert not differing(wanted, answers[(*metrics, *groups)])


@pytest.mark.parametrize(("names", "groups"), SIGNAL_CASES)
def test_the_comparison_is_the_one_of_the_last_mature_week(demo, answers, names, groups):
    period = MONTH["metric_time__month"] if groups == MONTH else "1"
    period = WEEK["metric_time__week"] if groups == WEEK else period
    of_teams = "not is_organisation" if names[0] != "turnover_ratio" else "true"
    last = f"""(
        from shipworthy.turnover_signal where {of_teams}
        qualify week_start_on = max(week_start_on) over (partition by {period})
    )"""
    wanted = expected(demo, {name: SIGNALS[name] for name in names}, groups, last)
    assert wanted
    assert not differing(wanted, answers[(*names, *groups)])


@pytest.mark.parametrize(("names", "groups"), HARM_CASES)
def test_harm_is_that_of_the_year_to_the_last_week(demo, answers, names, groups):
    period = MONTH["metric_time__month"] if groups == MONTH else "1"
    last = f"""(
        from shipworthy.harm_by_authorship
        where window_weeks = 52 {"and not is_organisation" * (groups == TEAM)}
        qualify week_start_on = max(week_start_on) over (partition by {period})
    )"""
    wanted = expected(demo, {name: HARM[name] for name in names}, groups, last)
    assert any(value is not None for row in wanted for value in row)
    assert not differing(wanted, answers[(*names, *groups)])


def test_the_comparison_is_the_headline(demo, answers):
    headline = query(
        demo.warehouse,
        "select turnover_ratio, turnover_ratio_low, turnover_ratio_high from shipworthy.headline",
    )
    assert not differing(headline, [row[:3] for row in answers[tuple(SIGNALS)]])


def test_at_the_grain_of_the_mart_a_ratio_is_the_column(demo, answers):
    groups = TEAM | WEEK
    for mart, names in {
        "normalized_deployments": ["ai_share", "normalized_deployments_per_builder"],
        "severity_weighted_failure_rate": [
            "severity_weighted_failure_rate",
            "failure_weight_per_normalized_deployment",
            "severity_weighted_change_failure_rate",
            "change_failure_rate",
        ],
        "ai_adoption": ["ai_adoption"],
    }.items():
        wanted = query(
            demo.warehouse,
            f"""
            select {", ".join((*groups.values(), *names))} from shipworthy.{mart} where is_mature
            """,
        )
        columns = [*groups, *MARTS[mart]]
        at = [columns.index(name) for name in (*groups, *names)]
        found = [[row[index] for index in at] for row in answers[(*MARTS[mart], *groups)]]
        assert not differing(wanted, found), mart


def test_metrics_of_several_marts_stand_in_one_row(demo, answers):
    groups = TEAM | MONTH
    wanted = {}
    for place, (mart, name) in enumerate(
        (
            ("normalized_deployments", "normalized_deployments"),
            ("code_turnover", "turnover_rate"),
            ("ai_adoption", "ai_adoption"),
        )
    ):
        relation = f"(from shipworthy.{mart} where is_mature)"
        for *key, value in expected(demo, {name: MARTS[mart][name]}, groups, relation):
            wanted.setdefault(tuple(key), [None] * 3)[place] = value
    found = answers[("normalized_deployments", "turnover_rate", "ai_adoption", *groups)]
    assert not differing([(*key, *values) for key, values in wanted.items()], found)


def test_small_groups_stay_hidden(answers):
    metrics = MARTS["ai_adoption"]
    hidden = [row for row in answers[(*metrics, "team")] if row[0] == "anchor"]
    assert hidden == [("anchor", *(None for _ in metrics))]


def test_every_metric_is_compared(demo):
    names = {metric["name"] for metric in demo.artifact("semantic_manifest.json")["metrics"]}
    compared = {name for metrics in (*MARTS.values(), SIGNALS, HARM) for name in metrics}
    assert names == {f"shipworthy_{name}" for name in compared}
    assert len(names) > 30


@pytest.mark.slow
def test_a_second_warehouse_meets_nothing_of_the_first(demo, tmp_path):
    """dbt in two warehouses with one target directory; then a metric of the second."""
    second = tmp_path / "second.duckdb"
    shutil.copy(demo.warehouse, second)
    for name in ("first", "second"):
        run_cli(tmp_path, f"{name}.duckdb")
        manifest = json.loads((tmp_path / "target" / "semantic_manifest.json").read_text())
        assert {model["node_relation"]["database"] for model in manifest["semantic_models"]} == {
            name
        }
    run = Run(second, tmp_path / "target", 0, "")
    (found,) = query_metrics(run, [(["shipworthy_ai_share"], [])], tmp_path / "asked")
    share = MARTS["normalized_deployments"]["ai_share"]
    wanted = query(second, f"select {share} from shipworthy.normalized_deployments where is_mature")
    assert not differing(wanted, found)


def run_cli(directory, warehouse):
    """The shortest dbt command, as a user runs it; it keeps what it parsed for the next."""
    subprocess.run(
        [Path(sys.executable).with_name("dbt"), "--quiet", "parse"],
        cwd=ROOT,
        env=os.environ
        | {
            "SHIPWORTHY_WAREHOUSE": str(directory / warehouse),
            "DBT_TARGET_PATH": str(directory / "target"),
            "DBT_LOG_PATH": str(directory / "logs"),
            "DO_NOT_TRACK": "1",
        },
        check=True,
    )
