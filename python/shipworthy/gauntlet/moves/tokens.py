"""Moves on AI usage: busy agents, hidden spend, users who are none."""

from datetime import datetime, timedelta

from shipworthy.gauntlet.moves import move
from shipworthy.gauntlet.world import Row, World

# Tokens of one request, as an ordinary session has them.
_TOKENS = {
    "uncached_input_tokens": 1_200,
    "cache_read_tokens": 52_000,
    "cache_write_tokens": 4_600,
    "output_tokens": 850,
}
_USD = 0.0492


def _bucket(world: World, person: str, at: datetime, requests: int, **more: object) -> Row:
    """Return a bucket of usage like those that the person has."""
    like = next(row for row in world.tables["ai_usage"] if row["person_key"] in world.users)
    return {
        "usage_id": f"G{person[:8]}{at:%m%d%H}{more.get('bucket_hours', 1)}",
        "source": like["source"],
        "person_key": person,
        "tool": like["tool"],
        "model": like.get("model"),
        "bucket_started_at": at,
        "bucket_hours": 1,
        "sessions": 1,
        "requests": requests,
        "billed_usd": round(requests * _USD, 4),
        "is_automated": False,
        **{name: requests * tokens for name, tokens in _TOKENS.items()},
        **more,
    }


def _loop(world: World, people: list[str], **more: object) -> None:
    """Leave agents in loops, day and night, hardly varying."""
    dice = world.dice("loop")
    world.add(
        "ai_usage",
        [
            _bucket(world, person, day + timedelta(hours=hour), dice.integer(240, 270), **more)
            for day in world.days(of_a_week=7)
            for person in people
            for hour in range(24)
            if day + timedelta(hours=hour) < world.end
        ],
    )


@move("One person's agents loop round the clock, every day.")
def token_loop_one(world: World) -> None:
    _loop(world, world.users[:1])


@move("Everybody's agents loop round the clock, every day.")
def token_loop_team(world: World) -> None:
    _loop(world, world.users)


@move("One person's agents loop round the clock, marked as automation.")
def token_loop_marked_automated(world: World) -> None:
    _loop(world, world.users[:1], is_automated=True)


@move("Everybody's agents burn 30 to 300 requests an hour in office hours, ten hours a day.")
def token_loop_jittered(world: World) -> None:
    dice = world.dice("jitter")
    world.add(
        "ai_usage",
        [
            _bucket(world, person, day + timedelta(hours=hour), dice.integer(30, 300))
            for day in world.days()
            for person in world.users
            for hour in range(8, 18)
        ],
    )


@move("One person's agents loop round the clock, and the vendor's export is by the day.")
def token_loop_daily_buckets(world: World) -> None:
    dice = world.dice("daily")
    world.add(
        "ai_usage",
        [
            _bucket(world, world.users[0], day, 24 * dice.integer(240, 270), bucket_hours=24)
            for day in world.days(of_a_week=7)
        ],
    )


@move("All agents run through a shared pipeline key that is nobody's.")
def spend_through_pipeline_key(world: World) -> None:
    people = set(world.users)
    world.change(
        "ai_usage",
        lambda row: row | {"person_key": None, "is_automated": True},
        lambda row: row["person_key"] in people and row["bucket_started_at"] >= world.since,
    )


@move("Half of each user's spend goes through the account of a member without AI code.")
def spend_through_idle_account(world: World) -> None:
    people, idle = set(world.users), world.others[0]
    world.change(
        "ai_usage",
        lambda row: row | {"person_key": idle},
        lambda row: (
            row["person_key"] in people
            and row["bucket_started_at"] >= world.since
            and int(row["usage_id"][1:6]) % 100 < 49
        ),
    )


@move("Everybody without an AI tool asks it one question a week.")
def adoption_pings(world: World) -> None:
    world.add(
        "ai_usage",
        [
            _bucket(world, person, monday + timedelta(days=number % 5, hours=10), 1)
            for monday in world.weeks()
            for number, person in enumerate(world.others)
        ],
    )
