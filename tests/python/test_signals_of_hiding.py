"""Signals of hidden failures, odd records and idle names, computed again in plain Python.

From the models that they stand on: what happened to code, releases, incidents and reviews, which
other references check. The definitions page says what is done with them.
"""

import math
from collections import defaultdict
from datetime import date, timedelta
from statistics import fmean

import pytest

from dbt_runs import query
from reference.formulas import quantile, wilson

DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
SIGNALS = (
    "unfiled_failures", "dismissed_incidents", "odd_causes", "severity_drift", "recycled_lines",
    "late_removals", "moved_then_removed", "idle_builders", "human_churn", "ai_suddenly_stable",
    "clocks", "short_ownership", "empty_baseline", "attribution_gap", "superhuman_reviews",
)  # fmt: skip
ABOUT_PEOPLE = ("idle_builders", "attribution_gap", "superhuman_reviews")
Z = quantile(0.95)


def monday(moment):
    day = moment.date() if hasattr(moment, "date") else moment
    return day - timedelta(days=day.weekday())


def rows(demo, relation, columns):
    """Rows of a model as dicts."""
    schema = "intermediate" if relation.startswith("int_") else "staging"
    schema = f"shipworthy_{schema}" if relation[:4] in ("int_", "stg_") else "shipworthy"
    return [
        dict(zip(columns.split(), row, strict=True))
        for row in query(
            demo.warehouse, f"select {columns.replace(' ', ', ')} from {schema}.{relation}"
        )
    ]


def sums(values, team, weeks):
    """Column by column, the sums over the weeks."""
    found = [values[team, week] for week in weeks if (team, week) in values]
    return [sum(column) for column in zip(*found, strict=True)] if found else None


class Weeks:
    """Team-weeks that ship, and the baseline of each team."""

    def __init__(self, demo):
        self.shipping = {
            (row["team"], row["week_start_on"]): row
            for row in rows(
                demo, "normalized_deployments", "team week_start_on is_mature releases held_lines"
            )
        }
        self.judged = set(
            query(demo.warehouse, "select team, week_start_on from shipworthy.gaming_signals")
        )
        self.teams = {team for team, _ in self.judged}

    def baseline(self, team, counts=lambda week: True):
        """The first 13 final weeks that count, or none."""
        final = sorted(
            week
            for one, week in self.shipping
            if one == team and self.shipping[one, week]["is_mature"] and counts(week)
        )
        return final[:13] if len(final) >= 13 else None

    def since(self, team, week, most, first):
        """The weeks up to this one that look back, none of the baseline."""
        return [
            week - n * WEEK
            for n in range(most)
            if week - n * WEEK > first[-1] and (team, week - n * WEEK) in self.shipping
        ]


@pytest.fixture(scope="module")
def weeks(demo):
    return Weeks(demo)


@pytest.fixture(scope="module")
def found(demo, weeks):
    """(team, week, signal) -> (value, is_firing) of all that have a value."""
    found = {}
    for compute in (failures, severities, code, turnover, people, records, reviews):
        for (team, week, signal), (value, fires) in compute(demo, weeks).items():
            if (team, week) in weeks.judged:
                found[team, week, signal] = (float(value), bool(fires))
    return found


def incident_records(demo):
    """(team, opened_at, is_dismissed, named cause) of every record and team that it names."""
    owners = rows(demo, "int_shipworthy__service_paths", "service team valid_from_on valid_to_on")
    services = defaultdict(set)
    for row in rows(demo, "int_shipworthy__incident_services_resolved", "incident_id service"):
        services[row["incident_id"]].add(row["service"])
    kept = {
        row["incident_id"]
        for row in rows(demo, "int_shipworthy__incidents_merged", "incident_id kept_incident_id")
        if row["incident_id"] == row["kept_incident_id"]
    }
    for row in rows(
        demo,
        "stg_shipworthy__incidents",
        "incident_id opened_at is_false_alarm is_maintenance caused_by_deployment_id",
    ):
        day = row["opened_at"].date()
        named = {
            owner["team"]
            for owner in owners
            if owner["service"] in services[row["incident_id"]]
            and (owner["valid_from_on"] or date.min) <= day
            and day < (owner["valid_to_on"] or date.max)
        }
        dismissed = bool(row["is_false_alarm"] or row["is_maintenance"])
        if row["incident_id"] in kept:
            for team in named:
                yield team, row["opened_at"], dismissed, row["caused_by_deployment_id"]


def failures(demo, weeks):
    """Unfiled failures and dismissed incidents."""
    team_of = {
        row["deployment_id"]: row["team"]
        for row in rows(demo, "int_shipworthy__deployments_ordered", "deployment_id team")
    }
    filed = {
        row["release_id"] for row in rows(demo, "int_shipworthy__incidents_placed", "release_id")
    }
    repaired = {}
    for row in rows(demo, "int_shipworthy__remediations", "deployment_id release_id remediated_at"):
        key = (team_of[row["deployment_id"]], row["release_id"])
        repaired[key] = min(row["remediated_at"], repaired.get(key, row["remediated_at"]))
    told = {"unfiled_failures": defaultdict(lambda: (0, 0)),
            "dismissed_incidents": defaultdict(lambda: (0, 0))}  # fmt: skip

    def count(signal, team, at, is_hidden):
        all_, hidden = told[signal][team, monday(at)]
        told[signal][team, monday(at)] = (all_ + 1, hidden + is_hidden)

    for (team, release), at in repaired.items():
        count("unfiled_failures", team, at, release not in filed)
    for team, at, is_dismissed, _ in incident_records(demo):
        count("dismissed_incidents", team, at, is_dismissed)
    found = {}
    for signal, counted in told.items():
        for team in weeks.teams:
            first = weeks.baseline(team)
            if not first:
                continue
            before = sums(counted, team, first) or (0, 0)
            usual = before[1] / before[0] if before[0] else 0.0
            for one, week in weeks.shipping:
                if one != team or week <= first[-1]:
                    continue
                period = weeks.since(team, week, 13, first)
                all_, hidden = sums(counted, team, period) or (0, 0)
                others = [
                    counted[other, then]
                    for then in period
                    for other in weeks.teams - {team}
                    if (other, then) in weeks.shipping
                ]
                seen, theirs = sum(n for n, _ in others), sum(n for _, n in others)
                bar = max(usual, theirs / seen if seen else 0.0)
                if all_:
                    low = wilson(hidden / all_, all_, Z)[0]
                    found[team, week, signal] = (low, low > bar + 1e-9 and hidden >= 3)
    return found


def severities(demo, weeks):
    """Severity drift."""
    counted = defaultdict(list)
    for row in rows(
        demo,
        "int_shipworthy__incidents_placed",
        "team opened_at resolved_at severity_weight is_severity_unknown",
    ):
        if not row["is_severity_unknown"]:
            hours = row["resolved_at"] and (row["resolved_at"] - row["opened_at"]) / (DAY / 24)
            counted[row["team"], monday(row["opened_at"])].append((row["severity_weight"], hours))
    found = {}
    for team, week in weeks.shipping:
        first = weeks.baseline(team)
        if not first or week <= first[-1]:
            continue
        period = weeks.since(team, week, 13, first)
        before = [one for then in first for one in counted[team, then]]
        now = [one for then in period for one in counted[team, then]]
        others = [
            weight
            for other in weeks.teams - {team}
            for then in period
            if (other, then) in weeks.shipping
            for weight, _ in counted[other, then]
        ]
        if min(len(before), len(now)) < 5:
            continue
        means = [fmean(weight for weight, _ in part) for part in (before, now)]
        errors = sum(
            max(fmean(w * w for w, _ in part) - mean * mean, 0) / len(part)
            for part, mean in zip((before, now), means, strict=True)
        )
        if not errors:
            continue
        fall = (means[0] - means[1]) / math.sqrt(errors)
        hours = [[hour for _, hour in part if hour is not None] for part in (before, now)]
        as_long = not all(hours) or 2 * fmean(hours[1]) >= fmean(hours[0])
        milder = not others or means[1] < fmean(others)
        found[team, week, "severity_drift"] = (
            fall,
            fall > 2.33 + 1e-9 and 2 * means[1] <= means[0] and milder and as_long,
        )
    return found


def code(demo, weeks):
    """Recycled lines, late removals, lines moved and then removed."""
    added, fates, young = (
        defaultdict(int),
        defaultdict(lambda: [0, 0, 0]),
        defaultdict(lambda: [0, 0]),
    )
    retired = defaultdict(int)
    for row in rows(demo, "int_shipworthy__lines_born", "team landed_at lines is_counted is_moved"):
        if row["is_counted"] and not row["is_moved"]:
            added[row["team"], monday(row["landed_at"])] += row["lines"]
    for row in rows(
        demo,
        "int_shipworthy__lines_died",
        "birth_team removal_team landed_at removed_at age_days lines is_counted is_moved "
        "birth_is_moved",
    ):
        age, lines = row["age_days"], row["lines"]
        if not row["is_counted"] or row["is_moved"]:
            continue
        gone = (row["removal_team"], monday(row["removed_at"]))
        if age >= 91:
            retired[gone] += lines
        if age < 30:
            young[gone][0] += lines * row["birth_is_moved"]
            young[gone][1] += lines
        if not row["birth_is_moved"]:
            cell = fates[row["birth_team"], monday(row["landed_at"])]
            for place, (begin, end) in enumerate(((0, 16), (16, 30), (30, 60))):
                cell[place] += lines * (begin <= age < end)
    found = {}
    for team, week in weeks.judged:
        four = [week - n * WEEK for n in range(4)]
        old = sum(retired[team, then] for then in four if (team, then) in weeks.judged)
        new = sum(added[team, then] for then in four if (team, then) in weeks.judged)
        first = weeks.baseline(team)
        if old + new and first and week > first[-1]:
            share, gone = old / (old + new), sum(retired[team, then] for then in first)
            usual = gone / (gone + sum(added[team, then] for then in first))
            found[team, week, "recycled_lines"] = (
                share,
                share > usual + 0.15 + 1e-9 and old >= 100,
            )
        moved, all_ = (sum(young[team, then][place] for then in four) for place in (0, 1))
        if all_:
            share = moved / all_
            found[team, week, "moved_then_removed"] = (
                share,
                share > 0.3 + 1e-9 and 2 * moved >= 100,
            )
        twelve = [week - n * WEEK for n in range(12) if added[team, week - n * WEEK]]
        born = sum(added[team, then] for then in twelve)
        early, before, late = (sum(fates[team, then][n] for then in twelve) for n in range(3))
        if born - early - before:
            ratio = (late / (born - early - before) / 30) / (max(before, 1) / (born - early) / 14)
            found[team, week, "late_removals"] = (ratio, ratio >= 3 - 1e-9 and late >= 100)
    return found


def turnover(demo, weeks):
    """Turnover against its first value."""
    found = {}
    # The authorship comparison has AI first and people second.
    for signal, side in (("human_churn", "second"), ("ai_suddenly_stable", "first")):
        names = ("effective_changes", "turnover_rate", "turnover_rate_low", "turnover_rate_high")
        columns = " ".join(f"{side}_{name}" for name in names)
        by_team = defaultdict(dict)
        for row in rows(
            demo,
            "int_shipworthy__turnover_compared",
            f"team week_start_on is_organisation comparison window_weeks {columns}",
        ):
            n, rate, low, high = list(row.values())[5:]
            is_meant = row["comparison"] == "authorship" and row["window_weeks"] == 12
            if is_meant and not row["is_organisation"] and n >= 30 and rate is not None:
                by_team[row["team"]][row["week_start_on"]] = (rate, low, high)
        for team, values in by_team.items():
            first = values[min(values)]
            for week, (rate, low, high) in values.items():
                if week == min(values) or not first[0]:
                    continue
                times = rate / first[0]
                fires = (
                    times >= 2 - 1e-9 and None not in (low, first[2]) and low > first[2]
                    if side == "second"
                    else times <= 0.5 + 1e-9 and None not in (high, first[1]) and high < first[1]
                )
                found[team, week, signal] = (times, fires)
    return found


def shown(demo):
    """Team-weeks whose people may be seen."""
    return set(
        query(
            demo.warehouse,
            "select team, week_start_on "
            "from shipworthy_intermediate.int_shipworthy__group_visibility "
            "where not is_suppressed and not is_organisation",
        )
    )


def members_of(demo):
    members = defaultdict(set)
    for row in rows(
        demo, "int_shipworthy__members_by_week", "person_key team week_start_on is_human"
    ):
        if row["is_human"]:
            members[row["team"], row["week_start_on"]].add(row["person_key"])
    return members


def people(demo, weeks):
    """Idle builders and the attribution gap."""
    members, may_be_seen, found = members_of(demo), shown(demo), {}
    landed = defaultdict(set)
    for row in rows(demo, "int_shipworthy__authors_placed", "person_key landed_at"):
        for n in range(4):
            landed[monday(row["landed_at"]) + n * WEEK].add(row["person_key"])
    aliases = {
        row["alias_key"]: row["person_key"]
        for row in rows(demo, "stg_shipworthy__identities", "alias_key person_key")
    }
    accepted, tagged, by_change = defaultdict(int), defaultdict(int), defaultdict(int)
    for row in rows(
        demo, "stg_shipworthy__ai_usage", "person_key bucket_started_at accepted_lines"
    ):
        person = aliases.get(row["person_key"], row["person_key"])
        week = monday(row["bucket_started_at"])
        for team in weeks.teams:
            if person in members[team, week]:
                accepted[team, week] += row["accepted_lines"] or 0
    for row in rows(
        demo,
        "int_shipworthy__lines_born",
        "team landed_at repository added_sha lines is_counted is_moved recorded_authorship",
    ):
        if row["is_counted"] and not row["is_moved"] and row["recorded_authorship"] == "ai":
            change = row["team"], monday(row["landed_at"]), row["repository"], row["added_sha"]
            by_change[change] += row["lines"]
    # A few huge changes would decide.
    for (team, week, *_), lines in by_change.items():
        tagged[team, week] += min(lines, 200)
    for team in weeks.teams:
        first = weeks.baseline(team, lambda week, team=team: members[team, week])
        after = [week for one, week in weeks.judged if one == team and first and week > first[-1]]
        for week in after:
            if (team, week) in may_be_seen and members[team, week]:
                idle = [
                    sum(len(members[team, then] - landed[then]) for then in part)
                    / sum(len(members[team, then]) for then in part)
                    for part in (first, [week])
                ]
                found[team, week, "idle_builders"] = (idle[1], idle[1] > idle[0] + 0.2 + 1e-9)
        first = weeks.baseline(team, lambda week, team=team: accepted[team, week] > 0)
        if not first or not sum(tagged[team, then] for then in first):
            continue
        usual = sum(tagged[team, t] for t in first) / sum(accepted[team, t] for t in first)
        for week in (week for one, week in weeks.shipping if one == team and week > first[-1]):
            period = weeks.since(team, week, 8, first)
            said = sum(accepted[team, then] for then in period)
            if said and (team, week) in may_be_seen:
                times = sum(tagged[team, then] for then in period) / said / usual
                far = times >= 2 - 1e-9 or times <= 0.5 + 1e-9
                found[team, week, "attribution_gap"] = (times, far and said >= 100)
    return found


def records(demo, weeks):
    """Odd causes, clocks, short ownership, empty baselines."""
    found = {}
    live = {row["deployment_id"] for row in
            rows(demo, "int_shipworthy__changes_put_live", "deployment_id")}  # fmt: skip
    deployments = rows(
        demo,
        "int_shipworthy__deployments_ordered",
        "deployment_id recorded_deployment_id team repository position deployed_at",
    )
    by_name = defaultdict(list)
    for row in deployments:
        by_name[row["recorded_deployment_id"]].append(row)
    odd = defaultdict(list)
    for team, at, is_dismissed, cause in incident_records(demo):
        if not is_dismissed and by_name.get(cause):
            sound = any(
                row["team"] == team
                and row["deployment_id"] in live
                and row["deployed_at"] >= at - 14 * DAY
                for row in by_name[cause]
            )
            odd[team, monday(at)].append(not sound)
    landed = {
        (row["repository"], row["mainline_position"]): row["landed_at"]
        for row in rows(
            demo, "int_shipworthy__changes_landed", "repository mainline_position landed_at"
        )
    }
    early = defaultdict(list)
    for row in deployments:
        at = landed.get((row["repository"], row["position"]))
        if at:
            early[row["team"], monday(row["deployed_at"])].append(row["deployed_at"] < at)
    for team, week in weeks.judged:
        causes = [one for n in range(13) for one in odd[team, week - n * WEEK]]
        if causes:
            low = wilson(sum(causes) / len(causes), len(causes), Z)[0]
            found[team, week, "odd_causes"] = (low, low > 0.2 + 1e-9)
        clocks = early[team, week]
        if clocks:
            share = sum(clocks) / len(clocks)
            found[team, week, "clocks"] = (share, share > 0.2 + 1e-9 and sum(clocks) >= 2)
        # Nobody of the demo lends a service.
        found[team, week, "short_ownership"] = (0, False)
        first = weeks.baseline(team)
        if first and week > first[-1]:
            empty = sum(not weeks.shipping[team, then]["held_lines"] for then in first) / 13
            found[team, week, "empty_baseline"] = (empty, empty > 0.5 + 1e-9)
    return found


def reviews(demo, weeks):
    """Superhuman reviews."""
    lines = {
        (row["repository"], row["number"]): row["changed_lines"] or 0
        for row in rows(demo, "int_shipworthy__requests_placed", "repository number changed_lines")
    }
    members, may_be_seen = members_of(demo), shown(demo)
    approved = defaultdict(lambda: defaultdict(int))
    for row in rows(
        demo, "int_shipworthy__human_reviews", "repository number reviewer_key state submitted_at"
    ):
        if row["state"] == "approved" and (row["repository"], row["number"]) in lines:
            hour = row["submitted_at"].replace(minute=0, second=0, microsecond=0)
            approved[row["reviewer_key"], monday(hour)][hour] += lines[
                row["repository"], row["number"]
            ]
    found = {}
    for team, week in weeks.judged & may_be_seen:
        accounts = [approved[one, week] for one in members[team, week] if approved[one, week]]
        if accounts:
            most = max(max(hours.values()) for hours in accounts)
            awake = max(len({hour.hour for hour in hours}) for hours in accounts)
            found[team, week, "superhuman_reviews"] = (most, most > 3000 or awake >= 20)
    return found


def test_signals_of_hiding_in_the_demo(demo, found):
    actual = {
        row[:3]: row[3:]
        for row in query(
            demo.warehouse,
            "select team, week_start_on, signal, value, is_firing from shipworthy.gaming_signals "
            "where value is not null",
        )
        if row[2] in SIGNALS
    }
    for signal in SIGNALS:
        mine = {key: row for key, row in found.items() if key[2] == signal}
        theirs = {key: row for key, row in actual.items() if key[2] == signal}
        assert sorted(theirs.keys() - mine.keys())[:3] == [], signal
        assert sorted(mine.keys() - theirs.keys())[:3] == [], signal
        assert len(mine) > 10, signal
        for key, (value, fires) in mine.items():
            assert theirs[key][0] == pytest.approx(value, rel=1e-9, abs=1e-9), key
            assert theirs[key][1] == fires, key


def test_small_groups_hide_people_and_nothing_else(demo):
    rows_of = query(
        demo.warehouse,
        "select signal, bool_or(is_suppressed), bool_and(is_about_people) "
        "from shipworthy.gaming_signals group by signal",
    )
    assert {signal for signal, *_ in rows_of} >= {*SIGNALS}
    for signal, is_suppressed, is_about_people in rows_of:
        assert is_suppressed == is_about_people, signal
        assert signal not in SIGNALS or is_about_people == (signal in ABOUT_PEOPLE)
