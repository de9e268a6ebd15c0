"""Moves on labels: who is said to have written what."""

from collections.abc import Callable
from datetime import datetime, timedelta

from shipworthy.gauntlet.moves import move
from shipworthy.gauntlet.world import Row, World

_UNTAGGED = {"authorship": "untagged", "ai_tool": None, "attribution_method": None}
_HUMAN = {"authorship": "human", "ai_tool": None, "attribution_method": "line_ranges"}
_AI = {"authorship": "ai", "ai_tool": "claude", "attribution_method": "trailer"}
_BOT = {"authorship": "automation", "ai_tool": None, "attribution_method": "author"}

Chosen = Callable[[Row, datetime], bool]


def _relabel(world: World, label: dict, chosen: Chosen, of_commits: bool = True) -> None:
    """Give the lines of chosen births, and the commits that wrote them, another label."""
    shas: set[tuple[str, str]] = set()

    def become(row: Row, at: datetime) -> Row:
        if not chosen(row, at):
            return row
        shas.add((row["repository"], row["author_sha"]))
        return row | label

    world.lines.replace(become)
    if of_commits:
        ai_lines = {"ai_lines_added": 0} if label["authorship"] != "ai" else {}
        world.change(
            "commits",
            lambda row: row | label | ai_lines,
            lambda row: (row["repository"], row["sha"]) in shas,
        )


def _churny(world: World) -> Chosen:
    """Tell code most of which will be gone within 30 days."""
    lines = world.lines
    gone = {
        key
        for key, row, _ in lines.births()
        if 2 * sum(death["lines"] for _, death in lines.removals(key, timedelta(days=30)))
        > row["lines"]
    }
    return lambda row, at: lines.key(row) in gone


@move("Labels are stripped from AI code that will not stay.", "medium")
def strip_labels_on_churny_code(world: World) -> None:
    churny = _churny(world)
    _relabel(world, _UNTAGGED, lambda row, at: row["authorship"] == "ai" and churny(row, at))


@move("All labels are stripped.")
def strip_all_labels(world: World) -> None:
    _relabel(world, _UNTAGGED, lambda row, at: row["authorship"] in ("ai", "human"))


@move("Labels are stripped from 45 % of the AI changes.")
def strip_45_percent_of_labels(world: World) -> None:
    _relabel(
        world,
        _UNTAGGED,
        lambda row, at: row["authorship"] == "ai" and int(row["added_sha"][-4:], 16) % 100 < 45,
    )


@move("Everything is labelled AI.")
def label_everything_ai(world: World) -> None:
    _relabel(world, _AI, lambda row, at: row["authorship"] in ("human", "untagged"))


@move("Human code that stays is labelled AI.", "medium")
def label_stable_human_code_ai(world: World) -> None:
    churny = _churny(world)
    _relabel(
        world,
        _AI,
        lambda row, at: row["authorship"] in ("human", "untagged") and not churny(row, at),
    )


@move("Line attestations say 'human' for AI code that will not stay.")
def label_churny_ai_code_human(world: World) -> None:
    churny = _churny(world)
    _relabel(world, _HUMAN, lambda row, at: row["authorship"] == "ai" and churny(row, at))


def _through_bot(world: World, chosen: Chosen) -> None:
    _relabel(world, _BOT, chosen)
    own = set(world.repositories)
    world.change(
        "commits",
        lambda row: row | {"author_kind": "automation"},
        lambda row: (
            row["repository"] in own
            and row["authorship"] == "automation"
            and row["committed_at"] >= world.since
        ),
    )


@move("AI code that will not stay lands through a bot's account.")
def churny_ai_through_bot_account(world: World) -> None:
    churny = _churny(world)
    _through_bot(world, lambda row, at: row["authorship"] == "ai" and churny(row, at))


@move("All AI code lands through a bot's account.")
def all_ai_through_bot_account(world: World) -> None:
    _through_bot(world, lambda row, at: row["authorship"] == "ai")


@move("Directories whose AI code is still in flux are marked as generated.")
def ai_code_marked_generated(world: World) -> None:
    churny = _churny(world)

    def become(row: Row, at: datetime) -> Row:
        is_chosen = row["authorship"] == "ai" and churny(row, at)
        return row | {"path_class": "generated"} if is_chosen else row

    world.lines.replace(become)
