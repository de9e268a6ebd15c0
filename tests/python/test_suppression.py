"""What is hidden stays hidden: the organisation less what is shown, in every mart of people."""

import shutil
from collections import defaultdict

import pytest

from dbt_runs import ROOT, query, run_dbt
from shipworthy.contract import RAW_SCHEMA
from shipworthy.files import load_files
from shipworthy.warehouse import connect

# Columns that add up over teams, in marts that have a row of the organisation.
SUMS = {
    "ai_adoption": ("tokens", "billed_usd"),
    "ai_cost": ("ai_spend_usd", "billed_usd", "unshipped_spend_usd", "allocated_spend_usd"),
    "flow_pressure": ("changes_shipped", "review_queue", "reviewed_requests", "defects"),
    "human_decision_density": ("shipped_decisions", "changes_shipped", "reviewed_changes"),
}
ONLY = {"human_decision_density": "and authorship = 'all'"}
WITHOUT_SUM = {"gaming_signals", "team_scorecard"}
# Signals about code, releases and records are shown of all groups.
ABOUT_PEOPLE = {"gaming_signals": "is_about_people"}


def build(warehouse, **variables):
    run_dbt("seed", warehouse, variables=variables)
    run_dbt("run", warehouse, variables=variables)


@pytest.fixture(scope="module")
def two_teams(tmp_path_factory):
    """The demo's raw rows, as of an organisation of one large team and one of four."""
    warehouse = tmp_path_factory.mktemp("two_teams") / "two_teams.duckdb"
    load_files(ROOT / "seeds" / "demo", warehouse)
    connection = connect(warehouse)
    for table in ("people", "services", "costs"):
        connection.execute(f"update {RAW_SCHEMA}.{table} set team = 'all' where team <> 'anchor'")
    # a person of several teams is one of them now
    connection.execute(
        f"""
        delete from {RAW_SCHEMA}.people where rowid not in (
            select max(rowid) from {RAW_SCHEMA}.people group by person_key
        )
        """
    )
    connection.execute(f"update {RAW_SCHEMA}.people set valid_from_on = null, valid_to_on = null")
    connection.execute(
        f"""
        delete from {RAW_SCHEMA}.costs where rowid not in (
            select max(rowid) from {RAW_SCHEMA}.costs group by team, month_start_on, category
        )
        """
    )
    connection.close()
    build(warehouse, demo=False)
    return warehouse


def open_rows(warehouse, tmp_path, **variables):
    """The same marts with nothing hidden."""
    copy = tmp_path / "open.duckdb"
    shutil.copy(warehouse, copy)
    selected = (f"int_shipworthy__group_visibility+,+shipworthy__{mart}" for mart in SUMS)
    run_dbt("run", copy, "--select", *selected, variables=variables | {"minimum_group_size": 1})
    return copy


def marts_of_people(warehouse):
    return {
        mart
        for (mart,) in query(
            warehouse,
            """
            select table_name from duckdb_columns()
            where schema_name = 'shipworthy' and column_name = 'is_suppressed'
            """,
        )
    }


def attack(warehouse, truth):
    """Subtract in every mart and week; return how often something was left, and the weeks."""
    people = {
        row[:2]: row[2]
        for row in query(
            warehouse,
            """
            select team, week_start_on, people
            from shipworthy_intermediate.int_shipworthy__group_visibility where not is_organisation
            """,
        )
    }
    hidden = defaultdict(set)
    shows_organisation = set()
    for mart in marts_of_people(warehouse):
        organisation = "false" if mart in WITHOUT_SUM else "is_organisation"
        for team, is_all, week, is_hidden in query(
            warehouse,
            f"select distinct team, {organisation}, week_start_on, is_suppressed "
            f"from shipworthy.{mart} where {ABOUT_PEOPLE.get(mart, 'true')}",
        ):
            if is_all:
                shows_organisation |= set() if is_hidden else {week}
            elif is_hidden:
                hidden[week].add(team)
    # who is hidden in one mart is hidden in all: one could be read in another, and subtracted
    for mart in marts_of_people(warehouse):
        organisation = "" if mart in WITHOUT_SUM else "and not is_organisation"
        for team, week in query(
            warehouse,
            f"select distinct team, week_start_on from shipworthy.{mart} "
            f"where not is_suppressed {organisation} and {ABOUT_PEOPLE.get(mart, 'true')}",
        ):
            assert team not in hidden[week], (mart, team, week)
    left = 0
    for week in shows_organisation:
        names = {name for name in hidden[week] if (name, week) in people}
        assert not names or len(names) > 1, (week, names)
        assert not names or sum(people[name, week] for name in names) >= 5, (week, names)
    for mart, columns in SUMS.items():
        for column in columns:
            shown = f"""
                select week_start_on, is_organisation, team, is_suppressed, {column}
                from shipworthy.{mart} where true {ONLY.get(mart, "")}
            """
            rest, behind = defaultdict(float), defaultdict(float)
            for week, is_all, team, _, value in query(truth, shown):
                if not is_all and team in hidden[week]:
                    behind[week] += value or 0
            for week, is_all, _, is_hidden, value in query(warehouse, shown):
                if week in shows_organisation and not is_hidden:
                    rest[week] += (value or 0) if is_all else -(value or 0)
            for week, value in rest.items():
                assert value == pytest.approx(behind[week], abs=1e-6), (mart, column, week)
                left += value > 1e-6
    return left


def test_every_mart_of_people_is_attacked(demo):
    assert marts_of_people(demo.warehouse) == SUMS.keys() | WITHOUT_SUM


def test_no_team_of_the_demo_is_the_rest(demo, tmp_path):
    assert attack(demo.warehouse, open_rows(demo.warehouse, tmp_path)) > 100


@pytest.mark.slow
def test_one_small_team_takes_the_only_other_with_it(two_teams, tmp_path):
    assert attack(two_teams, open_rows(two_teams, tmp_path, demo=False)) > 100
    for mart in SUMS:
        assert (
            query(
                two_teams,
                f"select distinct team from shipworthy.{mart} "
                f"where not is_suppressed and team in ('all', 'anchor')",
            )
            == []
        )


@pytest.mark.slow
def test_an_organisation_of_one_small_team_shows_nothing(two_teams, tmp_path):
    warehouse = tmp_path / "one_team.duckdb"
    shutil.copy(two_teams, warehouse)
    connection = connect(warehouse)
    for table in ("people", "services", "costs"):
        connection.execute(f"delete from {RAW_SCHEMA}.{table} where team <> 'anchor'")
    repositories = f"select repository from {RAW_SCHEMA}.services"
    for table in ("commits", "pull_requests", "deployments"):
        connection.execute(
            f"delete from {RAW_SCHEMA}.{table} where repository not in ({repositories})"
        )
    connection.execute(
        f"""
        delete from {RAW_SCHEMA}.ai_usage
        where person_key not in (select person_key from {RAW_SCHEMA}.people)
        """
    )
    connection.close()
    build(warehouse, demo=False)
    for mart in SUMS:
        rows = query(
            warehouse,
            f"select count(*) > 0, bool_and(is_suppressed or team = 'unassigned') "
            f"from shipworthy.{mart}",
        )
        assert rows == [(True, True)], mart
