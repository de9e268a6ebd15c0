"""What dbt and readers need of the source contract, written from `shipworthy.contract`.

The files are committed: whoever installs the dbt package needs no Python. `shipworthy contract
--write` writes them anew, a test keeps them current.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from shipworthy.contract import (
    END_OF_TIME,
    FIRST_TIME,
    LARGEST_AMOUNT,
    LARGEST_COUNT,
    TABLES,
    Column,
    Table,
)
from shipworthy.errors import ShipworthyError

WRITTEN_BY = "Written by `shipworthy contract --write` from python/shipworthy/contract.py."
PAGE = "docs/inputs.md"
_PART_OF_PAGE = re.compile(
    r"(?<=<!-- the contract, written by `shipworthy contract --write` -->\n).*(?=<!-- end -->)",
    re.DOTALL,
)

_OF_INPUT = ".get(input, {})"
_HERE = "project_name == 'shipworthy' and var('shipworthy__demo', 'auto') in (true, 'auto')"
_TYPE_NAMES = {
    "VARCHAR": "text",
    "BIGINT": "whole",
    "DOUBLE": "amount",
    "BOOLEAN": "flag",
    "DATE": "'date'",
    "TIMESTAMP": "moment",
}
# Asked once in a call, and not for each column: dbt takes a while for each.
_TYPES = """\
    {%- set text, moment, flag = dbt.type_string(), dbt.type_timestamp(), dbt.type_boolean() -%}
    {%- set whole, amount = dbt.type_bigint(), shipworthy.type_double() -%}
"""


def contract_files(root: Path) -> dict[Path, str]:
    """Return the text of each file that states the contract, by its path.

    Parameters
    ----------
    root : Path
        This repository, for the page of which the contract is only a part.

    Raises
    ------
    ShipworthyError
        If this is not the repository, or its page has no place for the contract.
    """
    page = root / PAGE
    if not page.is_file():
        raise ShipworthyError(f"{page} is missing: run this in shipworthy's own repository.")
    text, places = _PART_OF_PAGE.subn(lambda _: _page(), page.read_text(encoding="utf-8"))
    if places != 1:
        raise ShipworthyError(f"{page} has no comments between which the contract stands.")
    return {
        root / "macros" / "inputs" / "contract.sql": _macros(),
        root / "models" / "staging" / "_sources.yml": _sources(),
        root / "models" / "staging" / "_inputs.yml": _staging(),
        root / "seeds" / "demo" / "_demo.yml": _seeds(),
        page: text,
    }


def stale_files(root: Path) -> dict[Path, str]:
    """Return the files that do not say what the contract says, with what they should say."""
    return {
        path: text
        for path, text in contract_files(root).items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    }


# ---------------------------------------------------------------------------- the macros


def _macros() -> str:
    return (
        "\n\n".join(
            (
                f"{{#- {WRITTEN_BY} -#}}\n"
                + _macro(
                    "input_columns",
                    "Columns of an input that the models read.",
                    _columns(),
                    "[input]",
                    _TYPES,
                ),
                _macro(
                    "input_keys", "Columns that tell a row of each input from every other.", _keys()
                ),
                _macro(
                    "input_words",
                    "The words that columns of an input may hold.",
                    _words(),
                    _OF_INPUT,
                ),
                _macro(
                    "staged_names",
                    "What staging calls a column of an input by another name.",
                    _staged_names(),
                    _OF_INPUT,
                ),
                _macro("input_bounds", "Bounds of what can be meant.", _bounds()),
            )
        )
        + "\n"
    )


def _macro(
    name: str, comment: str, entries: Iterator[str], chosen: str = "", names: str = ""
) -> str:
    """Return a macro of a mapping, or of what the mapping has for an input.

    `names` are lines of Jinja that set what the entries name.
    """
    argument = "input" if chosen else ""
    mapping = ",\n".join(entries)
    return (
        f"{{#- {comment} -#}}\n{{% macro {name}({argument}) -%}}\n"
        f"{names}    {{{{ return({{\n{mapping}\n"
        f"    }}{chosen}) }}}}\n{{%- endmacro %}}"
    )


def _columns() -> Iterator[str]:
    for table in TABLES.values():
        columns = ",\n".join(
            f"            '{column.name}': {_TYPE_NAMES[column.type]}" for column in table.fields
        )
        yield f"        '{table.name}': {{\n{columns}\n        }}"


def _keys() -> Iterator[str]:
    for table in TABLES.values():
        yield f"        '{table.name}': {list(table.key)}"


def _words() -> Iterator[str]:
    for table in TABLES.values():
        words = [
            f"            '{column.name}': {list(column.words)}"
            for column in table.fields
            if column.words
        ]
        if words:
            yield f"        '{table.name}': {{\n" + ",\n".join(words) + "\n        }"


def _staged_names() -> Iterator[str]:
    for table in TABLES.values():
        names = {column.name: column.staged for column in table.fields if column.staged}
        if names:
            yield f"        '{table.name}': {names}"


def _bounds() -> Iterator[str]:
    yield f"        'first_time': '{FIRST_TIME}'"
    yield f"        'end_of_time': '{END_OF_TIME}'"
    yield f"        'largest_count': {LARGEST_COUNT}"
    yield f"        'largest_amount': {LARGEST_AMOUNT:.0f}"


# ---------------------------------------------------------------------------- YAML of dbt


def _sources() -> str:
    lines = [
        f"# {WRITTEN_BY}",
        "sources:",
        "  - name: shipworthy_raw",
        "    description: >",
        "      The source contract. Loaders fill these tables; each can be one of your own.",
        "    schema: \"{{ var('shipworthy__raw_schema', 'shipworthy_raw') | string }}\"",
        "    tables:",
    ]
    for table in TABLES.values():
        lines += [
            f"      - name: {table.name}",
            f"        description: {_scalar(table.description)}",
        ]
        if table.name == "load_watermarks":
            lines += [
                "        # `dbt source freshness`: every load of every source leaves a watermark.",
                "        config:",
                "          loaded_at_field: loaded_at",
                "          freshness:",
                "            warn_after: {count: 2, period: day}",
            ]
        lines.append("        columns:")
        for column in table.fields:
            lines += [
                f"          - name: {column.name}",
                f"            description: {_scalar(described(column))}",
                f"            data_type: {column.type.lower()}",
            ]
    return "\n".join(lines) + "\n"


def _staging() -> str:
    lines = [f"# {WRITTEN_BY}", "models:"]
    for number, table in enumerate(TABLES.values()):
        names = {column.name: column.staged or column.name for column in table.fields}
        always = f"date '{FIRST_TIME:%Y-%m-%d}'"
        grain = [
            f"coalesce({names[key]}, {always})" if key in table.nullable_key else names[key]
            for key in table.key
        ]
        lines += [
            *([""] if number else []),
            f"  - name: stg_shipworthy__{table.name}",
            f"    description: {_scalar(table.description)}",
            "    config:",
            "      meta:",
            f"        grain: [{', '.join(names[key] for key in table.key)}]",
            "    data_tests:",
            "      - shipworthy.unique_grain:",
            "          arguments:",
            "            columns:",
            *(f"              - {_scalar(column)}" for column in grain),
            "    columns:",
        ]
        for column in table.fields:
            lines += [
                f"      - name: {names[column.name]}",
                f"        description: {_scalar(described(column))}",
            ]
    return "\n".join(lines) + "\n"


def _seeds() -> str:
    lines = [
        f"# {WRITTEN_BY}",
        "# The demo organisation is made by `shipworthy simulate`. It builds only in this",
        "# repository, never in a project that installs the package.",
        "seeds:",
    ]
    for table in TABLES.values():
        description = f"Demo data: {table.description[0].lower()}{table.description[1:]}"
        lines += [
            f"  - name: {table.name}",
            f"    description: {_scalar(description)}",
            "    config:",
            f'      enabled: "{{{{ {_HERE} }}}}"',
            "      column_types:",
            *(f"        {column.name}: {_seed_type(column)}" for column in table.fields),
            "    columns:",
        ]
        for column in table.fields:
            lines += [
                f"      - name: {column.name}",
                f"        description: {_scalar(described(column))}",
            ]
    return "\n".join(lines) + "\n"


def _seed_type(column: Column) -> str:
    """A type as both DuckDB and PostgreSQL spell it."""
    return "double precision" if column.type == "DOUBLE" else column.type.lower()


def described(column: Column) -> str:
    """Return a column's description with the words that it may hold."""
    if not column.words:
        return column.description
    return f"{column.description.removesuffix('.')}: {', '.join(column.words)}."


def _scalar(text: str) -> str:
    """Return a text as YAML writes it on one line."""
    return yaml.safe_dump(text, width=10**6, allow_unicode=True).removesuffix("...\n").strip()


# ---------------------------------------------------------------------------- the page


def _page() -> str:
    rows = [
        f"| [`{table.name}`](#{table.name}) | {_grain(table)} | {', '.join(table.key)} |"
        for table in TABLES.values()
    ]
    lines = ["", "| table | one row per | key |", "| --- | --- | --- |", *rows]
    for table in TABLES.values():
        lines += ["", f"### {table.name}", "", table.description, ""]
        lines += ["| column | type | what it says |", "| --- | --- | --- |"]
        for column in table.fields:
            kind = f"{column.type}, {column.unit}" if column.unit else column.type
            words = f" ({', '.join(f'`{word}`' for word in column.words)})" if column.words else ""
            said = f"{column.description.removesuffix('.')}{words}"
            lines.append(f"| `{column.name}` | {kind} | {said} |")
    return "\n".join(lines) + "\n\n"


def _grain(table: Table) -> str:
    first, *_ = table.description.split(". ")
    return first.removeprefix("One row per ").removesuffix(".")
