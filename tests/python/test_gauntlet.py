"""Moves change what they say and nothing else, and earn no more than the limits allow."""

import copy
import re
from collections import Counter

import pytest
from click.testing import CliRunner

from shipworthy.cli import cli
from shipworthy.contract import TABLES, VOCABULARY
from shipworthy.errors import ShipworthyError
from shipworthy.gauntlet import limits, page
from shipworthy.gauntlet.moves import all_moves
from shipworthy.gauntlet.run import chosen, own_project, play, run
from shipworthy.gauntlet.world import of_team
from shipworthy.simulate import company, simulate

# Whatever has a limit, on one organisation; the whole gauntlet, on eight, is `shipworthy gauntlet`.
LIMITED = tuple(dict.fromkeys(limit.move for limit in limits.LIMITS))


@pytest.fixture(scope="module")
def organisation():
    parameters = company(3, 30, 3)
    return parameters, simulate(parameters)


@pytest.fixture(scope="module")
def before(organisation):
    return copy.deepcopy(organisation[1])


@pytest.fixture(scope="module")
def result():
    return run(chosen(LIMITED), (1,), own_project())


# The company --------------------------------------------------------------------------------------


def test_a_company_keeps_the_contract(organisation):
    parameters, tables = organisation
    assert tables.keys() == TABLES.keys()
    assert len({row["team"] for row in tables["services"]}) == 3
    for name, table in TABLES.items():
        keys = Counter(tuple(row.get(column) for column in table.key) for row in tables[name])
        assert [key for key, count in keys.items() if count > 1] == [], name
        assert {column for row in tables[name] for column in row} <= set(table.columns)
    for (name, column), words in VOCABULARY.items():
        assert {str(row[column]) for row in tables[name] if row.get(column) is not None} <= {*words}
    assert max(row["committed_at"] for row in tables["commits"]) <= parameters.end


def test_a_company_is_what_its_parameters_say(organisation):
    parameters, tables = organisation
    assert simulate(parameters) == tables
    assert simulate(company(3, 30, 4))["commits"] != tables["commits"]
    with pytest.raises(ValueError, match="must be 2 to 200"):
        company(1)
    with pytest.raises(ValueError, match="must be 8 to 520"):
        company(2, 7)


def test_a_team_has_nothing_that_is_anothers(organisation):
    parameters, tables = organisation
    parts = [of_team(tables, team.name) for team in parameters.teams]
    for name in ("commits", "line_births", "deployments", "reviews", "services"):
        assert sum(len(part[name]) for part in parts) == len(tables[name])


# The moves ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", all_moves())
def test_a_move_changes_data_as_real_data_could_be(organisation, before, name):
    parameters, tables = organisation
    moved = play(tables, parameters, name, None, None)
    # Rows are replaced, never changed in place: the honest world is still there.
    assert tables == before
    changed = [table for table in TABLES if moved[table] is not tables[table]]
    assert any(moved[table] != tables[table] for table in changed)
    assert not {"load_watermarks", "load_findings"} & {*changed}
    for table in changed:
        keys = Counter(tuple(row.get(c) for c in TABLES[table].key) for row in moved[table])
        assert [key for key, count in keys.items() if count > 1][:3] == []
        assert {column for row in moved[table] for column in row} <= set(TABLES[table].columns)
        for column, kind in TABLES[table].columns.items():
            values = [row[column] for row in moved[table] if row.get(column) is not None]
            if kind == "BIGINT":
                assert min(values, default=0) >= 0
            if kind == "TIMESTAMP":
                assert max(values, default=parameters.end) <= parameters.end
            if (table, column) in VOCABULARY:
                assert {str(value) for value in values} <= {*VOCABULARY[table, column]}


@pytest.mark.parametrize(
    "name", [one.name for one in all_moves().values() if one.family in ("code", "labels")]
)
def test_lines_go_once_and_after_they_came(organisation, name):
    parameters, tables = organisation
    moved = play(tables, parameters, name, None, None)
    positions = {
        (row["repository"], row["sha"]): row.get("mainline_position") for row in moved["commits"]
    }
    born, gone = Counter(), Counter()
    for row in moved["line_births"]:
        key = (row["repository"], row["added_sha"], row["path"], row["author_sha"])
        born[(*key, row["authorship"], row["is_moved"])] += row["lines"]
    for row in moved["line_deaths"]:
        key = (row["repository"], row["added_sha"], row["path"], row["author_sha"])
        gone[(*key, row["authorship"], row["birth_is_moved"])] += row["lines"]
        removed = positions[row["repository"], row["removed_sha"]]
        assert removed > positions[row["repository"], row["added_sha"]]
    assert [key for key, lines in gone.items() if lines > born[key]][:3] == []
    mainline = Counter(
        (row["repository"], row["mainline_position"])
        for row in moved["commits"]
        if row.get("mainline_position")
    )
    assert max(mainline.values()) == 1


def test_only_the_team_that_plays_changes(organisation):
    parameters, tables = organisation
    team = parameters.teams[1].name
    moved = play(tables, parameters, "dead_lines_100", team, 15)
    for other in parameters.teams:
        lines = [
            sum(row["lines"] for row in of_team(each, other.name)["line_births"])
            for each in (moved, tables)
        ]
        assert (lines[0] == lines[1]) == (other.name != team)
    assert {row["repository"] for row in moved["line_births"]} == {
        row["repository"] for row in tables["line_births"]
    }


def test_what_does_not_exist_is_refused(organisation):
    parameters, tables = organisation
    with pytest.raises(ShipworthyError, match="no move 'flattery'"):
        play(tables, parameters, "flattery", None, None)
    with pytest.raises(ShipworthyError, match="no team 'oak'"):
        play(tables, parameters, "rewind", "oak", None)
    with pytest.raises(ShipworthyError, match="after the end"):
        play(tables, parameters, "rewind", None, 30)
    with pytest.raises(ShipworthyError, match="no move 'flattery'"):
        chosen(["flattery"])
    assert {one.family for one in chosen(["people", "rewind"])} == {"people", "deployments"}


# What they earn -----------------------------------------------------------------------------------


def test_limits_name_moves_and_headlines():
    for limit in limits.LIMITS:
        assert limit.move in all_moves()
        assert limit.measure in limits.BETTER
    stated = {(limit.move, limit.measure) for limit in limits.LIMITS}
    assert len(stated) == len(limits.LIMITS)


@pytest.mark.slow
def test_moves_earn_no_more_than_their_limits(result):
    found = limits.kept(result)
    assert {limit.move for limit, *_ in found} == {*LIMITED}
    assert [
        f"{limit.move}: {limit.measure} {change:+.3f}, at most {limit.most}"
        for limit, change, holds in found
        if not holds
    ] == []


@pytest.mark.slow
def test_a_copy_that_plays_nothing_is_its_team(result):
    """What a move is compared with: the numbers of the team among all others."""
    assert {*result.copies} >= {*limits.BETTER, "deployments", "tokens", "incidents"}
    for name, changes in result.copies.items():
        assert changes == pytest.approx([0] * len(changes), abs=1e-9), name


@pytest.mark.slow
def test_naive_metrics_do_not_withstand_them(result):
    played = result.played
    assert played["token_loop_team"].change("tokens") > 5
    assert played["empty_redeployments"].change("deployments") > 1
    assert played["dead_lines_100"].change("lines") > 0.7
    assert played["twenty_dummy_services"].change("change_failure_rate") < -0.8


@pytest.mark.slow
def test_signals_show_loops_and_empty_releases(result):
    for move, signal in (
        ("token_loop_team", "around_the_clock"),
        ("token_loop_team", "metronome"),
        ("empty_redeployments", "empty_releases"),
        ("retire_and_readd", "refill"),
    ):
        assert result.played[move].firing()[signal] >= 0.5


@pytest.mark.slow
def test_honest_teams_are_left_alone(result):
    assert len(result.honest) >= 12
    assert result.honest_weeks > 200
    assert result.honest_firing_weeks <= limits.HONEST_ANY * result.honest_weeks


@pytest.mark.slow
def test_the_page_says_what_was_found(result):
    text = page.page(result)
    for name in LIMITED:
        assert f"`{name}`" in text
    for heading in ("Limits", "What still works", "Every move", "The simulated organisation"):
        assert f"\n## {heading}\n" in text
    assert text.count(page.SHORT_BEGINS) == text.count(page.SHORT_ENDS) == 1


# What was published -------------------------------------------------------------------------------


def rows_of(text, heading):
    """Cells of the table under a heading of a page."""
    part = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


@pytest.fixture(scope="module")
def published():
    return (own_project() / "docs" / "gauntlet.md").read_text()


def test_the_published_page_has_every_move_on_eight_organisations(published):
    assert "Medians of 8 seeds." in published
    moves = {row[0].split("`")[1] for row in rows_of(published, "Every move") if "`" in row[0]}
    assert moves == {*all_moves()}


def test_every_limit_is_published_and_holds(published):
    found = {(row[0].strip("`"), row[1], row[2]): row[4] for row in rows_of(published, "Limits")}
    stated = {
        (limit.move, page.title_of(limit.measure), page.at_most(limit)) for limit in limits.LIMITS
    }
    assert found.keys() == stated
    assert {*found.values()} == {"yes"}


def test_what_improves_a_headline_is_shown_or_published(published):
    works = {row[0].strip("`") for row in rows_of(published, "What still works")}
    for row in rows_of(published, "Every move"):
        if "`" not in row[0]:
            continue
        headlines, shown = row[2:11], float(row[12].rstrip("%")) / 100
        if any(cell.startswith("**") for cell in headlines) and shown < limits.SHOWN - 0.005:
            assert row[0].split("`")[1] in works


def test_honest_teams_are_published_and_left_alone(published):
    rows = rows_of(published, "What signals say of honest teams")
    assert len(rows) >= 27
    for name, judged, fired, _ in rows:
        assert int(fired) <= limits.HONEST_SIGNAL * int(judged), name
    fired, judged = map(int, re.search(r"any signal in (\d+) of (\d+) team", published).groups())
    assert fired <= limits.HONEST_ANY * judged


def test_the_front_page_says_what_the_page_says(published):
    readme = (own_project() / "README.md").read_text()
    short = published.split(page.SHORT_BEGINS)[1].split(page.SHORT_ENDS)[0]
    assert readme.split(page.SHORT_BEGINS)[1].split(page.SHORT_ENDS)[0] == short


# The command line ---------------------------------------------------------------------------------


def call(*arguments):
    return CliRunner().invoke(cli, arguments)


def test_the_list_names_every_move():
    listed = call("gauntlet", "--list").output.splitlines()
    assert [line.split(" ")[0] for line in listed] == [*all_moves()]


def test_a_company_with_a_move_is_written(tmp_path):
    honest = call("simulate", "--out", str(tmp_path / "a"), "--teams", "2", "--weeks", "20")
    moved = call(
        *("simulate", "--out", str(tmp_path / "b"), "--teams", "2", "--weeks", "20"),
        *("--move", "empty_redeployments", "--team", "birch", "--from", "12"),
    )
    assert honest.exit_code == moved.exit_code == 0
    lines = [(tmp_path / name / "deployments.csv").read_text().splitlines() for name in ("a", "b")]
    # Eight weeks of seven days, three services.
    assert len(lines[1]) - len(lines[0]) == 8 * 7 * 3
    assert all("birch" in line for line in set(lines[1]) - set(lines[0]))


def test_what_cannot_be_simulated_is_one_sentence(tmp_path):
    said = call("simulate", "--out", str(tmp_path), "--team", "birch")
    assert said.exit_code == 2
    assert "--team and --from go with --move" in said.output
    said = call("simulate", "--out", str(tmp_path), "--move", "flattery")
    assert isinstance(said.exception, ShipworthyError)
    assert not list(tmp_path.iterdir())
