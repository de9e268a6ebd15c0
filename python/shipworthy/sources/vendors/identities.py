"""Identities: who is behind which addresses, logins and keys, from a file of the user's.

A CSV file with one line a person. `email` is the person: everything else of the line becomes
theirs. `emails` holds further addresses, and each other column is a kind of alias (`ALIAS_KINDS`:
`github`, `openai`, `claude-api-key` and so on). Several values in one column stand with `;`
between them. Stored are keys alone.

Readings
- What the file says replaces what vendors know of the same alias, whichever is loaded first.
- An address leads to the person whose main address it is, also where a vendor knows only that
  address behind a login.
- Of one alias there is one person: a file that gives it to two is refused as a whole.
- An alias that is taken out of the file stays with its person until the file gives it to another.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import dlt
from dlt.extract import DltResource

from shipworthy.errors import ShipworthyError
from shipworthy.sources.own_csv import OwnRow, read_own_csv
from shipworthy.sources.rows import Row, contract_resource, need
from shipworthy.sources.vendor import ALIAS_KINDS, Keys, Load, Option, Settings, Vendor

_COLUMNS = ("email", "emails", *ALIAS_KINDS)


@dlt.source(name="identities")
def identities(paths: Sequence[Path], keys: Keys) -> DltResource:
    """Aliases of people.

    Parameters
    ----------
    paths : sequence of Path
        CSV files with a column `email` and any of `emails` and the kinds of aliases.
    keys : Keys
        Makes the keys of people.

    Raises
    ------
    ShipworthyError
        If a file cannot be read, has an unknown column, or gives an alias to two people.
    """

    def rows(payload: dict[str, Any]) -> list[Row]:
        person = need(payload, "email")
        return [{"alias_key": alias, "person_key": person} for alias in payload["aliases"]]

    return contract_resource("identities", _people(paths, keys), rows)


def _people(paths: Sequence[Path], keys: Keys) -> Iterator[dict[str, Any]]:
    """Yield for each line the person's key, and the keys that no line before gave."""
    given: dict[str, tuple[str, Path, int]] = {}
    for path in paths:
        for line, row in read_own_csv(path, _COLUMNS):
            person = keys.email(row["email"])
            new = []
            for column, alias in _aliases(row, keys) if person else ():
                owner, where, number = given.setdefault(alias, (person, path, line))
                if owner != person:
                    raise ShipworthyError(
                        f"{path}, line {line}: a value of {column!r} belongs to another person "
                        f"already ({where}, line {number}); give it to one of them."
                    )
                if alias not in new and (where, number) == (path, line):
                    new.append(alias)
            yield {"line": line, "email": person, "aliases": new}


def _aliases(row: OwnRow, keys: Keys) -> Iterator[tuple[str, str]]:
    for column, text in row.items():
        for value in (text or "").split(";"):
            kind = "email" if column in ("email", "emails") else column
            alias = keys.alias(kind, value)
            if alias:
                yield column, alias


def _loads(settings: Settings) -> Iterable[Load]:
    paths = settings.paths(".csv")
    yield Load("identities", ("identities",), lambda window: identities(paths, settings.keys))


VENDOR = Vendor(
    name="identities",
    title="Identities",
    inputs=("identities",),
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
