"""Odd worlds: nothing, one row, one team, one week, ten years. All green, and right by hand.

Each is built with every data test, and compared with the reference row by row. What can be
computed on a slip of paper stands here beside it.
"""

from datetime import date, datetime, timedelta

import pytest

from dbt_runs import build_many, query, read_schemas
from reference.oracle import compute
from reference.rows import Tables, at
from reference.test_models_equal_the_oracle import MARTS, differences, name_releases, read, write
from reference.test_spending import differences as spending_differences
from reference.test_spending import expect

BUILDERS = [f"p{n}" for n in range(6)]
YEARS_OF_WEEKS = 520
MIDDLE = at(days=7 * 260 + 3, hours=18)


def one_commit():
    """A change, and nothing else."""
    world = Tables()
    world.commit("only", "one", 1, at(hours=12), author_key="ann")
    return world.rows


def one_row_each():
    """One row of each input; they belong together as far as one row can."""
    world = Tables()
    world.add("repositories", repository="r", default_branch="main")
    world.commit("r", "a", 1, at(days=1), author_key="alias", lines_added=10, pull_request_number=1)
    world.birth("r", "a", 10)
    world.death("r", "a", "gone", 3)
    world.add(
        "pull_requests",
        **{"repository": "r", "number": 1, "author_key": "alias", "author_kind": "human"},
        **{"opened_at": at(hours=12), "merged_at": at(days=1), "merge_sha": "a"},
    )
    world.add(
        "pull_request_commits",
        **{"repository": "r", "number": 1, "sha": "b", "author_key": "alias"},
        **{"author_kind": "human", "committed_at": at(hours=10)},
    )
    world.add("pull_request_commit_files", repository="r", number=1, sha="b", path="src/app.py")
    world.add(
        "reviews",
        **{"repository": "r", "number": 1, "review_id": "v", "reviewer_key": "bob"},
        **{"reviewer_kind": "human", "state": "approved", "submitted_at": at(hours=18)},
    )
    world.add(
        "review_threads",
        **{"repository": "r", "number": 1, "thread_id": "t", "author_key": "bob"},
        **{"author_kind": "human", "path": "src/app.py", "opened_at": at(hours=17)},
    )
    world.deployment("d", "r", "a", at(days=2), service="s")
    world.add("deployment_commits", deployment_id="d", repository="r", sha="a")
    world.incident("i", at(days=2, hours=1), service="s")
    world.add(
        "ai_usage",
        **{"usage_id": "u", "source": "vendor", "person_key": "alias", "model": "m"},
        **{"bucket_started_at": at(), "bucket_hours": 24, "billed_usd": 7.0, "output_tokens": 9},
    )
    world.add("people", person_key="ann", team="blue", kind="human")
    world.add("identities", alias_key="alias", person_key="ann")
    world.add("services", service="s", repository="r", team="blue")
    world.add(
        "product_metrics", service="s", metric="visits", measured_on=date(2026, 1, 5), value=5.0
    )
    world.add(
        "costs",
        **{"team": "blue", "category": "builders", "amount_usd": 310.0},
        month_start_on=date(2026, 1, 1),
    )
    world.add("load_watermarks", input="commits", source="git", loaded_through=at(days=60))
    world.add(
        "load_findings",
        input="commits",
        source="git",
        reason="clock_ahead",
        subject="x",
        row_count=1,
    )
    assert all(len(rows) == 1 for rows in world.rows.values())
    return world.rows


def company(rounds, days):
    """One team of six and its service, in rounds of so many days.

    Each round adds 10 lines, by AI in every second one, removes 4 of the round before, and ships
    them three hours later. Every tenth deployment, the first included, causes a sev2 three hours
    after it. Each round has a request, a review by the next colleague, in every second one with a
    thread, and a dollar of usage by who writes it.
    """
    world = Tables()
    world.add("repositories", repository="r", default_branch="main")
    world.add("services", service="s", repository="r", team="blue")
    for person in BUILDERS:
        world.add("people", person_key=person, team="blue", kind="human")
    for n in range(rounds):
        monday = days * n
        author, reader = BUILDERS[n % 6], BUILDERS[(n + 1) % 6]
        authorship = "ai" if n % 2 else "human"
        landed_at = at(days=monday, hours=9)
        world.commit(
            *("r", f"c{n}", n + 1, landed_at),
            **{"author_key": author, "authorship": authorship, "lines_added": 10},
            **{"pull_request_number": n + 1, "lines_removed": 4 if n else 0},
        )
        world.birth("r", f"c{n}", 10, authorship=authorship)
        if n:
            before = "human" if n % 2 else "ai"
            world.death("r", f"c{n - 1}", f"c{n}", 4, authorship=before)
        world.deployment(f"d{n}", "r", f"c{n}", at(days=monday, hours=12), service="s")
        if n % 10 == 0:
            opened_at = at(days=monday, hours=15)
            world.incident(
                f"i{n}", opened_at, service="s", resolved_at=opened_at + timedelta(0, 60)
            )
        request = {"repository": "r", "number": n + 1}
        world.add(
            "pull_requests",
            **request,
            **{"author_key": author, "author_kind": "human", "merge_sha": f"c{n}"},
            **{"opened_at": at(days=monday, hours=5), "merged_at": landed_at},
        )
        for late in (0, 1):
            sha = f"b{n}.{late}"
            world.add(
                "pull_request_commits",
                **request,
                **{"sha": sha, "author_key": author, "author_kind": "human"},
                committed_at=at(days=monday, hours=4 + 4 * late),
            )
            world.add("pull_request_commit_files", **request, sha=sha, path="src/app.py")
        world.add(
            "reviews",
            **request,
            **{"review_id": f"v{n}", "reviewer_key": reader, "reviewer_kind": "human"},
            **{"state": "approved", "submitted_at": at(days=monday, hours=7)},
            comment_threads=n % 2,
        )
        if n % 2:
            world.add(
                "review_threads",
                **request,
                **{"thread_id": f"t{n}", "author_key": reader, "author_kind": "human"},
                **{"path": "src/app.py", "opened_at": at(days=monday, hours=6)},
            )
        world.add(
            "ai_usage",
            **{"usage_id": f"u{n}", "source": "vendor", "person_key": author, "model": "m"},
            **{"bucket_started_at": at(days=monday), "bucket_hours": 24, "billed_usd": 1.0},
            **{"output_tokens": 100, "requests": 5},
        )
    end = at(days=days * rounds + 60)
    for name in (
        "commits",
        "deployments",
        "incidents",
        "pull_requests",
        "reviews",
        "review_threads",
    ):
        world.add("load_watermarks", input=name, source="x", loaded_through=end)
    return world.rows


def company_without_members():
    """People are loaded, and there are none: nobody is a builder, whoever wrote the changes."""
    rows = company(6, 1)
    rows["people"] = []
    world = Tables()
    world.add("load_watermarks", input="people", source="hr", loaded_through=at(days=66))
    rows["load_watermarks"] += world.rows["load_watermarks"]
    return rows


WORLDS = {
    "nothing": (lambda: Tables().rows, {}),
    "one_commit": (one_commit, {}),
    "one_row_each": (one_row_each, {"as_of": at(days=60)}),
    "one_team": (lambda: company(30, 7), {}),
    "one_week": (lambda: company(6, 1), {}),
    "no_members": (company_without_members, {}),
    "ten_years": (lambda: company(YEARS_OF_WEEKS, 7), {}),
    "ten_years_from_the_middle": (lambda: company(YEARS_OF_WEEKS, 7), {"as_of": MIDDLE}),
}


# Built by `make test`; the rest by `make test-all`.
QUICK = ("one_week",)


def some(*names):
    """Parameters: worlds, those that are not quick marked."""
    slow = pytest.mark.slow
    return [pytest.param(name, marks=() if name in QUICK else slow) for name in names]


class Made(dict):
    """Values by the name of a world, made when they are first asked for."""

    def __init__(self, make):
        super().__init__()
        self.make = make

    def __missing__(self, world):
        self[world] = self.make(world)
        return self[world]


@pytest.fixture(scope="module")
def tables():
    return Made(lambda world: WORLDS[world][0]())


@pytest.fixture(scope="module")
def built(tables, tmp_path_factory):
    """Worlds with all of their data tests."""
    directory = tmp_path_factory.mktemp("odd")

    def make(world):
        (directory / world).mkdir()
        write(tables[world], directory / world / "warehouse.duckdb")
        return build_many(directory, {world: (WORLDS[world][1], [])}, demo=False)[world]

    return Made(make)


@pytest.fixture(scope="module")
def warehouses(built):
    return Made(lambda world: built[world]["warehouse"])


@pytest.mark.parametrize("world", some(*WORLDS))
def test_everything_is_green(built, world):
    assert not built[world]["failed"]
    assert built[world]["nodes"] > 200


@pytest.mark.parametrize("world", some(*(name for name in WORLDS if name != "nothing")))
def test_marts_equal_the_reference(tables, warehouses, world):
    given = {f"shipworthy__{name}": value for name, value in WORLDS[world][1].items()}
    expected, actual = compute(tables[world], given), read(warehouses[world])
    name_releases(expected)
    name_releases(actual)
    found = []
    for name in MARTS:
        found += sorted(set(differences(name, expected[name], actual[name])))
    assert not found, f"{len(found)} differences\n" + "\n".join(found[:60])


@pytest.mark.parametrize("world", some("one_row_each", "one_team", "one_week", "no_members"))
def test_spending_equals_the_reference(warehouses, world):
    _, expected = expect(warehouses[world], "shipworthy_raw", **WORLDS[world][1])
    found = sorted(spending_differences(warehouses[world], expected))
    assert not found, f"{len(found)} differences\n" + "\n".join(found[:60])


# ---------------------------------------------------------------------------- by hand


@pytest.mark.slow
def test_nothing_is_nothing_and_not_zero(warehouses):
    for name, (columns, rows) in read_schemas(warehouses["nothing"], "shipworthy").items():
        if name == "shipworthy.data_quality":
            assert {row[columns.index("null_reason")] for row in rows} == {"no_rows"}
            assert {row[columns.index("row_count")] for row in rows} == {None}
        elif name == "shipworthy.headline":
            assert len(rows) == 1
        else:
            assert not rows, name
    rows = query(
        warehouses["nothing"],
        """
        select as_of_at, normalized_deployments_per_week, severity_weighted_failure_rate,
            turnover_ratio, normalized_deployments_null_reason,
            severity_weighted_failure_rate_null_reason, turnover_ratio_null_reason
        from shipworthy.headline
        """,
    )
    reasons = ("deployments_not_loaded", "incidents_not_loaded", "line_lifetimes_not_loaded")
    assert rows == [(None, None, None, None, *reasons)]


@pytest.mark.slow
def test_people_who_are_loaded_and_none_build_nothing(warehouses):
    rows = query(
        warehouses["no_members"],
        """
        select distinct builders, normalized_deployments, held_lines > 0
        from shipworthy.normalized_deployments where releases > 0
        """,
    )
    assert rows == [(None, None, True)]


@pytest.mark.slow
def test_one_commit_ships_nothing(warehouses):
    assert query(warehouses["one_commit"], "select sha from shipworthy.fct_changes") == [("one",)]
    assert not query(warehouses["one_commit"], "from shipworthy.fct_releases")


@pytest.mark.slow
def test_one_row_of_each_input(warehouses):
    """10 lines by one builder, and a sev2 (0.6): sqrt(10 * 0.4 * 1 / 50). The removal is by a
    commit that nobody knows, so the lines hold. January is 31 days: the week costs 70, and 7 of AI.
    The thread is on a file that no later commit touched; the group is too small to say so."""
    warehouse = warehouses["one_row_each"]
    rows = query(
        warehouse,
        """
        select team, held_lines, stable_held_lines, normalized_deployments, is_mature
        from shipworthy.normalized_deployments where releases > 0
        """,
    )
    assert rows == [("blue", 10.0, pytest.approx(4.0), pytest.approx((4 / 50) ** (1 / 3)), True)]
    # Who set as_of says that deployments and incidents were read beyond their only row.
    rows = query(
        warehouse,
        """
        select severity_weighted_failure_rate, closed_windows, immature_reason
        from shipworthy.severity_weighted_failure_rate order by week_start_on limit 1
        """,
    )
    assert rows == [(0.6, 1, None)]
    rows = query(
        warehouse, "select lines_added, lines_removed, turnover_rate from shipworthy.code_turnover"
    )
    assert rows == [(10, 0, 0.0)]
    rows = query(
        warehouse,
        """
        select distinct is_suppressed, decisions, changes_shipped
        from shipworthy.human_decision_density
        """,
    )
    assert rows == [(True, None, None)]
    bad = query(
        warehouse, "select input_name, reason from shipworthy.data_quality where row_count > 0"
    )
    assert ("line_deaths", "no_removing_change") in bad
    known = {"no_removing_change", "unknown_author_commit", "clock_ahead"}
    assert {reason for _, reason in bad} <= known


def rounded(rows):
    """Rows that do not hang on the last digits of a sum."""
    return [tuple(float(f"{v:.9g}") if isinstance(v, float) else v for v in row) for row in rows]


@pytest.mark.parametrize(
    "mart",
    ["turnover_signal", "human_decision_density", "flow_pressure", "ai_adoption", "ai_cost"],
)
@pytest.mark.parametrize("world", some("one_team", "one_week"))
def test_one_team_is_the_organisation(warehouses, world, mart):
    columns = "* exclude (team, is_organisation)"
    team, organisation = (
        query(
            warehouses[world],
            f"select {columns} from shipworthy.{mart} "
            f"where is_organisation = {is_organisation} and team <> 'unassigned' order by all",
        )
        for is_organisation in (False, True)
    )
    assert team
    assert rounded(team) == rounded(organisation)


@pytest.mark.parametrize("world", some("one_team", "one_week"))
def test_one_team_of_six_hides_nothing(warehouses, world):
    for mart in ("human_decision_density", "flow_pressure", "ai_adoption", "ai_cost"):
        assert query(
            warehouses[world],
            f"select bool_or(is_suppressed) from shipworthy.{mart} where team <> 'unassigned'",
        ) == [(False,)], mart


def test_everything_in_one_week(warehouses):
    """Six rounds: 6 of 10 lines hold, all 10 of the last; the first release caused a sev2. Of the
    60 lines 20 were removed, 12 of the human 30 and 8 of the 30 by AI."""
    warehouse = warehouses["one_week"]
    rows = query(
        warehouse,
        """
        select week_start_on, releases, builders, held_lines, stable_held_lines,
            normalized_deployments
        from shipworthy.normalized_deployments where releases > 0
        """,
    )
    stable = pytest.approx(5 * 6 + 10 - 0.6 * 6)
    value = pytest.approx(6 * (36.4 / 300) ** (1 / 3))
    assert rows == [(date(2026, 1, 5), 6, 6, 40.0, stable, value)]
    rows = query(
        warehouse,
        "select authorship, lines_added, lines_removed from shipworthy.code_turnover order by all",
    )
    assert rows == [("ai", 30, 8), ("human", 30, 12)]
    rows = query(
        warehouse,
        """
        select deployments, closed_deployments, failed_deployments
        from shipworthy.delivery_performance where deployments > 0
        """,
    )
    assert rows == [(6, 6, 1)]
    rows = query(
        warehouse,
        """
        select ai_users, builders, ai_adoption, billed_usd from shipworthy.ai_adoption
        where is_organisation and ai_users > 0
        """,
    )
    assert rows == [(6, 6, 1.0, 6.0)]


@pytest.mark.slow
def test_ten_years_of_weeks(built, warehouses):
    """Each week 6 lines hold (10 of the last) of 4 people of 4 weeks; every tenth was a sev2."""
    assert built["ten_years"]["seconds"] < 120
    warehouse = warehouses["ten_years"]
    rows = query(
        warehouse,
        """
        select week_start_on, normalized_deployments from shipworthy.normalized_deployments
        where releases > 0 order by week_start_on
        """,
    )
    assert [week for week, _ in rows] == [at(days=7 * n).date() for n in range(YEARS_OF_WEEKS)]
    for n, (_, value) in enumerate(rows):
        held = 10 if n == YEARS_OF_WEEKS - 1 else 6
        held *= 0.4 if n % 10 == 0 else 1
        people = min(n + 1, 4)
        assert value == pytest.approx(people * (held / (50 * people)) ** (1 / 3))
    rows = query(
        warehouse,
        """
        select sum(failure_weight), sum(closed_windows), sum(failed_windows)
        from shipworthy.severity_weighted_failure_rate where is_mature
        """,
    )
    assert rows == [(pytest.approx(0.6 * 52), 520, 52)]
    rows = query(
        warehouse,
        "select sum(lines_added), sum(lines_removed) from shipworthy.code_turnover where is_mature",
    )
    assert rows == [(5200, 4 * 519)]
    assert query(warehouse, "select max(landed_at) from shipworthy.fct_changes") == [
        (datetime(2026, 1, 5, 9) + timedelta(days=7 * 519),)
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    "mart", ["normalized_deployments", "severity_weighted_failure_rate", "code_turnover"]
)
def test_what_was_final_in_the_middle_is_final_at_the_end(warehouses, mart):
    # The rate at 90 days has 60 days to come when that at 30 is final.
    columns = "* exclude (null_reason)" if mart == "code_turnover" else "*"
    till = "week_start_on <= (select max(week_start_on) - 70 from shipworthy.code_turnover)"
    question = f"select {columns} from shipworthy.{mart} where is_mature"
    middle = query(warehouses["ten_years_from_the_middle"], f"{question} and {till}")
    end = query(warehouses["ten_years"], question)
    assert len(middle) > 230
    assert set(rounded(middle)) <= set(rounded(end))


@pytest.mark.slow
def test_nothing_after_the_middle_is_seen_from_there(warehouses):
    rows = query(
        warehouses["ten_years_from_the_middle"],
        """
        select (select count(*) from shipworthy.fct_changes),
            (select count(*) from shipworthy.fct_deployments),
            (select count(*) from shipworthy.fct_incidents),
            (select max(week_start_on) from shipworthy.normalized_deployments)
        """,
    )
    assert rows == [(261, 261, 27, MIDDLE.date() - timedelta(days=3))]
