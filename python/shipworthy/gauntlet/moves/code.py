"""Moves on code: lines that nobody needs, lines that come back, rewrites at another time."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from shipworthy.gauntlet.moves import move
from shipworthy.gauntlet.world import Row, World

_NOON = timedelta(hours=12)


def _pad(world: World, share: float, authorship: str | None = None) -> None:
    """Add dead lines to each change of the team, in files of their own."""
    lines = world.lines
    commits = {(row["repository"], row["sha"]): row for row in world.tables["commits"]}
    dead: dict[tuple[str, str, str, str], float] = {}
    for _, row, _ in lines.births():
        if row["is_moved"] or row["path_class"] in ("generated", "vendored"):
            continue
        folder = row["path"].rsplit("/", 1)[0] + "/" if "/" in row["path"] else ""
        written = authorship or row["authorship"]
        key = (row["repository"], row["added_sha"], f"{folder}padding.py", written)
        dead[key] = dead.get(key, 0) + share * row["lines"]
    grown: dict[tuple[str, str], Row] = {}
    for (repository, sha, path, written), count in dead.items():
        change = grown.setdefault((repository, sha), dict(commits[repository, sha]))
        tool = change.get("ai_tool") or ("claude" if written == "ai" else None)
        if round(count):
            lines.add(change, path, round(count), authorship=written,
                      ai_tool=tool if written == "ai" else None)  # fmt: skip
    world.change(
        "commits",
        lambda row: grown[row["repository"], row["sha"]],
        lambda row: (row["repository"], row["sha"]) in grown,
    )


@move("Each change has 30 % more lines, dead ones.")
def dead_lines_30(world: World) -> None:
    _pad(world, 0.3)


@move("Each change has twice the lines, half of them dead.")
def dead_lines_100(world: World) -> None:
    _pad(world, 1.0)


@move("Each change has four times the lines, most of them dead.")
def dead_lines_300(world: World) -> None:
    _pad(world, 3.0)


@move("Each change has twice the lines, half of them dead and labelled AI.")
def dead_ai_lines_100(world: World) -> None:
    _pad(world, 1.0, "ai")


@move("The formatter breaks lines at 40 columns: every new line is two, and so is every edit.")
def narrow_formatter(world: World) -> None:
    lines = world.lines
    born: dict[Any, Any] = {}
    sizes: dict[Any, Any] = {}
    for key, row, _ in lines.births():
        if row["path_class"] in ("code", "test"):
            born[key] = row
            sizes[row["repository"], row["added_sha"]] = (
                sizes.get((row["repository"], row["added_sha"]), 0) + row["lines"]
            )
    lines.double(set(born))
    world.change(
        "commits",
        lambda row: (
            row | {"lines_added": row["lines_added"] + sizes[row["repository"], row["sha"]]}
        ),
        lambda row: (row["repository"], row["sha"]) in sizes,
    )


def _weekly(world: World, files: int, size: int, folder: str, path_class: str = "code") -> None:
    for week, monday in enumerate(world.weeks()):
        for number in range(files):
            service = world.services[(week + number) % len(world.services)]
            at = monday + timedelta(days=number % 5, hours=10)
            if at < world.end:
                change = world.land(service, at)
                path = world.path(service, f"{folder}/part{week}_{number}.py")
                world.lines.add(change, path, size, path_class=path_class)


@move("500 lines of a library are checked in as own code every week.")
def vendored_as_own_500_a_week(world: World) -> None:
    _weekly(world, 1, 500, "src/support")


@move("Five files of a library of 1,000 lines each are checked in as own code every week.")
def vendored_as_own_5x1000_a_week(world: World) -> None:
    _weekly(world, 5, 1000, "src/support")


@move("A thousand lines of fixtures a week are checked in as YAML, which counts as configuration.")
def data_as_config(world: World) -> None:
    _weekly(world, 1, 1000, "config/fixtures", "config")


@move("Five AI changes of 200 lines of documentation a week and service, never touched again.")
def ai_docs_dump(world: World) -> None:
    for week, monday in enumerate(world.weeks()):
        for day in range(5):
            for service in world.services:
                at = monday + timedelta(days=day, hours=10)
                if at < world.end:
                    change = world.land(service, at, world.users[day % len(world.users)],
                                        authorship="ai", ai_tool="claude",
                                        attribution_method="trailer")  # fmt: skip
                    world.lines.add(change, world.path(service, f"docs/notes{week}_{day}.md"),
                                    200, path_class="docs")  # fmt: skip


def _generate_and_delete(world: World, age: int) -> None:
    """Add 300 AI lines a week and delete them at an age of so many days."""
    lines = world.lines
    for week, monday in enumerate(world.weeks()):
        service = world.services[week % len(world.services)]
        change = world.land(service, monday + _NOON, world.users[week % len(world.users)],
                            authorship="ai", ai_tool="claude",
                            attribution_method="trailer")  # fmt: skip
        key = lines.add(change, world.path(service, f"src/core/generated{week}.py"), 300)
        gone_at = monday + _NOON + timedelta(days=age, hours=1)
        if gone_at < world.end:
            lines.remove(world.land(service, gone_at), key, 300)


@move("300 AI lines are generated every week and deleted nine days later.")
def generate_delete_day_9(world: World) -> None:
    _generate_and_delete(world, 9)


@move("300 AI lines are generated every week and deleted 36 days later.")
def generate_delete_day_36(world: World) -> None:
    _generate_and_delete(world, 36)


@move("300 AI lines are generated every week and deleted 45 days later.")
def generate_delete_day_45(world: World) -> None:
    _generate_and_delete(world, 45)


def _old_code(world: World, monday: datetime, service: str, wanted: int) -> list[tuple]:
    """Return births of old code of a service that still lives, enough for so many lines."""
    prefix = world.path(service, "src/")
    found: list[tuple] = []
    oldest = sorted(world.lines.births(datetime.min), key=lambda one: (one[2], one[0][1:3]))
    for key, row, at in oldest:
        if wanted <= 0 or at > monday - timedelta(days=95):
            break
        alive = world.lines.alive(key, monday + _NOON)
        of_service = row["repository"] == world.repository_of[service] and row["path"].startswith(
            prefix
        )
        if alive and of_service and row["path_class"] in ("code", "test"):
            found.append(key)
            wanted -= alive
    return found


def _retire(world: World, size: int) -> None:
    """Retire old code and add the same text again in the next week."""
    lines = world.lines
    for week, monday in enumerate(world.weeks()):
        service = world.services[week % len(world.services)]
        at = monday + _NOON
        gone = world.land(service, at)
        left = size
        for key in _old_code(world, monday, service, size):
            left -= lines.remove(gone, key, left)
        if size - left and at + timedelta(days=7) < world.end:
            back = world.land(service, at + timedelta(days=7))
            lines.add(back, world.path(service, f"src/core/restored{week}.py"), size - left,
                      is_refilled=True)  # fmt: skip


@move("250 old lines a week are retired, and added again in the next week.")
def retire_and_readd(world: World) -> None:
    _retire(world, 250)


@move("60 old lines a week are retired, and added again in the next week.")
def retire_and_readd_small(world: World) -> None:
    _retire(world, 60)


@move("250 old lines a week are copied to a new file in one change, the original is deleted in "
      "the next.")  # fmt: skip
def copy_then_delete(world: World) -> None:
    lines = world.lines
    for week, monday in enumerate(world.weeks()):
        service = world.services[week % len(world.services)]
        old = _old_code(world, monday, service, 250)
        copied = min(250, sum(lines.alive(key, monday + _NOON) for key in old))
        if not copied:
            continue
        copy = world.land(service, monday + _NOON)
        lines.add(copy, world.path(service, f"src/core/copied{week}.py"), copied)
        gone, left = world.land(service, monday + _NOON + timedelta(days=1)), copied
        for key in old:
            left -= lines.remove(gone, key, left)


@move("Old code is copied into a new repository a week, deployed there once, and retired at home "
      "the week after.")  # fmt: skip
def import_old_code_into_new_repository(world: World) -> None:
    lines = world.lines
    for week, monday in enumerate(world.weeks()):
        home = world.services[week % len(world.services)]
        at = monday + _NOON
        old = _old_code(world, monday, home, 500)
        copied = min(500, sum(lines.alive(key, at) for key in old))
        if not copied or at + timedelta(days=8) > world.end:
            continue
        name = f"{world.team}-lib{week}"
        repository = f"{world.repository_of[home]}-lib{week}"
        like = next(row for row in world.tables["services"] if row["service"] == home)
        world.add("services", [like | {"service": name, "repository": repository,
                                       "path_prefix": None}])  # fmt: skip
        world.add("repositories", [{"repository": repository, "default_branch": "main",
                                    "scanned_at": world.end, "is_shallow": False}])  # fmt: skip
        world.repository_of[name], world.prefixes[name] = repository, None
        lines.add(world.land(name, at), "src/lib.py", copied)
        world.deploy(name, at + timedelta(hours=2))
        gone, left = world.land(home, at + timedelta(days=7)), copied
        for key in old:
            left -= lines.remove(gone, key, left)


@move("250 old lines a week are moved to another file.")
def move_code_around(world: World) -> None:
    lines = world.lines
    for week, monday in enumerate(world.weeks()):
        service = world.services[week % len(world.services)]
        change, left = world.land(service, monday + _NOON), 250
        for key in _old_code(world, monday, service, 250):
            taken = lines.remove(change, key, left, is_moved=True)
            left -= taken
            if taken:
                lines.add(change, world.path(service, f"src/core/moved{week}.py"), taken,
                          is_moved=True)  # fmt: skip


def _reformat(world: World, every: int) -> None:
    """Rewrite a thousand old lines in a style of one's own."""
    lines = world.lines
    for week, monday in enumerate(world.weeks()):
        if week % every:
            continue
        service = world.services[(week // every) % len(world.services)]
        old = _old_code(world, monday, service, 1000)
        change, done = world.land(service, monday + _NOON), 0
        for key in old:
            done += lines.remove(change, key, 1000 - done)
        if done:
            lines.add(change, world.path(service, f"src/core/formatted{week}.py"), done)


@move("A service's old code is reformatted every month, a thousand lines.")
def mass_reformat_monthly(world: World) -> None:
    _reformat(world, 4)


@move("A service's old code is reformatted every week, a thousand lines.")
def mass_reformat_weekly(world: World) -> None:
    _reformat(world, 1)


def _smear(world: World, days: int) -> None:
    """Land every change of the team in as many parts, a day apart, and deploy every weekday."""
    lines = world.lines
    commits = {(row["repository"], row["sha"]): row for row in world.tables["commits"]}
    latest = world.end - timedelta(days=days)
    parts: dict[tuple[str, str, int], Row] = {}
    for key, row, at in lines.births():
        if row["is_moved"] or row["lines"] < days or at > latest:
            continue
        whole = commits[row["repository"], row["added_sha"]]
        service = world.service_of(row["repository"], row["path"])
        if service is None:
            continue
        for part in range(1, days):
            one = (row["repository"], row["added_sha"], part)
            if one not in parts:
                author = commits[row["repository"], row["author_sha"]]
                parts[one] = world.land(
                    service, at + timedelta(days=part), author["author_key"],
                    author_kind=author["author_kind"], authorship=author["authorship"],
                    ai_tool=author.get("ai_tool"), is_fix=whole["is_fix"],
                    attribution_method=author.get("attribution_method"),
                )  # fmt: skip
            lines.part(key, parts[one], days - part + 1)
    for day in world.days():
        for service in world.services:
            world.deploy(service, day + timedelta(hours=15))


@move("Every change lands in five parts, a day apart, and each is deployed the same day.",
      "medium")  # fmt: skip
def smear_over_5_days(world: World) -> None:
    _smear(world, 5)


def _delay(world: World, only_ai: bool) -> None:
    lines = world.lines
    later: dict[tuple[str, datetime], Row] = {}

    def at_noon(service: str) -> Callable[[datetime], Row]:
        def change_at(due: datetime) -> Row:
            due = due.replace(hour=23, minute=30, second=0)
            if (service, due) not in later:
                later[service, due] = world.land(service, due)
            return later[service, due]

        return change_at

    for key, row, _ in lines.births():
        service = world.service_of(row["repository"], row["path"])
        if service and (row["authorship"] == "ai" or not only_ai):
            lines.delay(key, 31, at_noon(service))


@move("Code is rewritten from day 31 on only.", "medium")
def delay_rewrites_to_day_31(world: World) -> None:
    _delay(world, only_ai=False)


@move("AI code is rewritten from day 31 on only.", "medium")
def delay_ai_rewrites_to_day_31(world: World) -> None:
    _delay(world, only_ai=True)


@move("Changes that rewrite AI code are listed in .git-blame-ignore-revs: old lines keep their "
      "origin.", "medium")  # fmt: skip
def ignore_revs(world: World) -> None:
    for key, row, _ in world.lines.births():
        if row["authorship"] == "ai":
            world.lines.forgive(key, timedelta(days=30))


@move("AI code that will not stay is moved to an attic file before it is deleted.", "medium")
def ai_churn_to_attic(world: World) -> None:
    lines = world.lines
    attics: dict[tuple[str, str], tuple] = {}
    for key, row, _ in lines.births():
        if row["authorship"] != "ai" or row["is_moved"]:
            continue
        service = world.service_of(row["repository"], row["path"])
        for removed_at, death in lines.removals(key, timedelta(days=30)):
            if service is None or death["is_moved"]:
                continue
            change = world.land(service, removed_at - timedelta(minutes=40))
            attic = world.path(service, "src/core/attic.py")
            lines.add(change, attic, death["lines"], is_moved=True, authorship="ai")
            lines.into_attic(key, death, change)
            attics[service, change["sha"]] = key


@move("Rewritten commits carry the time of the rewrite as author time.")
def reset_author_dates(world: World) -> None:
    own = set(world.repositories)
    world.change(
        "commits",
        lambda row: row | {"authored_at": row["committed_at"]},
        lambda row: row["repository"] in own and row["committed_at"] >= world.since,
    )
    world.change(
        "pull_requests",
        lambda row: (
            row
            | {name: row["merged_at"] - timedelta(minutes=2) for name in ("opened_at", "ready_at")}
            | {"first_commit_at": row["merged_at"] - timedelta(minutes=3)}
        ),
        lambda row: (
            row["repository"] in own
            and row.get("merged_at") is not None
            and row["opened_at"] >= world.since
        ),
    )


@move("People without AI tools add 150 lines a service twice a week and delete them nine days "
      "later.")  # fmt: skip
def inflate_human_turnover(world: World) -> None:
    lines = world.lines
    for week, monday in enumerate(world.weeks()):
        for turn in (0, 3):
            for number, service in enumerate(world.services):
                at = monday + timedelta(days=turn, hours=11)
                author = world.others[number % len(world.others)]
                key = lines.add(
                    world.land(service, at, author),
                    world.path(service, f"src/core/scratch{week}_{turn}.py"), 150,
                )  # fmt: skip
                if at + timedelta(days=9) < world.end:
                    lines.remove(world.land(service, at + timedelta(days=9), author), key, 150)
