"""Bad data: every bad row of a hand-made world is listed, and nothing counts twice."""

import re
import shutil
from datetime import date, datetime, timedelta

import pytest

from dbt_runs import ROOT, build_many, differences, query, read_schemas, run_dbt
from reference.rows import Tables, at
from reference.test_models_equal_the_oracle import write
from shipworthy.contract import RAW_SCHEMA, TABLES, VOCABULARY
from shipworthy.files import load_files
from shipworthy.warehouse import connect

pytestmark = pytest.mark.filterwarnings("ignore:GitWildMatchPattern:DeprecationWarning")

AS_OF = at(days=40)
FOUND_BY_LOADS = {"clock_ahead"}


def bad_world():
    """A world with one sound row of most inputs, and bad ones; returns tables and what is wrong."""
    world = Tables()
    wrong = {}

    def bad(table, reason, key, times=1):
        wrong[table, reason] = (wrong.get((table, reason), (0, ""))[0] + times, key)

    # commits
    world.commit("r", "a", 1, at(days=1))
    world.commit("r", "b", 2, at(days=2), reverts_sha="c", author_key="ann")
    world.commit("r", "c", 3, at(days=3), reverts_sha="b", fixes_incident_id="nothing")
    world.commit("r", "d", 3, at(days=4), lines_added=-5, author_kind="cyborg")
    world.commit("r", "e", 5, at(days=5), reverts_sha="gone", authored_at=at(days=6))
    world.commit("r", "f", 6, None, authorship="robot", attribution_method="guess")
    world.commit("r", "branch", None, at(days=3))
    world.commit("r", "later", 7, at(days=50), lines_added=-1)
    bad("commits", "implausible_number", "r d")
    bad("commits", "reverts_no_earlier_change", "r b")
    bad("commits", "fixes_unknown_incident", "r c")
    bad("commits", "position_taken_twice", "r c", 2)
    bad("commits", "implausible_number", "r d")
    bad("commits", "unknown_word_in_author_kind", "r d")
    bad("commits", "authored_after_landing", "r e")
    bad("commits", "reverts_unknown_commit", "r e")
    bad("commits", "no_landing_time", "r f")
    bad("commits", "unknown_word_in_authorship", "r f")
    bad("commits", "unknown_word_in_attribution_method", "r f")
    world.commit("r", None, 9, at(days=9))
    bad("commits", "no_key", "r -")

    # lines
    world.birth("r", "a", 10)
    world.birth("r", "a", 10)
    bad("line_births", "duplicate_key", "r a src/app.py a human false")
    world.birth("r", "branch", 4)
    world.birth("r", "unheard", 4)
    bad("line_births", "no_change", "r branch src/app.py", 2)
    bad("line_births", "unknown_author_commit", "r unheard src/app.py")
    world.birth("r", "b", -3, path="less.py", path_class="poetry")
    bad("line_births", "implausible_number", "r b less.py b human false")
    bad("line_births", "unknown_word_in_path_class", "r b less.py")
    world.birth("r", "b", None, path="none.py", authorship="robot", attribution_method="guess")
    bad("line_births", "no_lines", "r b less.py", 2)
    bad("line_births", "unknown_word_in_authorship", "r b none.py")
    bad("line_births", "unknown_word_in_attribution_method", "r b none.py")
    world.birth("r", "later", -7)
    bad("line_births", "implausible_number", "r b less.py b human false")
    world.death("r", "a", "b", 6)
    world.death("r", "a", "c", 6)
    bad("line_deaths", "more_than_born", "r a src/app.py", 2)
    world.death("r", "a", "unheard", 1)
    bad("line_deaths", "no_removing_change", "r a src/app.py")
    world.death("r", "b", "a", 1, path="never.py", path_class="poetry", authorship="robot")
    bad("line_deaths", "no_birth", "r b never.py")
    bad("line_deaths", "removed_before_added", "r b never.py")
    bad("line_deaths", "unknown_word_in_path_class", "r b never.py")
    bad("line_deaths", "unknown_word_in_authorship", "r b never.py")
    world.death("r", "b", "e", -1, path="less.py", path_class="code")
    world.death("r", "b", "c", None, path="none.py", authorship="robot")
    bad("line_deaths", "implausible_number", "r b less.py b human false e false")
    bad("line_deaths", "no_lines", "r b less.py", 2)
    bad("line_deaths", "unknown_word_in_authorship", "r b never.py")

    # requests and reviews
    def request(number, **values):
        world.add(
            "pull_requests",
            **{"repository": "r", "number": number, "opened_at": at(days=2)} | values,
        )

    request(1, merge_sha="a", merged_at=at(days=1), author_kind="cyborg")
    bad("pull_requests", "merged_before_opened", "r 1")
    bad("pull_requests", "unknown_word_in_author_kind", "r 1")
    request(2, merge_sha="gone", merged_at=at(days=3), authorship="robot", closed_by_kind="cat")
    bad("pull_requests", "merged_without_change", "r 2")
    bad("pull_requests", "unknown_word_in_authorship", "r 2")
    bad("pull_requests", "unknown_word_in_closed_by_kind", "r 2")
    # found by its commit, which names no request
    request(3, merged_at=at(days=3))
    world.add("pull_request_commits", repository="r", number=3, sha="b", committed_at=at(days=2))
    review = {"repository": "r", "number": 2, "reviewer_kind": "human", "state": "approved"}
    world.add("reviews", **review, review_id="v1", submitted_at=at(days=4))
    bad("reviews", "after_merge", "r v1")
    world.add("reviews", **review | {"number": 9}, review_id="v2", submitted_at=at(days=2))
    bad("reviews", "unknown_request", "r v2")
    world.add("reviews", **review, review_id="v3", comment_threads=-1)
    bad("reviews", "no_time", "r v3")
    bad("reviews", "implausible_number", "r v3")
    world.add(
        "reviews",
        **review | {"reviewer_kind": "cat", "state": "fine"},
        review_id="v4",
        submitted_at=at(days=2),
    )
    bad("reviews", "unknown_word_in_reviewer_kind", "r v4")
    bad("reviews", "unknown_word_in_state", "r v4")

    branch = {"repository": "r", "number": 2, "committed_at": at(days=2)}
    world.add("pull_request_commits", **branch, sha="e", author_kind="cat", authorship="robot")
    bad("pull_request_commits", "unknown_word_in_author_kind", "r 2 e")
    bad("pull_request_commits", "unknown_word_in_authorship", "r 2 e")
    world.add("review_threads", repository="r", number=2, thread_id="t", author_kind="cat")
    bad("review_threads", "unknown_word_in_author_kind", "r 2 t")

    # deployments
    world.deployment("d1", "r", "a", at(days=10), service="s")
    world.deployment("d2", "r", None, at(days=11), service="s")
    bad("deployments", "no_sha", "d2")
    world.deployment("d3", "r", "unheard", at(days=11), service="s")
    bad("deployments", "unknown_sha", "d3")
    world.deployment("d4", "r", "branch", at(days=11), service="s")
    bad("deployments", "off_mainline", "d4")
    world.deployment("d5", "r", "e", at(days=4), service="s", started_at=at(days=5))
    bad("deployments", "deployed_before_landed", "d5")
    bad("deployments", "finished_before_started", "d5")
    production = {"repository": "r", "service": "s", "sha": "a", "environment": "production"}
    world.add("deployments", deployment_id="d6", status="gone wrong", **production)
    bad("deployments", "no_time", "d6")
    bad("deployments", "unknown_word_in_status", "d6")
    world.deployment("d7", "r", "b", at(days=12), service="s", environment="mars", kind="launch")
    bad("deployments", "unknown_environment", "d7")
    bad("deployments", "unknown_word_in_kind", "d7")
    world.deployment("d8", None, None, at(days=12), service="stray", kind="flag")
    bad("deployments", "no_repository", "d8")
    bad("deployments", "unlisted_service", "d8")
    world.deployment("d9", "r", "a", at(days=13), service="s", source="git_tag")
    bad("deployments", "superseded_by_source", "d9")
    # The one that is still running knows less than the one that is over.
    world.add("deployments", deployment_id="d1", status="in_progress", **production)
    bad("deployments", "duplicate_key", "d1")
    world.deployment(None, "r", "a", at(days=9), service="s")
    bad("deployments", "no_key", "-")
    world.add("deployment_commits", deployment_id="d1", repository="r", sha="unheard")
    bad("deployment_commits", "unknown_commit", "d1 unheard")
    world.add("deployment_commits", deployment_id="lost", repository="r", sha="a")
    bad("deployment_commits", "unknown_deployment", "lost a")

    # incidents
    world.incident("i1", at(days=11), service="s")
    world.incident("i2", None, service="s")
    bad("incidents", "no_time", "i2")
    world.incident("i3", at(days=2), service="s", severity_label="meh", resolved_at=at(days=1))
    bad("incidents", "before_any_deployment", "i3")
    bad("incidents", "unknown_severity", "i3")
    bad("incidents", "resolved_before_opened", "i3")
    world.incident("i4", at(days=20), fixed_by_sha="unheard")
    bad("incidents", "no_service", "i4")
    bad("incidents", "unknown_fix", "i4")
    world.incident("i5", at(days=20), service="s", caused_by_sha="unheard")
    world.incident("i6", at(days=20), service="elsewhere", caused_by_deployment_id="lost")
    bad("incidents", "unknown_cause", "i5", 2)
    bad("incidents", "unknown_service", "i6")
    bad("incidents", "before_any_deployment", "i3")
    world.incident("i9", at(days=20), service="s", caused_by_deployment_id="d3")
    bad("incidents", "unbelieved_cause", "i9")
    world.incident("i7", at(days=20), service="s", merged_into_id="i4")
    bad("incidents", "merged_into_another", "i7")
    world.incident("i8", at(days=20), service="s", merged_into_id="never loaded")
    bad("incidents", "merged_into_unknown", "i8")
    world.incident("i1", at(days=11), service="s")
    bad("incidents", "duplicate_key", "i1")

    # usage and people
    def usage(usage_id, **values):
        common = {"bucket_started_at": at(days=1), "bucket_hours": 24, "model": "m"}
        world.add("ai_usage", usage_id=usage_id, **common | values)

    usage("u1", person_key="ann", output_tokens=5)
    usage("u2", person_key="ann", output_tokens=-5, billed_usd=-1.0, bucket_hours=7)
    bad("ai_usage", "implausible_number", "u2")
    bad("ai_usage", "negative_spend", "u2")
    bad("ai_usage", "unknown_word_in_bucket_hours", "u2")
    usage("u3", person_key="nobody", model=None, output_tokens=1)
    bad("ai_usage", "person_in_no_team", "u3")
    bad("ai_usage", "no_model", "u3")
    usage("u4", person_key=None, source="otel-genai", output_tokens=3)
    bad("ai_usage", "no_person", "u4")
    bad("ai_usage", "may_be_seen_twice", "u4")
    usage("u5", person_key="ann", bucket_started_at=None)
    bad("ai_usage", "no_time", "u5")
    seen = {"person_key": "bob", "tool": "t", "uncached_input_tokens": 70, "output_tokens": 7}
    usage("u6", source="claude-code-logs", **seen)
    usage("u7", source="litellm", **seen)
    bad("ai_usage", "seen_by_a_better_source", "claude-code-logs")
    bad("ai_usage", "person_in_no_team", "u3", 2)
    for team, values in (
        ("blue", {}),
        ("red", {"valid_from_on": date(2026, 1, 9)}),
        ("red", {"valid_from_on": date(2025, 1, 9), "valid_to_on": date(2025, 1, 9)}),
    ):
        world.add("people", person_key="ann", team=team, kind="human", **values)
    bad("people", "in_two_teams", "blue", 3)
    bad("people", "ends_before_it_starts", "red")
    world.add("people", person_key="ann", team="blue", kind="human", role="lead")
    wrong["people", "duplicate_key"] = (1, None)
    world.add("identities", alias_key="x", person_key="y")
    world.add("identities", alias_key="y", person_key="w")
    world.add("identities", alias_key="w", person_key="ann")
    world.add("identities", alias_key="z", person_key=None)
    wrong["identities", "alias_of_an_alias"] = (1, None)
    wrong["identities", "no_person"] = (1, None)

    # services
    world.add("services", service="s", repository="r", team="blue")
    world.add("services", service="t", repository="empty")
    bad("services", "no_team", "t", 2)
    bad("services", "repository_without_commits", "t")
    world.add(
        "services",
        service="u",
        valid_from_on=date(2026, 1, 1),
        valid_to_on=date(2026, 1, 1),
    )
    bad("services", "no_repository", "u")
    bad("services", "ends_before_it_starts", "u")

    # product metrics and costs
    world.add("product_metrics", service="s", metric="visits", measured_on=date(2026, 1, 5))
    bad("product_metrics", "no_value", "s visits")
    world.add(
        "costs", team="blue", category="snacks", month_start_on=date(2026, 1, 1), amount_usd=-1.0
    )
    bad("costs", "negative_amount", "blue snacks")
    bad("costs", "unknown_word_in_category", "blue snacks")

    # repositories and watermarks
    world.add("repositories", repository="r", is_shallow=True)
    bad("repositories", "shallow_clone", "r")
    world.add("load_watermarks", input="commits", source="git", loaded_through=AS_OF)
    world.add("load_watermarks", input="ai_usage", source="vendor")
    bad("load_watermarks", "no_loaded_through", "ai_usage vendor")

    # what no clock says, what was read too little, and what a load noticed
    thread = {"repository": "r", "number": 2, "author_kind": "human"}
    for thread_id, year in (("t1", 1), ("t2", 2106), ("t3", 9999)):
        world.add("review_threads", **thread, thread_id=thread_id, opened_at=datetime(year, 2, 7))
        bad("review_threads", "implausible_time", "r 2 t1")
    # as_of is set, so that only a watermark can say that a source was not read up to it.
    for name in ("deployments", "incidents"):
        world.add(
            "load_watermarks", input=name, source="test", loaded_through=AS_OF - timedelta(days=8)
        )
    bad("deployments", "source_lags", "test")
    bad("incidents", "source_lags", "test")
    world.add(
        "load_findings",
        input="commits",
        source="git:r",
        reason="clock_ahead",
        subject="e",
        row_count=2,
        found_at=AS_OF,
    )
    bad("commits", "clock_ahead", "e", 2)
    return world.rows, wrong


BAD = {"demo": False, "as_of": AS_OF}
# What the tests below look at.
ASKED = (
    *("shipworthy__data_quality", "shipworthy__ai_missing_prices"),
    *(f"fct_shipworthy__{name}" for name in ("changes", "deployments", "incidents")),
    *(f"int_shipworthy__{name}" for name in ("human_reviews", "remediations", "service_paths")),
)


@pytest.fixture(scope="module")
def bad(tmp_path_factory):
    """The bad world's models, not its tests: some stop on such rows, as they are there to do."""
    tables, _ = bad_world()
    warehouse = tmp_path_factory.mktemp("bad") / "bad.duckdb"
    write(tables, warehouse)
    selected = (f"+{name}" for name in ASKED)
    build = ("build", warehouse, "--exclude-resource-type", "test", "--select", *selected)
    run_dbt(*build, variables=BAD)
    return warehouse


@pytest.mark.slow
def test_every_model_runs_on_bad_rows(bad, tmp_path):
    warehouse = tmp_path / "bad.duckdb"
    shutil.copy(bad, warehouse)
    run_dbt("seed", warehouse, variables=BAD)
    run_dbt("run", warehouse, variables=BAD)


def test_every_bad_row_is_listed(bad):
    _, wrong = bad_world()
    found = {
        (table, reason): (count, key)
        for table, reason, count, key in query(
            bad,
            "select input_name, reason, row_count, example_key from shipworthy.data_quality"
            " where row_count > 0",
        )
    }
    assert found == wrong


def test_usage_that_two_sources_saw_is_told_with_its_tokens(bad):
    tokens = query(
        bad,
        "select reason, tokens from shipworthy.data_quality"
        " where tokens is not null order by reason",
    )
    assert tokens == [("may_be_seen_twice", 3), ("seen_by_a_better_source", 77)]


# What is usually wrong with such data: the reasons under which it is listed, and where the marts
# show that it is handled as the page of definitions says.
USUAL = {
    "duplicate ids": (
        [("deployments", "duplicate_key", "handled"), ("incidents", "duplicate_key", "handled")],
        "select count(*) filter (deployment_id = 'd1') from shipworthy.fct_deployments",
        [(1,)],
    ),
    "an incident before any deployment": (
        [("incidents", "before_any_deployment", "handled")],
        "select attribution_method, deployment_id from shipworthy.fct_incidents"
        " where incident_id = 'i3'",
        [("unattributed", None)],
    ),
    "a deployment without a sha": (
        [("deployments", "no_sha", "handled")],
        "select basis, changes_put_live, changes_shipped from shipworthy.fct_deployments"
        " where deployment_id = 'd2'",
        [("no_sha", 0, 0)],
    ),
    "resolved before opened": (
        [("incidents", "resolved_before_opened", "as_is")],
        "select opened_at > resolved_at, severity_weight from shipworthy.fct_incidents"
        " where incident_id = 'i3'",
        [(True, 0.3)],
    ),
    "negative tokens": (
        [("ai_usage", "implausible_number", "handled")],
        "select sum(output_tokens) from shipworthy_staging.stg_shipworthy__ai_usage"
        " where usage_id in ('u1', 'u2')",
        [(5,)],
    ),
    "a review after the merge": (
        [("reviews", "after_merge", "left_out")],
        "select count(*) from shipworthy_intermediate.int_shipworthy__human_reviews"
        " where review_id = 'v1'",
        [(0,)],
    ),
    "a person in two teams at once": (
        [("people", "in_two_teams", "handled")],
        "select author_team from shipworthy.fct_changes where sha = 'b'",
        [("blue",)],
    ),
    "a service without a team": (
        [("services", "no_team", "handled")],
        "select team from shipworthy_intermediate.int_shipworthy__service_paths"
        " where service = 't'",
        [("empty",)],
    ),
    "an unknown severity": (
        [("incidents", "unknown_severity", "handled")],
        "select severity, is_severity_unknown, severity_weight from shipworthy.fct_incidents"
        " where incident_id = 'i3'",
        [("unknown", True, 0.3)],
    ),
    "an unknown model": (
        [("ai_usage", "no_model", "handled")],
        "select model from shipworthy.ai_missing_prices where model = 'm'",
        [("m",)],
    ),
    "clock skew": (
        [
            ("commits", "authored_after_landing", "as_is"),
            ("pull_requests", "merged_before_opened", "as_is"),
            ("deployments", "deployed_before_landed", "handled"),
            ("deployments", "finished_before_started", "as_is"),
            ("line_deaths", "removed_before_added", "as_is"),
        ],
        # d5 went live a day before its commit landed: positions decide, so it ships.
        "select finished_at < (select landed_at from shipworthy.fct_changes where sha = 'e'),"
        " changes_put_live > 0 from shipworthy.fct_deployments where deployment_id = 'd5'",
        [(True, True)],
    ),
    "a cycle of reverts": (
        [("commits", "reverts_no_earlier_change", "handled")],
        # b names c, which landed after it, and repairs nothing; see the whole builds below.
        "select count(*) from shipworthy_intermediate.int_shipworthy__remediations"
        " where remediation = 'revert' and remediation_id like 'b@%'",
        [(0,)],
    ),
}


@pytest.mark.parametrize("case", USUAL)
def test_what_is_usually_wrong_is_listed_and_handled(bad, case):
    reasons, question, answer = USUAL[case]
    for input_name, reason, handling in reasons:
        rows = query(
            bad,
            f"""
            select handling, row_count > 0, rows_checked >= row_count, what_happens is not null
            from shipworthy.data_quality
            where input_name = '{input_name}' and reason = '{reason}'
            """,
        )
        assert rows == [(handling, True, True, True)]
    assert query(bad, question) == answer


def prefix_world(*listed, deployed):
    """A repository with directories a and b, and services listed by path prefix."""
    world = Tables()
    world.commit("r", "c", 1, at(days=1), author_key="ann")
    world.birth("r", "c", 30, path="a/app.py")
    world.birth("r", "c", 20, path="b/app.py")
    for service, path_prefix in listed:
        world.add("services", service=service, repository="r", path_prefix=path_prefix, team="blue")
    for n, service in enumerate(deployed):
        world.deployment(f"d{n}", "r", "c", at(days=2, hours=n), service=service)
    return world.rows


# Services that are listed with a prefix, those that are deployed, and what each holds of what it
# ships; None is a build that is refused.
PREFIXES = {
    "one_unlisted_has_the_rest": ([("s", "a")], ["s", "x"], [("s", 30.0), ("x", 20.0)]),
    "a_listed_whole_repository_keeps_its_paths": (
        [("s", "a"), ("whole", None)],
        ["s", "whole", "x", "y"],
        [("s", 30.0), ("whole", 20.0), ("x", 0.0), ("y", 0.0)],
    ),
    "a_slip_of_a_name_takes_nothing": (
        [("s", "a")],
        ["s", *["x"] * 120, "a slip"],
        [("a slip", 0.0), ("s", 30.0), ("x", 20.0)],
    ),
    "two_unlisted_would_share_the_rest": ([("s", "a")], ["s", "x", "y"], None),
    "two_listed_share_a_prefix": ([("s", "a/"), ("t", "./a")], ["s", "t"], None),
}


def cycle_of_reverts():
    """Each of two changes says that it reverts the other; both go live, a week apart."""
    world = Tables()
    world.add("services", service="s", repository="r", team="blue")
    for n, (sha, reverted) in enumerate((("a", None), ("b", "c"), ("c", "b")), start=1):
        days = 7 * n
        world.commit("r", sha, n, at(days=days), author_key="ann", reverts_sha=reverted)
        world.birth("r", sha, 10)
        world.deployment(f"d{n}", "r", sha, at(days=days, hours=5), service="s")
    return world.rows


@pytest.fixture(scope="module")
def prefixes(tmp_path_factory):
    """Whole builds, with their data tests."""
    directory = tmp_path_factory.mktemp("prefixes")
    jobs = {}
    for name, (listed, deployed, _) in PREFIXES.items():
        (directory / name).mkdir()
        rows = prefix_world(*listed, deployed=deployed)
        write(rows, directory / name / "warehouse.duckdb")
        jobs[name] = {"as_of": AS_OF}, []
    (directory / "cycle").mkdir()
    write(cycle_of_reverts(), directory / "cycle" / "warehouse.duckdb")
    jobs["cycle"] = {"as_of": AS_OF}, []
    return build_many(directory, jobs, demo=False)


@pytest.mark.slow
@pytest.mark.parametrize("world", PREFIXES)
def test_a_build_stops_where_two_services_own_the_same_paths(prefixes, world):
    _, _, shipped = PREFIXES[world]
    warehouse, failed = prefixes[world]["warehouse"], prefixes[world]["failed"]
    if shipped is None:
        stopped, *skipped = failed
        assert stopped.startswith("give_each_service_a_path_prefix_of_its_own: Got 1 result")
        assert any(name.startswith("fct_shipworthy__releases:") for name in skipped)
        assert not query(
            warehouse,
            "from duckdb_tables() where schema_name = 'shipworthy' and table_name = 'fct_releases'",
        )
    else:
        assert not failed
        rows = query(
            warehouse,
            "select service, sum(held_lines) from shipworthy.fct_releases"
            " group by service order by service",
        )
        assert rows == shipped


@pytest.mark.slow
def test_a_cycle_of_reverts_repairs_once(prefixes):
    """c reverts b, which was live for a week; b cannot have reverted what came after it."""
    assert not prefixes["cycle"]["failed"]
    warehouse = prefixes["cycle"]["warehouse"]
    rows = query(
        warehouse,
        "select remediation, remediation_id"
        " from shipworthy_intermediate.int_shipworthy__remediations",
    )
    assert rows == [("revert", "c@s")]
    rows = query(
        warehouse,
        "select deployment_id, failure_weight from shipworthy.fct_deployments order by 1",
    )
    assert rows == [("d1", 0.0), ("d2", 0.3), ("d3", 0.0)]
    rows = query(
        warehouse,
        "select input_name, reason, row_count, example_key from shipworthy.data_quality"
        " where reason like 'reverts%' and row_count > 0",
    )
    assert rows == [("commits", "reverts_no_earlier_change", 1, "r b")]


def test_every_check_was_met():
    """The bad world has a bad row of every check but keys, which are checked alike."""
    checks = set()
    for model in (ROOT / "models/intermediate/quality").glob("*.sql"):
        for table, block in re.findall(
            r"set (\w+)_checks = \[\n(.*?)\n\]", model.read_text(), re.S
        ):
            checks |= {(table, reason) for reason in re.findall(r"^    \['(\w+)',", block, re.M)}
    words = {(table, f"unknown_word_in_{column}") for table, column in VOCABULARY}
    _, wrong = bad_world()
    assert len(checks) > 50
    # What every input is checked for alike.
    alike = {
        *("no_key", "duplicate_key", "source_lags", "seen_by_a_better_source"),
        *("may_be_seen_twice", "implausible_time", "implausible_number", "not_true_or_false"),
    }
    assert {key for key in wrong if key[1] not in alike | FOUND_BY_LOADS} == checks | words


@pytest.mark.slow
def test_repeated_rows_count_once(demo, tmp_path):
    warehouse = tmp_path / "twice.duckdb"
    load_files(ROOT / "seeds" / "demo", warehouse)
    connection = connect(warehouse)
    for name in TABLES:
        connection.execute(f"insert into {RAW_SCHEMA}.{name} from {RAW_SCHEMA}.{name}")
    connection.close()
    run_dbt("build", warehouse, variables={"demo": False})
    once, twice = (
        read_schemas(one, "shipworthy", leaving_out=["data_source"])
        for one in (demo.warehouse, warehouse)
    )
    for marts in (once, twice):
        del marts["shipworthy.data_quality"]
    assert not list(differences(once, twice))
    counted = query(
        warehouse,
        "select bool_and(2 * row_count = rows_checked) from shipworthy.data_quality"
        " where reason = 'duplicate_key'",
    )
    assert counted == [(True,)]
