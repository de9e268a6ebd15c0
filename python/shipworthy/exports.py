"""Exports as they are: columns and words of somebody else's, and people by their addresses.

Nobody should have to edit an export. `[files.deployments]` in shipworthy.toml, or `--map`, says
which column is which and which word means what; columns of people take addresses and logins.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from shipworthy.admission import NO_PERSON, forget_rejects, identifier, literal
from shipworthy.contract import TABLES, VOCABULARY, Table
from shipworthy.errors import ShipworthyError
from shipworthy.people import KEY_PATTERN, read_person

_KEY_FUNCTION = "shipworthy_key"


@dataclass
class ExportMap:
    """What one export calls the contract's columns and words.

    Parameters
    ----------
    rename : dict of str to str
        Column of the export to column of the contract; "" leaves a column out.
    words : dict of str to dict of str to str
        By column of the contract, word of the export to word of the contract.
    """

    rename: dict[str, str] = field(default_factory=dict)
    words: dict[str, dict[str, str]] = field(default_factory=dict)


def read_maps(tables: Mapping[str, Any], where: str) -> dict[str, ExportMap]:
    """Read the tables `[files.<input>]` of a configuration file.

    Parameters
    ----------
    tables : mapping
        By input, `rename` and `words` as they stand there.
    where : str
        The file, for sentences.

    Raises
    ------
    ShipworthyError
        If an input, a column or a word of the contract is misspelt, or a value is of another kind.
    """
    maps = {}
    for name, settings in tables.items():
        place = f"{where}, [files.{name}]"
        table = _table(name, place)
        if not isinstance(settings, dict) or not settings.keys() <= {"rename", "words"}:
            raise ShipworthyError(f"{place} takes rename and words, each a table.")
        rename, words = settings.get("rename", {}), settings.get("words", {})
        if not _is_texts(rename):
            raise ShipworthyError(
                f'{place}: rename must be a table of texts, such as {{Component = "service"}}.'
            )
        if not (isinstance(words, dict) and all(map(_is_texts, words.values()))):
            raise ShipworthyError(
                f"{place}: words must be a table of tables of texts, such as "
                '{status = {SUCCEEDED = "success"}}.'
            )
        maps[name] = _checked(ExportMap(dict(rename), dict(words)), table, place)
    return maps


def read_map_options(options: Iterable[str]) -> dict[str, ExportMap]:
    """Read `--map` options: `TABLE.COLUMN=NAME`, or `TABLE.COLUMN:WORD=NAME` for a word.

    Parameters
    ----------
    options : iterable of str
        `deployments.Component=service`, `deployments.status:SUCCEEDED=success`.

    Raises
    ------
    ShipworthyError
        If one is written otherwise, or names what the contract has not.
    """
    maps: dict[str, ExportMap] = {}
    for option in options:
        place = f"--map {option}"
        left, equals, to = option.rpartition("=")
        name, dot, column = left.partition(".")
        if not (equals and dot and name and column):
            raise ShipworthyError(
                f"{place}: write TABLE.COLUMN=NAME, or TABLE.COLUMN:WORD=NAME for a word of it."
            )
        table = _table(name, place)
        export = maps.setdefault(name, ExportMap())
        of, colon, word = column.partition(":")
        if colon:
            export.words.setdefault(of, {})[word] = to
        else:
            export.rename[column] = to
        _checked(export, table, place)
    return maps


def merge_maps(
    first: Mapping[str, ExportMap], second: Mapping[str, ExportMap]
) -> dict[str, ExportMap]:
    """Return two sets of maps as one; where both speak, the second counts."""
    merged = {}
    for name in first.keys() | second.keys():
        one, other = first.get(name, ExportMap()), second.get(name, ExportMap())
        words = {
            column: one.words.get(column, {}) | other.words.get(column, {})
            for column in one.words.keys() | other.words.keys()
        }
        merged[name] = ExportMap(one.rename | other.rename, words)
    return merged


def rename_columns(columns: list[str], export: ExportMap, path: Path) -> list[tuple[str, str]]:
    """Return the columns of a file with the names that the contract has for them.

    Raises
    ------
    ShipworthyError
        If a column to rename is not there, or two become one.
    """
    missing = [name for name in export.rename if name not in columns]
    if missing:
        raise ShipworthyError(
            f"{path} has no column {missing[0]!r} to rename; it has {', '.join(columns)}."
        )
    named = [(name, export.rename.get(name, name)) for name in columns]
    given: dict[str, str] = {}
    for name, to in named:
        if to and to in given:
            raise ShipworthyError(
                f"{path}: {given[to]!r} and {name!r} are both {to}; leave one of them out with "
                f'rename = {{"{name}" = ""}}.'
            )
        given[to] = name
    return [(name, to) for name, to in named if to]


def speak_contract(
    relation: str, columns: list[tuple[str, str]], export: ExportMap, hash_people: bool
) -> str:
    """Return the relation with the contract's columns, its words, and keys of people.

    Parameters
    ----------
    relation : str
        Yields the columns of the file as text, `broken` and `line`.
    columns : list of tuple
        From `rename_columns`.
    export : ExportMap
        Its words; compared without outer blanks.
    hash_people : bool
        Whether columns of people go through the function that `make_keys` registers.
    """
    selected = []
    for name, to in columns:
        text = identifier(name)
        if export.words.get(to):
            cases = " ".join(
                f"when {literal(word.strip())} then {literal(meaning)}"
                for word, meaning in export.words[to].items()
            )
            text = f"case trim({text}) {cases} else {text} end"
        if hash_people and to.endswith("_key"):
            text = (
                f"case when regexp_full_match(trim({text}), '{KEY_PATTERN}') then trim({text}) "
                f"when trim({text}) != '' then {_KEY_FUNCTION}({text}) end"
            )
        selected.append(f"{text} as {identifier(to)}")
    return f"(select {', '.join([*selected, 'broken', 'line'])} from {relation})"


def names_people(
    connection: duckdb.DuckDBPyConnection, relation: str, columns: list[tuple[str, str]]
) -> bool:
    """Return whether a column of people holds anything that is no key yet."""
    values = [
        f"not coalesce(regexp_full_match(trim({identifier(name)}), '({KEY_PATTERN})?'), true)"
        for name, to in columns
        if to.endswith("_key")
    ]
    if not values:
        return False
    forget_rejects(connection)
    found = connection.execute(
        f"select 1 from {relation} where {' or '.join(values)} limit 1"
    ).fetchall()
    return bool(found)


def make_keys(connection: duckdb.DuckDBPyConnection, salt: Callable[[], bytes]) -> None:
    """Register the function that makes keys of people; what names nobody becomes `NO_PERSON`.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Queries of `speak_contract` run on it.
    salt : callable
        Returns the salt; it must not use the connection.
    """

    def key(text: str) -> str:
        try:
            return read_person(text, salt) or NO_PERSON
        except ValueError:
            return NO_PERSON

    connection.create_function(_KEY_FUNCTION, key, ["VARCHAR"], "VARCHAR")


def _table(name: str, place: str) -> Table:
    if name not in TABLES:
        raise ShipworthyError(
            f"{place}: there is no input {name!r}; there are {', '.join(TABLES)}."
        )
    return TABLES[name]


def _is_texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())


def _checked(export: ExportMap, table: Table, place: str) -> ExportMap:
    for column in [*filter(None, export.rename.values()), *export.words]:
        if column not in table.columns:
            raise ShipworthyError(
                f"{place}: {table.name} has no column {column!r}; "
                f"its columns are {', '.join(table.columns)}."
            )
    for column, words in export.words.items():
        allowed = VOCABULARY.get((table.name, column))
        for word, meaning in words.items():
            if allowed and meaning not in allowed:
                raise ShipworthyError(
                    f"{place}: {word!r} cannot mean {meaning!r}; {column} is one of "
                    f"{', '.join(allowed)}."
                )
    return export
