"""GitHub's tables as Fivetran, Airbyte and dlt land them: one small story in three shapes.

The rows below are worked out by hand from the story: request 1 is Alice's, half of its commits say
Claude; 2 is Copilot's; 3 was closed unmerged and holds a review that was never sent; 4 is a draft
of a bot. Review 2 is nothing but a reply. Deployment 502 failed and then succeeded, 503 failed.
"""

import json
from datetime import datetime
from pathlib import Path

import pytest

from dbt_runs import run_dbt
from shipworthy.warehouse import connect

TABLES = Path(__file__).parent / "data" / "github_tables"
TOOLS = ("fivetran", "airbyte", "dlt")
INPUTS = ("pull_requests", "pull_request_commits", "reviews", "review_threads", "deployments")
STAGED = [f"stg_shipworthy__{name}" for name in INPUTS]

ALICE, BOB, CAROL = "github-id:1001", "github-id:1002", "github-id:1003"
COPILOT, DEPENDABOT = "github-id:198982749", "github-id:49699333"
CODERABBIT = "github-id:136622811"


def at(text):
    return datetime.fromisoformat(f"2026-{text}")


REQUESTS = [
    (
        1,
        ALICE,
        "human",
        "ai",
        "claude",
        at("04-30 09:00"),
        at("04-30 09:00"),
        at("05-01 09:00"),
        at("05-01 09:00"),
        "a" * 40,
        "alice/cart",
        at("04-30 08:30"),
        BOB,
        None,
    ),
    (
        2,
        COPILOT,
        "agent",
        "ai",
        "copilot",
        at("05-05 09:50"),
        at("05-05 09:50"),
        at("05-05 10:00"),
        at("05-05 10:00"),
        "b" * 40,
        "copilot/rules",
        at("05-05 09:49"),
        BOB,
        BOB,
    ),
    (
        3,
        BOB,
        "human",
        "untagged",
        None,
        at("05-07 09:00"),
        at("05-07 09:00"),
        None,
        at("05-08 09:00"),
        None,
        "bob/discounts",
        at("05-07 08:00"),
        None,
        None,
    ),
    (
        4,
        DEPENDABOT,
        "automation",
        "automation",
        None,
        at("05-09 09:00"),
        None,
        None,
        None,
        None,
        "dependabot/npm",
        at("05-09 08:59"),
        None,
        None,
    ),
]
COMMITS = [
    (1, "1" * 40, "human", "untagged", None, at("04-30 08:30")),
    (1, "2" * 40, "human", "ai", "claude", at("04-30 18:00")),
    (2, "3" * 40, "agent", "ai", "copilot", at("05-05 09:49")),
    # Under a workflow's account agents work, too.
    (2, "6" * 40, "automation", "ai", "claude", at("05-05 09:50")),
    (2, "7" * 40, "human", "ai", "aider", at("05-05 09:52")),
    (3, "4" * 40, "human", "untagged", None, at("05-07 08:00")),
    # Bots for dependencies quote others.
    (4, "5" * 40, "automation", "automation", None, at("05-09 08:59")),
]
REVIEWS = [
    (1, "1", BOB, "human", "changes_requested", at("04-30 15:00"), 1),
    (1, "3", BOB, "human", "approved", at("05-01 08:50"), 0),
    (2, "4", CODERABBIT, "agent", "commented", at("05-05 09:52"), 0),
    (2, "5", BOB, "human", "approved", at("05-05 09:55"), 0),
    (3, "7", CAROL, "human", "commented", at("05-07 12:00"), 2),
]
THREADS = [
    (1, "11", BOB, "human", "src/cart.py", at("04-30 15:00"), 1),
    (3, "13", CAROL, "human", "src/a b.py", at("05-07 12:00"), 0),
    (3, "14", CAROL, "human", "src/rules.py", at("05-07 12:00"), 0),
]
DEPLOYMENTS = [
    ("501", "a" * 40, "production", "success", at("05-05 12:00:20"), at("05-05 12:06"), "human"),
    ("502", "b" * 40, "production", "success", at("05-10 13:01"), at("05-10 13:07"), "automation"),
    ("503", "a" * 40, "production", "failure", at("05-10 13:40:30"), at("05-10 13:46"), "human"),
    ("504", "b" * 40, "staging", "in_progress", None, None, "human"),
]


def land(directory, tool, schema="github", without=(), renamed=None):
    """Write a tool's tables into a new warehouse, types as DuckDB finds them in the files."""
    warehouse = directory / "warehouse.duckdb"
    connection = connect(warehouse)
    connection.execute("set TimeZone = 'UTC'")
    connection.execute(f"create schema {schema}")
    for path in sorted((TABLES / tool).glob("*.csv")):
        name = (renamed or {}).get(path.stem, path.stem)
        if path.stem in without:
            continue
        connection.execute(
            f'create table {schema}."{name}" as from read_csv(?, all_varchar = false)', [str(path)]
        )
    connection.close()
    return warehouse


def stage(warehouse, tool, **variables):
    """Build the staging models of the inputs, in a time zone that must not move any time."""
    selected = [f"+{name}" for name in STAGED]
    settings = {"demo": False, "github_tables": tool, **variables}
    zone = {"TZ": "America/New_York"}
    run_dbt("build", warehouse, "--select", *selected, variables=settings, environment=zone)


def staged(warehouse, name, columns):
    """Read a staged input, a view, in that time zone too."""
    connection = connect(warehouse)
    connection.execute("set TimeZone = 'America/New_York'")
    rows = connection.execute(
        f"select {columns} from shipworthy_staging.stg_shipworthy__{name} order by all"
    ).fetchall()
    connection.close()
    return rows


@pytest.fixture(scope="module")
def warehouses(tmp_path_factory):
    """One warehouse a tool, its inputs staged when it is first asked for."""

    class Staged(dict):
        def __missing__(self, tool):
            self[tool] = land(tmp_path_factory.mktemp(tool), tool)
            stage(self[tool], tool)
            return self[tool]

    return Staged()


# `make test` stages what one tool lands, `make test-all` the rest too.
each_tool = pytest.mark.parametrize(
    "tool",
    [pytest.param(tool, marks=() if tool == "fivetran" else pytest.mark.slow) for tool in TOOLS],
)


@pytest.mark.slow
@each_tool
def test_requests(warehouses, tool):
    found = staged(
        warehouses[tool],
        "pull_requests",
        "number, author_key, author_kind, authorship, ai_tool, opened_at, ready_at, merged_at, "
        "closed_at, merge_sha, head_branch, first_commit_at, merged_by_key, driver_key",
    )
    assert found == REQUESTS
    assert staged(warehouses[tool], "pull_requests", "distinct repository") == [("acme/shop",)]


@pytest.mark.slow
def test_lines_of_requests_where_the_tool_has_them(warehouses):
    columns = "number, lines_added, lines_removed"
    counted = [(1, 20, 0), (2, 30, 2), (3, 5, 5), (4, 1, 1)]
    assert staged(warehouses["airbyte"], "pull_requests", columns) == counted
    assert staged(warehouses["dlt"], "pull_requests", columns) == counted
    unknown = [(number, None, None) for number, *_ in counted]
    assert staged(warehouses["fivetran"], "pull_requests", columns) == unknown


@each_tool
def test_labels(warehouses, tool):
    found = dict(staged(warehouses[tool], "pull_requests", "number, labels"))
    assert json.loads(found.pop(1)) == ["Hotfix", "area: cart"]
    # Airbyte says that a request has none; the others have no row of it.
    assert found == {2: "[]" if tool == "airbyte" else None, 3: None, 4: None}


@each_tool
def test_commits(warehouses, tool):
    columns = "number, sha, author_kind, authorship, ai_tool, committed_at"
    assert staged(warehouses[tool], "pull_request_commits", columns) == COMMITS


@each_tool
def test_reviews(warehouses, tool):
    columns = "number, review_id, reviewer_key, reviewer_kind, state, submitted_at, comment_threads"
    assert staged(warehouses[tool], "reviews", columns) == REVIEWS


@each_tool
def test_threads(warehouses, tool):
    columns = "number, thread_id, author_key, author_kind, path, opened_at, replies"
    assert staged(warehouses[tool], "review_threads", columns) == THREADS


@each_tool
def test_deployments(warehouses, tool):
    columns = "deployment_id, sha, environment, status, started_at, finished_at, deployed_by_kind"
    assert staged(warehouses[tool], "deployments", columns) == DEPLOYMENTS


@pytest.mark.slow
def test_schema_and_names_of_ones_own(tmp_path):
    warehouse = land(tmp_path, "dlt", schema="landing", renamed={"reviews": "gh_reviews"})
    stage(
        warehouse,
        "dlt",
        github_schema="landing",
        github_relations={"reviews": "gh_reviews"},
        github_inputs=["reviews", "review_threads"],
    )
    assert len(staged(warehouse, "reviews", "review_id")) == len(REVIEWS)
    assert staged(warehouse, "pull_requests", "number") == []  # from the raw table, which is empty


@pytest.mark.slow
def test_columns_that_were_never_made_are_null(tmp_path):
    """No request was merged or labelled yet, no comment is a reply: dlt made nothing of it."""
    warehouse = land(tmp_path, "dlt")
    connection = connect(warehouse)
    for column in ("merged_at", "merged_by__id", "merged_by__login", "merge_commit_sha"):
        connection.execute(f"alter table github.pull_requests drop column {column}")
    connection.execute("alter table github.review_comments drop column in_reply_to_id")
    connection.execute("drop table github.pull_requests__labels")
    connection.close()
    stage(warehouse, "dlt")
    found = staged(warehouse, "pull_requests", "merged_at, merge_sha, merged_by_key, labels")
    assert found == [(None, None, None, None)] * 4
    assert len(staged(warehouse, "review_threads", "thread_id")) == 4


@pytest.mark.slow
def test_a_table_that_is_not_there_is_a_sentence(tmp_path):
    warehouse = land(tmp_path, "airbyte", without=("reviews",))
    done = run_dbt(
        "build",
        warehouse,
        "--select",
        "+stg_shipworthy__reviews",
        variables={"demo": False, "github_tables": "airbyte"},
        succeeds=False,
    )
    assert "does not exist; name it in the variable shipworthy__github_relations" in done.output


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ['reviews"; create table pwned as select 1 as a; --', "reviews' or '1' = '1", "{{ 1 + 1 }}"],
)
def test_sql_in_a_name_is_never_run(tmp_path, name):
    warehouse = land(tmp_path, "dlt")
    done = run_dbt(
        "build",
        warehouse,
        "--select",
        "stg_shipworthy__reviews",
        variables={"demo": False, "github_tables": "dlt", "github_relations": {"reviews": name}},
        succeeds=False,
    )
    assert "shipworthy__github_relations is" in done.output
    assert "of letters, digits and _ $ . -" in done.output
    connection = connect(warehouse)
    found = connection.execute("from duckdb_tables() where table_name = 'pwned'").fetchall()
    connection.close()
    assert not found
