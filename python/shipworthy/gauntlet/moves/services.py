"""Moves on the list of services: cut, multiplied, claimed, renamed, handed over."""

from datetime import date, timedelta

from shipworthy.contract import names_of_text, text_of_names
from shipworthy.gauntlet.moves import move
from shipworthy.gauntlet.world import Row, World
from shipworthy.simulate.code import MODULES


def _listed(world: World, row: Row, service: str, prefix: str | None, **more: object) -> Row:
    return row | {"service": service, "path_prefix": prefix, **more}


def _own_rows(world: World) -> list[Row]:
    return [row for row in world.tables["services"] if row["team"] == world.team]


def _split(world: World, blames_all: bool) -> None:
    """Make services of three of the four directories of each, deployed whenever the whole was."""
    pieces = {}
    added = []
    for row in _own_rows(world):
        parts = [f"{row['service']}-{module}" for module in MODULES[1:]]
        pieces[row["service"]] = [row["service"], *parts]
        added += [
            _listed(world, row, part, world.path(row["service"], f"src/{module}"))
            for part, module in zip(parts, MODULES[1:], strict=True)
        ]
    world.add("services", added)
    world.change(
        "deployments",
        lambda row: [
            row | {"service": piece, "deployment_id": f"{row['deployment_id']}{'-p' * at}"}
            for at, piece in enumerate(pieces[row["service"]])
        ],
        lambda row: row["service"] in pieces and row["created_at"] >= world.since,
    )
    if blames_all:
        world.change(
            "incidents",
            lambda row: (
                row
                | {
                    "service": text_of_names(
                        piece
                        for name in names_of_text(row["service"])
                        for piece in pieces.get(name, [name])
                    )
                }
            ),
            world.is_own_incident,
        )


@move("Each service is cut into four by path, deployed as before; incidents name all of them.",
      "medium")  # fmt: skip
def split_services_x4_paths(world: World) -> None:
    _split(world, blames_all=True)


@move("Each service is cut into four by path; incidents name one.", "medium")
def split_services_x4_paths_incident_on_one(world: World) -> None:
    _split(world, blames_all=False)


@move("Each service is cut into four by path, from the first week on.", "medium", from_start=True)
def split_services_x4_from_day_one(world: World) -> None:
    _split(world, blames_all=True)


@move("New code of three of the four directories lands in repositories of their own.", "high")
def split_services_x4_repositories(world: World) -> None:
    lines = world.lines
    parts: dict[tuple[str, str], str] = {}
    for row in _own_rows(world):
        for module in MODULES[1:]:
            name = f"{row['service']}-{module}"
            parts[row["service"], module] = name
            repository = f"{row['repository']}-{row['service']}-{module}"
            world.add("services", [_listed(world, row, name, None, repository=repository)])
            world.repository_of[name], world.prefixes[name] = repository, None
            world.add("repositories", [{"repository": repository, "default_branch": "main",
                                        "scanned_at": world.end, "is_shallow": False}])  # fmt: skip
    commits = {(row["repository"], row["sha"]): row for row in world.tables["commits"]}
    for key, birth, at in lines.births():
        place = _place(world, parts, birth["path"])
        if place and birth["path_class"] in ("code", "test") and not birth["is_moved"]:
            author = commits[birth["repository"], birth["author_sha"]]
            change = world.land(
                place, at, author["author_key"], author_kind=author["author_kind"],
                authorship=author["authorship"], ai_tool=author.get("ai_tool"),
            )  # fmt: skip
            lines.carry(key, change)
    made: list[Row] = []
    for row in filter(world.is_own_deployment, world.tables["deployments"]):
        for (service, _), name in parts.items():
            if row["service"] == service and row["kind"] == "deploy":
                made.append(row | {"service": name})
    for row in made:
        repository = world.repository_of[row["service"]]
        if world.has_landed(repository, row["finished_at"] - timedelta(minutes=31)):
            world.deploy(row["service"], row["finished_at"])


def _place(world: World, parts: dict[tuple[str, str], str], path: str) -> str | None:
    """Return the new service that a path belongs to."""
    for (service, module), name in parts.items():
        if path.startswith(world.path(service, f"src/{module}/")):
            return name
    return None


@move("Twenty services of one line each are deployed on every weekday.")
def twenty_dummy_services(world: World) -> None:
    home = world.services[0]
    like = next(row for row in _own_rows(world) if row["service"] == home)
    names = [f"{world.team}-helper-{number}" for number in range(20)]
    for name in names:
        world.add("services", [_listed(world, like, name, world.path(home, f"helpers/{name}"))])
        world.repository_of[name] = world.repository_of[home]
        world.prefixes[name] = world.path(home, f"helpers/{name}")
    for day in world.days():
        for name in names[day.weekday() * 4 : day.weekday() * 4 + 4]:
            change = world.land(name, day + timedelta(hours=13))
            world.lines.add(change, world.path(name, "version.py"), 1)
    for day in world.days():
        head = world.head(world.repository_of[home], day + timedelta(hours=15))
        for number, name in enumerate(names):
            world.deploy(name, day + timedelta(hours=15, minutes=number), sha=head)


@move("A service of one's own stands on the source directories of two other teams' services.",
      touches="organisation")  # fmt: skip
def claim_others_paths(world: World) -> None:
    others = [row for row in world.tables["services"] if row["team"] != world.team][:6:3]
    for row in others:
        prefix = f"{row['path_prefix']}/src" if row["path_prefix"] else "src"
        name = f"{row['service']}-platform"
        world.add(
            "services",
            [_listed(world, row, name, prefix, team=world.team, valid_from_on=world.since.date())],
        )
        world.add(
            "deployments",
            [
                one | {"service": name, "deployment_id": f"{one['deployment_id']}-c"}
                for one in world.tables["deployments"]
                if one["service"] == row["service"]
            ],
        )


@move("The team gets a new name: a reorganisation, and a new baseline.")
def rename_team(world: World) -> None:
    # Measured under the old name, which is kept for what came after.
    old, day = f"{world.team}-before", world.since.date()
    for table in ("people", "services"):
        world.change(
            table,
            lambda row: (
                row | {"team": old, "valid_to_on": row["valid_to_on"] or day},
                row | {"valid_from_on": day},
            ),
            lambda row: (
                row["team"] == world.team
                and (row["valid_to_on"] is None or row["valid_to_on"] > day)
                and (row["valid_from_on"] is None or row["valid_from_on"] < day)
            ),
        )


def _worst(world: World) -> str:
    """Return the team's service with most incidents."""
    counts = dict.fromkeys(world.services, 0)
    for row in filter(world.is_own_incident, world.tables["incidents"]):
        for name in names_of_text(row["service"]):
            if name in counts:
                counts[name] += 1
    return max(counts, key=lambda name: (counts[name], name))


def _hand_over(world: World, since: date | None) -> None:
    """Give the team's service with most incidents to another team's name."""
    worst, other = _worst(world), f"{world.team}-platform"

    def handed(row: Row) -> list[Row]:
        away = row | {"team": other, "valid_from_on": since}
        return [row | {"valid_to_on": since}, away] if since else [away]

    world.change("services", handed, lambda row: row["service"] == worst)


@move("The service with most incidents gets another owner, without a date, before the report.")
def move_bad_service_at_the_end(world: World) -> None:
    _hand_over(world, None)


@move("The service with most incidents gets another owner, from the report's day on.")
def move_bad_service_dated(world: World) -> None:
    _hand_over(world, world.end.date())


@move("The service with most incidents belongs to another team for three weeks of every four.")
def lend_bad_service(world: World) -> None:
    worst, other = _worst(world), f"{world.team}-platform"
    mondays = [monday.date() for monday in world.weeks()]
    borders = [(day, at % 4 == 1) for at, day in enumerate(mondays) if at % 4 in (0, 1)]
    ends = [day for day, _ in borders[1:]] + [None]

    def handed(row: Row) -> list[Row]:
        turns = [
            row
            | {"team": other if away else row["team"], "valid_from_on": day, "valid_to_on": until}
            for (day, away), until in zip(borders, ends, strict=True)
        ]
        return [row | {"valid_to_on": mondays[0]}, *turns]

    world.change("services", handed, lambda row: row["service"] == worst)


@move("A service is listed with paths and deployed for thirteen weeks before it has code.",
      from_start=True)  # fmt: skip
def empty_baseline(world: World) -> None:
    """Everything of the team ships from the fourteenth week on; before, it deploys nothing new."""
    start = world.parameters.week(14)
    first: dict[str, str] = {}

    def idle(row: Row) -> Row:
        sha = first.setdefault(row["service"], row["sha"])
        return row | {"sha": sha, "is_rollback": None}

    def early(row: Row) -> bool:
        return (
            row["service"] in world.services
            and row["created_at"] < start
            and row["sha"] is not None
        )

    world.tables["deployments"] = sorted(
        world.tables["deployments"], key=lambda row: row["created_at"]
    )
    world.change("deployments", idle, early)
