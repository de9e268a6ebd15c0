"""Moves on incident records: not filed, called harmless, filed against others, blamed on others."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from shipworthy.contract import text_of_names
from shipworthy.gauntlet.moves import move
from shipworthy.gauntlet.moves.deployments import _without_marks, _without_rollbacks
from shipworthy.gauntlet.world import Row, World

_LADDERS = (
    ("P1", "P2", "P3", "P4", "P5"),
    ("SEV-1", "SEV-2", "sev3", "SEV-4", "SEV-5"),
    ("critical", "high", "medium", "low", "lowest"),
)
_NO_EVIDENCE = {"caused_by_deployment_id": None, "caused_by_sha": None, "fixed_by_sha": None}


def _milder(row: Row, grades: int) -> Row:
    for ladder in _LADDERS:
        if row["severity_label"] in ladder:
            at = min(ladder.index(row["severity_label"]) + grades, len(ladder) - 1)
            return row | {"severity_label": ladder[at]}
    return row


@move("Every incident is filed one severity milder.")
def severity_one_down(world: World) -> None:
    world.change("incidents", lambda row: _milder(row, 1), world.is_own_incident)


@move("Every incident is filed two severities milder.")
def severity_two_down(world: World) -> None:
    world.change("incidents", lambda row: _milder(row, 2), world.is_own_incident)


@move("Every incident is filed as the mildest severity.")
def severity_all_sev5(world: World) -> None:
    world.change("incidents", lambda row: _milder(row, 4), world.is_own_incident)


@move("Severities are words that nobody knows.")
def severity_unknown_label(world: World) -> None:
    world.change(
        "incidents", lambda row: row | {"severity_label": "to be triaged"}, world.is_own_incident
    )


def _file(world: World, share: float) -> None:
    """Leave out all but a share of the incidents, and what names them."""
    dice = world.dice("filing", share)
    hidden = {
        row["incident_id"]
        for row in filter(world.is_own_incident, world.tables["incidents"])
        if not dice.chance(share)
    }
    world.change("incidents", lambda row: None, lambda row: row["incident_id"] in hidden)
    world.change(
        "commits",
        lambda row: row | {"fixes_incident_id": None},
        lambda row: row.get("fixes_incident_id") in hidden,
    )


@move("One incident in five is filed.")
def file_20_percent(world: World) -> None:
    _file(world, 0.2)


@move("Two incidents in five are filed.")
def file_40_percent(world: World) -> None:
    _file(world, 0.4)


@move("No incident is filed.")
def file_nothing(world: World) -> None:
    _file(world, 0.0)


@move("One incident in five is filed, from the first week on.", from_start=True)
def file_20_percent_from_day_one(world: World) -> None:
    _file(world, 0.2)


@move("No incident is filed, from the first week on.", from_start=True)
def file_nothing_from_day_one(world: World) -> None:
    _file(world, 0.0)


@move("One incident in five is filed, fixes are not marked and nothing is rolled back.")
def file_20_percent_fixes_unmarked_no_rollback(world: World) -> None:
    _file(world, 0.2)
    _without_rollbacks(world)
    _without_marks(world)


def _elsewhere(world: World) -> str:
    """Return the name of another team's service."""
    return next(row["service"] for row in world.tables["services"] if row["team"] != world.team)


@move("Incidents are filed against another team's service, without evidence.",
      touches="organisation")  # fmt: skip
def file_against_other_service(world: World) -> None:
    other = _elsewhere(world)
    world.change(
        "incidents", lambda row: row | _NO_EVIDENCE | {"service": other}, world.is_own_incident
    )
    _unnamed(world)


@move("Incidents are filed against another team's service; the evidence stays.",
      touches="organisation")  # fmt: skip
def file_against_other_service_evidence_kept(world: World) -> None:
    other = _elsewhere(world)
    world.change("incidents", lambda row: row | {"service": other}, world.is_own_incident)


@move("Incidents name no service, and no evidence.")
def file_without_service(world: World) -> None:
    world.change(
        "incidents", lambda row: row | _NO_EVIDENCE | {"service": None}, world.is_own_incident
    )
    _unnamed(world)


def _unnamed(world: World) -> None:
    """Fixes do not say which incident they fix."""
    own = set(world.repositories)
    world.change(
        "commits",
        lambda row: row | {"fixes_incident_id": None},
        lambda row: row["repository"] in own and row["committed_at"] >= world.since,
    )


@move("Incidents are platform-wide: every service of the organisation, no evidence.",
      touches="organisation")  # fmt: skip
def file_against_all_services(world: World) -> None:
    every = text_of_names(row["service"] for row in world.tables["services"])
    world.change(
        "incidents", lambda row: row | _NO_EVIDENCE | {"service": every}, world.is_own_incident
    )
    _unnamed(world)


@move("Incidents are filed 73 hours after they began, without evidence.")
def file_73_hours_late(world: World) -> None:
    def late(row: Row) -> Row:
        opened_at = min(row["opened_at"] + timedelta(hours=73), world.end)
        resolved_at = row["resolved_at"] and max(row["resolved_at"], opened_at)
        return row | _NO_EVIDENCE | {
            "opened_at": opened_at, "acknowledged_at": opened_at, "resolved_at": resolved_at,
        }  # fmt: skip

    world.change("incidents", late, world.is_own_incident)
    _unnamed(world)


@move("Four incidents in five are called false alarms.")
def false_alarms_80(world: World) -> None:
    dice = world.dice("false alarms")
    world.change(
        "incidents",
        lambda row: row | {"is_false_alarm": True} if dice.chance(0.8) else row,
        world.is_own_incident,
    )


@move("Incidents are resolved when they are opened.")
def resolve_at_once(world: World) -> None:
    world.change(
        "incidents", lambda row: row | {"resolved_at": row["opened_at"]}, world.is_own_incident
    )


def _blame(world: World, cause_at: Callable[..., Any]) -> None:
    """Let every incident name a deployment as its cause."""

    def blamed(row: Row) -> Row:
        cause = cause_at(row)
        return row | _NO_EVIDENCE | {"caused_by_deployment_id": cause} if cause else row

    world.change("incidents", blamed, world.is_own_incident)
    _unnamed(world)


@move("Every incident names one old, empty deployment of the team as its cause.")
def scapegoat_one_deployment(world: World) -> None:
    service, at = world.services[0], world.since - timedelta(days=4, hours=5)
    goat = world.deploy(service, at, sha=world.live(service, at)["sha"])
    _blame(world, lambda row: goat["deployment_id"])


def _weekly_goats(world: World, kind: str) -> dict[datetime, str]:
    goats = {}
    for monday in world.weeks():
        at = monday + timedelta(hours=1)
        live = world.live(world.services[0], at)
        if live:
            goat = world.deploy(world.services[0], at, sha=live["sha"], kind=kind)
            goats[monday] = goat["deployment_id"]
    return goats


def _monday(at: datetime) -> datetime:
    return (at - timedelta(days=at.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)


@move("Each week's incidents name that week's empty redeployment of one service as their cause.")
def scapegoat_weekly(world: World) -> None:
    goats = _weekly_goats(world, "deploy")
    _blame(world, lambda row: goats.get(_monday(row["opened_at"])))


@move("Each week's incidents name that week's flag release as their cause.")
def scapegoat_weekly_flag(world: World) -> None:
    goats = _weekly_goats(world, "flag")
    _blame(world, lambda row: goats.get(_monday(row["opened_at"])))


@move("Every incident names a deployment of another team as its cause.", touches="organisation")
def scapegoat_other_team(world: World) -> None:
    other = _elsewhere(world)
    done = sorted(
        (row["finished_at"], row["deployment_id"])
        for row in world.tables["deployments"]
        if row["service"] == other and row["status"] == "success" and row["finished_at"]
        and row["environment"] == "production"
    )  # fmt: skip
    _blame(
        world,
        lambda row: [one for at, one in done if at <= row["opened_at"]][-1],
    )


@move("Every incident names the team's first deployment of all as its cause.")
def scapegoat_before_baseline(world: World) -> None:
    first = min(
        (
            row
            for row in world.tables["deployments"]
            if row["service"] in world.services and row["status"] == "success"
            and row["environment"] == "production"
        ),
        key=lambda row: row["finished_at"],
    )  # fmt: skip
    _blame(world, lambda row: first["deployment_id"])


@move("Each week's incidents name the deployment that shipped the fewest lines.", "medium")
def scapegoat_smallest_release(world: World) -> None:
    lines = {row["sha"]: row["lines_added"] for row in world.tables["commits"]}

    def smallest(row: Row) -> str | None:
        week = [
            one
            for one in world.tables["deployments"]
            if world.is_own_deployment(one) and one["kind"] == "deploy" and one["sha"]
            and timedelta(0) <= row["opened_at"] - one["finished_at"] < timedelta(days=7)
        ]  # fmt: skip
        goat = min(week, key=lambda one: (lines.get(one["sha"], 0), one["deployment_id"]),
                   default=None)  # fmt: skip
        return goat["deployment_id"] if goat else None

    _blame(world, smallest)
