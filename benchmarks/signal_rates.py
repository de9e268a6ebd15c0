"""How often gaming signals fire on honest teams, in the demo, and on teams that hide something.

    python benchmarks/signal_rates.py [SEEDS]

Simulates the organisation without its stories (nobody cheats, nobody is careless) for a few seeds,
builds `gaming_signals` in throw-away warehouses and prints, for each signal, the share of judged
team-weeks in which it fires: mature, with a value. Then the weeks in which it fires by team of the
demo organisation.

The simulator's honest teams have daily usage and an incident in 20 releases. A second world is the
same with usage by the hour, as honest people make it (long days, evenings, agents that run through
the night, no loops), and with four times the harm, so that there are incidents to miss. A third is
the second, in which harbor files no incidents and beacon strips its AI tags from week 20 on.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import duckdb

from shipworthy.simulate import HONEST, Parameters
from shipworthy.simulate.dice import Dice
from simulated_build import Tables, build

SEEDS = 8
HARM = 4
CHEATS_FROM_WEEK = 20
HIDES_INCIDENTS, STRIPS_TAGS = "harbor", "beacon"
IN_THE_SECOND_WORLD = ("around_the_clock", "incident_drop", "metronome")
COUNTED = ("sessions", "requests", "uncached_input_tokens", "cache_read_tokens")
COUNTED += ("cache_write_tokens", "output_tokens", "suggested_lines", "accepted_lines")
JUDGED = """
select signal, team, is_firing from shipworthy.gaming_signals
where is_mature and is_firing is not null
"""


def by_the_hour(tables: Tables, parameters: Parameters) -> Tables:
    """Spread each person's day over the hours of an honest day; nothing is added or lost."""
    rows = []
    for row in tables["ai_usage"]:
        if row["bucket_hours"] != 24 or row["is_automated"]:
            rows.append(row)
            continue
        dice = Dice(parameters.seed, "hours", row["person_key"], row["bucket_started_at"])
        weights = {hour: _weight(dice) for hour in _hours(dice)}
        left = {name: row[name] for name in COUNTED if row.get(name) is not None}
        whole, usd = sum(weights.values()), row.get("billed_usd")
        for number, (hour, weight) in enumerate(sorted(weights.items()), start=1):
            share = weight / whole
            # what rounding leaves goes to the last hour
            part = {
                name: count if number == len(weights) else min(int(row[name] * share), count)
                for name, count in left.items()
            }
            left = {name: count - part[name] for name, count in left.items()}
            rows.append(
                row
                | part
                | {
                    "usage_id": f"{row['usage_id']}-{hour:02}",
                    "bucket_started_at": row["bucket_started_at"] + timedelta(hours=hour),
                    "bucket_hours": 1,
                    "billed_usd": None if usd is None else round(usd * share, 8),
                    "credits": None,
                }
            )
    return tables | {"ai_usage": rows}


def _hours(dice: Dice) -> list[int]:
    """Hours (UTC) in which somebody, or an agent of theirs, is active on a day."""
    begins = dice.integer(6, 10)
    kind = dice.weighted({"day": 80, "evening": 13, "long": 4, "overnight": 2.5, "around": 0.5})
    length = {"day": 9, "evening": 9, "long": 15, "overnight": 9, "around": 24}[kind]
    # Most hours of a working day have a request in them; a run of an agent has no gaps.
    gaps = 0.0 if kind == "around" else 0.25
    hours = {begins + hour for hour in range(length) if not dice.chance(gaps)}
    if kind == "evening":
        hours |= {dice.integer(19, 22) for _ in range(3)}
    if kind == "overnight":
        hours |= set(range(begins + 9, 24))
    return sorted({hour % 24 for hour in hours} or {begins})


def _weight(dice: Dice) -> float:
    """Tokens of an hour vary as those of a day do: some hours have five times those of others."""
    return 0.2 + dice.between(0.0, 1.0) + dice.early(2.0)


def cheat(tables: Tables, parameters: Parameters) -> Tables:
    """Let one team file no incidents from a week on, and another strip its AI tags."""
    tables = by_the_hour(tables, parameters)
    since = parameters.week(CHEATS_FROM_WEEK)
    quiet = {row["service"] for row in tables["services"] if row["team"] == HIDES_INCIDENTS}
    members = {row["person_key"] for row in tables["people"] if row["team"] == STRIPS_TAGS}
    services = {row["repository"] for row in tables["services"] if row["team"] == STRIPS_TAGS}
    stripped = {
        (row["repository"], row["sha"])
        for row in tables["commits"]
        if (row.get("landed_at") or row["committed_at"]) >= since
        and (row["author_key"] in members or row["repository"] in services)
    }
    untagged = {"authorship": "untagged", "ai_tool": None, "attribution_method": None}

    def without_tags(rows: list[dict], sha: str) -> list[dict]:
        merged: dict[tuple, dict] = {}
        for row in rows:
            found = row | untagged if (row["repository"], row[sha]) in stripped else row
            key = tuple(value for name, value in found.items() if name != "lines")
            known = merged.setdefault(key, found | {"lines": 0})
            known["lines"] += row["lines"]
        return list(merged.values())

    return tables | {
        "incidents": [
            row
            for row in tables["incidents"]
            if row["opened_at"] < since or row.get("service") not in quiet
        ],
        "commits": [
            row | untagged | {"ai_lines_added": 0, "author_kind": "human"}
            if (row["repository"], row["sha"]) in stripped
            else row
            for row in tables["commits"]
        ],
        "line_births": without_tags(tables["line_births"], "added_sha"),
        "line_deaths": without_tags(tables["line_deaths"], "added_sha"),
    }


def judge(
    parameters: Parameters, change: Callable[[Tables, Parameters], Tables] | None = None
) -> list[tuple[str, str, bool]]:
    """Build the signals of an organisation; return signal, team and verdict of each judged row."""
    with tempfile.TemporaryDirectory() as directory:
        warehouse = build(
            parameters, Path(directory), "--select", "+shipworthy__gaming_signals", change=change
        )
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            return connection.execute(JUDGED).fetchall()


def main() -> None:
    """Print the tables."""
    seeds = range(1, 1 + (int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS))
    harmed = tuple(replace(team, harm=HARM * team.harm) for team in HONEST)
    worlds = {
        "first": [judge(Parameters(seed=seed, teams=HONEST)) for seed in seeds],
        "second": [judge(Parameters(seed=seed, teams=harmed), by_the_hour) for seed in seeds],
        "third": [judge(Parameters(seed=seed, teams=harmed), cheat) for seed in seeds],
    }
    told = Counter()
    for signal, team, is_firing in judge(Parameters()):
        told[signal, team] += is_firing
    print("| signal | honest team-weeks judged | fired | share | weeks fired in the demo |")
    print("| --- | ---: | ---: | ---: | --- |")
    for signal in sorted({one for rows in worlds["second"] for one, *_ in rows}):
        world = "second" if signal in IN_THE_SECOND_WORLD else "first"
        verdicts = [fires for rows in worlds[world] for one, _, fires in rows if one == signal]
        teams = [(team, told[one, team]) for one, team in told if one == signal]
        weeks = ", ".join(f"{team} {count}" for team, count in sorted(teams) if count)
        print(
            f"| `{signal}` | {len(verdicts)} | {sum(verdicts)} |"
            f" {sum(verdicts) / len(verdicts):.1%} | {weeks or 'none'} |"
        )
    print("\nHidden from week 20 on (third world): team-weeks fired")
    for signal, team in (("incident_drop", HIDES_INCIDENTS), ("attribution_drop", STRIPS_TAGS)):
        fired = [
            Counter(whose for one, whose, fires in rows if one == signal and fires)
            for rows in worlds["third"]
        ]
        weeks, organisations = sum(found[team] for found in fired), sum(team in f for f in fired)
        others = sum(found.total() for found in fired) - weeks
        print(
            f"{signal}: {team} {weeks} in {organisations} of {len(seeds)} organisations,"
            f" others {others}"
        )


if __name__ == "__main__":
    main()
