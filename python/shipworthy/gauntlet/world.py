"""What a move may touch: the input tables of one team, or of all, and handy ways to change them."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from shipworthy.contract import names_of_text
from shipworthy.simulate import Parameters
from shipworthy.simulate.dice import Dice, hashed

Row = dict
Tables = dict[str, list[Row]]
_MINUTE = timedelta(minutes=1)


def of_team(tables: Tables, team: str) -> Tables:
    """Return the part of an organisation that one team owns.

    Parameters
    ----------
    tables : dict of str to list of dict
        Rows of every input table.
    team : str
        Name of the team.

    Returns
    -------
    dict of str to list of dict
        The rows of its services, repositories, incidents and members.
    """
    services = {row["service"] for row in tables["services"] if row["team"] == team}
    repositories = {row["repository"] for row in tables["services"] if row["team"] == team}
    people = {row["person_key"] for row in tables["people"] if row["team"] == team}
    aliases = {row["alias_key"] for row in tables["identities"] if row["person_key"] in people}
    deployments = {
        row["deployment_id"] for row in tables["deployments"] if row["repository"] in repositories
    }

    def belongs(table: str, row: Row) -> bool:
        if table == "deployment_commits":
            return row["deployment_id"] in deployments
        if table == "incidents":
            return bool(services & set(names_of_text(row["service"])))
        if table == "ai_usage":
            return row["person_key"] in people | aliases
        if table == "identities":
            return row["person_key"] in people
        if table in ("people", "costs"):
            return row["team"] == team
        if table == "product_metrics":
            return row["service"] in services
        if table in ("load_watermarks", "load_findings"):
            return False
        return row["repository"] in repositories

    return {name: [row for row in rows if belongs(name, row)] for name, rows in tables.items()}


class World:
    """The tables of one team that plays a move from a week on, or of all teams.

    Moves replace rows and never change one in place: the honest world shares them.

    Parameters
    ----------
    tables : dict of str to list of dict
        Rows of every input table.
    parameters : Parameters
        Of the organisation.
    team : str
        Who plays.
    from_week : int
        Since when.
    """

    def __init__(self, tables: Tables, parameters: Parameters, team: str, from_week: int) -> None:
        self.tables = dict(tables)
        self.parameters = parameters
        self.team = team
        self.since = parameters.week(from_week)
        self.end = parameters.end
        owned = [row for row in tables["services"] if row["team"] == team]
        self.services = [row["service"] for row in owned]
        self.prefixes = {row["service"]: row["path_prefix"] for row in owned}
        self.repository_of = {row["service"]: row["repository"] for row in owned}
        self.repositories = sorted(set(self.repository_of.values()))
        day = self.since.date()
        self.members = sorted(
            row["person_key"]
            for row in tables["people"]
            if row["team"] == team
            and row["kind"] == "human"
            and (row["valid_from_on"] or day) <= day
            and (row["valid_to_on"] is None or row["valid_to_on"] > day)
        )
        using = {row["person_key"] for row in tables["ai_usage"]}
        self.users = [key for key in self.members if key in using]
        self.others = [key for key in self.members if key not in using]
        self._lines: Lines | None = None
        self._landed: list[Row] = []
        self._deployed = 0

    # Time ----------------------------------------------------------------------------------------

    def dice(self, *topic: object) -> Dice:
        """Return a stream of chance for a topic of the move."""
        return Dice(self.parameters.seed, "gauntlet", self.team, *topic)

    def weeks(self) -> Iterator[datetime]:
        """Yield the Mondays from the start of the move on."""
        monday = self.since
        while monday < self.end:
            yield monday
            monday += timedelta(weeks=1)

    def days(self, of_a_week: int = 5) -> Iterator[datetime]:
        """Yield the days from the start of the move on: the first five of a week, or all seven."""
        for monday in self.weeks():
            for day in range(of_a_week):
                if monday + timedelta(days=day, hours=23) <= self.end:
                    yield monday + timedelta(days=day)

    # Rows ----------------------------------------------------------------------------------------

    def change(
        self,
        table: str,
        become: Callable[[Row], Row | Iterable[Row] | None],
        where: Callable[[Row], bool] = lambda row: True,
    ) -> None:
        """Replace rows of a table: each that fits becomes another, several or none.

        Parameters
        ----------
        table : str
            Name of the input.
        become : callable
            Takes a row and returns a new one, several, or None.
        where : callable
            Which rows.
        """
        changed: list[Row] = []
        for row in self.tables[table]:
            if not where(row):
                changed.append(row)
                continue
            new = become(row)
            changed += [] if new is None else [new] if isinstance(new, dict) else new
        self.tables[table] = changed

    def add(self, table: str, rows: Iterable[Row]) -> None:
        """Add rows to a table."""
        self.tables[table] = [*self.tables[table], *rows]

    def is_own_incident(self, row: Row) -> bool:
        """Tell whether an incident names one of the team's services, and opened since."""
        return row["opened_at"] >= self.since and bool(
            set(self.services) & set(names_of_text(row["service"]))
        )

    def is_own_deployment(self, row: Row) -> bool:
        """Tell whether it is a successful production deployment of the team since the start."""
        return (
            row["service"] in self.services
            and row["created_at"] >= self.since
            and row["environment"] == "production"
            and row["status"] == "success"
        )

    def failed_deployments(self) -> set[str]:
        """Return the team's deployments that an incident names, or followed within 3 days."""
        own = sorted(
            (row for row in self.tables["deployments"] if self.is_own_deployment(row)), key=_done
        )
        times: dict[str, list[datetime]] = {}
        ids: dict[str, list[str]] = {}
        for row in own:
            if row["kind"] == "deploy":
                times.setdefault(row["service"], []).append(_done(row))
                ids.setdefault(row["service"], []).append(row["deployment_id"])
        found = set()
        for row in filter(self.is_own_incident, self.tables["incidents"]):
            if row["caused_by_deployment_id"]:
                found.add(row["caused_by_deployment_id"])
                continue
            for service in names_of_text(row["service"]):
                at = bisect_right(times.get(service, []), row["opened_at"])
                if at and row["opened_at"] - times[service][at - 1] < timedelta(days=3):
                    found.add(ids[service][at - 1])
        return found & {row["deployment_id"] for row in own}

    # Code ----------------------------------------------------------------------------------------

    @property
    def lines(self) -> "Lines":
        """Return the lines of the team's repositories, to add to and to take from."""
        if self._lines is None:
            self._lines = Lines(self)
        return self._lines

    def path(self, service: str, rest: str) -> str:
        """Return a path inside a service."""
        prefix = self.prefixes[service]
        return f"{prefix}/{rest}" if prefix else rest

    def land(
        self, service: str, at: datetime, author_key: str | None = None, **more: object
    ) -> Row:
        """Land an empty change in a service's repository; `lines` fill it.

        Parameters
        ----------
        service : str
            Of the team.
        at : datetime
            When it lands.
        author_key : str, optional
            By default a member.
        **more : object
            Other columns of `commits`.

        Returns
        -------
        dict
            The row of `commits`.
        """
        return self.land_in(self.repository_of[service], at, author_key, **more)

    def land_in(
        self, repository: str, at: datetime, author_key: str | None = None, **more: object
    ) -> Row:
        """Land an empty change in a repository; see `land`."""
        sha = hashed(40, self.team, repository, at, len(self._landed), "gauntlet")
        row = {
            "repository": repository,
            "sha": sha,
            "mainline_position": 10**9,
            "authored_at": at - timedelta(hours=3),
            "committed_at": at,
            "landed_at": at,
            "author_key": author_key or self.members[len(self._landed) % len(self.members)],
            "author_kind": "human",
            "authorship": "untagged",
            "lines_added": 0,
            "lines_removed": 0,
            "ai_lines_added": 0,
            "files_changed": 1,
            "is_fix": False,
            **more,
        }
        self._landed.append(row)
        return row

    def deploy(self, service: str, at: datetime, **more: object) -> Row:
        """Deploy to production what has landed by then, or the sha that is given.

        Parameters
        ----------
        service : str
            Of the team.
        at : datetime
            When it is done.
        **more : object
            Other columns of `deployments`.

        Returns
        -------
        dict
            The row of `deployments`.
        """
        self._deployed += 1
        row = {
            "deployment_id": f"G{self._deployed:05}",
            "repository": self.repository_of[service],
            "service": service,
            "environment": "production",
            "sha": self.head(self.repository_of[service], at),
            "status": "success",
            "created_at": at - 6 * _MINUTE,
            "started_at": at - 5 * _MINUTE,
            "finished_at": at,
            "deployed_by_kind": "automation",
            "is_rollback": None,
            "kind": "deploy",
            "source": "github",
            **more,
        }
        self.add("deployments", [row])
        return row

    def head(self, repository: str, at: datetime) -> str:
        """Return the sha of the newest change that had landed half an hour before."""
        landed = [
            row
            for row in (*self.tables["commits"], *self._landed)
            if row["repository"] == repository
            and row.get("mainline_position")
            and row["landed_at"] <= at - 30 * _MINUTE
        ]
        return max(landed, key=lambda row: (row["landed_at"], row["mainline_position"]))["sha"]

    def has_landed(self, repository: str, at: datetime) -> bool:
        """Tell whether anything had landed in a repository by then."""
        return any(
            row["repository"] == repository
            and row.get("mainline_position")
            and row["landed_at"] <= at
            for row in (*self.tables["commits"], *self._landed)
        )

    def service_of(self, repository: str, path: str) -> str | None:
        """Return the team's service that a path belongs to."""
        fitting = [
            name
            for name in self.services
            if self.repository_of[name] == repository and path.startswith(self.path(name, ""))
        ]
        return max(fitting, key=lambda name: len(self.prefixes[name] or ""), default=None)

    def live(self, service: str, at: datetime) -> Row | None:
        """Return the newest deployment of a service that put code live by then."""
        done = [
            row
            for row in self.tables["deployments"]
            if row["service"] == service
            and row["environment"] == "production"
            and row["status"] == "success"
            and row["kind"] == "deploy"
            and row["sha"]
            and _done(row) <= at
        ]
        return max(done, key=_done, default=None)

    def finish(self) -> Tables:
        """Number the mainlines anew and return the tables."""
        if self._lines is not None:
            self._lines.write()
        if self._landed:
            self.add("commits", self._landed)
            touched = {row["repository"] for row in self._landed}
            order: dict[str, list[Row]] = {}
            for row in self.tables["commits"]:
                if row["repository"] in touched and row.get("mainline_position"):
                    order.setdefault(row["repository"], []).append(row)
            positions = {}
            for repository, rows in order.items():
                rows.sort(key=lambda row: (row["landed_at"], row["mainline_position"], row["sha"]))
                for position, row in enumerate(rows, start=1):
                    positions[repository, row["sha"]] = position
            self.change(
                "commits",
                lambda row: (
                    row
                    | {
                        "mainline_position": positions.get(
                            (row["repository"], row["sha"]), row.get("mainline_position")
                        )
                    }
                ),
                lambda row: row["repository"] in touched,
            )
            self._landed = []
        return self.tables


def _done(row: Row) -> datetime:
    return row["finished_at"] or row["started_at"] or row["created_at"]


class Lines:
    """Births and deaths of the lines of a team's repositories.

    Parameters
    ----------
    world : World
        Whose; read once, written back by `World.finish`.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._landed_at = {
            (row["repository"], row["sha"]): row["landed_at"]
            for row in world.tables["commits"]
            if row.get("mainline_position")
        }
        self._births = {_birth(row): row for row in world.tables["line_births"]}
        self._deaths: dict[tuple, list[tuple[datetime, Row]]] = {}
        for row in world.tables["line_deaths"]:
            at = self._landed_at[row["repository"], row["removed_sha"]]
            self._deaths.setdefault(_birth_of_death(row), []).append((at, row))

    def births(self, since: datetime | None = None) -> list[tuple[tuple, Row, datetime]]:
        """Return key, row and landing of all births of the team's repositories since then."""
        since = since or self._world.since
        own = set(self._world.repositories)
        return [
            (key, row, at)
            for key, row in self._births.items()
            if row["repository"] in own
            and (at := self._landed_at[row["repository"], row["added_sha"]]) >= since
        ]

    def alive(self, key: tuple, at: datetime) -> int:
        """Return how many lines of a birth live at a time."""
        return self._births[key]["lines"] - sum(
            row["lines"] for removed_at, row in self._deaths.get(key, ()) if removed_at <= at
        )

    def add(self, change: Row, path: str, lines: int, **more: object) -> tuple:
        """Let a change of `World.land` add lines; returns their key.

        Parameters
        ----------
        change : dict
            Row of `commits`.
        path : str
            File.
        lines : int
            How many.
        **more : object
            Other columns of `line_births`, such as `authorship` or `path_class`.
        """
        row = {
            "repository": change["repository"],
            "added_sha": change["sha"],
            "path": path,
            "path_class": "code",
            "author_sha": change["sha"],
            "authorship": change["authorship"],
            "ai_tool": change.get("ai_tool"),
            "attribution_method": change.get("attribution_method"),
            "is_moved": False,
            "is_refilled": False,
            "lines": lines,
            **more,
        }
        key = _birth(row)
        if key in self._births:
            row["lines"] += self._births[key]["lines"]
        self._births[key] = row
        self._landed_at[change["repository"], change["sha"]] = change["landed_at"]
        if row["path_class"] not in ("generated", "vendored"):
            change["lines_added"] += lines
            change["ai_lines_added"] += lines * (row["authorship"] == "ai")
        return key

    def remove(self, change: Row, key: tuple, lines: int, is_moved: bool = False) -> int:
        """Let a change remove lines that live; what would have removed them later finds fewer.

        Returns
        -------
        int
            How many there were to remove.
        """
        at = change["landed_at"]
        lines = min(lines, self.alive(key, at))
        if lines <= 0:
            return 0
        birth = self._births[key]
        deaths = self._deaths.setdefault(key, [])
        past = [one for one in deaths if one[0] <= at]
        left = birth["lines"] - sum(row["lines"] for _, row in past) - lines
        later = []
        for when, row in sorted((one for one in deaths if one[0] > at), key=lambda one: one[0]):
            kept = min(left, row["lines"])
            left -= kept
            if kept:
                later.append((when, row | {"lines": kept}))
        death = {
            "repository": birth["repository"],
            "added_sha": birth["added_sha"],
            "path": birth["path"],
            "path_class": birth["path_class"],
            "author_sha": birth["author_sha"],
            "authorship": birth["authorship"],
            "ai_tool": birth["ai_tool"],
            "birth_is_moved": birth["is_moved"],
            "removed_sha": change["sha"],
            "is_moved": is_moved,
            "lines": lines,
        }
        self._deaths[key] = [*past, (at, death), *later]
        self._landed_at[change["repository"], change["sha"]] = at
        change["lines_removed"] += lines
        return lines

    def delay(self, key: tuple, days: int, change_at: Callable[[datetime], Row]) -> None:
        """Put off what removes lines of a birth before an age to that age.

        Parameters
        ----------
        key : tuple
            Of the birth.
        days : int
            The age.
        change_at : callable
            Returns the change that does it then.
        """
        birth = self._births[key]
        due = self._landed_at[birth["repository"], birth["added_sha"]] + timedelta(days=days)
        if due + timedelta(hours=2) > self._world.end:
            return
        early = [
            one for one in self._deaths.get(key, ()) if one[0] < due and not one[1]["is_moved"]
        ]
        if not early:
            return
        taken = sum(row["lines"] for _, row in early)
        self._deaths[key] = [one for one in self._deaths[key] if one not in early]
        self.remove(change_at(due), key, taken)

    def replace(self, become: Callable[[Row, datetime], Row]) -> None:
        """Let every birth since the start become another, its deaths with it.

        Parameters
        ----------
        become : callable
            Takes row and landing; returns a row that differs in authorship, tool, method or class.
        """
        for key, row, at in self.births():
            new = become(row, at)
            if new is row:
                continue
            moved = _birth(new)
            del self._births[key]
            known = self._births.get(moved)
            self._births[moved] = new | {"lines": new["lines"] + (known["lines"] if known else 0)}
            same = ("authorship", "ai_tool", "path_class", "path")
            deaths = self._deaths.pop(key, [])
            self._deaths.setdefault(moved, []).extend(
                (when, death | {name: new[name] for name in same}) for when, death in deaths
            )

    def key(self, row: Row) -> tuple:
        """Return the key of a birth's row."""
        return _birth(row)

    def removals(self, key: tuple, within: timedelta) -> list[tuple[datetime, Row]]:
        """Return when lines of a birth go, and the rows, younger than an age."""
        birth = self._births[key]
        born_at = self._landed_at[birth["repository"], birth["added_sha"]]
        return [one for one in self._deaths.get(key, ()) if one[0] < born_at + within]

    def forgive(self, key: tuple, within: timedelta) -> None:
        """Forget what removed lines of a birth younger than an age: they live on."""
        forgotten = [row for _, row in self.removals(key, within) if not row["is_moved"]]
        self._deaths[key] = [one for one in self._deaths.get(key, ()) if one[1] not in forgotten]

    def double(self, keys: set[tuple]) -> None:
        """Make two lines of each line of these births, and of each that goes."""
        for key in keys:
            self._births[key] = self._births[key] | {"lines": 2 * self._births[key]["lines"]}
            self._deaths[key] = [
                (at, row | {"lines": 2 * row["lines"]}) for at, row in self._deaths.get(key, ())
            ]

    def part(self, key: tuple, change: Row, parts: int) -> None:
        """Let a later change add one of so many parts of a birth, with its share of deaths."""
        birth = self._births[key]
        lines = birth["lines"] // parts
        if not lines:
            return
        at = change["landed_at"]
        new = self.add(
            change, birth["path"], lines,
            **{name: birth.get(name) for name in ("path_class", "authorship", "ai_tool",
                                                  "attribution_method", "is_refilled")},
        )  # fmt: skip
        self._births[key] = birth | {"lines": birth["lines"] - lines}
        kept, moved = [], []
        for when, row in self._deaths.get(key, ()):
            share = row["lines"] // parts if when > at and not row["is_moved"] else 0
            if share:
                origin = {"added_sha": change["sha"], "author_sha": change["sha"]}
                moved.append((when, row | origin | {"lines": share, "birth_is_moved": False}))
            if row["lines"] > share:
                kept.append((when, row | {"lines": row["lines"] - share}))
        left = self._births[key]["lines"]
        self._deaths[key] = []
        for when, row in sorted(kept, key=lambda one: one[0]):
            taken = min(left, row["lines"])
            left -= taken
            if taken:
                self._deaths[key].append((when, row | {"lines": taken}))
        self._deaths.setdefault(new, []).extend(moved)

    def carry(self, key: tuple, change: Row) -> None:
        """Let a change of another repository add the lines of a birth, which go when they went."""
        birth = self._births.pop(key)
        deaths = self._deaths.pop(key, [])
        new = self.add(
            change, birth["path"], birth["lines"],
            **{name: birth.get(name) for name in ("path_class", "authorship", "ai_tool",
                                                  "attribution_method", "is_refilled")},
        )  # fmt: skip
        for when, row in deaths:
            if row["is_moved"] or when + timedelta(minutes=1) > self._world.end:
                continue
            gone = self._world.land_in(change["repository"], when, change["author_key"])
            self.remove(gone, new, row["lines"])

    def into_attic(self, key: tuple, death: Row, change: Row) -> None:
        """Let lines leave for a file of old code shortly before they are removed from there."""
        self._deaths[key] = [
            (change["landed_at"], row | {"removed_sha": change["sha"], "is_moved": True})
            if row is death
            else (at, row)
            for at, row in self._deaths[key]
        ]
        gone_at = change["landed_at"] + timedelta(minutes=40)
        new = {
            "added_sha": change["sha"], "author_sha": change["sha"], "birth_is_moved": True,
            "path": next(k[2] for k in self._births if k[1] == change["sha"]), "ai_tool": None,
        }  # fmt: skip
        moved = death | new
        self._deaths.setdefault(_birth_of_death(moved), []).append((gone_at, moved))

    def write(self) -> None:
        """Write the tables."""
        births = list(self._births.values())
        deaths: dict[Any, Any] = {}
        for removed in self._deaths.values():
            for _, row in removed:
                key = (*_birth_of_death(row), row["removed_sha"], row["is_moved"])
                known = deaths.get(key)
                deaths[key] = row | {"lines": row["lines"] + (known["lines"] if known else 0)}
        self._world.tables["line_births"] = births
        self._world.tables["line_deaths"] = list(deaths.values())


def _birth(row: Row) -> tuple:
    return (
        row["repository"], row["added_sha"], row["path"], row["author_sha"], row["authorship"],
        row["is_moved"],
    )  # fmt: skip


def _birth_of_death(row: Row) -> tuple:
    return (
        row["repository"], row["added_sha"], row["path"], row["author_sha"], row["authorship"],
        row["birth_is_moved"],
    )  # fmt: skip
