"""Tables of the warehouse as a schema on a PostgreSQL server, replaced in one transaction."""

import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from shipworthy.errors import ShipworthyError
from shipworthy.publish.edition import Mart, Tables

if TYPE_CHECKING:
    from psycopg2 import extensions

_TYPES = {
    "VARCHAR": "text",
    "DOUBLE": "double precision",
    "TIMESTAMP": "timestamp without time zone",
}
# Rows on their way at once; a hundred bytes each, as a rule.
_BATCH_ROWS = 50_000
# Where neither the address nor the environment says how long to wait.
_CONNECT_SECONDS = 30


@dataclass(frozen=True)
class Writer:
    """The command that writes a schema, as its tables and its sentences name it.

    Parameters
    ----------
    verb, done : str
        What it does, and what is done then: `publish`, `published`.
    mark : str
        Comment by which a table is known for its own to replace; BI tools show it.
    contents : str
        What the tables are.
    way_out : str
        What to do where the schema is somebody else's.
    """

    verb: str
    done: str
    mark: str
    contents: str
    way_out: str


PUBLISH = Writer(
    verb="publish",
    done="published",
    mark="Published by shipworthy; the next publication replaces its rows.",
    contents="the marts",
    way_out="choose another schema with --as",
)


def put(tables: Tables, address: str, schema: str, writer: Writer) -> None:
    """Replace the rows of all tables of a schema in one transaction.

    Tables stay what they are, so that grants and views of others on them stay too; a statement, or
    a transaction that repeats its reads, sees one version and waits for nothing.

    Parameters
    ----------
    tables : Tables
        What to write. Rows are streamed, so that memory does not grow with them.
    address : str
        `postgres://user@host/database`; what it leaves out is read from PostgreSQL's own variables
        (`PGPASSWORD`) and its password file.
    schema : str
        Made where it is missing; one that is there must hold tables of this writer alone.
    writer : Writer
        On whose behalf.

    Raises
    ------
    ShipworthyError
        If psycopg2 is missing, the server refuses, or the schema holds something else.
    """
    shown = without_password(address)
    connection = _connect(address, shown, writer)
    try:
        with (
            _told(f"{shown}: nothing was {writer.done}, what was there before still is", writer),
            connection,
            connection.cursor() as cursor,
        ):
            _replace(cursor, tables, schema, shown, writer)
        connection.autocommit = True
        with (
            _told(f"{shown}: the rows are {writer.done}, but `analyze` failed", writer),
            connection.cursor() as cursor,
        ):
            for mart in tables.tables:
                # Without `truncate false` it would wait for readers, and readers for it.
                cursor.execute(f'vacuum (analyze, truncate false) "{schema}"."{mart.name}"')
    finally:
        connection.close()


def without_password(address: str) -> str:
    """Return an address that may be shown."""
    return re.sub(r"(://[^/:@]*):.*@", r"\1@", address).split("?", 1)[0]


def _connect(address: str, shown: str, writer: Writer) -> "extensions.connection":
    try:
        import psycopg2
    except ImportError as error:
        raise ShipworthyError(
            "PostgreSQL needs psycopg2; install it: pip install 'shipworthy[postgres]'"
        ) from error
    is_said = "connect_timeout=" in address or "PGCONNECT_TIMEOUT" in os.environ
    try:
        return psycopg2.connect(
            address,
            application_name=f"shipworthy {writer.verb}",
            **({} if is_said else {"connect_timeout": _CONNECT_SECONDS}),
        )
    except psycopg2.Error as error:
        raise ShipworthyError(f"{shown} cannot be reached: {_sentence(error)}") from error


@contextmanager
def _told(what: str, writer: Writer) -> Iterator[None]:
    """Put what the server refuses into a sentence that begins with what became of the rows."""
    import psycopg2

    try:
        yield
    except psycopg2.errors.DependentObjectsStillExist as error:
        detail = (error.diag.message_detail or "").splitlines()
        raise ShipworthyError(
            f"{what}: a column has gone from {writer.contents}, and something still reads it "
            f"({detail[0] if detail else _sentence(error)}); change or drop that, and "
            f"{writer.verb} again."
        ) from error
    except psycopg2.Error as error:
        raise ShipworthyError(f"{what}: {_sentence(error)}") from error


def _replace(
    cursor: "extensions.cursor", tables: Tables, schema: str, shown: str, writer: Writer
) -> None:
    cursor.execute(
        "select pg_advisory_xact_lock(hashtext(%s))", [f"shipworthy {writer.verb} {schema}"]
    )
    wanted = {mart.name for mart in tables.tables}
    # Views of others may stand beside the tables, unless they have the name of one.
    cursor.execute(
        "select relname, relkind in ('r', 'p', 'f') and obj_description(oid, 'pg_class') = %s "
        "from pg_class where relnamespace = to_regnamespace(%s) "
        "and (relkind in ('r', 'p', 'f') or relname = any(%s))",
        [writer.mark, f'"{schema}"', list(wanted)],
    )
    there = dict(cursor.fetchall())
    foreign = sorted(name for name, is_ours in there.items() if not is_ours)
    if foreign:
        raise ShipworthyError(
            f"{shown}: schema {schema} holds {', '.join(foreign[:3])}, which shipworthy did not "
            f"{writer.verb}; {writer.way_out}."
        )
    cursor.execute(f'create schema if not exists "{schema}"')
    for name in sorted(there.keys() - wanted):
        cursor.execute(f'drop table "{schema}"."{name}"')
    for mart in tables.tables:
        _shape(cursor, schema, mart, mart.name in there, writer)
    for mart in tables.tables:
        _fill(cursor, tables.connection, schema, mart)


def _shape(
    cursor: "extensions.cursor", schema: str, mart: Mart, is_there: bool, writer: Writer
) -> None:
    """Make a table, or give one that is there the columns it should have."""
    table = f'"{schema}"."{mart.name}"'
    wanted = {name: _TYPES.get(kind, kind.lower()) for name, kind in mart.columns.items()}
    if not is_there:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in wanted.items())
        cursor.execute(f"create table {table} ({columns})")
        cursor.execute(f"comment on table {table} is '{writer.mark}'")
        return
    cursor.execute(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute "
        "where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped",
        [table],
    )
    present = dict(cursor.fetchall())
    changes = [
        f'drop column "{name}"' for name, kind in present.items() if wanted.get(name) != kind
    ] + [
        f'add column "{name}" {kind}' for name, kind in wanted.items() if present.get(name) != kind
    ]
    if changes:
        cursor.execute(f"alter table {table} {', '.join(changes)}")


def _fill(
    cursor: "extensions.cursor", connection: duckdb.DuckDBPyConnection, schema: str, mart: Mart
) -> None:
    """Put the rows of a mart in the place of those that are there."""
    table = f'"{schema}"."{mart.name}"'
    names = ", ".join(f'"{name}"' for name in mart.columns)
    # Not truncate: readers of the version before would find nothing.
    cursor.execute(f"delete from {table}")
    for rows in _batches(connection, mart):
        # A null is nothing, an empty text is quoted: CSV as PostgreSQL reads it unasked.
        cursor.copy_expert(f"copy {table} ({names}) from stdin (format csv, encoding 'UTF8')", rows)


def _batches(connection: duckdb.DuckDBPyConnection, mart: Mart) -> Iterator[io.BytesIO]:
    """Yield the rows of a mart as CSV, every value in DuckDB's words, so many at a time."""
    from pyarrow import csv

    texts = ", ".join(f'cast("{name}" as varchar)' for name in mart.columns)
    options = csv.WriteOptions(include_header=False)
    try:
        # Not execute(): that keeps the whole result in memory.
        found = connection.sql(f"select {texts} from {mart.query}")
        for batch in found.to_arrow_reader(_BATCH_ROWS):
            rows = io.BytesIO()
            csv.write_csv(batch, rows, options)
            rows.seek(0)
            yield rows
    except OSError as error:
        # Arrow's word for what DuckDB says while it is read on.
        raise duckdb.Error(str(error)) from error


def _sentence(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    place = re.match(r"COPY (\w+)(?:, line \d+)?(?:, column (\w+))?", _context(error) or "")
    where = f" ({'.'.join(filter(None, place.groups()))})" if place else ""
    return f"{lines[0].rstrip('.')}{where}."


def _context(error: Exception) -> str | None:
    """Return what the server was at, if it was the server that said it."""
    diagnosis = getattr(error, "diag", None)
    return diagnosis and diagnosis.context
