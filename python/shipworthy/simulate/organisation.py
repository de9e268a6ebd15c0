"""Who there is: people and their teams, repositories, services and who owns them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from shipworthy.simulate.dice import Dice, hashed
from shipworthy.simulate.parameters import Parameters, Team

COMPANY = "lighthouse"
AGENT_KEY = hashed(32, COMPANY, "agent account")
BOT_KEY = hashed(32, COMPANY, "dependency bot")


@dataclass(frozen=True)
class Membership:
    """A period of a person in a team; no first day means always, no last day still."""

    team: str
    from_on: date | None = None
    to_on: date | None = None

    def covers(self, day: date) -> bool:
        """Tell whether the person is in the team on that day."""
        return (self.from_on is None or self.from_on <= day) and (
            self.to_on is None or day < self.to_on
        )


@dataclass(frozen=True)
class Person:
    """One human.

    Parameters
    ----------
    handle : str
        Invented name, never written anywhere: all keys are hashes of it.
    role : str
        What the person does.
    memberships : tuple of Membership
        Teams, the main one first.
    tool : str or None
        AI tool that the person uses, if any.
    tool_from_week : int
        Week of the first use.
    away_weeks : frozenset of int
        Weeks of holiday.
    has_alias : bool
        Whether part of the commits carry a second address.
    """

    handle: str
    role: str
    memberships: tuple[Membership, ...]
    tool: str | None
    tool_from_week: int
    away_weeks: frozenset[int]
    has_alias: bool

    @property
    def key(self) -> str:
        """Return the hash that stands for the person."""
        return hashed(32, COMPANY, self.handle)

    @property
    def alias_key(self) -> str:
        """Return the hash of the second address."""
        return hashed(32, COMPANY, self.handle, "private address")

    def teams(self, day: date) -> list[str]:
        """Return the teams of that day, the main one first."""
        return [membership.team for membership in self.memberships if membership.covers(day)]

    def uses_ai(self, week: int) -> bool:
        """Tell whether the person uses an AI tool in that week."""
        return self.tool is not None and self.tool_from_week <= week


@dataclass(frozen=True)
class Repository:
    """One repository.

    Parameters
    ----------
    name : str
        `owner/name`.
    workflow : str
        How requests land: `squash`, `merge` (real merge commits) or `push` (half without request).
    has_notes : bool
        Whether an attribution tool records line ranges there; elsewhere only trailers tell.
    """

    name: str
    workflow: str = "squash"
    has_notes: bool = False


@dataclass(frozen=True)
class Service:
    """One service: where its code lives, and who owns it since when (first owner: always).

    A staged one is released to a staging environment first.
    """

    name: str
    repository: str
    path_prefix: str | None
    owners: tuple[tuple[date | None, str], ...]
    tier: str = "2"
    delivery_unit: str = "deployment"
    deploys_by_tag: bool = False
    is_staged: bool = False

    def owner(self, day: date) -> str:
        """Return the team that owns the service on that day."""
        return [team for since, team in self.owners if since is None or since <= day][-1]

    def path(self, rest: str) -> str:
        """Return a path inside the service."""
        return f"{self.path_prefix}/{rest}" if self.path_prefix else rest


@dataclass(frozen=True)
class Organisation:
    """All of it."""

    people: tuple[Person, ...]
    repositories: dict[str, Repository]
    services: dict[str, Service]
    teams: dict[str, Team]

    def members(self, team: str, day: date) -> list[Person]:
        """Return the people of a team on a day."""
        return [person for person in self.people if team in person.teams(day)]

    def owned(self, team: str, day: date) -> list[Service]:
        """Return the services of a team on a day."""
        return [service for service in self.services.values() if service.owner(day) == team]


def found(parameters: Parameters) -> Organisation:
    """Found the organisation.

    Parameters
    ----------
    parameters : Parameters
        Teams and period.

    Returns
    -------
    Organisation
        Its people, repositories and services.
    """
    if not parameters.is_demo:
        return found_company(parameters)
    people = tuple(
        hire(parameters, team, ordinal, _memberships(parameters, team.name, ordinal))
        for team in parameters.teams
        for ordinal in range(1, team.people + 1)
    )
    repositories = [
        Repository(f"{COMPANY}/mono"),
        Repository(f"{COMPANY}/fulfilment", has_notes=True),
        Repository(f"{COMPANY}/identity", has_notes=True),
        Repository(f"{COMPANY}/notifications"),
        Repository(f"{COMPANY}/assistant"),
        Repository(f"{COMPANY}/storefront"),
        Repository(f"{COMPANY}/ledger", workflow="merge"),
        Repository(f"{COMPANY}/gateway"),
        Repository(f"{COMPANY}/infrastructure", workflow="push"),
    ]
    moved_on = parameters.week(22).date()

    def whole(name: str, team: str, tier: str, **more: Any) -> Service:
        return Service(name, f"{COMPANY}/{name}", None, ((None, team),), tier, **more)

    def part(name: str, prefix: str, tier: str, *owners: tuple[date | None, str]) -> Service:
        return Service(name, f"{COMPANY}/mono", prefix, owners, tier)

    services = [
        part("checkout", "services/checkout", "1", (None, "harbor")),
        # The prefix of one is the beginning of the other's: only a directory border tells them
        # apart.
        part("catalog", "services/catalog", "2", (None, "keel")),
        part("pricing", "services/catalog-pricing", "2", (None, "harbor"), (moved_on, "keel")),
        part("search", "services/search", "2", (None, "tide")),
        whole("fulfilment", "harbor", "2"),
        whole("identity", "beacon", "1", is_staged=True),
        whole("notifications", "beacon", "3"),
        whole("assistant", "foghorn", "3"),
        whole("storefront", "tide", "1"),
        whole("ledger", "keel", "1", is_staged=True),
        whole("gateway", "anchor", "1", deploys_by_tag=True),
        whole("infrastructure", "anchor", "2", delivery_unit="commit"),
    ]
    return Organisation(
        people=people,
        repositories={repository.name: repository for repository in repositories},
        services={service.name: service for service in services},
        teams={team.name: team for team in parameters.teams},
    )


def hire(
    parameters: Parameters, team: Team, ordinal: int, memberships: tuple[Membership, ...]
) -> Person:
    """Make the `ordinal`-th person of a team."""
    handle = f"{team.name}-{ordinal}"
    dice = Dice(parameters.seed, "person", handle)
    # Half of the users have a tool from the start; the others follow within the first 8 weeks.
    tool_from_week = 0 if ordinal % 2 else dice.integer(1, 8)
    return Person(
        handle=handle,
        role="lead" if ordinal == 1 else dice.weighted({"engineer": 4, "senior engineer": 3}),
        memberships=memberships,
        tool=team.usage.tool if ordinal <= team.users else None,
        tool_from_week=tool_from_week,
        away_weeks=frozenset(dice.integer(2, parameters.weeks - 1) for _ in range(3)),
        has_alias=handle in ("harbor-2", "beacon-3", "keel-1", "tide-6")
        or (not parameters.is_demo and ordinal == 3),
    )


def _memberships(parameters: Parameters, team: str, ordinal: int) -> tuple[Membership, ...]:
    """Return the teams of a person: most stay in one, a few move, join, leave or have two."""
    handle = f"{team}-{ordinal}"
    if handle == "foghorn-7":
        moved_on = parameters.week(16).date()
        return (Membership(team, None, moved_on), Membership("keel", moved_on))
    if handle == "beacon-8":
        return (Membership(team), Membership("keel"))
    if handle == "harbor-8":
        return (Membership(team, parameters.week(6).date()),)
    if handle == "keel-6":
        # Leaves in the middle of a week: still a builder of the week that started before.
        return (Membership(team, None, (parameters.week(30) + timedelta(days=3)).date()),)
    return (Membership(team),)


def found_company(parameters: Parameters) -> Organisation:
    """Found a company of as many teams as there are, each with two repositories and three services.

    In every third team somebody leaves, moves to the next team, or joins. What a team has is
    nobody else's, so that one team can play a move and leave the others as they are.
    """
    people: list[Person] = []
    repositories: dict[str, Repository] = {}
    services: dict[str, Service] = {}
    names = [team.name for team in parameters.teams]
    for index, team in enumerate(parameters.teams):
        following = names[(index + 1) % len(names)]
        left_on = (parameters.week(0.75 * parameters.weeks) + timedelta(days=3)).date()
        moved_on = parameters.week(parameters.weeks * 2 // 5).date()
        joined_on = parameters.week(6).date()
        changing = {
            0: (Membership(team.name, None, left_on),),
            1: (Membership(team.name, None, moved_on), Membership(following, moved_on)),
            2: (Membership(team.name, joined_on),),
        }[index % 3]
        people += [
            hire(
                parameters,
                team,
                ordinal,
                changing
                if ordinal == team.people and team.people > 5
                else (Membership(team.name),),
            )
            for ordinal in range(1, team.people + 1)
        ]
        app, core = f"{COMPANY}/{team.name}-app", f"{COMPANY}/{team.name}-core"
        repositories[app] = Repository(app)
        repositories[core] = Repository(core, "merge" if index % 3 == 1 else "squash", True)
        owners = ((None, team.name),)
        for name, repository, prefix in (
            (f"{team.name}-api", app, "services/api"),
            (f"{team.name}-web", app, "services/web"),
            (f"{team.name}-core", core, None),
        ):
            services[name] = Service(
                name, repository, prefix, owners, is_staged=repository == core and index % 2 == 0
            )
    return Organisation(
        tuple(people), repositories, services, {team.name: team for team in parameters.teams}
    )


def people_rows(organisation: Organisation) -> list[dict]:
    """Return the rows of `people`, the dependency bot of the small team among them."""
    rows = [
        {
            "person_key": person.key,
            "team": membership.team,
            "role": person.role,
            "valid_from_on": membership.from_on,
            "valid_to_on": membership.to_on,
            "kind": "human",
        }
        for person in organisation.people
        for membership in person.memberships
    ]
    # Four humans and a bot are still fewer than five builders.
    home = "anchor" if "anchor" in organisation.teams else list(organisation.teams)[-1]
    return [*rows, {"person_key": BOT_KEY, "team": home, "role": "bot", "kind": "automation"}]


def identity_rows(organisation: Organisation) -> list[dict]:
    """Return the rows of `identities`."""
    return [
        {"alias_key": person.alias_key, "person_key": person.key}
        for person in organisation.people
        if person.has_alias
    ]


def service_rows(organisation: Organisation) -> list[dict]:
    """Return the rows of `services`: one for each period of ownership."""
    rows = []
    for service in organisation.services.values():
        ends = [since for since, _ in service.owners[1:]] + [None]
        for (since, team), until in zip(service.owners, ends, strict=True):
            rows.append(
                {
                    "service": service.name,
                    "repository": service.repository,
                    "path_prefix": service.path_prefix,
                    "team": team,
                    "delivery_unit": service.delivery_unit,
                    "tier": service.tier,
                    "valid_from_on": since,
                    "valid_to_on": until,
                }
            )
    return rows


def repository_rows(
    organisation: Organisation, heads: dict[str, str], scanned_at: datetime
) -> list[dict]:
    """Return the rows of `repositories`."""
    return [
        {
            "repository": name,
            "default_branch": "main",
            "scanned_at": scanned_at,
            "head_sha": heads[name],
            "is_shallow": False,
        }
        for name in organisation.repositories
    ]
