"""Random small organisations that visit the corners of the definitions page.

A world is a handful of repositories, services, teams and people whose names all begin with one
prefix, so that many worlds fit into one warehouse without touching each other. Times mostly lie on
a coarse grid, so that ties and exact limits (72 hours, 7 days, 30 days) do occur.
"""

import hashlib
import json
import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reference.requests import add_reviews
from reference.rows import Tables, at

DAYS = 185  # a world's history; as_of lies before its end
AS_OF = at(days=175)
OLD = datetime(2021, 6, 28, 22)  # two hours before the first AI assistants

MONO_PATHS = {
    "apps/a/main.py": "code",
    "apps/a/test_main.py": "test",
    "apps/a/README.md": "docs",
    "apps/a/deep/core.py": "code",
    "apps/ab/near.py": "code",
    "apps/b/main.py": "code",
    "apps/b/rows.csv": "data",
    "apps/b/schema_pb2.py": "generated",
    "settings.yml": "config",
    "vendor/lib.js": "vendored",
}
SOLO_PATHS = {
    "src/app.py": "code",
    "src/test_app.py": "test",
    "docs/page.md": "docs",
    "data/seed.csv": "data",
    "package-lock.json": "generated",
}


LABELS = ["SEV-1", "sev2", "P3 - Low", "4 - minor", "p5", "Urgency: high", "critical"]


@dataclass
class Repository:
    """A repository under simulation."""

    name: str
    paths: dict
    has_births: bool = True
    commits: list = field(default_factory=list)
    branch_shas: list = field(default_factory=list)
    living: list = field(default_factory=list)


class World:
    """One organisation.

    Parameters
    ----------
    prefix : str
        What every name begins with.
    seed : int
        The same seed gives the same rows.
    """

    def __init__(self, prefix, seed):
        self.prefix = prefix
        self.random = random.Random(seed)
        self.tables = Tables()
        self.births = defaultdict(int)
        self.deaths = defaultdict(int)
        self.incident_ids = [self.name(f"i{n}") for n in range(14)]
        self.repositories = [
            Repository(self.name("mono"), MONO_PATHS),
            Repository(self.name("solo"), SOLO_PATHS),
            Repository(self.name("dark"), SOLO_PATHS, has_births=False),
            Repository(self.name("library"), SOLO_PATHS),
        ]
        self.add_people()
        self.add_services()
        for repository in self.repositories:
            self.tables.add(
                "repositories",
                repository=repository.name,
                default_branch="main",
                scanned_at=at(days=DAYS),
                is_shallow=False,
            )
            self.add_history(repository)
        self.add_lines()
        self.add_requests()
        if self.chance(0.3):
            self.add_fork()
        self.add_usage()
        self.add_deployments()
        self.add_incidents()

    def name(self, text):
        """A name of this world."""
        return f"{self.prefix}-{text}"

    def moment(self, low=0.0, high=float(DAYS)):
        """A random moment, mostly on a grid of days or of quarter days."""
        hours = self.random.uniform(low * 24, high * 24)
        grid = self.random.choice([24, 24, 6, None])
        if grid is not None:
            return at(hours=grid * round(hours / grid))
        return at(minutes=round(hours * 60))

    def chance(self, probability):
        """True with a probability."""
        return self.random.random() < probability

    # ---------- people, services

    def add_people(self):
        """p1 moves from red to blue, p3 is in both, p4 in none, p5 is a machine, p6 left a gap."""
        red, blue, day = self.name("red"), self.name("blue"), at(days=60).date()
        later = at(days=75).date()

        def member(person, team, start=None, end=None, kind="human"):
            self.tables.add(
                "people",
                person_key=self.name(person),
                team=team,
                valid_from_on=start,
                valid_to_on=end,
                kind=kind,
            )

        member("p1", red, None, day)
        member("p1", blue, day, None)
        member("p2", red, kind=None)
        member("p3", red)
        member("p3", blue)
        member("p5", red, kind="automation")
        member("p6", blue, None, day)
        member("p6", blue, later, None)
        for alias, owner in (
            ("alias", "p2"),
            ("login", "alias"),  # two steps to p2
            ("one", "other"),
            ("other", "one"),
        ):
            self.tables.add("identities", alias_key=self.name(alias), person_key=self.name(owner))
        self.authors = [
            ("p1", "human"),
            ("p2", "human"),
            ("alias", "human"),
            ("p3", "human"),
            ("p4", "human"),
            ("p6", "human"),
            ("p5", "automation"),
            ("agent", "agent"),
            (None, "human"),
        ]

    def add_services(self):
        """a and its nested deep, b, a kit that ships what lands; front is listed or is not."""
        mono, solo, dark, library = (r.name for r in self.repositories)
        red, blue, day = self.name("red"), self.name("blue"), at(days=45).date()

        def service(text, repository, path_prefix=None, team=red, **values):
            self.tables.add(
                "services",
                service=self.name(text),
                repository=repository,
                path_prefix=path_prefix,
                team=team,
                **values,
            )

        service("a", mono, "apps/a", valid_to_on=day)
        if self.chance(0.7):
            service("a", mono, "apps/a", team=blue, valid_from_on=day)
        else:
            service("renamed", mono, "apps/a", team=blue, valid_from_on=day)
        period = self.random.choice([{}, {"valid_from_on": day}, {"valid_to_on": day}])
        service("b", mono, "apps/b/", team=blue, **period)
        if self.chance(0.5):
            service("deep", mono, "apps/a/deep", team=self.random.choice([red, blue, None]))
        if self.chance(0.5):
            service("whole", mono, team=red, valid_from_on=at(days=20).date())
        if self.chance(0.5):
            service("front", solo, team=blue)
        if self.chance(0.5):
            service("back", dark, team=red)
        if self.chance(0.7):
            service("kit", library, delivery_unit="commit", team=red)
        else:
            service("kit", library, "src", team=red)

    # ---------- history

    def add_history(self, repository):
        """Mainline commits, some of them merges of branch commits, with clock ties."""
        count = self.random.randint(14, 34)
        moments = sorted(self.moment() for _ in range(count))
        if self.chance(0.3):
            moments[:2] = [OLD, OLD + timedelta(hours=self.random.choice([1, 2, 3]))]
        shas = [sha_of(f"{repository.name}.{n}") for n in range(1, count + 1)]
        for position, (sha, moment) in enumerate(zip(shas, moments, strict=True), start=1):
            values = self.authorship()
            if position > 1 and self.chance(0.12):
                values["reverts_sha"] = self.reference(shas[max(0, position - 6) : position - 1])
            if self.chance(0.15):
                values["is_fix"] = True
            if self.chance(0.1):
                values["fixes_incident_id"] = self.random.choice(self.incident_ids)
            if not repository.has_births:
                values["lines_added"] = self.random.choice([0, 5, 40, 400, 2500])
                values["ai_lines_added"] = self.random.randint(0, values["lines_added"])
            row = self.tables.commit(repository.name, sha, position, moment, **values)
            before = shas[max(0, position - 3) : position - 1]
            row["branch"] = self.branch(repository, sha, moment, before)
            repository.commits.append(row)

    def authorship(self):
        """Author and authorship of a commit."""
        author, kind = self.random.choice(self.authors)
        if kind == "human":
            authorship = self.random.choice(["human", "untagged", "untagged", "ai", "ai"])
        else:
            authorship = {"agent": "ai", "automation": "automation"}[kind]
        return {
            "author_key": None if author is None else self.name(author),
            "author_kind": kind,
            "authorship": authorship,
        }

    def reference(self, shas):
        """One or several of these commits, or a request, as messages name them."""
        sha = self.random.choice(shas)
        return self.random.choice(
            [
                sha,
                sha,
                sha[:9],
                json.dumps(sorted({sha, self.random.choice(shas)[:12]})),
                f"#{self.random.randint(1, 20)}",
            ]
        )

    def branch(self, repository, sha, moment, before):
        """Commits off the mainline that a merge brings in, as (sha, authorship)."""
        if not self.chance(0.3):
            return []
        written = []
        landed_with = self.random.choice([sha, sha, sha, None])
        for n in range(2):
            values = self.authorship()
            branch_sha = sha_of(f"{sha}b{n}")
            values["landed_with_sha"] = landed_with
            values["mainline_ancestor_sha"] = self.random.choice([*before, None])
            if before and self.chance(0.3):
                values["reverts_sha"] = self.reference([*before, *(s for s, _ in written)])
            written_at = moment - timedelta(hours=1 + n)
            self.tables.commit(repository.name, branch_sha, None, written_at, **values)
            repository.branch_shas.append((branch_sha, written_at))
            written.append((branch_sha, values["authorship"]))
        return written

    def add_lines(self):
        """Births and deaths that fit together: nothing dies twice."""
        for repository in self.repositories:
            for commit in repository.commits:
                branch = commit.pop("branch")
                if not repository.has_births or self.chance(0.12):
                    continue
                self.remove_lines(repository, commit)
                self.write_lines(repository, commit, branch)
        for key, lines in self.births.items():
            repository, sha, path, author_sha, authorship, is_moved, path_class = key
            self.tables.birth(
                repository,
                sha,
                lines,
                path,
                author_sha=author_sha,
                authorship=authorship,
                is_moved=is_moved,
                is_refilled=lines % 7 == 3 or None,
                path_class=path_class,
            )
        for key, lines in self.deaths.items():
            repository, sha, path, author_sha, authorship, birth_is_moved, removed, moved, c = key
            self.tables.death(
                repository,
                sha,
                removed,
                lines,
                path,
                author_sha=author_sha,
                authorship=authorship,
                birth_is_moved=birth_is_moved,
                is_moved=moved,
                path_class=c,
            )

    def bear(self, repository, sha, path, author_sha, authorship, is_moved, lines):
        """Lines come to life."""
        path_class = repository.paths[path]
        key = (repository.name, sha, path, author_sha, authorship, is_moved, path_class)
        self.births[key] += lines
        for group in repository.living:
            if group[0] == key:
                group[1] += lines
                return
        repository.living.append([key, lines])

    def write_lines(self, repository, commit, branch):
        """New lines on up to three paths, of more than one authorship at times."""
        paths = self.random.sample(sorted(repository.paths), self.random.choice([0, 1, 1, 2, 3, 4]))
        for path in paths:
            author_sha, authorship = commit["sha"], commit["authorship"]
            if branch:
                author_sha, authorship = self.random.choice(branch)
            if self.chance(0.03):
                author_sha = "forgotten"
            lines = self.random.choice([1, 4, 10, 25, 60, 60, 150, 400, 1500])
            self.bear(repository, commit["sha"], path, author_sha, authorship, False, lines)
            if self.chance(0.35):
                other = self.random.choice(["ai", "ai", "human", "untagged"])
                more = self.random.choice([lines, lines, 7, 30])
                self.bear(repository, commit["sha"], path, author_sha, other, False, more)

    def remove_lines(self, repository, commit):
        """Lines die, some of them by moving to another path."""
        if not repository.living:
            return
        for _ in range(self.random.randint(0, 4)):
            weights = range(1, len(repository.living) + 1)
            group = self.random.choices(repository.living, weights)[0]
            key, living = group
            if living == 0 or key[1] == commit["sha"]:
                continue
            lines = min(living, self.random.choice([4, 4, 10, 25, living, living // 2 + 1]))
            is_moved = self.chance(0.15)
            group[1] -= lines
            where, sha, path, author_sha, authorship, birth_is_moved, path_class = key
            death = (where, sha, path, author_sha, authorship, birth_is_moved)
            self.deaths[(*death, commit["sha"], is_moved, path_class)] += lines
            if is_moved:
                target = self.random.choice(sorted(repository.paths))
                self.bear(repository, commit["sha"], target, commit["sha"], authorship, True, lines)

    def add_requests(self):
        """Requests of some changes, found by number or by merge sha; some on a hotfix branch."""
        for repository in self.repositories:
            for number, commit in enumerate(repository.commits, start=1):
                if int(commit["sha"][:4], 16) % 7 == 0:
                    commit["merged_branch"] = ["hotfix/rounding", "ada/x"][number % 2]
                if not self.chance(0.25):
                    continue
                by_number = self.chance(0.6)
                if by_number:
                    commit["pull_request_number"] = number
                self.tables.add(
                    "pull_requests",
                    repository=repository.name,
                    number=number,
                    merge_sha=None if by_number else commit["sha"],
                    merged_at=commit["landed_at"],
                    opened_at=commit["landed_at"] - timedelta(hours=3),
                    head_branch=self.random.choice(
                        ["hotfix/leak", "ada/Hot-Fix_2", "feature/hotfixture", "main", None, None]
                    ),
                    labels=self.random.choice(
                        [None, None, '["bug", "type: Hotfix"]', '["fix", "hotfixture"]']
                    ),
                )

    def add_fork(self):
        """A second repository that begins with the same commits as solo: shas are not unique."""
        solo = self.repositories[1]
        fork = Repository(self.name("fork"), SOLO_PATHS)
        fork.commits = [
            self.tables.add("commits", **commit | {"repository": fork.name})
            for commit in solo.commits[: self.random.randint(2, 12)]
        ]
        shas = {commit["sha"] for commit in fork.commits}
        for table, sha in (("line_births", "added_sha"), ("line_deaths", "removed_sha")):
            for found in list(self.tables.rows[table]):
                if found["repository"] == solo.name and found[sha] in shas:
                    self.tables.add(table, **found | {"repository": fork.name})
        self.repositories.append(fork)

    # ---------- usage

    def add_usage(self):
        """Buckets of some people, some of them ending or starting exactly at a limit."""
        landed = [r["landed_at"] for r in self.tables.rows["commits"] if r["landed_at"]]
        for n in range(45):
            hours = self.random.choice([1, 24])
            landing = self.random.choice(landed)
            start = self.random.choice(
                [
                    landing,
                    landing - timedelta(days=7, hours=hours),
                    landing - timedelta(days=7, hours=hours, minutes=-1),
                    landing - timedelta(hours=self.random.randint(1, 300)),
                ]
            )
            self.tables.add(
                "ai_usage",
                usage_id=self.name(f"u{n}"),
                source="test",
                person_key=self.name(self.random.choice(["p1", "alias", "p2", "p3", "p9"])),
                bucket_started_at=start,
                bucket_hours=hours,
                is_automated=self.chance(0.1),
            )

    # ---------- deployments

    def add_deployments(self):
        """Per service a walk that mostly moves forward; sometimes back, twice, nowhere, or odd."""
        mono, solo, dark, library, *forks = self.repositories
        services = [(mono, "a"), (mono, "b"), (solo, "front"), (dark, "back")]
        services += [(mono, "deep")] * self.chance(0.5) + [(mono, "whole")] * self.chance(0.4)
        services += [(mono, "stray")] * self.chance(0.4) + [(library, "kit")]
        services += [(mono, "renamed")] * self.chance(0.3)
        services += [(fork, "fork") for fork in forks]
        services += [(solo, "b")] * self.chance(0.3)
        self.tagged = [name for _, name in services if self.chance(0.3)]
        for repository, service in services:
            moments = sorted(self.moment(10) for _ in range(self.random.randint(3, 16)))
            floor = self.random.randint(0, 3)
            for n, moment in enumerate(moments):
                landed = [
                    c["mainline_position"]
                    for c in repository.commits
                    if c["landed_at"] <= moment and c["mainline_position"] > floor
                ]
                self.add_deployment(repository, service, n, moment, landed)
                while self.chance(0.15):
                    n += 100
                    self.add_deployment(repository, service, n, moment, landed)

    def add_deployment(self, repository, service, n, moment, landed):
        """One deployment of a service at a moment when these positions had landed."""
        choice = self.random.random()
        if not landed or choice < 0.05:
            position = self.random.randint(1, len(repository.commits))
        elif choice < 0.25:
            position = self.random.choice(landed)
        elif choice < 0.4:
            position = landed[max(0, len(landed) - 1 - self.random.randint(1, 3))]
        else:
            position = landed[-1]
        sha = repository.commits[position - 1]["sha"]
        odd = self.random.random()
        branch_shas = [s for s, written_at in repository.branch_shas if written_at <= moment]
        if odd < 0.05:
            sha = None
        elif odd < 0.1:
            sha = "nowhere"
        elif odd < 0.15 and branch_shas:
            sha = self.random.choice(branch_shas)
        elif odd < 0.25:
            sha = sha[:10]
        deployment_id = self.name(f"{service}.{repository.name[-2:]}{n}")
        values = {
            "service": self.name(service),
            "kind": self.random.choices(["deploy", None, "flag"], [80, 12, 8])[0],
            "status": self.random.choices(["success", "failure", "cancelled", None], [90, 5, 3, 2])[
                0
            ],
            "environment": self.random.choices(
                ["production", "Live ", "prod-eu2", "live", "pre-prod", "moon", "staging", None],
                [60, 12, 6, 12, 2, 2, 4, 2],
            )[0],
            "is_rollback": self.random.choices([None, False, True], [85, 10, 5])[0],
            "source": self.random.choices(["test", "git_tag"], [95, 5])[0],
        }
        if service in self.tagged:
            values["source"] = "git_tag"
            values["service"] = self.random.choice([values["service"], None, repository.name])
        if service in ("front", "back", "fork") and self.chance(0.05):
            values["service"] = None
        if self.chance(0.1):
            values["started_at"] = None
        if self.chance(0.05):
            values["created_at"] = None
        row = self.tables.deployment(deployment_id, repository.name, sha, moment, **values)
        if self.chance(0.06) and row["started_at"] is not None:
            row["started_at"], row["finished_at"] = moment, None
        if self.chance(0.15):
            listed = [c for c in repository.commits if c["landed_at"] <= moment][-5:]
            for commit in self.random.sample(listed, min(len(listed), 3)):
                sha = self.random.choice([commit["sha"], commit["sha"][:8]])
                self.name_commit(deployment_id, repository, sha)
            if self.chance(0.3):
                self.name_commit(deployment_id, repository, "nowhere")

    def name_commit(self, deployment_id, repository, sha):
        """A deployment names a commit."""
        self.tables.add(
            "deployment_commits", deployment_id=deployment_id, repository=repository.name, sha=sha
        )

    # ---------- incidents

    def add_incidents(self):
        """Evidence of every kind, and of none."""
        deployments = self.tables.rows["deployments"]
        commits = [
            c for c in self.tables.rows["commits"] if c["repository"].startswith(self.prefix)
        ]
        names = ["a", "b", "front", "back", "stray", "kit", "nobody"]
        for incident_id in self.incident_ids:
            some = self.random.choice(deployments)
            finished = some["finished_at"] or some["started_at"]
            started = some["started_at"] or some["created_at"] or finished
            values = {
                "service": self.random.choice(
                    [
                        some["service"],
                        some["service"],
                        json.dumps([self.name(n) for n in self.random.sample(names, 2)]),
                        json.dumps([f" {self.name(n)}" for n in self.random.choices(names, k=3)]),
                        self.name("a") + "+" + self.name("b"),
                        self.name(self.random.choice(names)),
                        some["repository"],
                        None,
                    ]
                ),
                "severity_label": self.random.choice([*LABELS, "purple", None, "not critical"]),
                "source": self.random.choice(["test", "pagerduty", self.name("Zero")]),
                "merged_into_id": None,
                "is_false_alarm": self.chance(0.08),
                "is_maintenance": self.chance(0.05),
            }
            if values["source"] == self.name("Zero") and self.chance(0.3):
                values["severity_label"] = self.random.choice(["P0", "sev-0", "S0 - critical"])
            if self.chance(0.2):
                values["merged_into_id"] = self.random.choice([*self.incident_ids, "elsewhere"])
            opened_at = self.random.choice(
                [
                    self.moment(10),
                    AS_OF,
                    started,
                    started + timedelta(hours=72),
                    finished + timedelta(minutes=self.random.randint(1, 4000)),
                    finished + timedelta(minutes=self.random.randint(1, 4000)),
                ]
            )
            shas = [c["sha"] for c in commits if c["repository"] == some["repository"]]
            evidence = self.random.random()
            if evidence < 0.3:
                values["caused_by_deployment_id"] = self.random.choice(
                    [some["deployment_id"], some["deployment_id"], "nowhere"]
                )
            if 0.2 < evidence < 0.5:
                named = self.random.choice([*shas, some["sha"] or shas[0], some["sha"] or shas[0]])
                number = self.random.randint(1, 25)
                values["caused_by_sha"] = self.random.choice(
                    [
                        named,
                        named,
                        named[:11],
                        f"#{number}",
                        f"{some['repository'].upper()}!{number}",
                        f"https://git.example.com/{some['repository']}/-/merge_requests/{number}",
                        f"https://git.example.com/{some['repository']}/commit/{named}",
                    ]
                )
            if 0.4 < evidence < 0.8:
                fixes = [key[6] for key in self.deaths if key[0] == some["repository"]]
                values["fixed_by_sha"] = self.random.choice(["nowhere", *fixes, *fixes[:9]])
            self.tables.incident(incident_id, opened_at, **values)


def sha_of(name):
    """A hash to call a commit by."""
    return hashlib.sha1(name.encode()).hexdigest()


def add_busy_teams(tables):
    """Repositories with enough changes for each word of the turnover signal.

    Each has 120 changes of either side, of ten lines each; so many of them lose so many lines
    within the month.
    """
    sides = [((60, 9), (30, 4)), ((60, 9), (35, 5)), ((60, 8), (60, 5)), ((40, 5), (60, 5))]
    for n, (ai, human) in enumerate(sides):
        name = f"busy-{n}"
        for i in range(120):
            for side, (losers, lost) in (("ai", ai), ("human", human)):
                sha = f"{name}.{side}{i}"
                position = 4 * i + (1 if side == "ai" else 2)
                tables.commit(name, sha, position, at(days=i / 3, hours=1), authorship=side)
                tables.birth(name, sha, 10, authorship=side)
                if 7 * i % 120 < losers:
                    killer = f"{name}.{side}killer{i}"
                    landed_at = at(days=i / 3, hours=2)
                    tables.commit(name, killer, position + 2, landed_at, author_kind="automation")
                    tables.death(name, sha, killer, lost, authorship=side)


def add_steady_team(tables):
    """A team whose only member ships every fourth day: weeks enough for an index."""
    name = "steady"
    tables.add("services", service=name, repository=name, team=f"{name}-team")
    tables.add("people", person_key=f"{name}-one", team=f"{name}-team", kind="human")
    for n in range(60):
        sha, days = f"{name}.{n}", 4 * n - 120
        tables.commit(name, sha, n + 1, at(days=days), author_key=f"{name}-one")
        tables.birth(name, sha, 5 + n % 7)
        tables.deployment(f"{name}.d{n}", name, sha, at(days=days, hours=3), service=name)


def add_corner_cases(tables):
    """A service renamed between writing and retiring; a change half human and half automation."""
    name, day = "corner", at(days=45).date()
    for service, start, end in (("old", None, day), ("new", day, None)):
        tables.add(
            "services",
            service=f"{name}-{service}",
            repository=name,
            path_prefix="src",
            team=f"{name}-{service}",
            valid_from_on=start,
            valid_to_on=end,
        )
    for n, days in enumerate((1, 50, 120, 121), start=1):
        tables.commit(name, f"{name}.{n}", n, at(days=days), author_key=f"{name}-author")
    tables.birth(name, f"{name}.1", 90)
    for sha, lines in ((f"{name}.2", 5), (f"{name}.3", 20)):
        tables.birth(name, sha, lines)
    tables.birth(name, f"{name}.3", 20, authorship="automation")
    tables.birth(name, f"{name}.4", 12, path="other/file.py")
    tables.death(name, f"{name}.1", f"{name}.3", 30)
    tables.death(name, f"{name}.1", f"{name}.4", 25)
    for n, days in enumerate((51, 122), start=1):
        sha = f"{name}.{2 * n}"
        tables.deployment(f"{name}.d{n}", name, sha, at(days=days), service=f"{name}-new")


def worlds(count, seed, without=(), keep=None):
    """Raw rows of several worlds together, with the busy teams and the corner cases.

    Parameters
    ----------
    count, seed : int
        How many worlds, and the seed of the first.
    without : tuple of str
        Tables to leave empty.
    keep : callable, optional
        What to do to the rows of all worlds at the end.
    """
    rows = Tables().rows
    for n in range(count):
        for name, found in World(f"w{n:02d}", seed + n).tables.rows.items():
            rows[name] += found
    more = Tables()
    add_busy_teams(more)
    add_corner_cases(more)
    add_steady_team(more)
    for name, found in more.rows.items():
        rows[name] += found
    add_reviews(rows, seed)
    for name in without:
        rows[name] = []
    if keep is not None:
        keep(rows)
    return rows
