"""Usage by the hour, as honest people make it, and the lines that they accept."""

from datetime import timedelta

from shipworthy.simulate.dice import Dice

_COUNTED = (
    *("sessions", "requests", "uncached_input_tokens", "cache_read_tokens"),
    *("cache_write_tokens", "output_tokens", "suggested_lines", "accepted_lines"),
)


def accepting(rows: list[dict], seed: int) -> list[dict]:
    """Give each bucket of a person the lines that the tool says were accepted.

    About two for each that lands: some are thrown away or replaced before.

    Parameters
    ----------
    rows : list of dict
        Rows of `ai_usage`.
    seed : int
        Of the organisation.

    Returns
    -------
    list of dict
        New rows.
    """
    dice = Dice(seed, "accepted lines")
    return [
        row
        if row["person_key"] is None
        else row | {"accepted_lines": round(row["requests"] * dice.between(0.25, 0.45))}
        for row in rows
    ]


def by_the_hour(rows: list[dict], seed: int) -> list[dict]:
    """Spread each person's day over the hours of an honest day; nothing is added or lost.

    Parameters
    ----------
    rows : list of dict
        Rows of `ai_usage`.
    seed : int
        Of the organisation.

    Returns
    -------
    list of dict
        New rows.
    """
    spread = []
    for row in rows:
        if row["bucket_hours"] != 24 or row["is_automated"]:
            spread.append(row)
            continue
        dice = Dice(seed, "hours", row["person_key"], row["bucket_started_at"])
        weights = {hour: _weight(dice) for hour in _hours(dice)}
        left = {name: row[name] for name in _COUNTED if row.get(name) is not None}
        whole, usd = sum(weights.values()), row.get("billed_usd")
        for number, (hour, weight) in enumerate(sorted(weights.items()), start=1):
            share = weight / whole
            # what rounding leaves goes to the last hour
            part = {
                name: count if number == len(weights) else min(int(row[name] * share), count)
                for name, count in left.items()
            }
            left = {name: count - part[name] for name, count in left.items()}
            spread.append(
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
    return spread


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
