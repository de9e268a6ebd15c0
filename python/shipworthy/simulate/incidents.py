"""Plan deployments and what goes wrong after them: incidents, rollbacks, fixes, reverts."""

from datetime import datetime, timedelta
from typing import Any

from shipworthy.simulate.dice import Dice
from shipworthy.simulate.model import BUILD, Change, Incident, Slot
from shipworthy.simulate.organisation import Organisation, Service
from shipworthy.simulate.parameters import Parameters
from shipworthy.simulate.plan import answer

SEVERITIES = {1: 4, 2: 18, 3: 46, 4: 26, 5: 6}
# How the vendors spell them; each team files its incidents in one tool.
LABELS = {
    "pagerduty": ("P1", "P2", "P3", "P4", "P5"),
    "incident_io": ("SEV-1", "SEV-2", "sev3", "SEV-4", "SEV-5"),
    "jira": ("critical", "high", "medium", "low", "lowest"),
}
SOURCES = {
    "harbor": "pagerduty",
    "beacon": "incident_io",
    "foghorn": "jira",
    "tide": "jira",
    "keel": "incident_io",
    "anchor": "pagerduty",
}
EVIDENCE = {"deployment": 30, "change": 15, "fix": 30, "time": 25}
REMEDIES = {"hotfix": 38, "rollback": 32, "revert": 14, "none": 16}


def plan_slots(parameters: Parameters, organisation: Organisation) -> dict[str, list[Slot]]:
    """Plan the regular deployments of every service that has any.

    Parameters
    ----------
    parameters : Parameters
        Stories and period.
    organisation : Organisation
        Services and their owners.

    Returns
    -------
    dict of str to list of Slot
        By service, oldest first.
    """
    slots: dict[str, list[Slot]] = {}
    for service in organisation.services.values():
        if service.delivery_unit == "commit":
            continue
        dice = Dice(parameters.seed, "slots", service.name)
        slots[service.name] = []
        for week in range(parameters.weeks):
            team = organisation.teams[service.owner(parameters.week(week).date())]
            splits = team.split_from_week is not None and week >= team.split_from_week
            days = 5 if splits else team.deployments_a_week
            for day in range(days):
                # Regular days are spread over the week, never on the same weekday throughout.
                weekday = day if splits else (5 * day // days + dice.integer(0, 1)) % 5
                for turn in range(team.split_a_day if splits else 1):
                    slots[service.name] += _attempts(
                        service,
                        parameters.week(week)
                        + timedelta(days=weekday, hours=9 + 3 * turn, minutes=dice.integer(0, 170)),
                        "always" if splits else "regular",
                        dice,
                    )
        slots[service.name].sort(key=lambda slot: slot.started_at)
    if parameters.is_demo:
        _add_oddities(parameters, organisation, slots)
    else:
        _add_flags(parameters, organisation, slots)
    return slots


def _attempts(service: Service, started_at: datetime, kind: str, dice: Dice) -> list[Slot]:
    """Return the deployment, and another half an hour later if it failed."""
    duration = timedelta(seconds=dice.integer(180, 720))
    status = dice.weighted({"success": 96, "failure": 3, "cancelled": 1})
    first = Slot(service, started_at, duration, kind, status)
    if status == "success":
        return [first]
    return [first, Slot(service, started_at + timedelta(minutes=31), duration, kind)]


def _add_oddities(
    parameters: Parameters, organisation: Organisation, slots: dict[str, list[Slot]]
) -> None:
    """Add what real data has a few of: flags, deployments without a sha or off the mainline."""
    short = timedelta(minutes=4)
    for service, kind, weeks in (
        ("checkout", "flag", (5.41, 12.24, 19.38, 27.52, 33.27)),
        ("identity", "flag", (8.52, 21.39, 30.25)),
        ("notifications", "no_sha", (15.66,)),
        ("assistant", "no_sha", (9.66,)),
        ("fulfilment", "off_mainline", (23.53,)),
    ):
        slots[service] += [
            Slot(
                organisation.services[service],
                parameters.week(week).replace(second=0, microsecond=0),
                short,
                kind,
            )
            for week in weeks
        ]


def _add_flags(
    parameters: Parameters, organisation: Organisation, slots: dict[str, list[Slot]]
) -> None:
    """Flip a flag of each service every two months or so."""
    for name, planned in slots.items():
        dice = Dice(parameters.seed, "flags", name)
        planned += [
            Slot(
                organisation.services[name],
                parameters.week(week) + timedelta(days=2, hours=11, minutes=dice.integer(0, 200)),
                timedelta(minutes=4),
                "flag",
            )
            for week in range(4, parameters.weeks - 1)
            if dice.chance(0.12)
        ]


def plan_incidents(
    parameters: Parameters,
    organisation: Organisation,
    changes: list[Change],
    slots: dict[str, list[Slot]],
) -> list[Incident]:
    """Plan the incidents; adds their fixes to `changes` and their deployments to `slots`.

    Parameters
    ----------
    parameters : Parameters
        Stories and period.
    organisation : Organisation
        Who there is.
    changes : list of Change
        All changes so far.
    slots : dict of str to list of Slot
        The planned deployments of each service.

    Returns
    -------
    list of Incident
        In the order of their opening, with their ids.
    """
    incidents: list[Incident] = []
    quiet_from = quiet_to = datetime.min
    if parameters.is_demo:
        story = _bad_release(parameters, organisation, changes, slots)
        incidents = [story, *_odd_incidents(parameters, changes)]
        quiet_from = story.change.landing_at - timedelta(days=4)
        quiet_to = story.change.landing_at + timedelta(days=4)
    candidates = [
        change
        for change in changes
        if change.kind == "feature"
        and change.service.name in slots
        and not (
            change.service.name == parameters.bad_release.service
            and quiet_from < change.landing_at < quiet_to
        )
    ]
    for change in sorted(candidates, key=lambda c: (c.landing_at, c.author_key)):
        dice = Dice(parameters.seed, "harm", change.landing_at, change.author_key)
        team = organisation.teams[change.service.owner(change.landing_at.date())]
        # Code that nobody read does more harm.
        if dice.chance(team.harm * (1.5 if change.is_rewritten else 0.8)):
            incident = _harm(parameters, organisation, change, slots, changes, dice)
            if incident:
                incidents.append(incident)
    if not parameters.is_demo:
        incidents += _unexplained(parameters, organisation, incidents)
    incidents.sort(key=lambda incident: (incident.opened_at, incident.severity_label or ""))
    for number, incident in enumerate(incidents, start=101):
        incident.incident_id = f"INC-{number}"
    for planned in slots.values():
        planned.sort(key=lambda slot: slot.started_at)
    return incidents


def _source(team: str) -> str:
    """Return the tool in which a team files its incidents."""
    return SOURCES.get(team) or list(LABELS)[len(team) % len(LABELS)]


def _unexplained(
    parameters: Parameters, organisation: Organisation, explained: list[Incident]
) -> list[Incident]:
    """Plan what else incident tools hold: false alarms, maintenance, what no change explains.

    One in ten, twenty and seven of the explained ones; a few of the last have no service or a
    severity that nobody knows.
    """
    dice = Dice(parameters.seed, "unexplained")
    found = []
    for like in explained:
        for kind, chance in (("false", 0.10), ("maintenance", 0.05), ("unexplained", 0.14)):
            if not dice.chance(chance):
                continue
            opened_at = parameters.week(dice.between(0, parameters.weeks - 1)).replace(
                second=0, microsecond=0
            )
            service = organisation.services[like.change.service.name]
            found.append(
                Incident(
                    None if kind == "unexplained" and dice.chance(0.2) else service.name,
                    "needs triage" if dice.chance(0.05) else like.severity_label,
                    opened_at,
                    acknowledged_at=opened_at + timedelta(minutes=dice.integer(1, 25)),
                    resolved_at=opened_at + timedelta(minutes=dice.integer(20, 400)),
                    source=like.source,
                    is_false_alarm=kind == "false",
                    is_maintenance=kind == "maintenance",
                )
            )
    return found


def _harm(
    parameters: Parameters,
    organisation: Organisation,
    change: Change,
    slots: dict[str, list[Slot]],
    changes: list[Change],
    dice: Dice,
) -> Incident | None:
    """Let a change cause an incident once it is live; None if it never goes live."""
    planned = slots[change.service.name]
    shipping = next(
        (
            slot
            for slot in sorted(planned, key=lambda slot: slot.started_at)
            if slot.started_at >= change.landing_at + BUILD
            and slot.status == "success"
            and slot.kind in ("regular", "always", "urgent")
        ),
        None,
    )
    if shipping is None:
        return None
    opened_at = shipping.finished_at + timedelta(
        minutes=6 + dice.integer(0, round(dice.early(3400)))
    )
    if opened_at > parameters.end:
        return None
    source = _source(change.service.owner(opened_at.date()))
    severity = dice.weighted(SEVERITIES)
    incident = Incident(
        service=change.service.name,
        severity_label=LABELS[source][severity - 1],
        opened_at=opened_at,
        acknowledged_at=opened_at + timedelta(minutes=dice.integer(1, 25)),
        resolved_at=None,
        source=source,
        change=change,
        evidence=dice.weighted(EVIDENCE),
    )
    _remedy(parameters, organisation, incident, shipping, planned, changes, dice)
    if incident.resolved_at and incident.resolved_at > parameters.end:
        incident.resolved_at = None
    if incident.evidence == "fix" and incident.fix is None:
        incident.evidence = "time"
    return incident


def _remedy(
    parameters: Parameters,
    organisation: Organisation,
    incident: Incident,
    shipping: Slot,
    planned: list[Slot],
    changes: list[Change],
    dice: Dice,
) -> None:
    """Plan how an incident ends."""
    remedy = dice.weighted(REMEDIES)
    opened_at = incident.opened_at
    if remedy == "rollback" and (
        # Nobody rolls back days of later work, and one rollback at a time is enough.
        opened_at > shipping.finished_at + timedelta(hours=20)
        or any(
            slot.kind in ("rollback", "urgent")
            and abs(slot.started_at - opened_at) < timedelta(days=4)
            for slot in planned
        )
        or any(shipping.finished_at < slot.started_at <= opened_at for slot in planned)
    ):
        remedy = "hotfix"
    if remedy == "none":
        incident.resolved_at = opened_at + timedelta(minutes=dice.integer(25, 500))
        return
    short = timedelta(seconds=dice.integer(200, 500))
    service = shipping.service
    if remedy == "rollback":
        rollback = Slot(
            service,
            opened_at + timedelta(minutes=dice.integer(8, 50)),
            short,
            "rollback",
            incident=incident,
        )
        incident.resolved_at = rollback.finished_at + timedelta(minutes=dice.integer(2, 15))
        landing_at = opened_at + timedelta(minutes=dice.integer(600, 1800))
    else:
        rollback = None
        landing_at = opened_at + timedelta(minutes=dice.integer(40, 700))
    fixed = Slot(service, landing_at + BUILD + timedelta(minutes=15), short, "urgent")
    if fixed.finished_at > parameters.end:
        # The incident is still open when the data end (or the rollback closed it).
        if rollback and rollback.finished_at <= parameters.end:
            planned.append(rollback)
        return
    fix = answer(
        incident.change, "revert" if remedy == "revert" else "fix", organisation, landing_at, dice
    )
    fix.incident = incident
    changes.append(fix)
    incident.fix = fix
    if rollback:
        # While the old version is back, the pipeline stands still until the fix is in.
        planned[:] = [
            slot
            for slot in planned
            if not rollback.started_at <= slot.started_at < fixed.started_at
        ]
        planned.append(rollback)
    else:
        incident.resolved_at = fixed.finished_at + timedelta(minutes=dice.integer(2, 30))
    planned.append(fixed)


def _bad_release(
    parameters: Parameters,
    organisation: Organisation,
    changes: list[Change],
    slots: dict[str, list[Slot]],
) -> Incident:
    """Plan the release that goes wrong."""
    story = parameters.bad_release
    dice = Dice(parameters.seed, "bad release")
    service = organisation.services[story.service]
    landing_at = parameters.start + story.landed_after
    day = landing_at.date()
    person = next(
        person
        for person in organisation.members(service.owner(day), day)
        if person.uses_ai(parameters.weeks)
    )
    bad = Change(
        repository=organisation.repositories[service.repository],
        service=service,
        kind="feature",
        person=person,
        author_key=person.key,
        author_kind="human",
        authorship="ai",
        tool=person.tool,
        method="trailer",
        authored_at=landing_at - timedelta(hours=20),
        landing_at=landing_at,
        lines=story.lines,
    )
    fix = answer(bad, "fix", organisation, parameters.start + story.fixed_after, dice)
    changes += [bad, fix]
    shipped_at, rolled_back_at, reshipped_at = (
        parameters.start + after
        for after in (story.shipped_after, story.rolled_back_after, story.reshipped_after)
    )
    opened_at = parameters.start + story.opened_after
    incident = Incident(
        service=service.name,
        severity_label="SEV-1",
        opened_at=opened_at,
        acknowledged_at=opened_at + timedelta(minutes=2),
        resolved_at=rolled_back_at + timedelta(minutes=9),
        source="incident_io",
        change=bad,
        evidence="deployment",
        fix=fix,
    )
    fix.incident = incident
    short = timedelta(minutes=5)
    planned = slots[service.name]
    # Nothing else may ship the change first, or bring it back before it is repaired.
    planned[:] = [slot for slot in planned if not landing_at <= slot.started_at < reshipped_at] + [
        Slot(service, shipped_at, short, "urgent"),
        Slot(service, rolled_back_at, short, "rollback", incident=incident),
        Slot(service, reshipped_at, short, "urgent"),
    ]
    return incident


def _odd_incidents(parameters: Parameters, changes: list[Change]) -> list[Incident]:
    """Plan incidents that no change of ours explains, and those with an odd record."""

    def at(
        week: float, service: str | None, label: str | None, source: str, **more: Any
    ) -> Incident:
        opened_at = parameters.week(week).replace(second=0, microsecond=0)
        return Incident(
            service,
            label,
            opened_at,
            acknowledged_at=opened_at + timedelta(minutes=7),
            resolved_at=opened_at + timedelta(minutes=95),
            source=source,
            **more,
        )

    on_two = at(24.55, '["checkout", "storefront"]', "P2", "pagerduty", evidence="change")
    on_two.change = max(
        (
            change
            for change in changes
            if change.service.name == "checkout"
            and change.kind == "feature"
            and change.landing_at < on_two.opened_at - timedelta(days=6)
        ),
        key=lambda change: (change.landing_at, change.author_key),
    )
    still_open = at(39.48, "search", "medium", "jira")
    still_open.resolved_at = None
    return [
        on_two,
        still_open,
        at(6.37, "checkout", "P3", "pagerduty", is_false_alarm=True),
        at(17.81, "identity", "SEV-2", "incident_io", is_false_alarm=True),
        at(31.29, "ledger", "sev3", "incident_io", is_false_alarm=True),
        at(10.95, "gateway", "P4", "pagerduty", is_maintenance=True),
        at(26.95, "ledger", "SEV-4", "incident_io", is_maintenance=True),
        at(13.52, "catalog", "needs triage", "jira"),
        at(28.36, "notifications", None, "incident_io"),
        at(11.97, "gateway", "P3", "pagerduty"),
        at(20.33, None, "critical", "jira"),
        at(29.66, "assistant", "low", "jira"),
        at(35.62, None, "P4", "pagerduty"),
    ]
