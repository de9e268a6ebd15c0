"""The marts of sections 6 and 9 of the definitions page, the slow and plain way.

Shares no code with the models.
"""

import math
import re
import statistics
from calendar import monthrange
from collections import defaultdict
from datetime import timedelta
from fnmatch import fnmatchcase

from scipy.stats import t as student

from reference.clock import immature_reason
from reference.facts import _valid
from reference.formulas import midnight, week_of
from reference.shipping import held_by_author, release_immature_reason

WEEK = timedelta(days=7)
TOKENS = {
    "uncached_input_tokens": "uncached_input_usd",
    "cache_read_tokens": "cache_read_usd",
    "cache_write_tokens": "cache_write_usd",
    "output_tokens": "output_usd",
}
EVERYBODY = "all teams"
NO_TEAM = "unassigned"


def ratio(numerator, denominator):
    """A quotient, None without numerator or denominator."""
    return numerator / denominator if numerator is not None and denominator else None


def total(values):
    """Sum of what is known, None where nothing is."""
    known = [value for value in values if value is not None]
    return math.fsum(known) if known else None


VENDORS = ("us", "eu", "jp", "au", "apac", "global", "anthropic", "amazon", "openai")
SNAPSHOT = re.compile(r"20\d\d-?[01]\d-?[0-3]\d|v\d+|latest")


def model_family(model):
    """A model's name without path, cloud, vendor, and what names a snapshot of it."""
    if not (model or "").strip():
        return None
    name = model.strip().lower().rsplit("/", 1)[-1]
    while (first := name.split(".", 1))[0] in VENDORS and len(first) == 2:
        name = first[1]
    parts = re.split(r"([-@:])", name)
    for at in range(len(parts) - 1, 1, -2):
        # A date may itself be written with dashes.
        for end in (at + 1, at + 5):
            if SNAPSHOT.fullmatch("".join(parts[at:end])):
                return "".join(parts[: at - 1])
    return name


class Groups:
    """Usage, and whose rows may be shown.

    Parameters
    ----------
    facts : Facts
        Cleaned inputs.
    releases : list of Release
        What shipped, with held lines.
    normalized : list of dict
        Rows of normalized_deployments.
    seeds : tuple of three lists of dict
        Rows of the seeds of models' prices, of credits' prices and of usage sources.
    group : int
        Fewest people that are shown.
    asked : dict of str to date
        First week with a request, by team.
    """

    def __init__(self, facts, releases, normalized, seeds, group, asked):
        self.facts, self.releases, self.group = facts, releases, group
        self.prices, self.credit_prices, self.sources = seeds
        self.normalized = {(row["team"], row["week_start_on"]): row for row in normalized}
        self.costs = facts._input("costs")
        self.asked = asked
        self._read_usage()
        self._group()

    def reason(self, name, week):
        """Why a row of a mart about people is hidden; None where it is shown."""
        if name == EVERYBODY:
            return self.organisation.get(week, "group_too_small")
        return self.reasons.get((name, week), "group_too_small")

    # ---------- spend

    def counted_usage(self):
        """Usage up to as_of, the same work by its best source alone."""
        rows = [
            {**row, "person": self.facts.person(row["person_key"])}
            for row in self.facts._input("ai_usage")
            if row["bucket_started_at"] <= self.facts.as_of
        ]
        if self.facts.var("overlapping_usage_counts"):
            return rows

        def known(row):
            return row["person"], model_family(row["model"]), row["bucket_started_at"].date()

        tools = {}
        for row in rows:
            if row["tool"] is not None:
                tools[known(row)] = min(row["tool"], tools.get(known(row), row["tool"]))
        witnesses = defaultdict(lambda: defaultdict(list))
        for row in rows:
            row["work"] = row["tool"] or tools.get(known(row)) or model_family(row["model"])
            if row["person"] is not None and row["work"] is not None:
                work = row["person"], row["work"], row["bucket_started_at"].date()
                witnesses[work][row["source"]].append(row)
        kinds = {row["source"]: row["kind"] for row in self.sources}

        def trust(source, seen):
            has_bill = any(row["billed_usd"] is not None for row in seen)
            kind = kinds.get(source, "billed" if has_bill else "metered")
            tokens = sum(row[name] or 0 for row in seen for name in TOKENS)
            return ("billed", "metered", "logged").index(kind), not has_bill, -tokens, source

        dropped = set()
        for seen in witnesses.values():
            best = min(seen, key=lambda source: trust(source, seen[source]))
            for source, mine in seen.items():
                if source != best:
                    dropped |= {row["usage_id"] for row in mine}
        return [row for row in rows if row["usage_id"] not in dropped]

    def credit_usd(self, row):
        """What a bucket's credits cost; None where they are unknown or have no price."""
        if row["credits"] is None or row["tool"] is None:
            return None
        for price in self.credit_prices:
            day = row["bucket_started_at"].date()
            if price["tool"] == row["tool"].lower() and _valid(price, day):
                return row["credits"] * price["credit_usd"]
        return None

    def list_usd(self, row):
        """What a bucket costs by the seeds; None where a price is missing."""
        if (usd := self.credit_usd(row)) is not None:
            return usd
        if all(row[tokens] is None for tokens in TOKENS):
            return None
        day = row["bucket_started_at"].date()
        fitting = [
            price
            for price in self.prices
            if row["model"] is not None
            and fnmatchcase(row["model"].lower(), price["model_pattern"].replace("%", "*"))
            and _valid(price, day)
        ]
        price = max(fitting, key=lambda one: len(one["model_pattern"]), default={})
        usd = 0.0
        for tokens, kind in TOKENS.items():
            if row[tokens]:
                if price.get(kind) is None:
                    return None
                usd += row[tokens] * price[kind]
        return usd / 1e6

    def _read_usage(self):
        self.used = defaultdict(
            lambda: {
                "tokens": 0,
                "billed": None,
                "priced": None,
                "gaps": 0,
                "seats": 0,
                "is_user": 0,
            }
        )
        self.missing = defaultdict(list)
        for row in self.counted_usage():
            person = row["person"]
            used = self.used[person, week_of(row["bucket_started_at"])]
            used["tokens"] += sum(row[tokens] or 0 for tokens in TOKENS)
            used["is_user"] |= person is not None and not row["is_automated"]
            if row["billed_usd"] is not None:
                used["billed"] = (used["billed"] or 0.0) + row["billed_usd"]
            elif row["credits"] is None and all(row[tokens] is None for tokens in TOKENS):
                used["seats"] += 1
            elif (usd := self.list_usd(row)) is None:
                used["gaps"] += 1
                credits = f"{row['tool'] or ''} credits".strip()
                name = row["model"] or ("unknown" if row["credits"] is None else credits)
                self.missing[name].append(row["bucket_started_at"].date())
            else:
                used["priced"] = (used["priced"] or 0.0) + usd
        for (person, week), used in self.used.items():
            teams = self.facts.teams_of_person(person, week)
            used["team"] = teams[0] if teams else NO_TEAM
            used["has_team"] = bool(teams)
            used["spend"] = total([used["billed"], used["priced"]])

    # ---------- groups

    def _weeks(self):
        facts = self.facts
        first = [change["landed_at"] for change in facts.changes.values()]
        first += [release.window_started_at for release in self.releases]
        first += [row["opened_at"] for row in facts.incidents]
        first += [row["bucket_started_at"] for row in facts._input("ai_usage")]
        week = week_of(min(first))
        while week <= week_of(facts.as_of):
            yield week
            week += WEEK

    def _group(self):
        """Why each row and each week's organisation is hidden; None where it is shown."""
        facts = self.facts
        names = {row["team"] for row in facts.people} | {team for team, _ in self.normalized}
        names |= {r.team for r in self.releases} | self.asked.keys()
        names |= {team for _, teams, _ in facts._landed_by for team in teams}
        paid = {row["team"] for row in self.costs}
        owners = {row["team"] for row in facts.service_rows}
        self.builders, self.people, self.reasons, self.organisation = {}, {}, {}, {}
        first_people = {}
        used_by = {(u["team"], week) for (_, week), u in self.used.items()}
        self.weeks = list(self._weeks())
        for week in self.weeks:
            home = {}
            for row in facts.people:
                if (row["kind"] or "human") == "human" and _valid(row, week):
                    person = facts.person(row["person_key"])
                    home[person] = min(row["team"], home.get(person, row["team"]))
            homes = defaultdict(set)
            for person, team in home.items():
                homes[team].add(person)
            rows = {}
            for name in names | paid:
                builders = facts.members(name, week)
                if not (
                    builders
                    or name in paid
                    or (name, week) in self.normalized
                    or self.asked.get(name, week + WEEK) <= week
                    or (name, week) in used_by
                ):
                    continue
                self.builders[name, week] = builders or None
                rows[name] = len(homes[name]) if facts.has_people else builders
            loose = [p for (p, w), u in self.used.items() if w == week and not u["has_team"]]
            if loose:
                self.builders.setdefault((NO_TEAM, week), None)
                rows[NO_TEAM] = rows.get(NO_TEAM, 0) + len([p for p in loose if p is not None])
            small, nobodies = set(), set()
            for name, people in rows.items():
                self.people[name, week] = people
                builders = self.builders[name, week]
                if name != NO_TEAM and builders is None and not people and name not in owners:
                    nobodies.add(name)
                    continue
                first_people.setdefault(name, people)
                if name == NO_TEAM and builders is None:
                    is_small = 0 < people < self.group
                else:
                    is_small = builders is None or min(builders, people) < self.group
                if is_small:
                    small.add(name)
            hidden = set(small)
            spare = rows.keys() - small - nobodies
            spare = sorted(spare, key=lambda n: (rows[n] == 0, first_people[n], n))

            def gives_away(hidden, rows=rows):
                people = sum(rows[name] for name in hidden)
                return bool(hidden) and (len(hidden) < 2 or people < self.group)

            while spare and gives_away(hidden):
                hidden.add(spare.pop(0))
            for name in rows:
                reason = "protects_a_small_group" if name in hidden else None
                if name in small | nobodies:
                    reason = "group_too_small"
                self.reasons[name, week] = reason
            if rows:
                everybody = sum(rows.values())
                if facts.has_people:
                    # People of no team are no builders, and both must be enough.
                    of_teams = sum(rows[name] for name in rows if self.builders[name, week])
                    everybody = min(everybody, of_teams)
                reason = "protects_a_small_group" if gives_away(hidden) else None
                self.organisation[week] = "group_too_small" if everybody < self.group else reason

    def rows(self, since):
        """(team, is organisation, week, reason, names of the rows it sums) from a week on."""
        for (name, week), reason in self.reasons.items():
            if since is None or week >= since:
                yield name, False, week, reason, {name}
        for week, reason in self.organisation.items():
            if since is None or week >= since:
                yield EVERYBODY, True, week, reason, {n for n, w in self.reasons if w == week}


class Spending(Groups):
    """Spend, and where it went."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self._read_lines()
        self._allocate()

    # ---------- held AI lines of people

    def _person_behind(self, repository, change_sha, author_sha):
        commit = self.facts.commits.get((repository, author_sha))
        if commit is None:
            return None
        if commit["author_kind"] != "agent":
            return commit["author_key"]
        return self.facts.driver_of(repository, change_sha)

    def _ai_lines(self, repository, sha, service, shipped_at):
        """Held AI lines of a shipped change by author commit."""
        held, _ = held_by_author(self.facts, repository, sha, service, shipped_at)
        return {author: lines for (side, author), lines in held.items() if side == "ai"}

    def _read_lines(self):
        self.lines = defaultdict(list)
        for release in self.releases:
            for deployment in release.deployments:
                for sha in deployment.shipped:
                    landed_at = self.facts.changes[release.repository, sha]["landed_at"]
                    found = self._ai_lines(
                        release.repository, sha, release.service, deployment.finished_at
                    )
                    for author_sha, lines in found.items():
                        person = self._person_behind(release.repository, sha, author_sha)
                        if lines > 1e-9 and person is not None:
                            self.lines[person].append((landed_at, release, lines))

    # ---------- allocation

    def _usage_late(self, moment):
        return immature_reason(moment, self.facts.as_of, self.facts.clock.everybody("ai_usage"))

    def _allocate(self):
        """(person, week of spend, spending team, release or None, usd, is mature, is complete)."""
        self.allocated = []
        for (person, week), used in self.used.items():
            if used["spend"] is None and not used["gaps"]:
                continue
            start = midnight(week)
            shares = defaultdict(float)
            for landed_at, release, lines in self.lines.get(person, []):
                if start <= landed_at < start + 2 * WEEK:
                    shares[release] += lines
            reasons = [self._usage_late(start + 2 * WEEK)]
            reasons += [release_immature_reason(self.facts, release) for release in shares]
            common = (person, week, used["team"])
            rest = (not any(reasons), used["gaps"] == 0)
            if not shares:
                self.allocated.append((*common, None, used["spend"], *rest))
            for release, lines in shares.items():
                share = None
                if used["spend"] is not None:
                    share = used["spend"] * lines / sum(shares.values())
                self.allocated.append((*common, release, share, *rest))

    # ---------- marts

    def _first_use(self):
        return min((week for _, week in self.used), default=None)

    def ai_adoption(self):
        """Rows of ai_adoption."""
        facts, made = self.facts, []
        for team, is_all, week, reason, names in self.rows(self._first_use()):
            builders = self.builders.get((team, week))
            if is_all and facts.has_people:
                builders = sum(self.people[n, week] for n in names if self.builders[n, week])
            if not (is_all or builders is not None or team == NO_TEAM):
                continue
            mine = [(p, u) for (p, w), u in self.used.items() if w == week]
            users = set()
            for person, used in mine:
                humans = {
                    row["team"]
                    for row in facts.people
                    if facts.person(row["person_key"]) == person
                    and (row["kind"] or "human") == "human"
                    and _valid(row, week)
                }
                belongs = humans if is_all or team in humans else set()
                if team == NO_TEAM and not used["has_team"]:
                    belongs = {NO_TEAM}
                if used["is_user"] and belongs:
                    users.add(person)
            shown = reason is None and bool(self.used) and facts.has_people
            tokens = sum(u["tokens"] for _, u in mine if u["team"] in names)
            billed = total([u["billed"] for _, u in mine if u["team"] in names])
            why = reason or (None if builders is not None else "no_builders")
            if not self.used:
                why = "ai_usage_not_loaded"
            elif not facts.has_people:
                why = "people_not_loaded"
            made.append(
                {
                    "team": team,
                    "is_organisation": is_all,
                    "week_start_on": week,
                    "is_mature": self._usage_late(midnight(week) + WEEK) is None,
                    "immature_reason": self._usage_late(midnight(week) + WEEK),
                    "ai_users": len(users) if shown else None,
                    "ai_adoption": ratio(float(len(users)), builders) if shown else None,
                    "builders": None if reason else builders,
                    "tokens": tokens if shown else None,
                    "billed_usd": billed if shown else None,
                    "is_suppressed": reason is not None,
                    "null_reason": why,
                }
            )
        return made

    def _cost(self, team, week, category):
        """Cost of a week and of how many of its days there is one."""
        amount, days = None, 0
        for day in (week + timedelta(days=n) for n in range(7)):
            for row in self.costs:
                month = row["month_start_on"]
                if (row["team"], row["category"]) == (team, category) and (
                    (month.year, month.month) == (day.year, day.month)
                ):
                    days += 1
                    amount = (amount or 0.0) + row["amount_usd"] / monthrange(
                        *month.timetuple()[:2]
                    )[1]
        return amount, days

    def _team_cost(self, team, week):
        """Everything of one row, before anything is hidden."""
        mine = [u for (_, w), u in self.used.items() if w == week and u["team"] == team]
        arrived = [
            row
            for row in self.allocated
            if (row[3] and (row[3].team, row[3].week_start_on) == (team, week))
            or (not row[3] and (row[2], row[1]) == (team, week))
        ]
        touched = arrived + [row for row in self.allocated if (row[2], row[1]) == (team, week)]
        normalized = self.normalized.get((team, week), {})
        builder, builder_days = self._cost(team, week, "builders")
        infrastructure, infrastructure_days = self._cost(team, week, "build_infrastructure")
        other_ai, _ = self._cost(team, week, "ai")
        spend = total([u["spend"] for u in mine]) if mine else 0.0
        unshipped = total([row[4] for row in arrived if not row[3]]) or 0.0
        gaps, seats = sum(u["gaps"] for u in mine), sum(u["seats"] for u in mine)
        costs_missing = None
        if not (team == NO_TEAM and self.builders[team, week] is None):
            if builder_days < 7:
                costs_missing = "no_builder_costs"
            elif infrastructure_days < 7:
                costs_missing = "no_build_infrastructure_costs"
        spend_missing = None
        if gaps:
            spend_missing = "model_without_price"
        elif seats and other_ai is None:
            spend_missing = "no_other_ai_costs"
        is_over = self._usage_late(midnight(week) + WEEK) is None
        return {
            "ai_spend_usd": spend,
            "billed_usd": total([u["billed"] for u in mine]),
            "priced_usd": total([u["priced"] for u in mine]),
            "unshipped_spend_usd": None if spend is None else unshipped,
            "allocated_spend_usd": total([row[4] for row in arrived if row[3]]) or 0.0,
            "usage_buckets_without_price": gaps,
            "usage_buckets_not_billed_by_use": seats,
            "builder_cost_usd": builder if builder_days >= 7 else None,
            "build_infrastructure_cost_usd": infrastructure if infrastructure_days >= 7 else None,
            "other_ai_cost_usd": other_ai,
            "normalized_deployments": normalized.get("normalized_deployments"),
            "ai_normalized_deployments": normalized.get("ai_normalized_deployments"),
            "is_complete": all(row[6] for row in touched),
            "is_mature": is_over
            and all(row[5] for row in touched)
            and normalized.get("is_mature", True),
            "costs_missing": costs_missing,
            "spend_missing": spend_missing,
        }

    def ai_cost(self):
        """Rows of ai_cost."""
        first_use = self._first_use()
        starts = [week_of(row["month_start_on"]) for row in self.costs]
        starts += [first_use] if first_use else []
        parts = {
            (team, week): self._team_cost(team, week)
            for team, is_all, week, _, _ in self.rows(min(starts, default=None))
            if not is_all
        }
        return [
            self._cost_row(team, is_all, week, reason, [parts[name, week] for name in names])
            for team, is_all, week, reason, names in self.rows(min(starts, default=None))
        ]

    def _cost_row(self, team, is_all, week, reason, mine):
        row = {
            name: total([part[name] for part in mine])
            for name, value in mine[0].items()
            if name.endswith("_usd") or name.endswith("normalized_deployments")
        }
        for name in ("usage_buckets_without_price", "usage_buckets_not_billed_by_use"):
            row[name] = sum(part[name] for part in mine)
        row["is_spend_complete"] = all(part["is_complete"] for part in mine)
        missing = min((p["costs_missing"] for p in mine if p["costs_missing"]), default=None)
        missing = missing or min(
            (p["spend_missing"] for p in mine if p["spend_missing"]), default=None
        )
        cost = None
        if row["builder_cost_usd"] is not None and row["build_infrastructure_cost_usd"] is not None:
            cost = row["builder_cost_usd"] + row["build_infrastructure_cost_usd"]
            cost += (row["other_ai_cost_usd"] or 0.0) + (row["ai_spend_usd"] or 0.0)
        row["ai_cost_per_normalized_deployment"] = ratio(
            row["allocated_spend_usd"] or None, row["ai_normalized_deployments"]
        )
        row["cost_to_serve"] = None if missing else ratio(cost, row["normalized_deployments"])
        row["spend_method"] = (
            "_and_".join(n for n in ("billed", "priced") if row[f"{n}_usd"] is not None) or None
        )
        has_own = self.facts.has_people or is_all or team == NO_TEAM
        hidden = reason
        if hidden is None and not self.used:
            hidden = "ai_usage_not_loaded"
        if hidden is None and week < self._first_use():
            hidden = "before_ai_usage"
        why = hidden
        if why is None and row["ai_normalized_deployments"] is None:
            why = "no_normalized_deployments"
        if why is None and row["ai_normalized_deployments"] == 0:
            why = "no_ai_normalized_deployments"
        if why is None and row["allocated_spend_usd"] == 0:
            why = "no_spend_allocated"
        why_not_served = hidden or (None if has_own else "people_not_loaded") or missing
        if why_not_served is None and row["builder_cost_usd"] is None:
            why_not_served = "no_builder_costs"
        if why_not_served is None and not row["normalized_deployments"]:
            why_not_served = "no_normalized_deployments"
        own = (
            "ai_spend_usd", "billed_usd", "priced_usd", "unshipped_spend_usd", "spend_method",
            "usage_buckets_without_price", "usage_buckets_not_billed_by_use", "cost_to_serve",
        )  # fmt: skip
        for name in own:
            if hidden or not has_own:
                row[name] = None
        for name in (
            "allocated_spend_usd", "ai_cost_per_normalized_deployment", "is_spend_complete",
        ):  # fmt: skip
            if hidden:
                row[name] = None
        for name in ("builder_cost_usd", "other_ai_cost_usd", "build_infrastructure_cost_usd"):
            if reason:
                row[name] = None
        return row | {
            "team": team,
            "is_organisation": is_all,
            "week_start_on": week,
            "is_mature": all(part["is_mature"] for part in mine),
            "is_suppressed": reason is not None,
            "null_reason": why,
            "cost_to_serve_null_reason": why_not_served,
        }

    def ai_missing_prices(self):
        """Rows of ai_missing_prices."""
        return [
            {"model": model, "first_used_on": min(days), "last_used_on": max(days)}
            for model, days in self.missing.items()
        ]


def _welch(samples, signs, level):
    """Difference of means and its interval, by Satterthwaite over all samples."""
    if not all(samples):
        return None, None, None
    value = sum(sign * statistics.fmean(one) for sign, one in zip(signs, samples, strict=True))
    if any(len(one) < 2 for one in samples):
        return value, None, None
    parts = [statistics.variance(one) / len(one) for one in samples]
    spread = sum(parts)
    if math.sqrt(spread) <= 1e-12 * max(abs(statistics.fmean(one)) for one in samples):
        return value, None, None
    degrees = spread**2 / sum(
        part**2 / (len(one) - 1) for part, one in zip(parts, samples, strict=True)
    )
    half = student.ppf((1 + level) / 2, degrees) * math.sqrt(spread)
    return value, value - half, value + half


def product_outcomes(facts, releases):
    """Rows of product_outcomes, by (service, repository, window) and metric."""
    series, described = defaultdict(dict), {}
    for row in facts._input("product_metrics"):
        if midnight(row["measured_on"]) + timedelta(days=1) <= facts.as_of:
            series[row["service"], row["metric"]][row["measured_on"]] = row["value"]
            described[row["service"], row["metric"]] = row
    level, made = facts.var("confidence_level"), []
    for release in releases:
        first = min(d.finished_at for d in release.deployments).date()
        last = max(d.finished_at for d in release.deployments).date()
        for (service, metric), values in series.items():
            if service != release.service:
                continue

            def around(values, first=first, last=last):
                days = [timedelta(days=n) for n in range(1, 8)]
                before = [values[first - day] for day in days if first - day in values]
                return before, [values[last + day] for day in days if last + day in values]

            before, after = around(values)
            if not before and not after:
                continue
            about = described[service, metric]
            control = series.get((about["control_service"], metric), {})
            old, new = around(control)
            change = _welch([before, after], [-1, 1], level)
            of_control = _welch([old, new], [-1, 1], level)
            both = _welch([before, after, old, new], [-1, 1, 1, -1], level)
            why = None
            if not before or not after:
                why = "no_days_after" if before else "no_days_before"
            elif len(before) < 2 or len(after) < 2:
                why = "too_few_days"
            elif change[1] is None:
                why = "no_variation"
            made.append(
                {
                    "release": (release.service, release.repository, release.window_started_at),
                    "metric": metric,
                    "team": release.team,
                    "released_on": first,
                    "is_mature": midnight(last) + timedelta(days=8)
                    <= facts.clock.everybody("product_metrics"),
                    "days_before": len(before),
                    "days_after": len(after),
                    "mean_before": statistics.fmean(before) if before else None,
                    "mean_after": statistics.fmean(after) if after else None,
                    "difference": change[0],
                    "difference_low": change[1],
                    "difference_high": change[2],
                    "control_service": about["control_service"],
                    "control_difference": of_control[0],
                    "control_difference_low": of_control[1],
                    "control_difference_high": of_control[2],
                    "difference_in_differences": both[0],
                    "difference_in_differences_low": both[1],
                    "difference_in_differences_high": both[2],
                    "other_releases": sum(
                        other is not release
                        and other.service == service
                        and max(d.finished_at for d in other.deployments).date()
                        >= first - timedelta(days=7)
                        and min(d.finished_at for d in other.deployments).date()
                        <= last + timedelta(days=7)
                        for other in releases
                    ),
                    "null_reason": why,
                }
            )
    return made


def product_outcome_coverage(facts, releases, normalized, shares, outcomes):
    """Rows of product_outcome_coverage."""
    covered = {row["release"] for row in outcomes}
    measured = defaultdict(float)
    for r in releases:
        if (r.service, r.repository, r.window_started_at) in covered and r.held_lines:
            share = (shares[r.release_id] or 0.0) * r.held["ai"] / r.held_lines
            measured[r.team, r.week_start_on] += share
    has_metrics = bool(facts._input("product_metrics"))
    by_week = defaultdict(list)
    for row in normalized:
        mine = (row["team"], row["week_start_on"])
        part = None if row["ai_normalized_deployments"] is None else measured[mine]
        one = (row["is_mature"], row["ai_normalized_deployments"], part)
        by_week[row["team"], False, row["week_start_on"]].append(one)
        by_week[EVERYBODY, True, row["week_start_on"]].append(one)
    made = []
    for (team, is_all, week), parts in by_week.items():
        ai, part = total([p[1] for p in parts]), total([p[2] for p in parts])
        why = None if has_metrics else "product_metrics_not_loaded"
        if why is None and not ai:
            why = "no_builders" if ai is None else "no_ai_normalized_deployments"
        made.append(
            {
                "team": team,
                "is_organisation": is_all,
                "week_start_on": week,
                "is_mature": all(p[0] for p in parts),
                "ai_normalized_deployments": ai,
                "ai_normalized_deployments_measured": part if has_metrics else None,
                "product_outcome_coverage": ratio(part, ai) if has_metrics else None,
                "null_reason": why,
            }
        )
    return made
