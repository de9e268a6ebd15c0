"""People: who is in which team since when, from a file of the user's.

A CSV file with one line a person and period in a team: `email`, `team`, `role`, `valid_from_on`,
`valid_to_on`, `kind`. It is the table `people` of the contract, but for the address in place of the
key that nobody but shipworthy can make. Stored is the key alone.

Readings
- `valid_from_on` is the first day in the team, blank for "always"; `valid_to_on` the first day no
  longer in it, blank for "still".
- Lines are told apart by address, team and `valid_from_on`. Whoever changes teams gets a
  `valid_to_on` on the old line and a new line: a line that is taken out of the file stays loaded.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import dlt
from dlt.extract import DltResource

from shipworthy.errors import ShipworthyError
from shipworthy.sources.own_csv import read_own_csv
from shipworthy.sources.rows import BadRowError, Row, contract_resource, need
from shipworthy.sources.vendor import Keys, Load, Option, Settings, Vendor

_COLUMNS = ("email", "team", "role", "valid_from_on", "valid_to_on", "kind")
_KINDS = ("human", "agent", "automation")


@dlt.source(name="people")
def people(paths: Sequence[Path], keys: Keys) -> DltResource:
    """Memberships of people in teams.

    Parameters
    ----------
    paths : sequence of Path
        CSV files with the columns `email` and `team`, and any of `role`, `valid_from_on`,
        `valid_to_on` (YYYY-MM-DD) and `kind` (human, agent, automation).
    keys : Keys
        Makes the keys of people.

    Raises
    ------
    ShipworthyError
        If a file cannot be read, has an unknown column, or two lines of it contradict each other.
    """

    def member(payload: dict[str, Any]) -> Row:
        joined = _day(payload, "valid_from_on")
        left = _day(payload, "valid_to_on")
        if joined and left and left <= joined:
            raise BadRowError("valid_to_on is not after valid_from_on")
        if payload.get("kind") not in (None, *_KINDS):
            raise BadRowError(f"kind is not one of {', '.join(_KINDS)}")
        return {
            "person_key": need(payload, "email"),
            "team": need(payload, "team"),
            "role": payload.get("role"),
            "valid_from_on": joined,
            "valid_to_on": left,
            "kind": payload.get("kind"),
        }

    return contract_resource("people", _members(paths, keys), member)


def _members(paths: Sequence[Path], keys: Keys) -> Iterator[dict[str, Any]]:
    """Yield the lines with a key in place of the address, exact repeats once."""
    given: dict[tuple[str | None, ...], tuple[dict[str, Any], Path, int]] = {}
    for path in paths:
        for line, row in read_own_csv(path, _COLUMNS):
            member = {**row, "email": keys.email(row["email"])}
            key = (member["email"], row.get("team"), row.get("valid_from_on"))
            if None in key[:2]:
                yield {**member, "line": line}
                continue
            before, where, number = given.setdefault(key, (member, path, line))
            if (where, number) == (path, line):
                yield {**member, "line": line}
            elif before != member:
                raise ShipworthyError(
                    f"{path}, line {line}: the same person, team and valid_from_on are on "
                    f"{where}, line {number}, with other values; leave one."
                )


def _day(payload: dict[str, Any], name: str) -> date | None:
    text = payload.get(name)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise BadRowError(f"{name} is not a date (YYYY-MM-DD)") from error


def _loads(settings: Settings) -> Iterable[Load]:
    paths = settings.paths(".csv")
    yield Load("people", ("people",), lambda window: people(paths, settings.keys))


VENDOR = Vendor(
    name="people",
    title="People",
    inputs=("people",),
    loads=_loads,
    options=(
        Option(
            "paths",
            f"CSV files with the columns {', '.join(_COLUMNS)}.",
            kind="paths",
            is_required=True,
        ),
    ),
    is_own_word=True,
)
