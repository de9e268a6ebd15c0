"""Moves on the list of people: more of them, fewer, in more teams."""

from shipworthy.gauntlet.moves import move
from shipworthy.gauntlet.world import Row, World
from shipworthy.simulate.dice import hashed


def _idle(world: World) -> None:
    since = None if world.since == world.parameters.start else world.since.date()
    world.add(
        "people",
        [
            {
                "person_key": hashed(32, world.team, "idle", number),
                "team": world.team,
                "role": "engineer",
                "valid_from_on": since,
                "valid_to_on": None,
                "kind": "human",
            }
            for number in range(round(len(world.members) / 2))
        ],
    )


@move("The list of people has half as many again, who land nothing.")
def idle_builders_50(world: World) -> None:
    _idle(world)


@move("The list of people has half as many again who land nothing, from the first week on.",
      from_start=True)  # fmt: skip
def idle_builders_from_day_one(world: World) -> None:
    _idle(world)


@move("Everybody of the organisation is on the team's list too.", touches="organisation")
def everybody_is_a_member(world: World) -> None:
    others = {
        row["person_key"]
        for row in world.tables["people"]
        if row["team"] != world.team and row["kind"] == "human"
    } - set(world.members)
    world.add(
        "people",
        [
            {
                "person_key": key,
                "team": world.team,
                "role": "engineer",
                "valid_from_on": world.since.date(),
                "valid_to_on": None,
                "kind": "human",
            }
            for key in sorted(others)
        ],
    )


def _shrink(world: World, size: int) -> None:
    """Leave so many on the list, users of AI first; the others work on."""
    kept = set((world.users + world.others)[:size])
    day = world.since.date()

    def gone(row: Row) -> Row | None:
        return row | {"valid_to_on": day}

    world.change(
        "people",
        gone,
        lambda row: (
            row["team"] == world.team
            and row["kind"] == "human"
            and row["person_key"] not in kept
            and (row["valid_from_on"] is None or row["valid_from_on"] < day)
        ),
    )


@move("The list has five people; the others work on.")
def shrink_to_five(world: World) -> None:
    _shrink(world, 5)


@move("The list has four people; the others work on.")
def shrink_to_four_hides_signals(world: World) -> None:
    _shrink(world, 4)


def _guild(world: World) -> None:
    day = world.since.date()
    world.add(
        "people",
        [
            {
                "person_key": key,
                # Sorts before the team.
                "team": f"a-chapter-of-{world.team}",
                "role": "member",
                "valid_from_on": day,
                "valid_to_on": None,
                "kind": "human",
            }
            for key in world.members
        ],
    )


@move("All members also belong to a chapter whose name sorts first.")
def guild_hides_signals(world: World) -> None:
    _guild(world)


@move("All members also belong to a chapter whose name sorts first, and their agents loop.")
def guild_and_token_loops(world: World) -> None:
    from shipworthy.gauntlet.moves.tokens import _loop

    _guild(world)
    _loop(world, world.users)
