"""Defects and gaming signals of the demo, computed again in plain Python from its CSV files.

Written from docs/metrics.md. What other tests hold already (which service a path has, which
deployment ships a change, how many lines hold) comes from the reference implementation.
"""

import csv
import math
import shutil
from collections import defaultdict
from datetime import date, datetime, timedelta
from statistics import fmean, median, pstdev

import pytest
from scipy.stats import poisson

from dbt_runs import ROOT, query, read_rows, run_dbt
from reference.delivery import Delivery, first_requests
from reference.facts import Facts
from reference.failures import Failures
from reference.formulas import quantile, wilson
from reference.oracle import compute
from reference.shipping import ship
from reference.spending import Groups
from reference.test_spending import SEEDS
from shipworthy.contract import TABLES
from shipworthy.warehouse import connect

DEMO = ROOT / "seeds" / "demo"
DAY = timedelta(days=1)
WEEK = timedelta(days=7)
READ = {
    "VARCHAR": str,
    "BIGINT": int,
    "DOUBLE": float,
    "BOOLEAN": lambda text: text == "true",
    "DATE": date.fromisoformat,
    "TIMESTAMP": datetime.fromisoformat,
}


@pytest.fixture(scope="module")
def tables():
    """Rows of the demo by table."""
    read = {}
    for name, table in TABLES.items():
        with (DEMO / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            read[name] = [
                {c: READ[table.columns[c]](v) if v != "" else None for c, v in row.items()}
                for row in csv.DictReader(file)
            ]
    return read


@pytest.fixture(scope="module")
def facts(tables):
    return Facts(tables, {})


@pytest.fixture(scope="module")
def marts(tables):
    return compute(tables, {})


@pytest.fixture(scope="module")
def groups(demo, facts, marts):
    """Whose rows may be shown, and what a bucket of usage costs."""
    seeds = [
        read_rows(demo.warehouse, f"shipworthy_reference.shipworthy__{name}") for name in SEEDS
    ]
    _, releases = ship(facts)
    return Groups(facts, releases, marts["normalized_deployments"], seeds, 5, first_requests(facts))


@pytest.fixture(scope="module")
def incidents(facts, marts):
    """(team, week) of each counted incident."""
    streams, releases = ship(facts)
    failures = Failures(facts, streams)
    delivery = Delivery(facts, streams, failures, marts["normalized_deployments"], releases)
    return [(team, monday(opened_at)) for team, opened_at, *_ in delivery.incidents]


def monday(moment):
    day = moment.date() if isinstance(moment, datetime) else moment
    return day - timedelta(days=day.weekday())


def start(day):
    return datetime(day.year, day.month, day.day)


def same(expected, actual):
    if isinstance(expected, float) and isinstance(actual, float):
        return math.isclose(expected, actual, rel_tol=1e-9, abs_tol=1e-9)
    return expected == actual


def compare(expected, actual):
    assert expected.keys() == actual.keys()
    wrong = {
        key: (expected[key], actual[key])
        for key in expected
        if not all(map(same, expected[key], actual[key]))
    }
    assert not wrong, (len(wrong), list(wrong.items())[:5])


# ---------------------------------------------------------------------------- defects


def test_defects_of_the_demo(demo, tables, facts):
    named = defaultdict(list)
    by_sha = {sha: (repository, sha) for repository, sha in facts.changes}
    for row in tables["incidents"]:
        if row["opened_at"] > facts.as_of or row["is_false_alarm"] or row["is_maintenance"]:
            continue
        if row["fixed_by_sha"]:
            fixes = [by_sha[row["fixed_by_sha"]]] if row["fixed_by_sha"] in by_sha else []
        else:
            fixes = [
                key
                for key, change in facts.changes.items()
                if change["fixes_incident_id"] == row["incident_id"]
            ]
        for fix in fixes:
            named[fix].append((row["opened_at"], row["incident_id"]))
    fixes = set(named) | facts.hotfix_changes
    fixes |= {key for key, change in facts.changes.items() if change["is_fix"]}
    lines = defaultdict(lambda: defaultdict(int))
    for death in facts.deaths:
        fix = (death["repository"], death["removed_sha"])
        if fix in fixes and not death["is_moved"]:
            cell = lines[(*fix, death["added_sha"], death["service"] or "unassigned")]
            cell[death["reading"]] += death["lines"]
            cell["moved"] += death["lines"] * death["birth_is_moved"]
    expected = {}
    for key, cell in lines.items():
        repository, fixing, introducing, _ = key
        parts = [cell[name] for name in ("ai", "human", "automation", "unknown")]
        fixed_at = facts.changes[repository, fixing]["landed_at"]
        introduced_at = facts.changes[repository, introducing]["landed_at"]
        hours = (fixed_at - introduced_at) / timedelta(hours=1)
        incidents = sorted(named[repository, fixing])
        if 2 * parts[0] >= sum(parts):
            majority = "ai"
        else:
            rest = dict(zip(("human", "automation", "unknown"), parts[1:], strict=True))
            majority = max(rest, key=rest.get)
        expected[key] = (
            sum(parts),
            *parts,
            cell["moved"],
            majority,
            introduced_at,
            fixed_at,
            monday(fixed_at),
            hours,
            math.floor(hours / 24),
            bool(incidents),
            incidents[0][1] if incidents else None,
            len(incidents),
        )
    actual = {
        row[:4]: row[4:]
        for row in query(
            demo.warehouse,
            """
            select repository, fixing_sha, introducing_sha, service, lines, ai_lines, human_lines,
                automation_lines, unknown_lines, moved_lines, authorship, introduced_at, fixed_at,
                week_start_on, age_hours, age_days, is_incident_fix, incident_id, incidents
            from shipworthy.change_defects
            """,
        )
    }
    assert len(expected) > 100
    compare(expected, actual)


# ---------------------------------------------------------------------------- signals


# Hidden where few people are behind them.
ABOUT_PEOPLE = (
    "unshipped_spend",
    "token_intensity",
    "around_the_clock",
    "metronome",
    "threshold_hugging",
    "uncommented_approvals",
    "attribution_drop",
)


class Signals:
    """What the signals look at: shipping, releases, usage and members."""

    def __init__(self, tables, facts, marts):
        self.tables, self.facts = tables, facts
        self.as_of = facts.as_of
        shipping = marts["normalized_deployments"]
        self.shipping = {(row["team"], row["week_start_on"]): row for row in shipping}
        self.releases = defaultdict(list)
        for release in marts["fct_releases"]:
            self.releases[release["team"], release["week_start_on"]].append(release)
        self.usage = defaultdict(list)
        for row in self.tables["ai_usage"]:
            if row["bucket_started_at"] <= self.as_of and row["person_key"] is not None:
                person = self.facts.person(row["person_key"])
                self.usage[person, monday(row["bucket_started_at"])].append(row)

    def members(self, team, week):
        """Humans on the Monday."""
        return {
            self.facts.person(row["person_key"])
            for row in self.tables["people"]
            if row["team"] == team
            and (row["kind"] or "human") == "human"
            and (row["valid_from_on"] is None or row["valid_from_on"] <= week)
            and (row["valid_to_on"] is None or week < row["valid_to_on"])
        }


def over(value, threshold):
    """Whether a value is above a threshold; doubles that are nearly equal are equal."""
    return value - threshold > 1e-9


def tokens(row):
    kinds = ("uncached_input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens")
    return sum(row[kind] or 0 for kind in kinds)


def query_put_live(warehouse):
    """When each change shipped in each service; the reference holds this elsewhere."""
    return query(
        warehouse,
        """
        select service, repository, sha, deployed_at
        from shipworthy_intermediate.int_shipworthy__changes_put_live
        where taken_off_order is null
        """,
    )


@pytest.fixture(scope="module")
def signals(demo, tables, facts, marts, groups, incidents):
    """(team, week, signal) -> (value, is_firing) for all that have a value."""
    self = Signals(tables, facts, marts)
    found = {}
    teams = sorted({row["team"] for row in tables["people"]})
    weeks = sorted({week for _, week in self.usage} | {week for _, week in self.shipping})

    # whose AI lines shipped when
    shipped = defaultdict(list)
    for service, repository, sha, at in query_put_live(demo.warehouse):
        shipped[service, repository, sha].append(at)
    numbered = {(r["repository"], r["number"]): r for r in tables["pull_requests"]}
    merged = {(r["repository"], r["merge_sha"]): r for r in tables["pull_requests"]}
    lines = defaultdict(list)
    for birth in facts.births:
        if birth["is_moved"] or birth["reading"] != "ai":
            continue
        person = birth["author"]
        key = (birth["repository"], birth["added_sha"])
        commit = facts.commits.get((birth["repository"], birth["author_sha"]))
        if commit and commit["author_kind"] == "agent":
            number = facts.changes[key]["pull_request_number"]
            request = numbered.get((key[0], number)) if number else merged.get(key)
            driver = request and (request["driver_key"] or request["merged_by_key"])
            person = facts.person(driver) if driver else None
        for at in shipped[birth["service"], *key]:
            lines[person].append((birth["landed_at"], at, birth["lines"]))

    def lines_in_time(person, week):
        end = start(week) + 14 * DAY
        return sum(n for landed, at, n in lines[person] if landed >= start(week) and at < end)

    low = {}
    for week in weeks:
        days = defaultdict(int)
        for (person, one), rows in self.usage.items():
            if one == week:
                for row in rows:
                    if not row["is_automated"]:
                        days[person, row["bucket_started_at"].date()] += row["requests"]
        ordered = sorted(days.values())
        if ordered:
            place = 0.1 * (len(ordered) - 1)
            below = math.floor(place)
            above = min(below + 1, len(ordered) - 1)
            low[week] = ordered[below] + (place - below) * (ordered[above] - ordered[below])

    hours = defaultdict(lambda: defaultdict(int))
    for (person, _), rows in self.usage.items():
        for row in rows:
            if row["bucket_hours"] == 1 and not row["is_automated"]:
                hours[person][row["bucket_started_at"]] += tokens(row)

    code = measure_code(tables, facts)

    def spend(person, when):
        return (groups.used[person, when]["spend"] or 0) if (person, when) in groups.used else 0

    opened = defaultdict(int)
    for team, week in incidents:
        opened[team, week] += 1
        opened[None, week] += 1

    def released(team, week):
        return len(self.releases[team, week])

    def incident_rate(team, over_weeks):
        releases = sum(released(team, week) for week in over_weeks)
        return sum(opened[team, week] for week in over_weeks) / releases if releases else None

    def rate_of_others(team, over_weeks):
        others = {one for one, _ in self.shipping} - {team}
        releases = sum(released(one, week) for week in over_weeks for one in others)
        seen = sum(opened[None, week] - opened[team, week] for week in over_weeks)
        return seen / releases if releases else None

    def per_builder(team, over_weeks):
        people = [self.members(team, week) for week in over_weeks]
        usd = sum(spend(p, w) for w, those in zip(over_weeks, people, strict=True) for p in those)
        return usd / sum(map(len, people))

    def tagged(team, over_weeks):
        lines = sum(code[team, week]["lines"] for week in over_weeks)
        return sum(code[team, week]["tagged"] for week in over_weeks) / lines if lines else None

    for team in teams:
        shipped_weeks = [
            week
            for (one, week), row in sorted(self.shipping.items())
            if one == team and row["is_mature"]
        ]
        first = shipped_weeks[:13]
        intensity = {}
        for week in weeks:
            people = [p for p in self.members(team, week) if (p, week) in self.usage]
            rows = [row for p in people for row in self.usage[p, week]]
            total = sum(map(tokens, rows))
            if total and (team, week) in self.shipping:
                held = sum(r["ai_held_lines"] for r in self.releases[team, week])
                intensity[week] = math.log(total / max(held, 1))
        for week in weeks:
            people = [p for p in self.members(team, week) if (p, week) in self.usage]
            is_hidden = groups.reason(team, week) is not None

            def put(signal, value, fires, key=(team, week), is_hidden=is_hidden):
                if is_hidden and signal in ABOUT_PEOPLE:
                    return
                found[(*key, signal)] = (None if value is None else float(value), bool(fires))

            billed = sum(spend(person, week) for person in people)
            if billed:
                share = sum(spend(p, week) for p in people if not lines_in_time(p, week)) / billed
                money, shown = defaultdict(float), defaultdict(int)
                for back in range(8):
                    then = week - back * WEEK
                    for person in self.members(team, then):
                        if (person, then) in self.usage:
                            money[person] += spend(person, then)
                            shown[person] += lines_in_time(person, then)
                out = [
                    (money[p] / sum(money.values())) / (shown[p] / sum(shown.values()))
                    for p in money
                    if shown[p]
                ]
                put("unshipped_spend", share, over(share, 0.5) or over(max(out, default=0), 5))

            if len(first) == 13 and week > first[-1] and week in intensity:
                usual = [intensity[one] for one in first if one in intensity]
                middle = median(usual)
                spread = median([abs(one - middle) for one in usual])
                z = (intensity[week] - middle) / (1.4826 * spread)
                put("token_intensity", z, over(z, 3.5))

            own = {p: {h: n for h, n in hours[p].items() if monday(h) == week} for p in people}
            if any(own.values()):
                long = 0
                for active in own.values():
                    days = defaultdict(int)
                    for hour in active:
                        days[hour.date()] += 1
                    long = max(long, sum(count >= 20 for count in days.values()))
                put("around_the_clock", long, long >= 2)
                steady = []
                for p in people:
                    for hour in own[p]:
                        stretch = [hours[p].get(hour - timedelta(hours=n)) for n in range(12)]
                        if None not in stretch:
                            steady.append(pstdev(stretch) / fmean(stretch))
                if steady:
                    put("metronome", min(steady), over(0.1, min(steady)))

            users = hugging = 0
            for person in people:
                rows = [row for row in self.usage[person, week] if not row["is_automated"]]
                days = {row["bucket_started_at"].date() for row in rows}
                users += bool(rows)
                hugging += len(days) == 1 and sum(r["requests"] for r in rows) < low[week]
            if users:
                put("threshold_hugging", hugging / users, not over(0.3, hugging / users))

            row = self.shipping.get((team, week))
            if row:
                if len(first) == 13 and week > first[-1]:
                    mean = fmean(self.shipping[team, one]["releases"] for one in first)
                    held = fmean(self.shipping[team, one]["held_lines"] for one in first)
                    times = row["releases"] / mean
                    put(
                        "release_inflation",
                        times,
                        over(times, 2) and not over(row["held_lines"], 2 * held),
                    )
                made = self.releases[team, week]
                if made:
                    empty = sum(r["held_lines"] <= 0 for r in made) / len(made)
                    put("empty_releases", empty, over(empty, 0.3))

            if len(first) == 13 and row and week > first[-1]:
                since = [week - n * WEEK for n in range(13) if week - n * WEEK > first[-1]]
                made = sum(released(team, one) for one in since)
                usual = incident_rate(team, first)
                others = rate_of_others(team, since)
                if usual and made and others:
                    due = made * min(usual, others)
                    seen = sum(opened[team, one] for one in since)
                    chance = poisson.cdf(seen, due)
                    put("incident_drop", seen / due, over(1 / 3, seen / due) and chance < 0.01)
                since = since[:4]
                share, before = tagged(team, since), tagged(team, first)
                if share is not None and before and per_builder(team, first):
                    spent = per_builder(team, since) - per_builder(team, first)
                    put(
                        "attribution_drop",
                        share / before,
                        not over(share / before, 0.5) and spent >= -1e-9,
                    )

            cells = [code[team, week - n * WEEK] for n in range(12)]
            names = ("before", "risk", "late", "late_risk")
            before, risk, late, late_risk = (sum(cell[name] for cell in cells) for name in names)
            cell = code[team, week]
            if late_risk and cell["seen"]:
                ratio = (late / late_risk) / (max(before, 1) / risk)
                put("late_turnover", ratio, late >= 100 and not over(3, ratio))
            if cell["compared"]:
                again = cell["refilled"] / cell["compared"]
                put("refill", again, over(again, 0.2))
            if cell["approvals"]:
                n = cell["approvals"]
                edge = wilson(cell["uncommented"] / n, n, quantile(0.95))[0]
                put("uncommented_approvals", edge, over(edge, 0.75))
    return found


def measure_code(tables, facts):
    """Lines and approvals by team and week of landing."""
    code = defaultdict(lambda: defaultdict(int))
    for birth in facts.births:
        if birth["is_moved"]:
            continue
        added = facts.changes[birth["repository"], birth["added_sha"]]
        team = facts.team_of_line(birth["author"], birth["repository"], birth["path"], added)
        cell = code[team, monday(birth["landed_at"])]
        cell["seen"] = 1
        cell["tagged"] += birth["lines"] * (birth["tag"] == "ai")
        for name in ("risk", "late_risk", "lines"):
            cell[name] += birth["lines"]
        if birth["is_refilled"] is not None:
            cell["compared"] += birth["lines"]
            cell["refilled"] += birth["lines"] * birth["is_refilled"]
    for death in facts.deaths:
        if death["birth_is_moved"] or death["is_moved"]:
            continue
        added = facts.changes[death["repository"], death["added_sha"]]
        team = facts.team_of_line(death["author"], death["repository"], death["path"], added)
        cell = code[team, monday(death["landed_at"])]
        age = math.floor((death["removed_at"] - death["landed_at"]) / DAY)
        cell["risk"] -= death["lines"] * (age < 23)
        cell["late_risk"] -= death["lines"] * (age < 30)
        cell["before"] += death["lines"] * (23 <= age < 30)
        cell["late"] += death["lines"] * (30 <= age < 37)
    landed = {}
    for key, change in facts.changes.items():
        landed[key[0], change["pull_request_number"]] = (key, change)
    for row in tables["pull_requests"]:
        key, change = landed.get((row["repository"], row["number"]), (None, None))
        if change is None:
            key = (row["repository"], row["merge_sha"])
            change = facts.changes.get(key)
        if change is None:
            continue
        teams = facts.teams_of_person(change["author_key"], change["landed_at"].date())
        said = defaultdict(list)
        for review in tables["reviews"]:
            same_request = (review["repository"], review["number"]) == (key[0], row["number"])
            if not same_request or review["reviewer_kind"] != "human":
                continue
            person = facts.person(review["reviewer_key"])
            if review["submitted_at"] <= row["merged_at"] and person != facts.person(
                row["author_key"]
            ):
                said[person].append(review)
        cell = code[teams[0] if teams else key[0], monday(change["landed_at"])]
        cell["seen"] = 1
        for reviews in said.values():
            if any(review["state"] == "approved" for review in reviews):
                cell["approvals"] += 1
                cell["uncommented"] += not sum(r["comment_threads"] or 0 for r in reviews)
    return code


def test_signals_of_the_demo(demo, signals):
    actual = {
        row[:3]: row[3:]
        for row in query(
            demo.warehouse,
            """
            select team, week_start_on, signal, value, is_firing from shipworthy.gaming_signals
            where value is not null and week_start_on >= '2025-12-29'
            """,
        )
        if row[2] in {signal for *_, signal in signals}
    }
    expected = {key: row for key, row in signals.items() if key[1] >= date(2025, 12, 29)}
    missing = [key for key in expected if key not in actual]
    more = [key for key in actual if key not in expected]
    assert (missing[:5], more[:5]) == ([], [])
    assert len(expected) > 1000
    compare(expected, actual)


def test_the_dishonest_stories_fire(demo):
    fired = {
        row[:2]: row[2]
        for row in query(
            demo.warehouse,
            """
            select team, signal, count(*) from shipworthy.gaming_signals
            where is_firing and is_mature and week_start_on >= '2026-06-08' group by team, signal
            """,
        )
    }
    assert fired["foghorn", "unshipped_spend"] >= 8
    assert fired["foghorn", "token_intensity"] >= 10
    assert fired["foghorn", "around_the_clock"] >= 15
    assert fired["foghorn", "metronome"] >= 15
    assert fired["tide", "release_inflation"] >= 10
    assert not any(team == "anchor" and signal in ABOUT_PEOPLE for team, signal in fired)


# ---------------------------------------------------------------------------- what is hidden


@pytest.fixture(scope="module")
def hiding(demo, tmp_path_factory):
    """The demo with twenty incidents a team and week, until harbor files no more than one.

    From then on beacon strips all tags but one in ten.
    """
    warehouse = tmp_path_factory.mktemp("hiding") / "hiding.duckdb"
    shutil.copy(demo.warehouse, warehouse)
    connection = connect(warehouse)
    connection.execute(
        """
        insert into shipworthy_intermediate.int_shipworthy__incidents_placed by name
        select
            'made-' || team || '-' || week_start_on || '-' || number as incident_id,
            team, week_start_on as opened_week_start_on, week_start_on as opened_at
        from shipworthy.normalized_deployments, range(20) as numbers (number)
        where not (team = 'harbor' and week_start_on >= '2026-06-08' and number > 0)
        """
    )
    connection.execute(
        """
        update shipworthy_intermediate.int_shipworthy__lines_added_by_team_week
        set ai_tagged_lines = ai_tagged_lines // 10
        where team = 'beacon' and week_start_on >= '2026-06-08'
        """
    )
    connection.close()
    run_dbt(
        "run --select int_shipworthy__incidents_expected int_shipworthy__tags_compared "
        "int_shipworthy__signal_incident_drop int_shipworthy__signal_attribution_drop "
        "shipworthy__gaming_signals",
        warehouse,
    )
    return warehouse


def test_chance_is_the_lower_tail_of_poisson(hiding):
    rows = query(
        hiding,
        """
        select incidents, expected_incidents, incident_chance
        from shipworthy_intermediate.int_shipworthy__incidents_expected
        """,
    )
    fewer = [row for row in rows if row[0] < row[1]]
    assert max(usual for _, usual, _ in fewer) > 200
    assert min(chance for *_, chance in fewer) < 1e-60
    for counted, usual, chance in fewer:
        assert chance == pytest.approx(poisson.cdf(counted, usual), rel=1e-9, abs=1e-290)
    assert all(chance is None for counted, usual, chance in rows if counted >= (usual or 0))


def test_hidden_incidents_and_stripped_tags_fire(hiding):
    fired = query(
        hiding,
        """
        select signal, team, count(*), min(week_start_on) from shipworthy.gaming_signals
        where is_firing and signal in ('incident_drop', 'attribution_drop')
        group by all order by all
        """,
    )
    assert [row[:2] for row in fired] == [
        ("attribution_drop", "beacon"),
        ("incident_drop", "harbor"),
    ]
    assert all(weeks >= 5 and since > date(2026, 6, 8) for *_, weeks, since in fired)
