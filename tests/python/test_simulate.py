"""The demo data keep the contract, are made the same everywhere, and tell their stories.

The stories are read from the committed files alone. What sections 1 to 3 of the definitions page
define is computed by the reference, which knows nothing of the simulator; the rest is counted here.
"""

import csv
import os
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path
from statistics import mean

import pytest

from reference.oracle import compute
from shipworthy.contract import TABLES, VOCABULARY
from shipworthy.simulate import HONEST, Parameters, simulate

SEEDS = Path(__file__).parents[2] / "seeds" / "demo"
END = Parameters().end
UNCOUNTED = ("generated", "vendored")
READERS = {
    "VARCHAR": str,
    "BIGINT": int,
    "DOUBLE": float,
    "BOOLEAN": {"true": True, "false": False}.__getitem__,
    "DATE": date.fromisoformat,
    "TIMESTAMP": lambda text: datetime.strptime(text, "%Y-%m-%d %H:%M:%S"),
}


def read(name):
    """Rows of a committed file, each value read as the type that the contract gives it."""
    table = TABLES[name]
    with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file)
        assert next(lines) == list(table.columns)
        return [
            {
                column: READERS[kind](text) if text else None
                for (column, kind), text in zip(table.columns.items(), line, strict=True)
            }
            for line in lines
        ]


@pytest.fixture(scope="module")
def rows():
    return {name: read(name) for name in TABLES}


@pytest.fixture(scope="module")
def marts(rows):
    return compute(rows, {})


@pytest.fixture(scope="module")
def commits(rows):
    return {(row["repository"], row["sha"]): row for row in rows["commits"]}


@pytest.fixture(scope="module")
def mainline(rows):
    by_repository = defaultdict(list)
    for row in rows["commits"]:
        if row["mainline_position"]:
            by_repository[row["repository"]].append(row)
    for commits in by_repository.values():
        commits.sort(key=lambda row: row["mainline_position"])
    return by_repository


def week(index):
    return (Parameters().start + timedelta(weeks=index)).date()


# The files --------------------------------------------------------------------------------------


@pytest.mark.parametrize("hash_seed", ["0", "4711"])
def test_the_same_seed_writes_the_committed_files(tmp_path, hash_seed):
    subprocess.run(
        [sys.executable, "-m", "shipworthy.simulate", "--out", tmp_path, "--seed", "20260105"],
        check=True,
        capture_output=True,
        env=os.environ | {"PYTHONHASHSEED": hash_seed, "TZ": "Asia/Tokyo"},
    )
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    committed = {path.name: path.read_bytes() for path in SEEDS.glob("*.csv")}
    assert written.keys() == committed.keys() == {f"{name}.csv" for name in TABLES}
    assert [name for name in written if written[name] != committed[name]] == []


def test_another_seed_makes_another_organisation():
    assert simulate(Parameters(seed=1))["commits"] != simulate(Parameters())["commits"]


def test_the_files_are_small(rows):
    assert sum(path.stat().st_size for path in SEEDS.glob("*.csv")) < 6_000_000
    assert sum(map(len, rows.values())) < 45_000


# The contract -----------------------------------------------------------------------------------


# The demo's loads found nothing odd.
@pytest.mark.parametrize("name", [name for name in TABLES if name != "load_findings"])
def test_keys_are_unique_and_known(rows, name):
    table = TABLES[name]
    keys = Counter(tuple(row[column] for column in table.key) for row in rows[name])
    assert rows[name]
    assert [key for key, count in keys.items() if count > 1] == []
    needed = [column for column in table.key if column not in table.nullable_key]
    assert all(row[column] is not None for row in rows[name] for column in needed)


@pytest.mark.parametrize(("name", "column"), VOCABULARY)
def test_words_are_those_of_the_contract(rows, name, column):
    words = {str(row[column]) for row in rows[name] if row[column] is not None}
    assert words <= set(VOCABULARY[name, column])


@pytest.mark.parametrize(
    "name", [name for name in TABLES if name not in ("load_watermarks", "load_findings")]
)
def test_nothing_is_counted_below_zero_or_happens_after_the_load(rows, name):
    for column, kind in TABLES[name].columns.items():
        values = [row[column] for row in rows[name] if row[column] is not None]
        if kind == "BIGINT":
            assert min(values, default=0) >= 0
        if kind == "TIMESTAMP":
            assert max(values, default=END) <= END


def test_people_and_commits_are_hashes_only(rows):
    for name, table in TABLES.items():
        for column in table.columns:
            if column.endswith(("_key", "sha")):
                length = 32 if column.endswith("_key") else 40
                for row in rows[name]:
                    value = row[column]
                    assert value is None or (len(value) == length and int(value, 16) >= 0)


def test_all_inputs_end_at_the_same_instant(rows):
    assert {row["loaded_through"] for row in rows["load_watermarks"]} == {END}
    inputs = {row["input"] for row in rows["load_watermarks"]}
    assert inputs == set(TABLES) - {"load_watermarks", "load_findings"}
    for name in inputs:
        loaded = sum(row["rows"] for row in rows["load_watermarks"] if row["input"] == name)
        assert loaded == len(rows[name])


# Code -------------------------------------------------------------------------------------------


def test_the_mainline_is_numbered_and_its_clock_never_runs_backwards(mainline):
    is_lifted = False
    for repository in mainline.values():
        assert [row["mainline_position"] for row in repository] == [*range(1, len(repository) + 1)]
        latest = datetime.min
        for row in repository:
            latest = max(latest, row["committed_at"])
            assert row["landed_at"] == latest
            assert row["authored_at"] <= row["committed_at"]
            is_lifted |= row["committed_at"] < latest
    assert is_lifted


def test_a_line_dies_once_and_after_it_was_born(rows, commits):
    born, died = Counter(), Counter()
    for row in rows["line_births"]:
        key = (row["repository"], row["added_sha"], row["path"], row["author_sha"])
        born[(*key, row["authorship"], row["is_moved"], row["path_class"])] += row["lines"]
        assert row["lines"] > 0
        assert commits[row["repository"], row["author_sha"]]
    for row in rows["line_deaths"]:
        key = (row["repository"], row["added_sha"], row["path"], row["author_sha"])
        died[(*key, row["authorship"], row["birth_is_moved"], row["path_class"])] += row["lines"]
        added = commits[row["repository"], row["added_sha"]]
        removed = commits[row["repository"], row["removed_sha"]]
        assert row["lines"] > 0
        assert added["mainline_position"] < removed["mainline_position"]
    assert all(lines <= born[key] for key, lines in died.items())


def test_commits_count_the_lines_of_the_tables(rows, mainline):
    added, by_ai, removed, paths = Counter(), Counter(), Counter(), defaultdict(set)
    moved = {"born": Counter(), "died": Counter()}
    for row in rows["line_births"]:
        sha = row["added_sha"]
        paths[sha].add(row["path"])
        if row["path_class"] not in UNCOUNTED:
            added[sha] += row["lines"]
            by_ai[sha] += row["lines"] * (row["authorship"] == "ai")
        moved["born"][sha] += row["lines"] * row["is_moved"]
    for row in rows["line_deaths"]:
        sha = row["removed_sha"]
        paths[sha].add(row["path"])
        if row["path_class"] not in UNCOUNTED:
            removed[sha] += row["lines"]
        moved["died"][sha] += row["lines"] * row["is_moved"]
    for row in (row for repository in mainline.values() for row in repository):
        sha = row["sha"]
        assert row["lines_added"] == added[sha]
        assert row["ai_lines_added"] == by_ai[sha]
        assert row["lines_removed"] == removed[sha]
        assert row["files_changed"] == len(paths[sha]) > 0
    assert moved["born"].total() > 0
    assert moved["born"] == moved["died"]


def test_the_first_days_of_a_line_are_its_most_dangerous(rows, commits):
    removed = Counter()
    for row in rows["line_deaths"]:
        added = commits[row["repository"], row["added_sha"]]["landed_at"]
        age = commits[row["repository"], row["removed_sha"]]["landed_at"] - added
        if added >= Parameters().start and not row["is_moved"]:
            removed[age.days // 7] += row["lines"]
    assert removed[0] > removed[1] > removed[2] > removed[3] > removed[4]


def test_the_code_has_all_that_real_code_has(rows, commits):
    births = rows["line_births"]
    assert {row["path_class"] for row in births} == set(VOCABULARY["line_births", "path_class"])
    assert {row["authorship"] for row in births} == set(VOCABULARY["line_births", "authorship"])
    assert {row["attribution_method"] for row in births} >= {"line_ranges", "author", "trailer"}
    assert any(row["is_refilled"] for row in births)
    # Real merges: the author of a line is a branch commit, its clock the merge's.
    merged = [row for row in births if row["author_sha"] != row["added_sha"]]
    assert {row["repository"] for row in merged} == {"lighthouse/ledger"}
    assert all(
        commits[row["repository"], row["author_sha"]]["mainline_position"] is None for row in merged
    )
    old = [
        row
        for row in rows["line_deaths"]
        if commits[row["repository"], row["removed_sha"]]["landed_at"]
        - commits[row["repository"], row["added_sha"]]["landed_at"]
        >= timedelta(days=91)
    ]
    assert len(old) > 300
    reverts = [row for row in rows["commits"] if row["reverts_sha"]]
    assert reverts
    assert all((row["repository"], row["reverts_sha"]) in commits for row in reverts)


# Requests ---------------------------------------------------------------------------------------


def test_requests_belong_to_their_changes(rows, commits):
    requests = {(row["repository"], row["number"]): row for row in rows["pull_requests"]}
    for row in requests.values():
        times = [row["first_commit_at"], row["opened_at"], row["ready_at"], row["closed_at"]]
        known = [at for at in times if at]
        assert known == sorted(known)
        if row["merged_at"]:
            merge = commits[row["repository"], row["merge_sha"]]
            assert merge["pull_request_number"] == row["number"]
            assert (merge["lines_added"], merge["committed_at"]) == (
                row["lines_added"],
                row["merged_at"],
            )
    for row in rows["commits"]:
        if row["pull_request_number"]:
            assert (row["repository"], row["pull_request_number"]) in requests
    pushed = defaultdict(set)
    for row in rows["pull_request_commits"]:
        request = requests[row["repository"], row["number"]]
        assert request["first_commit_at"] <= row["committed_at"] <= request["merged_at"]
        pushed[row["repository"], row["number"]].add(row["sha"])
    for row in rows["pull_request_commit_files"]:
        assert row["sha"] in pushed[row["repository"], row["number"]]
    threads = Counter()
    for row in rows["review_threads"]:
        request = requests[row["repository"], row["number"]]
        assert request["opened_at"] <= row["opened_at"] <= request["merged_at"]
        threads[row["repository"], row["number"]] += 1
    for row in rows["reviews"]:
        request = requests[row["repository"], row["number"]]
        assert request["opened_at"] <= row["submitted_at"] <= request["merged_at"]
        threads[row["repository"], row["number"]] -= row["comment_threads"]
    assert not any(threads.values())


def test_requests_end_in_every_way(rows):
    requests = rows["pull_requests"]
    assert any(row["closed_at"] is None for row in requests)
    assert any(
        row["merged_at"] is None and row["author_kind"] == "agent" and row["closed_by_key"]
        for row in requests
    )
    assert any(row["driver_key"] for row in requests if row["merged_at"])
    assert {row["state"] for row in rows["reviews"]} == set(VOCABULARY["reviews", "state"])


# Delivery ---------------------------------------------------------------------------------------


def test_deployments_are_of_commits_that_had_landed(rows, commits):
    without_sha = off_mainline = 0
    for row in rows["deployments"]:
        if row["sha"] is None:
            without_sha += 1
            continue
        commit = commits[row["repository"], row["sha"]]
        off_mainline += commit["mainline_position"] is None
        assert commit["committed_at"] < (row["started_at"] or row["created_at"])
    assert (without_sha, off_mainline) == (2, 1)
    known = {row["deployment_id"] for row in rows["deployments"]}
    assert {row["deployment_id"] for row in rows["deployment_commits"]} <= known


def test_deployments_go_every_way(rows, commits):
    deployments = rows["deployments"]
    assert {row["status"] for row in deployments} == set(VOCABULARY["deployments", "status"])
    assert {row["environment"] for row in deployments} == {"production", "staging"}
    assert {row["kind"] for row in deployments} == {"deploy", "flag"}
    assert {row["source"] for row in deployments} == {"github", "git_tag"}
    live, rollbacks, repeats = {}, 0, 0
    for row in sorted(deployments, key=lambda row: row["created_at"]):
        is_shipping = (row["environment"], row["status"], row["kind"]) == (
            "production", "success", "deploy",
        )  # fmt: skip
        if is_shipping and row["sha"]:
            position = commits[row["repository"], row["sha"]]["mainline_position"]
            if position:
                before = live.get(row["service"], 0)
                rollbacks += position < before
                repeats += position == before
                live[row["service"]] = position
    assert rollbacks >= 5
    assert repeats >= 100


def test_incidents_are_recorded_in_every_way(rows, marts):
    incidents = rows["incidents"]
    labels = {row["severity_label"] for row in incidents}
    assert {"SEV-1", "P2", "sev3", "critical", "needs triage", None} <= labels
    assert any(row["is_false_alarm"] for row in incidents)
    assert any(row["is_maintenance"] for row in incidents)
    assert any(row["resolved_at"] is None for row in incidents)
    assert any(row["service"] == '["checkout", "storefront"]' for row in incidents)
    assert any(row["service"] is None for row in incidents)
    methods = {row["attribution_method"] for row in marts["fct_incidents"]}
    assert methods == {"explicit", "fix", "time", "unattributed"}


def test_some_lines_are_unknown_because_their_authors_use_ai(rows, marts):
    users = {row["person_key"] for row in rows["ai_usage"]} - {None}
    aliases = {row["alias_key"]: row["person_key"] for row in rows["identities"]}
    assert users & set(aliases)
    users = {aliases.get(key, key) for key in users}
    humans = {row["person_key"] for row in rows["people"] if row["kind"] == "human"}
    assert len(humans) == 40
    assert 15 <= len(users & humans) <= 30
    assert any(row["unknown_held_lines"] for row in marts["fct_releases"])
    assert any(row["author_key"] in aliases for row in rows["commits"])


# The stories ------------------------------------------------------------------------------------


def signals(marts, team, since):
    found = [
        row
        for row in marts["turnover_signal"]
        if row["team"] == team and row["week_start_on"] >= since
    ]
    return sorted(found, key=lambda row: row["week_start_on"])


def mean_of(marts, team, column, since, until):
    return mean(
        row[column]
        for row in marts["normalized_deployments"]
        if row["team"] == team and since <= row["week_start_on"] < until
    )


def test_story_of_the_team_that_accepts_agent_code_unread(marts):
    early = [row["turnover_signal"] for row in signals(marts, "harbor", week(0))[:14]]
    assert set(early) == {"insufficient_data"}
    late = signals(marts, "harbor", week(24))
    assert {row["turnover_signal"] for row in late} == {"severe"}
    for row in late:
        assert min(row["ai_effective_changes"], row["human_effective_changes"]) >= 30
        assert row["turnover_ratio"] > 3
        assert row["turnover_ratio_low"] > 2


def test_story_of_the_team_that_burns_tokens(rows, marts):
    teams = defaultdict(set)
    for row in rows["people"]:
        if row["valid_from_on"] is None:
            teams[row["person_key"]].add(row["team"])
    aliases = {row["alias_key"]: row["person_key"] for row in rows["identities"]}
    since, until = week(22), week(35)
    tokens, active = Counter(), defaultdict(lambda: defaultdict(set))
    for row in rows["ai_usage"]:
        at = row["bucket_started_at"]
        if row["person_key"] is None or not since <= at.date() < until:
            continue
        key = aliases.get(row["person_key"], row["person_key"])
        for team in teams[key]:
            tokens[team] += row["output_tokens"] or 0
            if row["bucket_hours"] == 1:
                assert team == "foghorn"
                active[key][at.date()].add(at.hour)
    ai_lines = Counter()
    for row in marts["fct_releases"]:
        if since <= row["week_start_on"] < until:
            ai_lines[row["team"]] += row["ai_held_lines"]
    per_line = {team: tokens[team] / ai_lines[team] for team in ("harbor", "beacon", "keel")}
    assert tokens["foghorn"] / ai_lines["foghorn"] > 20 * max(per_line.values())
    assert tokens["foghorn"] > tokens.total() / 2
    # Two people are active in 20 or more hours of two days in nearly every week.
    around = sum(
        sum(len(hours) >= 20 for day, hours in days.items() if monday <= day < sunday) >= 2
        for days in active.values()
        for monday, sunday in ((week(w), week(w + 1)) for w in range(22, 35))
    )
    assert around >= 20
    before = mean_of(marts, "foghorn", "normalized_deployments", week(1), week(20))
    assert mean_of(marts, "foghorn", "normalized_deployments", since, until) < before / 2


def decisions_followed_by_a_commit(rows):
    """Share of each team's merged requests with a thread on a file that a later commit touched."""
    teams = {row["person_key"]: row["team"] for row in reversed(rows["people"])}
    pushed_at = {
        (row["repository"], row["number"], row["sha"]): row["committed_at"]
        for row in rows["pull_request_commits"]
    }
    touched = defaultdict(list)
    for row in rows["pull_request_commit_files"]:
        request = (row["repository"], row["number"])
        touched[(*request, row["path"])].append(pushed_at[(*request, row["sha"])])
    followed = {
        (row["repository"], row["number"])
        for row in rows["review_threads"]
        if any(
            at > row["opened_at"] for at in touched[row["repository"], row["number"], row["path"]]
        )
    }
    merged, directed = Counter(), Counter()
    for row in rows["pull_requests"]:
        team = teams.get(row["author_key"])
        if row["merged_at"] and team:
            merged[team] += 1
            directed[team] += (row["repository"], row["number"]) in followed
    return {team: directed[team] / merged[team] for team in merged}


def test_story_of_the_careful_team(rows, marts):
    late = signals(marts, "beacon", week(26))
    assert {row["turnover_signal"] for row in late} == {"healthy"}
    assert all(0.3 < row["turnover_ratio"] < 1.1 for row in late)
    share = decisions_followed_by_a_commit(rows)
    others = [share[team] for team in ("harbor", "foghorn", "tide", "keel")]
    assert share["beacon"] > 0.4
    assert share["beacon"] > 2 * max(others)
    assert share["harbor"] == min(others)


def test_story_of_the_team_that_splits_deployments(rows, marts):
    production = [
        (row["finished_at"] or row["created_at"]).date()
        for row in rows["deployments"]
        if row["service"] in ("storefront", "search")
        and (row["environment"], row["status"]) == ("production", "success")
    ]
    before = sum(week(1) <= day < week(20) for day in production) / 19
    after = sum(week(21) <= day < week(35) for day in production) / 14
    assert after > 5 * before
    earned = mean_of(marts, "tide", "normalized_deployments", week(21), week(35))
    assert earned == pytest.approx(
        mean_of(marts, "tide", "normalized_deployments", week(1), week(20)), rel=0.1
    )


def test_story_of_the_bad_release(rows, marts, commits):
    [incident] = [
        row
        for row in rows["incidents"]
        if row["service"] == "ledger" and row["severity_label"] == "SEV-1"
    ]
    deployments = sorted(
        (
            row
            for row in rows["deployments"]
            if row["service"] == "ledger"
            and (row["environment"], row["status"]) == ("production", "success")
        ),
        key=lambda row: row["finished_at"],
    )
    at = [row["deployment_id"] for row in deployments].index(incident["caused_by_deployment_id"])
    previous, bad, rollback, forward = deployments[at - 1 : at + 3]
    positions = [
        commits[row["repository"], row["sha"]]["mainline_position"]
        for row in (previous, bad, rollback, forward)
    ]
    assert positions[0] == positions[2] < positions[1] < positions[3]
    assert bad["finished_at"] < incident["opened_at"] < rollback["started_at"]
    assert rollback["finished_at"] < incident["resolved_at"] < forward["started_at"]
    fix = next(
        row
        for row in rows["commits"]
        if row["repository"] == "lighthouse/ledger"
        and row["is_fix"]
        and row["mainline_position"]
        and positions[1] < row["mainline_position"] <= positions[3]
    )
    assert fix["lines_removed"] > 0
    [release] = [
        row
        for row in marts["fct_releases"]
        if row["service"] == "ledger"
        and row["window_started_at"].date() == bad["finished_at"].date()
    ]
    assert release["is_failed"]
    assert (release["failure_weight"], release["stability"]) == (1.0, 0.0)
    success = [row for row in rows["product_metrics"] if row["metric"] == "payment_success_rate"]
    worst = min(success, key=lambda row: row["value"])
    assert worst["measured_on"] == incident["opened_at"].date()


def test_story_of_the_average_team(marts):
    late = signals(marts, "keel", week(30))
    assert {row["turnover_signal"] for row in late} == {"inconclusive"}
    rates = defaultdict(lambda: [0, 0.0])
    for row in marts["fct_releases"]:
        rates[row["team"]][0] += 1
        rates[row["team"]][1] += row["failure_weight"]
    weighted = {team: weight / releases for team, (releases, weight) in rates.items()}
    assert weighted["beacon"] < weighted["keel"] < weighted["harbor"]


def test_story_of_the_small_team(rows, marts):
    members = [row for row in rows["people"] if row["team"] == "anchor"]
    assert Counter(row["kind"] for row in members) == {"human": 4, "automation": 1}
    builders = [row for row in marts["normalized_deployments"] if row["team"] == "anchor"]
    assert {row["builders"] for row in builders} == {4}
    sizes = [row["builders"] for row in marts["normalized_deployments"] if row["team"] != "anchor"]
    assert 3 <= min(sizes) <= max(sizes) <= 9


def computed(parameters):
    """Marts of an organisation that is not in the files."""
    return compute(
        {
            name: [{column: row.get(column) for column in TABLES[name].columns} for row in table]
            for name, table in simulate(parameters).items()
        },
        {},
    )


# Other organisations -----------------------------------------------------------------------------


@pytest.mark.slow
def test_honest_teams_have_no_story():
    words = Counter(
        row["turnover_signal"]
        for seed in (1, 2, 3)
        for row in computed(Parameters(seed=seed, teams=HONEST))["turnover_signal"]
    )
    looks = words.total() - words["insufficient_data"]
    assert looks > 300
    assert words["severe"] == 0
    assert words["alarm"] <= 0.04 * looks


@pytest.mark.parametrize(
    "changed",
    [{"weeks": 39}, {"start": datetime(2026, 1, 6)}, {"teams": Parameters.teams[1:]}],
)
def test_impossible_parameters_are_refused(changed):
    with pytest.raises(ValueError, match="must"):
        Parameters(**changed)
