"""Moves on deployment records: more of them, fewer, other times, other names."""

from datetime import datetime, timedelta
from itertools import pairwise

from shipworthy.gauntlet.moves import move
from shipworthy.gauntlet.world import Row, World

_TIMES = ("created_at", "started_at", "finished_at")


def _shifted(row: Row, by: timedelta) -> Row:
    return row | {name: row[name] and row[name] + by for name in _TIMES}


def _shipping(world: World) -> dict[str, list[Row]]:
    """Return the team's deployments of code since the start, by service, oldest first."""
    found: dict[str, list[Row]] = {name: [] for name in world.services}
    for row in world.tables["deployments"]:
        if world.is_own_deployment(row) and row["kind"] == "deploy" and row["sha"]:
            found[row["service"]].append(row)
    for rows in found.values():
        rows.sort(key=lambda row: row["finished_at"])
    return found


@move("Each deployment is cut into five, minutes apart, over the same changes.")
def split_deployments_x5(world: World) -> None:
    mainline: dict[str, list[str]] = {}
    for row in sorted(world.tables["commits"], key=lambda row: row.get("mainline_position") or 0):
        if row.get("mainline_position"):
            mainline.setdefault(row["repository"], []).append(row["sha"])
    places = {sha: place for shas in mainline.values() for place, sha in enumerate(shas)}
    parts = []
    for rows in _shipping(world).values():
        for before, row in pairwise(rows):
            shas, start = mainline[row["repository"]], places[before["sha"]]
            step = places[row["sha"]] - start
            parts += [
                _shifted(row, -timedelta(minutes=5) * (5 - part))
                | {
                    "deployment_id": f"{row['deployment_id']}-{part}",
                    "sha": shas[start + step * part // 5],
                }
                for part in range(1, 5)
                if step > 0
            ]
    world.add("deployments", parts)


@move("The live sha again, every day of the week, each service.")
def empty_redeployments(world: World) -> None:
    for day in world.days(of_a_week=7):
        for service in world.services:
            at = day + timedelta(hours=17)
            live = world.live(service, at)
            if live:
                world.deploy(service, at, sha=live["sha"])


def _one_line(world: World, at: datetime, service: str, turn: int) -> None:
    change = world.land(service, at)
    world.lines.add(change, world.path(service, f"src/api/constants{turn % 7}.py"), 1)


@move("A one-line change of each service is deployed on every weekday.")
def one_line_daily(world: World) -> None:
    _daily_lines(world, 5)


@move("A one-line change of each service is deployed on every day of the week.")
def one_line_every_day_of_the_week(world: World) -> None:
    _daily_lines(world, 7)


def _daily_lines(world: World, days: int) -> None:
    for turn, day in enumerate(world.days(days)):
        for service in world.services:
            _one_line(world, day + timedelta(hours=14), service, turn)
    for day in world.days(days):
        for service in world.services:
            world.deploy(service, day + timedelta(hours=15))


@move("One-line changes are deployed at 23:50 and 00:10 around each weekday's midnight.")
def midnight_split(world: World) -> None:
    times = (timedelta(hours=23, minutes=50), timedelta(hours=24, minutes=10))
    for turn, day in enumerate(world.days()):
        for number, time in enumerate(times):
            for service in world.services:
                _one_line(world, day + time - timedelta(minutes=31), service, 2 * turn + number)
    for day in world.days():
        for time in times:
            for service in world.services:
                world.deploy(service, day + time)


@move("Each service is deployed on every weekday, with whatever has landed.")
def deploy_every_weekday_same_content(world: World) -> None:
    for day in world.days():
        for service in world.services:
            world.deploy(service, day + timedelta(hours=15))


@move("Each service is deployed once a week, on Thursday.", effort="medium")
def deploy_once_a_week(world: World) -> None:
    world.change(
        "deployments",
        lambda row: None,
        lambda row: world.is_own_deployment(row) and row["kind"] == "deploy",
    )
    for monday in world.weeks():
        for service in world.services:
            if monday + timedelta(days=3, hours=15) < world.end:
                world.deploy(service, monday + timedelta(days=3, hours=15))


@move("The day after an incident its service goes back to before the failed release and forward.")
def bounce_after_incident(world: World) -> None:
    for row in filter(world.is_own_incident, world.tables["incidents"]):
        at = row["opened_at"] + timedelta(days=1)
        service = row["service"]
        live = service in world.services and world.live(service, at)
        before = live and world.live(service, live["finished_at"] - timedelta(seconds=1))
        if live and before and at < world.end:
            world.deploy(service, at, sha=before["sha"])
            world.deploy(service, at + timedelta(minutes=7), sha=live["sha"])


@move("In one week each service goes back to its first version, and forward ten minutes later.")
def rewind(world: World) -> None:
    at = world.since + timedelta(days=8, hours=15)
    for service in world.services:
        live = world.live(service, at)
        first = min(
            (
                row
                for row in world.tables["deployments"]
                if row["service"] == service and row["environment"] == "production"
                and row["sha"] and row["status"] == "success"
            ),
            key=lambda row: row["finished_at"],
        )  # fmt: skip
        world.deploy(service, at, sha=first["sha"])
        world.deploy(service, at + timedelta(minutes=10), sha=live["sha"])


@move("Deployments to staging are called production.")
def staging_relabelled_production(world: World) -> None:
    world.add(
        "deployments",
        [
            _shifted(row, -timedelta(minutes=25)) | {"deployment_id": f"{row['deployment_id']}-s"}
            for rows in _shipping(world).values()
            for row in rows
        ],
    )


def _relabel(world: World, **columns: object) -> None:
    failed = world.failed_deployments()
    world.change(
        "deployments", lambda row: row | columns, lambda row: row["deployment_id"] in failed
    )


@move("What failed in production is called a deployment to staging afterwards.")
def failed_production_relabelled_staging(world: World) -> None:
    _relabel(world, environment="staging")


@move("What failed in production is called a deployment that did not succeed.")
def failed_deployments_marked_failure(world: World) -> None:
    _relabel(world, status="failure")


@move("The deployments that failed lose their sha.")
def failed_deployments_without_sha(world: World) -> None:
    _relabel(world, sha=None)


@move("The records of deployments that failed are deleted.")
def delete_failed_deployments(world: World) -> None:
    failed = world.failed_deployments()
    world.change("deployments", lambda row: None, lambda row: row["deployment_id"] in failed)


@move("Every other deployment has no sha.")
def every_other_deployment_without_sha(world: World) -> None:
    chosen = {row["deployment_id"] for rows in _shipping(world).values() for row in rows[::2]}
    world.change(
        "deployments", lambda row: row | {"sha": None}, lambda row: row["deployment_id"] in chosen
    )


@move("Deployments are dated four days back.")
def backdate_deployments_4_days(world: World) -> None:
    world.change(
        "deployments", lambda row: _shifted(row, -timedelta(days=4)), world.is_own_deployment
    )


@move("Deployments are dated four days ahead.")
def postdate_deployments_4_days(world: World) -> None:
    latest = world.end - timedelta(days=4, hours=1)
    world.change(
        "deployments",
        lambda row: _shifted(row, timedelta(days=4)) if row["created_at"] < latest else None,
        world.is_own_deployment,
    )


@move("Deployments of a week say that they finished on its Monday.")
def finished_at_backdated_to_start_of_week(world: World) -> None:
    def on_monday(row: Row) -> Row:
        day = row["finished_at"].replace(hour=6, minute=0, second=0)
        return row | {"finished_at": day - timedelta(days=day.weekday())}

    world.change("deployments", on_monday, world.is_own_deployment)


@move("The list of services says that they deliver commits.")
def delivery_unit_commit(world: World) -> None:
    day = world.since.date()
    world.change(
        "services",
        lambda row: (
            row | {"valid_to_on": day},
            row | {"valid_from_on": day, "delivery_unit": "commit"},
        ),
        lambda row: row["team"] == world.team,
    )


@move("Everything ships dark; a flag is flipped four days later and takes the blame.", "medium")
def dark_launch_then_flags(world: World) -> None:
    flags: dict[str, list[tuple[datetime, str]]] = {}
    for service, rows in _shipping(world).items():
        for row in rows:
            at = row["finished_at"] + timedelta(days=4)
            if at < world.end:
                flag = world.deploy(service, at, sha=row["sha"], kind="flag")
                flags.setdefault(service, []).append((at, flag["deployment_id"]))

    def blamed(row: Row) -> Row:
        later = row["opened_at"] + timedelta(days=4)
        earlier = [one for at, one in flags.get(row["service"], ()) if at <= later]
        nothing = {"caused_by_sha": None, "fixed_by_sha": None}
        if not earlier or later > world.end:
            return row
        return (
            row
            | nothing
            | {
                "opened_at": later,
                "acknowledged_at": later + timedelta(minutes=5),
                "resolved_at": later + timedelta(minutes=50),
                "caused_by_deployment_id": earlier[-1],
            }
        )

    world.change("incidents", blamed, world.is_own_incident)


def _without_rollbacks(world: World) -> None:
    """Leave out what went back, which an incident's rollback is."""
    positions = {
        row["sha"]: row["mainline_position"]
        for row in world.tables["commits"]
        if row.get("mainline_position")
    }
    gone = set()
    for rows in _shipping(world).values():
        highest = 0
        for row in rows:
            position = positions.get(row["sha"], highest)
            if position < highest:
                gone.add(row["deployment_id"])
            highest = max(highest, position)
    world.change("deployments", lambda row: None, lambda row: row["deployment_id"] in gone)


@move("Nothing is rolled back; fixes are marked.")
def never_roll_back_fix_marked(world: World) -> None:
    _without_rollbacks(world)


def _without_marks(world: World) -> None:
    """Fixes and reverts lose what says that they are."""
    own = set(world.repositories)
    world.change(
        "commits",
        lambda row: row | {"is_fix": False, "fixes_incident_id": None, "reverts_sha": None},
        lambda row: row["repository"] in own and row["committed_at"] >= world.since,
    )
    world.change(
        "pull_requests",
        lambda row: row | {"head_branch": f"feature/{row['head_branch'].split('/')[-1]}"},
        lambda row: row["repository"] in own and row["opened_at"] >= world.since,
    )
    world.change("incidents", lambda row: row | {"fixed_by_sha": None}, world.is_own_incident)


@move("Nothing is rolled back, and fixes are not marked.")
def never_roll_back_fix_unmarked(world: World) -> None:
    _without_rollbacks(world)
    _without_marks(world)


@move("Fixes and reverts are not marked.")
def fixes_unmarked(world: World) -> None:
    _without_marks(world)
