"""Inputs switched off one by one: what is left is right, the rest is null."""

import shutil

import pytest

from dbt_runs import build_many, differences, query, read_schemas
from test_all_switched_off import SWITCHES, inputs

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def reports(demo, tmp_path_factory):
    """For each switch, build what hangs on its inputs, from the demo; say what failed."""
    directory = tmp_path_factory.mktemp("off")
    jobs = {}
    for switch in SWITCHES:
        (directory / switch).mkdir()
        shutil.copy(demo.warehouse, directory / switch / "warehouse.duckdb")
        selected = [f"stg_shipworthy__{name}+" for name in inputs(switch)]
        arguments = ["--exclude-resource-type=seed", "--select", *selected]
        jobs[switch] = {f"using_{switch}": False}, arguments
    return build_many(directory, jobs)


@pytest.fixture(scope="module")
def switched_off(reports):
    """Warehouses by what is switched off."""
    return {name: report["warehouse"] for name, report in reports.items()}


@pytest.mark.parametrize("off", SWITCHES)
def test_everything_builds_with_an_input_switched_off(reports, off):
    assert not reports[off]["failed"]
    assert reports[off]["nodes"] > 5


@pytest.mark.parametrize("off", SWITCHES)
def test_what_is_switched_off_is_not_read(switched_off, off):
    rows = query(
        switched_off[off],
        f"""
        select input_name, max(rows_checked), max(row_count) from shipworthy.data_quality
        where input_name in {(*inputs(off), "")} group by input_name
        """,
    )
    assert sorted(rows) == [(name, 0, None) for name in sorted(inputs(off))]


# A switch changes the marts that rest on its input, and no other.
UNTOUCHED = {
    "repositories": {"code_turnover", "normalized_deployments", "headline", "ai_cost"},
    "line_lifetimes": {"ai_adoption", "ai_missing_prices"},
    "pull_request_commits": {"code_turnover", "normalized_deployments", "headline", "ai_cost"},
    "pull_request_commit_files": {"delivery_performance", "flow_pressure", "headline"},
    "review_threads": {"delivery_performance", "headline", "code_turnover"},
    "costs": {"normalized_deployments", "code_turnover", "ai_adoption"},
    "product_metrics": {"normalized_deployments", "code_turnover", "ai_cost"},
}


@pytest.mark.parametrize("off", UNTOUCHED)
def test_other_marts_stay_as_they_are(demo, switched_off, off):
    expected = read_schemas(demo.warehouse, "shipworthy")
    found = read_schemas(switched_off[off], "shipworthy")
    assert expected.keys() == found.keys()
    for name in UNTOUCHED[off]:
        relation = f"shipworthy.{name}"
        assert not list(differences({relation: expected[relation]}, {relation: found[relation]})), (
            name
        )


def test_nothing_is_known_about_lines_without_their_lifetimes(switched_off):
    warehouse = switched_off["line_lifetimes"]
    for mart in ("code_turnover", "turnover_signal", "line_survival", "change_defects"):
        assert not query(warehouse, f"from shipworthy.{mart}"), mart
    rows = query(
        warehouse,
        """
        select distinct lines_null_reason, lines_born, lines_died, lines_living, left_out_share
        from shipworthy.dim_repositories
        """,
    )
    assert rows == [("line_lifetimes_not_loaded", None, None, None, None)]
    rows = query(
        warehouse,
        "select turnover_ratio, turnover_ratio_null_reason from shipworthy.headline",
    )
    assert rows == [(None, "line_lifetimes_not_loaded")]


def test_added_lines_stand_in_without_lifetimes_and_never_mature(switched_off):
    rows = query(
        switched_off["line_lifetimes"],
        """
        select basis, bool_or(is_mature), sum(normalized_deployments) > 0
        from shipworthy.normalized_deployments where changes_shipped > 0 group by basis
        """,
    )
    assert rows == [("shipped_lines", False, True)]


def test_what_spend_bought_is_not_known_without_lines(demo, switched_off):
    """What was spent is; unshipped would say that it bought nothing."""
    rows = query(
        switched_off["line_lifetimes"],
        """
        select null_reason, count(ai_spend_usd) > 0, count(allocated_spend_usd),
            count(unshipped_spend_usd), count(ai_cost_per_normalized_deployment)
        from shipworthy.ai_cost where is_organisation and null_reason <> 'before_ai_usage'
        group by null_reason
        """,
    )
    assert rows == [("line_lifetimes_not_loaded", True, 0, 0, 0)]
    spent = """
        select week_start_on, round(ai_spend_usd, 6) from shipworthy.ai_cost
        where is_organisation order by all
    """
    assert query(switched_off["line_lifetimes"], spent) == query(demo.warehouse, spent)


def test_no_signal_calls_spend_unshipped_without_lines(switched_off):
    rows = query(
        switched_off["line_lifetimes"],
        """
        select signal, count(value), bool_or('line_lifetimes_not_loaded' = null_reason)
        from shipworthy.gaming_signals where signal in ('unshipped_spend', 'token_intensity')
        group by signal order by signal
        """,
    )
    assert rows == [("token_intensity", 0, True), ("unshipped_spend", 0, True)]


def test_the_default_branch_is_not_known_without_repositories(demo, switched_off):
    question = """
        select distinct default_branch, default_branch_null_reason, lines_born > 0
        from shipworthy.dim_repositories
    """
    assert query(demo.warehouse, question) == [("main", None, True)]
    assert query(switched_off["repositories"], question) == [(None, "repository_not_loaded", True)]


def test_aliases_stand_for_themselves_without_identities(demo, switched_off):
    question = "select count(distinct author_key) from shipworthy_staging.stg_shipworthy__commits"
    assert query(switched_off["identities"], question) == query(demo.warehouse, question)
    rows = query(switched_off["identities"], "from shipworthy_staging.stg_shipworthy__identities")
    assert rows == []


def test_the_newest_events_say_what_as_of_is_without_watermarks(demo, switched_off):
    warehouse = switched_off["load_watermarks"]
    rows = query(
        warehouse,
        """
        select as_of_at = (
            select max(landed_at) from shipworthy_demo.commits where mainline_position > 0
        ) from shipworthy_intermediate.int_shipworthy__as_of
        """,
    )
    assert rows == [(True,)]


@pytest.mark.parametrize(
    ("off", "are_stamps_known"),
    [
        ("pull_request_commits", True),
        ("pull_request_commit_files", True),
        ("review_threads", True),
    ],
)
def test_decisions_are_not_known_by_half(demo, switched_off, off, are_stamps_known):
    rows = query(
        switched_off[off],
        """
        select null_reason, count(decisions), count(human_decision_density), count(directed_share),
            count(directed_changes), count(rubber_stamp_rate) > 0, count(unreviewed_rate) > 0
        from shipworthy.human_decision_density
        where not is_suppressed
        group by null_reason
        """,
    )
    assert rows == [(f"{off}_not_loaded", 0, 0, 0, 0, are_stamps_known, True)]
    rest = """
        select team, is_organisation, week_start_on, authorship, changes_shipped,
            unreviewed_changes, reviewed_changes, closed_unmerged_decisions
        from shipworthy.human_decision_density order by all
    """
    assert query(switched_off[off], rest) == query(demo.warehouse, rest)


def test_failure_rate_is_null_without_incidents(switched_off):
    rows = query(
        switched_off["incidents"],
        """
        select null_reason, count(*) > 0, count(severity_weighted_failure_rate),
            count(change_failure_rate), count(failure_weight), count(unattributed_incidents)
        from shipworthy.severity_weighted_failure_rate group by null_reason
        """,
    )
    assert rows == [("incidents_not_loaded", True, 0, 0, 0, 0)]


def test_stability_rests_on_remediations_without_incidents(switched_off):
    rows = query(
        switched_off["incidents"],
        "select distinct stability_basis from shipworthy.normalized_deployments",
    )
    assert rows == [("remediations_only",)]


def test_nothing_but_what_lands_ships_without_deployments(switched_off):
    warehouse = switched_off["deployments"]
    sources = query(warehouse, "select distinct source from shipworthy.fct_deployments")
    assert sources == [("commit",)]


@pytest.mark.parametrize(
    ("off", "reason"),
    [("ai_usage", "ai_usage_not_loaded"), ("people", "people_not_loaded")],
)
def test_adoption_is_null_with_a_reason(switched_off, off, reason):
    rows = query(
        switched_off[off],
        "select null_reason, count(ai_adoption) from shipworthy.ai_adoption group by null_reason",
    )
    assert rows == [(reason, 0)]


@pytest.mark.parametrize(
    ("off", "reasons"),
    [
        ("ai_usage", {("ai_usage_not_loaded", "ai_usage_not_loaded", 0, 0)}),
        ("costs", {(None, "no_builder_costs", 1, 0)}),
    ],
)
def test_cost_is_null_with_a_reason(switched_off, off, reasons):
    rows = query(
        switched_off[off],
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
        switched_off["people"],
        """
        select bool_and(ai_spend_usd is null), max(allocated_spend_usd) > 0
        from shipworthy.ai_cost where not is_organisation and team <> 'unassigned'
        """,
    )
    assert rows == [(True, True)]


def test_outcomes_are_null_without_product_metrics(switched_off):
    warehouse = switched_off["product_metrics"]
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
        switched_off["ai_usage"],
        "select distinct basis from shipworthy.turnover_signal",
    )
    assert rows == [("trailers_only",)]
    assert not query(
        switched_off["ai_usage"],
        "from shipworthy.code_turnover where authorship = 'unknown'",
    )


def test_repositories_stand_in_for_services(switched_off):
    rows = query(
        switched_off["services"],
        """
        select count(*) > 0, bool_and(service = repository and team = repository)
        from shipworthy.fct_releases
        """,
    )
    assert rows == [(True, True)]


def test_builders_are_the_authors_without_people(switched_off):
    rows = query(
        switched_off["people"],
        "select count(ai_share) > 0 from shipworthy.normalized_deployments where is_mature",
    )
    assert rows == [(True,)]
    assert not query(
        switched_off["people"],
        "from shipworthy.fct_changes where author_team is not null",
    )


def test_hotfix_branches_are_not_known_without_pull_requests(demo, switched_off):
    def hotfixes(warehouse):
        return query(
            warehouse,
            """
            select count(*) from shipworthy_intermediate.int_shipworthy__remediations
            where remediation = 'hotfix'
            """,
        )[0][0]

    assert hotfixes(switched_off["pull_requests"]) <= hotfixes(demo.warehouse)


@pytest.mark.parametrize(
    ("off", "reason"),
    [
        ("pull_requests", "pull_requests_not_loaded"),
        ("reviews", "reviews_not_loaded"),
    ],
)
def test_decisions_are_null_with_a_reason(switched_off, off, reason):
    for measure, mart in (
        ("decisions", "human_decision_density"),
        ("unreviewed_rate_high", "flow_pressure"),
    ):
        rows = query(
            switched_off[off],
            f"select null_reason, count({measure}) from shipworthy.{mart} "
            "where not is_suppressed group by null_reason",
        )
        assert rows == [(reason, 0)]
    rows = query(
        switched_off[off],
        """
        select count(change_lead_time_hours) > 0, count(pickup_hours)
        from shipworthy.delivery_performance
        """,
    )
    assert rows == [(True, 0)]


def test_delivery_performance_without_incidents(switched_off):
    rows = query(
        switched_off["incidents"],
        """
        select count(change_failure_rate_high), count(failed_deployment_recovery_hours),
            count(deployment_rework_rate) > 0, count(distinct recovery_null_reason)
        from shipworthy.delivery_performance
        """,
    )
    assert rows == [(0, 0, True, 1)]
