"""The inputs as of as_of: who, what path, which service, whose authorship; nothing measured yet."""

import re
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from functools import cached_property

from reference.clock import Clock
from reference.formulas import midnight
from reference.landings import Landings
from reference.references import find_commit, position
from shipworthy.contract import names_of_text, text_of_names

DEFAULTS = {
    "shipworthy__using_pull_requests": True,
    "shipworthy__using_reviews": True,
    "shipworthy__using_deployments": True,
    "shipworthy__using_incidents": True,
    "shipworthy__using_ai_usage": True,
    "shipworthy__using_people": True,
    "shipworthy__using_services": True,
    "shipworthy__as_of": "",
    "shipworthy__ended_sources": (),
    "shipworthy__turnover_window_days": 30,
    "shipworthy__turnover_line_cap": 200,
    "shipworthy__untagged_counts_as": "auto",
    "shipworthy__moves_count": False,
    "shipworthy__survival_days": 365,
    "shipworthy__release_window_hours": 24,
    "shipworthy__lines_per_unit": 50,
    "shipworthy__lines_root": 3,
    "shipworthy__change_line_cap": 200,
    "shipworthy__incident_attribution_hours": 72,
    "shipworthy__incident_tie": "at_or_before",
    "shipworthy__named_cause_days": 30,
    "shipworthy__chance_share": 0.1,
    "shipworthy__remediation_weight": 0.3,
    "shipworthy__review_seconds_per_line": 1,
    "shipworthy__median": "interpolated",
    "shipworthy__dora_band_year": 2023,
    "shipworthy__redeployments_count": True,
    "shipworthy__failed_rollouts_count": False,
    "shipworthy__confidence_level": 0.95,
    "shipworthy__minimum_group_size": 5,
    "shipworthy__overlapping_usage_counts": False,
}

# Inputs that go together share one switch.
SWITCHES = {
    "pull_request_commits": "pull_requests",
    "pull_request_commit_files": "pull_requests",
    "review_threads": "reviews",
}

AI_REACHES_THE_MARKET = datetime(2021, 6, 29)
UNCOUNTED_CLASSES = ("generated", "vendored")
CLASS_WEIGHTS = {"code": 1.0, "test": 1.0, "config": 1.0, "docs": 0.25, "data": 0.0}
UNASSIGNED = "unassigned"
PRODUCTION = {"production", "prod", "live", "prd"}
# The seed's other names, and what else says in a name that nobody is served.
REHEARSALS = {
    *("staging", "stage", "preproduction", "preprod", "uat", "qa", "test", "testing"),
    *("development", "dev", "preview", "review", "sandbox", "canary"),
}
NOT_SERVING = REHEARSALS - {"canary"} | {
    *("pre", "non", "not", "no", "nonproduction", "nonprod", "stg", "demo", "shadow", "mirror")
}


def is_production(environment):
    """Whether users are served from an environment, by its name in lower case."""
    if environment in PRODUCTION or environment in REHEARSALS:
        return environment in PRODUCTION
    words = set(re.split(r"[^a-z]+", environment))
    return bool(words & PRODUCTION) and not words & NOT_SERVING


def _instant(value):
    """as_of as given: a datetime, a date, or text of either."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return midnight(value)
    return datetime.fromisoformat(value)


def _valid(row, day):
    """Does a period row (valid_from_on inclusive, valid_to_on exclusive) hold on that day?"""
    starts, ends = row.get("valid_from_on"), row.get("valid_to_on")
    return (starts is None or starts <= day) and (ends is None or day < ends)


def _stem(prefix):
    """A path prefix as the beginning of the paths that it holds."""
    return "" if prefix is None else prefix.rstrip("/") + "/"


def deployment_time(row):
    """When a deployment took place: finished, else started, else created."""
    return row.get("finished_at") or row.get("started_at") or row.get("created_at")


def deployment_start(row):
    """When a deployment began: started, else created, else finished."""
    return row.get("started_at") or row.get("created_at") or row.get("finished_at")


class Facts:
    """Cleaned inputs and look-ups over them.

    Parameters
    ----------
    tables : dict of str to list of dict
        Raw rows by contract table.
    variables : dict
        dbt variables; what is not given has its default.
    """

    def __init__(self, tables, variables):
        self.variables = DEFAULTS | variables
        self.raw = tables
        self._builders = {}
        self.clock = Clock(self)
        self.as_of = self._as_of()
        self.aliases = {
            row["alias_key"]: row["person_key"]
            for row in self._input("identities")
            if row["person_key"] is not None
        }
        self.people = self._input("people")
        # Loaded and empty is an organisation without members.
        marks = {row["input"] for row in self._input("load_watermarks")}
        self.has_people = self.is_on("people") and (bool(self.people) or "people" in marks)
        self._read_commits()
        self._read_usage()
        self._read_deployments()
        self._read_services()
        self._read_requests()
        self._read_lines()
        self._assign_changes_to_services()
        self._read_incidents()

    def var(self, name):
        """A variable without its prefix."""
        return self.variables[f"shipworthy__{name}"]

    def is_on(self, name):
        """Is an input switched on?"""
        switch = SWITCHES.get(name, name)
        return self.variables.get(f"shipworthy__using_{switch}", True)

    def _input(self, name):
        """Rows of an input, none where it is switched off."""
        if not self.is_on(name):
            return []
        return self.raw.get(name) or []

    # ---------- as_of

    def given_as_of(self):
        """`shipworthy__as_of`, which says how far what has no watermark was read; None: not set."""
        return _instant(self.var("as_of")) if self.var("as_of") else None

    def _as_of(self):
        self.clock.as_of = self.given_as_of() or self.clock.newest()
        return self.clock.as_of

    # ---------- commits, people, usage

    def person(self, key):
        """The person behind an alias, or behind an alias of it; a pair of aliases is one person."""
        owner = self.aliases.get(key, key)
        if key is not None and self.aliases.get(owner) == key:
            return min(key, owner)
        return self.aliases.get(owner, owner)

    def _read_commits(self):
        self.commits = {}
        for row in self._input("commits"):
            on_mainline = row.get("mainline_position") is not None
            if on_mainline and row["landed_at"] > self.as_of:
                continue
            commit = dict(row, on_mainline=on_mainline)
            commit["author_key"] = self.person(row.get("author_key"))
            self.commits[row["repository"], row["sha"]] = commit
        self.changes = {key: row for key, row in self.commits.items() if row["on_mainline"]}

    @cached_property
    def known_commits(self):
        """By repository and hash in lower case: its commits, then those that only requests name."""
        found = defaultdict(dict)
        for (repository, sha), row in self.commits.items():
            found[repository][sha] = row
        loaded = {(row["repository"], row["sha"]) for row in self._input("commits")}
        for row in self._input("pull_request_commits"):
            names = found[row["repository"]]
            if (row["repository"], row["sha"]) not in loaded:
                names.setdefault(row["sha"], row)
        return {
            repository: {sha.lower(): row for sha, row in names.items()}
            for repository, names in found.items()
        }

    def _read_requests(self):
        """Which requests landed as what, and the changes of those from a hotfix branch."""
        self.landings = Landings(self)
        requests_of = defaultdict(list)
        for key, request in self.landings.requests.items():
            for change in self.landings.changes_of[key]:
                requests_of[change].append(request)
        none = {"head_branch": None, "labels": None}
        self.hotfix_changes = {
            key
            for key, change in self.changes.items()
            if any(self._is_hotfix(one, change) for one in requests_of.get(key, [none]))
        }

    @staticmethod
    def _is_hotfix(request, change):
        """Does a change come from a hotfix branch, or its request have a hotfix label?"""
        branch = request.get("head_branch") or change.get("merged_branch") or ""
        parts = branch.lower().split("/")
        branches = any(re.match(r"hot-?fix(es)?($|[_-])", part) for part in parts)
        labels = [re.split(r"[/: ]", name)[-1].lower() for name in names_of_text(request["labels"])]
        return branches or bool({"hotfix", "hot-fix"} & set(labels))

    def _read_usage(self):
        self.usage = defaultdict(list)
        for row in self._input("ai_usage"):
            start = row["bucket_started_at"]
            if start <= self.as_of:
                end = start + timedelta(hours=row["bucket_hours"])
                self.usage[self.person(row["person_key"])].append((start, end))
        self.has_usage = bool(self.usage)

    def teams_of_person(self, key, day):
        """Teams that a person is a member of on a day, by name."""
        if key is None:
            return []
        return sorted({row["team"] for row in self._memberships[key] if _valid(row, day)})

    @cached_property
    def _memberships(self):
        """Rows of people by the person behind them."""
        found = defaultdict(list)
        for row in self.people:
            found[self.person(row["person_key"])].append(row)
        return found

    def author_of(self, repository, sha):
        """Person key of a commit's author, None when unknown."""
        commit = self.commits.get((repository, sha))
        return commit["author_key"] if commit else None

    # ---------- authorship

    def authorship_of(self, tag, author, landed_at):
        """ai, human, automation or unknown, for a tag, its author and its landing."""
        tag = tag or "untagged"
        if landed_at < AI_REACHES_THE_MARKET:
            return "automation" if tag == "automation" else "human"
        if tag != "untagged":
            return tag
        reading = self.var("untagged_counts_as")
        if reading in ("human", "unknown"):
            return reading
        if not self.has_usage:
            return "human"
        if author is None:
            return "unknown"
        since = landed_at - timedelta(days=7)
        used = any(start < landed_at and end > since for start, end in self.usage.get(author, []))
        return "unknown" if used else "human"

    @property
    def comparison_basis(self):
        """How comparisons read untagged lines."""
        reading = self.var("untagged_counts_as")
        if reading in ("human", "unknown"):
            return f"untagged_as_{reading}"
        return "ai_usage" if self.has_usage else "trailers_only"

    def authorship_of_commit(self, change):
        """The commit's own authorship, whatever its lines say."""
        return self.authorship_of(
            change.get("authorship"), change["author_key"], change["landed_at"]
        )

    def authorship_of_change(self, repository, sha):
        """Authorship of a change: of the majority of its added lines, ai from one half on."""
        lines = defaultdict(int)
        for birth in self.births_of[repository, sha]:
            if not birth["is_moved"]:
                lines[birth["reading"]] += birth["lines"]
        total = sum(lines.values())
        if total == 0:
            return self.authorship_of_commit(self.changes[repository, sha])
        if 2 * lines["ai"] >= total:
            return "ai"
        best = max(lines[name] for name in ("human", "automation", "unknown"))
        return next(n for n in ("human", "automation", "unknown") if lines[n] == best)

    # ---------- deployments and services

    def _read_deployments(self):
        """Deployments up to as_of, each once for every service that it is of."""
        self.service_rows = self._input("services")
        self.has_services = bool(self.service_rows)
        self.all_deployments = []
        for row in self._input("deployments"):
            moment = deployment_time(row)
            if moment is None or moment > self.as_of:
                continue
            services = self.services_of_deployment(row)
            for service in services:
                suffix = f"@{service}" if len(services) > 1 else ""
                named = {"of_service": service, "recorded_id": row["deployment_id"]}
                named["deployment_id"] = row["deployment_id"] + suffix
                environment = (row.get("environment") or "").strip().lower()
                self.all_deployments.append({**row, **named, "environment": environment})
        self.deployments = [
            row
            for row in self.all_deployments
            if row.get("status") == "success" and is_production(row["environment"])
        ]
        told = {
            row["of_service"]
            for row in self.deployments
            if row["source"] != "git_tag" and row["kind"] != "flag"
        }
        for row in self.deployments:
            row["is_superseded"] = row["source"] == "git_tag" and row["of_service"] in told

    def _read_services(self):
        listed = {(row["service"], row["repository"]) for row in self.service_rows}
        names = {service for service, _ in listed}
        self.commit_delivered = {
            (row["service"], row["repository"])
            for row in self.service_rows
            if row.get("delivery_unit") == "commit"
        }
        unlisted = {
            (row["of_service"], row["repository"])
            for row in self.deployments
            if row["of_service"] not in names
        }
        if not self.has_services:
            for table in ("commits", "repositories"):
                unlisted |= {(r["repository"], r["repository"]) for r in self._input(table)}
        self.services = listed | unlisted
        self.whole_by_default = {}
        deployed = Counter((row["of_service"], row["repository"]) for row in self.deployments)
        of_repository = Counter(row["repository"] for row in self.deployments)

        def is_slip(one):
            """A name that less than 1 % of a repository's deployments have."""
            return 0 < 100 * deployed[one] < of_repository[one[1]]

        for service, repository in sorted(unlisted, key=lambda one: (is_slip(one), one)):
            self.whole_by_default.setdefault(repository, service)

    def delivers_commits(self, service, repository, day):
        """Does a service ship what lands, on a day?"""
        return any(
            _valid(row, day)
            for row in self.service_rows
            if (row["service"], row["repository"]) == (service, repository)
            and row.get("delivery_unit") == "commit"
        )

    def services_of_deployment(self, row):
        """Services that a raw deployment is of: of a nameless tag, all that are listed."""
        repository = row["repository"]
        if not self.has_services:
            return [repository]
        day = deployment_time(row).date()
        if row["source"] == "git_tag" and row["service"] not in self._rows_of_service:
            holders = {self._holder(repository, stem, day) for stem in self._claims[repository]}
            if holders and row["service"] in (None, repository):
                return sorted(holders)
        return [row["service"] or self._holder(repository, "", day) or repository]

    @cached_property
    def _claims(self):
        """Rows of services by repository and the beginning of the paths that they claim."""
        found = defaultdict(lambda: defaultdict(list))
        for row in self.service_rows:
            found[row["repository"]][_stem(row["path_prefix"])].append(row)
        return found

    @cached_property
    def _rows_of_service(self):
        found = defaultdict(list)
        for row in self.service_rows:
            found[row["service"]].append(row)
        return dict(found)

    def _holder(self, repository, stem, day):
        """Who has a prefix on a day: who claimed it last by then, else who claims it first."""
        rows = self._claims[repository].get(stem, [])

        def start(row):
            return row["valid_from_on"] or date.min

        begun = [row for row in rows if start(row) <= day]
        if begun:
            return max(begun, key=start)["service"]
        return min(rows, key=start)["service"] if rows else None

    @cached_property
    def _first_positions(self):
        """{(service, repository): mainline position of the first deployment of a known commit}."""
        first = {}
        for row in self.deployments:
            commit = find_commit(self, row["repository"], row.get("sha"))
            if row["is_superseded"] or row.get("kind") == "flag" or not commit:
                continue
            where = None if "number" in commit else position(self, row["repository"], commit)
            if where is not None:
                found = (deployment_time(row), where)
                key = (row["of_service"], row["repository"])
                first[key] = min(first.get(key, found), found)
        return {key: where for key, (_, where) in first.items()}

    def _behind_piece(self, repository, stems, stem, service, day, where):
        """Whose a directory is at a position: its service's, or an enclosing one's before that."""

        def teams(name):
            rows = self._rows_of_service.get(name, ())
            if any(row.get("delivery_unit") == "commit" for row in rows):
                return set()
            return {row.get("team") or row["repository"] for row in rows}

        begun = self._first_positions
        if where >= begun.get((service, repository), where + 1):
            return service
        for outer in sorted((s for s in stems if stem.startswith(s) and s != stem), key=len)[::-1]:
            found = self._holder(repository, outer, day)
            if (
                {found} == self._holders(repository, outer)
                and found != service
                and teams(found) & teams(service)
                and begun.get((found, repository), where + 1) <= where
            ):
                return found
        return service

    def _holders(self, repository, stem):
        """Services that have a prefix, whenever."""
        return {
            row["service"]
            for row in self.service_rows
            if row["repository"] == repository and _stem(row["path_prefix"]) == stem
        }

    def service_of_path(self, repository, path, change, person=None):
        """Service of a path when a change landed; None when no service has it.

        By the longest prefix, but those of the team of who wrote the line go first. What lands
        below the first deployment of a service may be an enclosing one's.
        """
        moment = change["landed_at"]
        stems = [stem for stem in self._claims[repository] if path.startswith(stem)]
        if not stems:
            return self.whole_by_default.get(repository)
        day = moment.date()
        team = next(iter(self.teams_of_person(person, day)), None)
        own = [
            stem
            for stem in stems
            if any(
                _valid(row, day) and (row.get("team") or row["repository"]) == team
                for row in self._rows_of_service.get(self._holder(repository, stem, day), ())
            )
        ]
        stem = max(own or stems, key=len)
        service = self._holder(repository, stem, day)
        return self._behind_piece(
            repository, stems, stem, service, day, change["mainline_position"]
        )

    def whole_service(self, repository, moment):
        """The service of the whole repository at a moment, if there is one."""
        listed = self._holder(repository, "", moment.date())
        return listed or self.whole_by_default.get(repository)

    def team_of_service(self, service, repository, day):
        """Team that owns a service on a day, else the repository."""
        teams = [
            row.get("team") or row["repository"]
            for row in self._rows_of_service.get(service, ())
            if _valid(row, day)
        ]
        return min(teams, default=repository)

    def team_of_line(self, person, repository, path, change):
        """Team of a line's author (or remover) at a change, else the service's, else the repo."""
        moment = change["landed_at"]
        teams = self.teams_of_person(person, moment.date())
        if teams:
            return teams[0]
        service = self.service_of_path(repository, path, change)
        if service is None:
            return repository
        return self.team_of_service(service, repository, moment.date())

    # ---------- lines

    def _read_lines(self):
        moves_count = self.var("moves_count")
        self.births_of = defaultdict(list)
        self.deaths_of_added = defaultdict(list)
        self.deaths_of_removing = defaultdict(list)
        self.births, self.deaths = [], []
        refilled = {}
        for row in self._input("line_births"):
            added = self.changes.get((row["repository"], row["added_sha"]))
            if added is None or row.get("path_class") in UNCOUNTED_CLASSES:
                continue
            birth = self._line(row, added)
            birth["is_moved"] = bool(row.get("is_moved")) and not moves_count
            birth["is_new"] = not birth["is_moved"] and not row.get("is_refilled")
            refilled[self._birth_key(row, row.get("is_moved"))] = bool(row.get("is_refilled"))
            self.births.append(birth)
            self.births_of[row["repository"], row["added_sha"]].append(birth)
        for row in self._input("line_deaths"):
            added = self.changes.get((row["repository"], row["added_sha"]))
            removing = self.changes.get((row["repository"], row["removed_sha"]))
            if added is None or removing is None or row.get("path_class") in UNCOUNTED_CLASSES:
                continue
            if row["lines"] is None:
                continue
            death = self._line(row, added)
            death["birth_is_moved"] = bool(row.get("birth_is_moved")) and not moves_count
            death["is_moved"] = bool(row.get("is_moved")) and not moves_count
            is_refilled = refilled.get(self._birth_key(row, row.get("birth_is_moved")))
            death["birth_is_new"] = not death["birth_is_moved"] and not is_refilled
            death["removed_at"] = removing["landed_at"]
            death["removed_in_service"] = self.service_of_path(
                row["repository"], row["path"], removing, removing["author_key"]
            )
            self.deaths.append(death)
            self.deaths_of_added[row["repository"], row["added_sha"]].append(death)
            self.deaths_of_removing[row["repository"], row["removed_sha"]].append(death)
        self.repositories_with_births = {
            row["repository"]
            for row in self._input("line_births")
            if (row["repository"], row["added_sha"]) in self.changes
        }

    def _line(self, row, added):
        author = self.author_of(row["repository"], row["author_sha"])
        return dict(
            row,
            tag=row.get("authorship") or "untagged",
            reading=self.authorship_of(row.get("authorship"), author, added["landed_at"]),
            author=author,
            landed_at=added["landed_at"],
            service=self.service_of_path(row["repository"], row["path"], added, author),
        )

    @staticmethod
    def _birth_key(row, is_moved):
        columns = ("repository", "added_sha", "path", "author_sha", "authorship")
        return (*(row.get(column) for column in columns), bool(is_moved))

    def _assign_changes_to_services(self):
        """Which services each change belongs to: by its counted lines, moved ones included."""
        self.services_of_change = {}
        self.touches_unassigned = set()
        for (repository, sha), change in self.changes.items():
            born = [birth["service"] for birth in self.births_of[repository, sha]]
            died = [d["removed_in_service"] for d in self.deaths_of_removing[repository, sha]]
            if not born + died:
                born = [self.whole_service(repository, change["landed_at"])]
            self.services_of_change[repository, sha] = set(born + died) - {None}
            if None in born + died:
                self.touches_unassigned.add((repository, sha))

    # ---------- incidents

    def _read_incidents(self):
        rows = self._input("incidents")
        marked = any(
            row["input"] == "incidents" and row.get("loaded_through") is not None
            for row in self._input("load_watermarks")
        )
        switched_on = self.var("using_incidents")
        self.has_incidents = bool(switched_on and (rows or marked))
        seen = {row["incident_id"]: dict(row) for row in rows if row["opened_at"] <= self.as_of}
        self.kept_incident = self._merge(seen)
        for name, row in seen.items():
            if self.kept_incident[name] == name:
                self._learn(row, [seen[n] for n, k in self.kept_incident.items() if name == k != n])
        self.incidents = [
            row
            for name, row in seen.items()
            if self.kept_incident[name] == name
            and not row.get("is_false_alarm")
            and not row.get("is_maintenance")
        ]

    @staticmethod
    def _merge(seen):
        """Which incident stands for each: where the chain of merges ends."""
        groups = defaultdict(list)
        for name in seen:
            way = [name]
            while way[-1] in seen:
                into = seen[way[-1]].get("merged_into_id")
                if into is None or into == way[-1]:
                    break
                if into in way:
                    way = [min(way[way.index(into) :])]
                    break
                way.append(into)
            groups[way[-1]].append(name)
        kept = {}
        for end, names in groups.items():
            first = min(names, key=lambda name: (seen[name]["opened_at"], name))
            kept |= dict.fromkeys(names, end if end in seen else first)
        return kept

    @staticmethod
    def _learn(kept, merged):
        """What incidents know that were merged into one that does not."""
        if not names_of_text(kept["service"]):
            names = [name for row in merged for name in names_of_text(row["service"])]
            kept["service"] = text_of_names(sorted(names))
        honest = [row for row in merged if not row.get("is_false_alarm")]

        def first(column):
            return min((row[column] for row in honest if row[column] is not None), default=None)

        if kept["caused_by_deployment_id"] is None and kept["caused_by_sha"] is None:
            kept["caused_by_deployment_id"] = first("caused_by_deployment_id")
            kept["caused_by_sha"] = first("caused_by_sha")
        if kept["fixed_by_sha"] is None:
            kept["fixed_by_sha"] = first("fixed_by_sha")

    # ---------- builders

    def members(self, team, week_start_on):
        """Humans listed for a team on a Monday; without people, its builders."""
        if not self.has_people:
            return self.builders(team, week_start_on)
        return len(
            {
                self.person(row["person_key"])
                for row in self.people
                if row["team"] == team
                and (row.get("kind") or "human") == "human"
                and _valid(row, week_start_on)
            }
        )

    def builders(self, team, week_start_on):
        """People who build in a team in a week."""
        return sum(where == team for where in self.builders_of(week_start_on).values())

    def builders_of(self, week_start_on):
        """The team that each person builds in, in a week."""
        if week_start_on not in self._builders:
            self._builders[week_start_on] = self._place_builders(week_start_on)
        return self._builders[week_start_on]

    def _place_builders(self, week_start_on):
        start = midnight(week_start_on) - timedelta(days=21)
        end = midnight(week_start_on) + timedelta(days=7)
        changes = defaultdict(lambda: defaultdict(int))
        for people, teams, landed in self._landed_by:
            if start <= landed < end:
                for person in people:
                    for team in teams:
                        changes[person][team] += 1
        mine = defaultdict(set)
        for row in self.people:
            if (row.get("kind") or "human") == "human" and _valid(row, week_start_on):
                mine[self.person(row["person_key"])].add(row["team"])
        return {
            person: min(found, key=lambda t: (-found[t], t not in mine[person], t))
            for person, found in changes.items()
            if not self.has_people or person in mine
        }

    @cached_property
    def _landed_by(self):
        """(people, teams, landing) of each change: who landed it, and whose services it touches."""
        written = defaultdict(set)
        for row in self._input("line_births"):
            written[row["repository"], row["added_sha"]].add(row["author_sha"])
        landed_by = []
        for (repository, sha), change in self.changes.items():
            commits = [self.commits.get((repository, s)) for s in written[repository, sha] | {sha}]
            people = {c["author_key"] for c in commits if c and c.get("author_kind") == "human"}
            if change.get("author_kind") == "agent":
                people.add(self.driver_of(repository, sha))
            landed = change["landed_at"]
            services = self.services_of_change[repository, sha]
            teams = {self.team_of_service(s, repository, landed.date()) for s in services}
            if (repository, sha) in self.touches_unassigned or not teams:
                teams.add(repository)
            landed_by.append((people - {None}, teams, landed))
        return landed_by

    def driver_of(self, repository, sha):
        """The person behind an agent's change: its request's driver, else who merged it."""
        found = self.landings.requests_of.get((repository, sha))
        if not found:
            return None
        request = self.landings.requests[found[0]]
        return self.person(request["driver_key"] or request["merged_by_key"])
