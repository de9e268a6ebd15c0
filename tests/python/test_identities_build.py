"""A human with a login, two addresses and a key counts once, from the user's file to the marts."""

import pytest

from dbt_runs import query, run_dbt
from reference.rows import Tables, at
from reference.test_models_equal_the_oracle import write
from shipworthy.identity import load_salt
from shipworthy.sources import vendor as find_vendor
from shipworthy.sources.landing import load_vendor
from shipworthy.sources.vendor import Keys

IDENTITIES = """email,emails,github,claude-api-key
alice@acme.example.com,alice@home.example.com,alicez,alice-ci
bob@acme.example.com,,bobr,
"""
PEOPLE = """email,team
alice@acme.example.com,red
bob@acme.example.com,red
"""


def world(keys):
    """Two requests of one repository, each merged and deployed in the week of Monday 2026-01-05."""
    tables = Tables()
    alice, home = keys.email("alice@acme.example.com"), keys.email("alice@home.example.com")
    login, key = keys.alias("github", "alicez"), keys.alias("claude-api-key", "alice-ci")
    bob, bob_login = keys.email("bob@acme.example.com"), keys.alias("github", "bobr")
    for number, sha, author in ((7, "a", alice), (8, "b", home)):
        tables.commit(
            "acme/shop",
            sha,
            number - 5,
            at(hours=12),
            author_key=author,
            lines_added=10,
            pull_request_number=number,
        )
        tables.birth("acme/shop", sha, 10, path=f"src/{sha}.py")
    # What was live before: the first known deployment ships its own change only.
    tables.commit("acme/shop", "base", 1, at(hours=-30), author_key=alice, lines_added=1)
    tables.deployment("d0", "acme/shop", "base", at(hours=-24))
    tables.deployment("d1", "acme/shop", "b", at(hours=13))

    def request(number, **values):
        tables.add(
            "pull_requests",
            repository="acme/shop",
            number=number,
            opened_at=at(hours=1),
            merged_at=at(hours=12),
            closed_at=at(hours=12),
            lines_added=10,
            lines_removed=0,
            **values,
        )

    def push(number, sha, author, hours, kind="human"):
        tables.add(
            "pull_request_commits",
            repository="acme/shop",
            number=number,
            sha=sha,
            author_key=author,
            author_kind=kind,
            committed_at=at(hours=hours),
        )

    def review(review_id, reviewer, hours):
        tables.add(
            "reviews",
            repository="acme/shop",
            number=7,
            review_id=review_id,
            reviewer_key=reviewer,
            reviewer_kind="human",
            state="changes_requested",
            submitted_at=at(hours=hours),
            comment_threads=1,
        )

    # Alice's own word on her request is no decision; Bob's, under both of his names, is one.
    request(7, author_key=login, author_kind="human")
    push(7, "a1", alice, 0.5)
    review("own", home, 2)
    review("first", bob_login, 3)
    review("second", bob, 4)
    push(7, "a2", home, 5)
    # Bob's two commits on an agent's request are one decision; hers are none, since she drives it.
    request(8, author_key="agent", author_kind="agent", driver_key=login)
    push(8, "b1", "agent", 0.5, kind="agent")
    push(8, "b2", bob, 2)
    push(8, "b3", bob_login, 3)
    push(8, "b4", alice, 4)

    # A vendor knows no more than the address behind its own account.
    account = keys.alias("cursor", "user-1")
    tables.add("identities", alias_key=account, person_key=home)
    for number, person in enumerate((alice, key, login, account, bob_login)):
        tables.add(
            "ai_usage",
            usage_id=f"u{number}",
            source="test",
            person_key=person,
            tool="claude",
            bucket_started_at=at(),
            bucket_hours=24,
            output_tokens=100,
            is_automated=False,
        )
    # Read completely, and empty: no commit of a request touched a file that a thread was about.
    for name in ("commits", "pull_request_commit_files", "review_threads"):
        tables.add("load_watermarks", input=name, source="test", loaded_through=at(days=8))
    return tables.rows


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    directory = tmp_path_factory.mktemp("identities")
    path = directory / "warehouse.duckdb"
    write(world(Keys(load_salt(path))), path)
    for name, text in (("identities", IDENTITIES), ("people", PEOPLE)):
        file = directory / f"{name}.csv"
        file.write_text(text)
        load_vendor(find_vendor(name), {"paths": [file]}, path)
    run_dbt(
        "build",
        path,
        *("--exclude-resource-type", "test"),
        *("--select", "+shipworthy__ai_adoption", "+shipworthy__human_decision_density"),
        variables={"demo": False, "minimum_group_size": 1},
    )
    return path


def test_a_human_uses_ai_once(warehouse):
    rows = query(
        warehouse,
        "select ai_users, builders, ai_adoption, tokens from shipworthy.ai_adoption "
        "where is_organisation and week_start_on = '2026-01-05'",
    )
    assert rows == [(2, 2, 1.0, 500)]


def test_nobody_is_left_without_a_team(warehouse):
    teams = query(
        warehouse,
        "select distinct team from shipworthy.ai_adoption where coalesce(ai_users, 1) > 0",
    )
    assert {team for (team,) in teams} == {"red", "all teams"}


def test_a_human_decides_once_and_never_on_their_own_request(warehouse):
    rows = query(
        warehouse,
        "select changes_shipped, shipped_decisions from shipworthy.human_decision_density "
        "where is_organisation and authorship = 'all' and week_start_on = '2026-01-05'",
    )
    assert rows == [(2, 2)]
