"""What the AI tools' vendors report: usage by person and day, for one team by the hour."""

from datetime import datetime, timedelta

from shipworthy.simulate.dice import Dice
from shipworthy.simulate.organisation import Organisation, Person
from shipworthy.simulate.parameters import Parameters, Usage

SOURCES = {"claude": "claude_code", "copilot": "copilot", "kiro": "kiro"}
# Micro-dollars a token: fresh input, read from cache, written to cache, output.
PRICES = {
    "claude-sonnet-4-5": (3.0, 0.30, 3.75, 15.0),
    "claude-opus-4-5": (5.0, 0.50, 6.25, 25.0),
}
# Tokens of one request of an ordinary session, in the same order.
_TOKENS = (1_200, 52_000, 4_600, 850)
_USD_PER_CREDIT = 0.04


def write_usage(parameters: Parameters, organisation: Organisation) -> list[dict]:
    """Write the usage of everybody who has a tool.

    Parameters
    ----------
    parameters : Parameters
        Stories and period.
    organisation : Organisation
        People and their tools.

    Returns
    -------
    list of dict
        Rows of `ai_usage`.
    """
    rows: list[dict] = []
    loopers: dict[str, int] = {}
    for person in organisation.people:
        if person.tool is None:
            continue
        team = organisation.teams[person.memberships[0].team]
        dice = Dice(parameters.seed, "usage", person.handle)
        loopers[team.name] = loopers.get(team.name, 0) + 1
        in_loops = loopers[team.name] <= team.usage.loop_people
        for week in range(person.tool_from_week, parameters.weeks):
            if week in person.away_weeks or not person.teams(parameters.week(week).date()):
                continue
            rows += _week(parameters, person, team.usage, week, in_loops, dice)
    rows += _pipeline(parameters)
    rows.sort(
        key=lambda row: (row["bucket_started_at"], row["person_key"] or "", row.get("model") or "")
    )
    for number, row in enumerate(rows, start=1):
        row["usage_id"] = f"U{number:05}"
    return rows


def _week(
    parameters: Parameters, person: Person, usage: Usage, week: int, in_loops: bool, dice: Dice
) -> list[dict]:
    """Return the rows of one person and week."""
    rows = []
    is_hourly = usage.hourly_from_week is not None and week >= usage.hourly_from_week
    loops = in_loops and usage.loops_from_week is not None and week >= usage.loops_from_week
    # Agents are left running for two days and nights of a week.
    loop_days = {1, 3} if loops else set()
    for day in range(5):
        at = parameters.week(week) + timedelta(days=day)
        if day in loop_days:
            # The same work over and over: hardly any variation from hour to hour.
            rows += [
                _row(person, usage, at + timedelta(hours=hour), 1, dice.integer(240, 270), dice)
                for hour in range(24)
                if hour not in (4, 5) or day == 1
            ]
        elif not dice.chance(0.80):
            continue
        elif is_hourly:
            hours = {8 + dice.integer(0, 9) for _ in range(3)}
            rows += [
                _row(person, usage, at + timedelta(hours=hour), 1, dice.integer(5, 40), dice)
                for hour in sorted(hours)
            ]
        else:
            rows.append(_row(person, usage, at, 24, dice.integer(20, 150), dice))
    return rows


def _row(person: Person, usage: Usage, at: datetime, hours: int, requests: int, dice: Dice) -> dict:
    """Return one bucket."""
    row = {
        "source": SOURCES[person.tool],
        "person_key": person.alias_key if person.has_alias and dice.chance(0.1) else person.key,
        "tool": person.tool,
        "bucket_started_at": at,
        "bucket_hours": hours,
        "sessions": 1 + requests // 40,
        "requests": requests,
        "is_automated": False,
    }
    if person.tool == "copilot":
        # A seat licence: the vendor counts suggestions, not tokens, and bills none of it by use.
        suggested = requests * dice.integer(3, 6)
        return row | {
            "suggested_lines": suggested,
            "accepted_lines": round(suggested * dice.between(0.2, 0.4)),
        }
    model = dice.weighted({"claude-sonnet-4-5": 4, "claude-opus-4-5": 1})
    tokens = [round(requests * one * usage.tokens) for one in _TOKENS]
    return row | _priced(model, tokens, usage.is_billed, by_credit=person.tool == "kiro")


def _priced(model: str, tokens: list[int], is_billed: bool, by_credit: bool) -> dict:
    """Return the tokens of a bucket and what the vendor billed for them."""
    # Whole hundredths of a cent, so that the amount prints alike everywhere.
    cost = sum(
        count * round(100 * price) for count, price in zip(tokens, PRICES[model], strict=True)
    )
    usd = cost // 10_000 / 10_000
    uncached, read, written, output = tokens
    return {
        "model": model,
        "uncached_input_tokens": uncached,
        "cache_read_tokens": read,
        "cache_write_tokens": written,
        "output_tokens": output,
        "billed_usd": usd if is_billed else None,
        "credits": round(usd / _USD_PER_CREDIT, 2) if by_credit else None,
    }


def _pipeline(parameters: Parameters) -> list[dict]:
    """Return the usage of the build pipeline, which belongs to nobody."""
    dice = Dice(parameters.seed, "usage of the pipeline")
    rows = []
    for week in range(8, parameters.weeks):
        for day in (1, 3):
            requests = dice.integer(10, 40)
            rows.append(
                {
                    "source": "claude_code",
                    "person_key": None,
                    "tool": "claude",
                    "bucket_started_at": parameters.week(week) + timedelta(days=day),
                    "bucket_hours": 24,
                    "sessions": requests // 4,
                    "requests": requests,
                    "is_automated": True,
                }
                | _priced(
                    "claude-sonnet-4-5", [requests * one for one in _TOKENS], True, by_credit=False
                )
            )
    return rows
