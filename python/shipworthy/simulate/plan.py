"""Plan the changes: who lands what, where and when, and how long its lines will live."""

from datetime import datetime, timedelta

from shipworthy.simulate.dice import Dice, hashed
from shipworthy.simulate.model import Change
from shipworthy.simulate.organisation import AGENT_KEY, BOT_KEY, Organisation, Person
from shipworthy.simulate.parameters import Parameters

# Quantiles of the lines that a change of each kind adds. Narrow on purpose: a few huge changes
# would eat the effective sample that the turnover signal needs.
SIZES = {
    "feature": (6, 18, 27, 35, 44, 54, 67, 86, 125),
    "fix": (2, 4, 7, 12, 24),
    "move": (0, 4, 10, 20),
    "docs": (3, 8, 15, 30, 60),
    "cleanup": (0, 2, 6, 12),
    "restore": (0, 3, 8),
}
# A handful of changes is far above every cap.
HUGE = (500, 900, 1600)
KINDS = {"feature": 82, "fix": 4, "move": 4, "docs": 5, "cleanup": 3, "restore": 2}
# The code that was there before, in a few commits a service. One service is years old: its first
# lines are from before there was any AI assistant. More such services would only add years of
# empty weeks to every mart.
HISTORY = ((datetime(2025, 6, 10, 9, 31), 780), (datetime(2025, 9, 22, 8, 5), 620))
OLD_SERVICE = "ledger"
OLD_HISTORY = ((datetime(2021, 3, 9, 10, 12), 180), (datetime(2023, 9, 19, 14, 40), 240))


def plan_changes(parameters: Parameters, organisation: Organisation) -> list[Change]:
    """Plan all changes but those that answer an incident.

    Parameters
    ----------
    parameters : Parameters
        Stories and period.
    organisation : Organisation
        Who there is.

    Returns
    -------
    list of Change
        In no particular order.
    """
    changes = _history(parameters, organisation) + _bumps(parameters, organisation)
    for person in organisation.people:
        dice = Dice(parameters.seed, "changes", person.handle)
        for week in range(parameters.weeks):
            if week not in person.away_weeks:
                changes += _week(parameters, organisation, person, week, dice)
    return changes


def _week(
    parameters: Parameters, organisation: Organisation, person: Person, week: int, dice: Dice
) -> list[Change]:
    """Plan a week of one person."""
    teams = person.teams(parameters.week(week).date())
    if not teams:
        return []
    uses_ai = person.uses_ai(week)
    phase = organisation.teams[teams[0]].phase(week)
    changes = []
    for _ in range(dice.rounded(phase.user_changes if uses_ai else phase.other_changes)):
        team = teams[0] if len(teams) == 1 or dice.chance(0.7) else teams[1]
        landing_at = parameters.week(week) + working_time(dice)
        service = dice.pick(organisation.owned(team, landing_at.date()))
        repository = organisation.repositories[service.repository]
        kind = dice.weighted(KINDS)
        by_ai = uses_ai and dice.chance(phase.ai_share)
        # An agent account works for some teams in a monorepo; it has a driver, no team.
        by_agent = (
            by_ai
            and service.path_prefix is not None
            and organisation.teams[team].has_agent
            and dice.chance(0.15)
        )
        if by_agent:
            authorship, tool, method = "ai", "copilot", "author"
        elif by_ai:
            authorship, tool = "ai", person.tool
            method = "line_ranges" if repository.has_notes else "trailer"
            if tool == "kiro" and dice.chance(0.2):
                method = "declared"
        elif uses_ai and repository.has_notes:
            authorship, tool, method = "human", None, "line_ranges"
        else:
            authorship, tool, method = "untagged", None, None
        lines = round(dice.quantile(SIZES[kind]))
        if kind == "feature" and dice.chance(0.006):
            lines = round(dice.quantile(HUGE))
        uses_alias = person.has_alias and dice.chance(0.15)
        changes.append(
            Change(
                repository=repository,
                service=service,
                kind=kind,
                person=person,
                author_key=AGENT_KEY
                if by_agent
                else (person.alias_key if uses_alias else person.key),
                author_kind="agent" if by_agent else "human",
                authorship=authorship,
                tool=tool,
                method=method,
                authored_at=landing_at - timedelta(hours=3 + round(dice.early(90), 2)),
                landing_at=landing_at,
                lines=lines,
                is_rewritten=dice.chance(phase.ai_rewritten if by_ai else phase.human_rewritten),
                has_request=not dice.chance(0.5 if repository.workflow == "push" else 0.03),
            )
        )
    return changes


def _history(parameters: Parameters, organisation: Organisation) -> list[Change]:
    """Plan the code that was there before."""
    changes = []
    for service in organisation.services.values():
        dice = Dice(parameters.seed, "history", service.name)
        first_owners = [
            person
            for person in organisation.people
            if person.memberships[0].team == service.owners[0][1]
        ]
        history = (OLD_HISTORY if service.name == OLD_SERVICE else ()) + HISTORY
        if service.delivery_unit == "commit":
            # It ships whatever lands, so years of history would be years of releases: a new one.
            history = ((parameters.start + timedelta(hours=9), 90),)
        for landing_at, lines in history:
            landing_at += timedelta(minutes=dice.integer(0, 500))
            person = dice.pick(first_owners)
            changes.append(
                Change(
                    repository=organisation.repositories[service.repository],
                    service=service,
                    kind="base",
                    person=person,
                    author_key=person.key,
                    author_kind="human",
                    authorship="untagged",
                    tool=None,
                    method=None,
                    authored_at=landing_at - timedelta(hours=dice.integer(1, 9)),
                    landing_at=landing_at,
                    lines=lines,
                    has_request=False,
                )
            )
    return changes


def _bumps(parameters: Parameters, organisation: Organisation) -> list[Change]:
    """Plan the dependency bot's updates: one a month and repository."""
    changes = []
    for name, repository in organisation.repositories.items():
        dice = Dice(parameters.seed, "bumps", name)
        services = [s for s in organisation.services.values() if s.repository == name]
        for week in range(dice.integer(0, 3), parameters.weeks, 4):
            landing_at = parameters.week(week) + working_time(dice)
            changes.append(
                Change(
                    repository=repository,
                    service=dice.pick(services),
                    kind="bump",
                    person=None,
                    author_key=BOT_KEY,
                    author_kind="automation",
                    authorship="automation",
                    tool=None,
                    method="author",
                    authored_at=landing_at - timedelta(hours=dice.integer(2, 40)),
                    landing_at=landing_at,
                    lines=dice.integer(1, 4),
                )
            )
    return changes


def working_time(dice: Dice) -> timedelta:
    """Return a time in a week at which people work, now and then on a weekend."""
    day = dice.integer(0, 4) if not dice.chance(0.03) else dice.integer(5, 6)
    return timedelta(days=day, hours=8, seconds=dice.integer(0, 10 * 3600))


def answer(
    change: Change,
    kind: str,
    organisation: Organisation,
    landing_at: datetime,
    dice: Dice,
) -> Change:
    """Plan a human's fix or revert of a change."""
    team = change.service.owner(landing_at.date())
    person = dice.pick(organisation.members(team, landing_at.date()))
    return Change(
        repository=change.repository,
        service=change.service,
        kind=kind,
        person=person,
        author_key=person.key,
        author_kind="human",
        authorship="untagged",
        tool=None,
        method=None,
        authored_at=landing_at - timedelta(minutes=dice.integer(20, 50)),
        landing_at=landing_at,
        lines=dice.integer(3, 18),
        target=change,
    )


def put_in_order(parameters: Parameters, changes: list[Change]) -> dict[str, list[Change]]:
    """Give every change its place on the mainline of its repository.

    Parameters
    ----------
    parameters : Parameters
        Seed.
    changes : list of Change
        All changes.

    Returns
    -------
    dict of str to list of Change
        The changes of each repository, oldest first, with position, sha and times.
    """
    ordered: dict[str, list[Change]] = {}
    for change in sorted(changes, key=lambda c: (c.repository.name, c.landing_at, c.author_key)):
        ordered.setdefault(change.repository.name, []).append(change)
    for name, mainline in ordered.items():
        dice = Dice(parameters.seed, "clocks", name)
        latest = datetime.min
        for position, change in enumerate(mainline, start=1):
            change.position = position
            change.sha = hashed(40, parameters.seed, name, "mainline", position)
            # Some clocks are late: landed_at is then lifted to the running maximum.
            is_late = change.kind != "base" and dice.chance(0.01)
            delay = timedelta(hours=3 if is_late else 0)
            change.committed_at = change.landing_at - delay
            change.authored_at -= delay
            latest = max(latest, change.committed_at)
            change.landed_at = latest
    return ordered
