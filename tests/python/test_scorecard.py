"""The scorecard repeats the marts, compares a team with itself, and puts no team above another."""

import math
import re
from collections import defaultdict

from dbt_runs import query

# Column of the scorecard -> (mart, its column, condition).
READ = {
    "normalized_deployments": ("normalized_deployments", "normalized_deployments", ""),
    "normalized_deployments_per_builder": (
        "normalized_deployments", "normalized_deployments_per_builder", "",
    ),
    "normalized_deployments_index": ("normalized_deployments", "normalized_deployments_index", ""),
    "severity_weighted_failure_rate_low": (
        "severity_weighted_failure_rate", "severity_weighted_failure_rate_low", "",
    ),
    "turnover_signal": ("turnover_signal", "turnover_signal", "not is_organisation"),
    "turnover_ratio_high": ("turnover_signal", "turnover_ratio_high", "not is_organisation"),
    "human_decision_density": (
        "human_decision_density",
        "human_decision_density",
        "not is_organisation and authorship = 'all'",
    ),
    "ai_cost_per_normalized_deployment": (
        "ai_cost", "ai_cost_per_normalized_deployment", "not is_organisation",
    ),
    "unshipped_spend_usd": ("ai_cost", "unshipped_spend_usd", "not is_organisation"),
    "ai_adoption": ("ai_adoption", "ai_adoption", "not is_organisation"),
}  # fmt: skip
# Trend -> (mart, condition, numerator, denominator, whether it is a difference).
TRENDS = {
    "severity_weighted_failure_rate_change": (
        "severity_weighted_failure_rate", "true", "failure_weight", "closed_windows", True,
    ),
    "human_decision_density_index": (
        "human_decision_density", "not is_organisation and authorship = 'all'",
        "decisions", "changes_shipped", False,
    ),
    "ai_cost_per_normalized_deployment_index": (
        "ai_cost", "not is_organisation and allocated_spend_usd > 0",
        "allocated_spend_usd", "ai_normalized_deployments", False,
    ),
    "ai_adoption_change": ("ai_adoption", "not is_organisation", "ai_users", "builders", True),
    "deployments_index": (
        "(select team, week_start_on, min(is_mature::int) = 1 as is_mature, "
        "sum(deployments) as made, 1 as one "
        "from shipworthy.delivery_performance group by team, week_start_on)",
        "true", "made", "one", False,
    ),
}  # fmt: skip


def test_the_scorecard_says_what_the_marts_say(demo):
    for column, (mart, source, condition) in READ.items():
        found = dict(_keyed(demo, "team_scorecard", column, f"{column} is not null"))
        wanted = dict(_keyed(demo, mart, source, f"{source} is not null and {condition or 'true'}"))
        wanted = {key: value for key, value in wanted.items() if key[0] != "unassigned"}
        assert found == wanted, column
        assert found, column


def _keyed(demo, mart, column, condition):
    rows = query(
        demo.warehouse,
        f"select team, week_start_on, {column} from shipworthy.{mart} where {condition}",
    )
    return [(row[:2], row[2]) for row in rows]


def test_trends_are_against_the_first_thirteen_mature_weeks(demo):
    for trend, (mart, condition, numerator, denominator, is_difference) in TRENDS.items():
        source = mart if mart.startswith("(") else f"shipworthy.{mart}"
        rows = query(
            demo.warehouse,
            f"select team, week_start_on, is_mature, {numerator}, {denominator} from {source} "
            f"where {condition} and {denominator} > 0 and {numerator} is not null order by 1, 2",
        )
        by_team, expected = defaultdict(list), {}
        for team, *row in rows:
            by_team[team].append(row)
        for team, found in by_team.items():
            first = [row for row in found if row[1]][:13]
            if len(first) < 13 or team == "unassigned":
                continue
            usual = sum(row[2] for row in first) / sum(row[3] for row in first)
            for week, _, part, whole in found:
                if week >= first[-1][0]:
                    value = part / whole
                    expected[team, week] = value - usual if is_difference else value / usual
        actual = dict(_keyed(demo, "team_scorecard", trend, f"{trend} is not null"))
        assert actual.keys() == expected.keys(), trend
        assert expected, trend
        for key, value in expected.items():
            assert math.isclose(value, actual[key], rel_tol=1e-9, abs_tol=1e-9), (trend, key)


def test_signals_in_force_are_final_ones_that_fire(demo):
    fired = defaultdict(list)
    for team, week, signal in query(
        demo.warehouse,
        """
        select team, week_start_on, signal from shipworthy.gaming_signals
        where is_mature and is_firing
        """,
    ):
        fired[team, week].append(signal)
    rows = query(
        demo.warehouse,
        """
        select team, week_start_on, signals_firing, signals_in_force
        from shipworthy.team_scorecard where signals_firing is not null
        """,
    )
    assert any(count > 1 for *_, count, _ in rows)
    for team, week, count, names in rows:
        assert names == ", ".join(sorted(fired[team, week]))
        assert count == len(fired[team, week])


def test_nothing_of_the_scorecard_orders_teams(demo):
    columns = [
        column
        for (column,) in query(
            demo.warehouse,
            """
            select column_name from duckdb_columns()
            where schema_name = 'shipworthy' and table_name = 'team_scorecard'
            """,
        )
    ]
    assert len(columns) > 50
    ordering = re.compile(
        r"rank|scor|order|place_|position|percentile|quartile|decile|grade|stars|best|worst|total"
    )
    assert not [column for column in columns if ordering.search(column)]
    rows = query(demo.warehouse, "select team, week_start_on from shipworthy.team_scorecard")
    assert rows == sorted(rows)
