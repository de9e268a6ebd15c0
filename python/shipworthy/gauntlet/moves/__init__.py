"""Moves against the metrics: each a function that changes the data of the team that plays it.

A new one is a function in a file of this folder, which the registry finds by itself:

    @move("The live sha again, every day of the week, each service.")
    def empty_redeployments(world):
        for day in world.days(of_a_week=7):
            for service in world.services:
                at = day + timedelta(hours=17)
                world.deploy(service, at, sha=world.live(service, at)["sha"])

Rows are replaced and never changed in place (`World.change`, `World.add`); code lands by
`World.land` and `World.lines`. Nothing outside of the team's rows changes, unless the move says
`touches="organisation"`: it then plays in an organisation of its own.
"""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from shipworthy.gauntlet.world import World

Play = Callable[[World], None]


@dataclass(frozen=True)
class Move:
    """A way to look better.

    Parameters
    ----------
    name : str
        Of the function.
    summary : str
        What the team does, in a sentence.
    play : callable
        Changes the world.
    effort : str
        `low` (a setting, a script, a word with colleagues), `medium` (days of work, or work every
        week) or `high` (weeks).
    family : str
        The file that it stands in.
    touches : str
        `team`, or `organisation` where it needs other teams.
    from_start : bool
        Whether it is played from the first week on.
    """

    name: str
    summary: str
    play: Play
    effort: str
    family: str
    touches: str
    from_start: bool


_MOVES: dict[str, Move] = {}


def move(
    summary: str, effort: str = "low", touches: str = "team", from_start: bool = False
) -> Callable[[Play], Play]:
    """Register a function as a move.

    Parameters
    ----------
    summary : str
        What the team does.
    effort : str
        `low`, `medium` or `high`.
    touches : str
        `team` or `organisation`.
    from_start : bool
        Whether it is played from the first week on.
    """
    if effort not in ("low", "medium", "high") or touches not in ("team", "organisation"):
        raise ValueError(f"effort {effort!r}, touches {touches!r}: no such word")

    def register(play: Play) -> Play:
        name, family = play.__name__, play.__module__.rsplit(".", 1)[-1]
        if name in _MOVES:
            raise ValueError(f"{name}: there are two moves of this name")
        _MOVES[name] = Move(name, summary, play, effort, family, touches, from_start)
        return play

    return register


@cache
def all_moves() -> dict[str, Move]:
    """Return every move of this folder by name, by family and in the order of the files."""
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        importlib.import_module(f"{__name__}.{module.name}")
    return dict(_MOVES)
