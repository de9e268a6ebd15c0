"""The marts as a schema on a PostgreSQL server, replaced in one transaction."""

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from shipworthy.errors import ShipworthyError
from shipworthy.publish.edition import Edition, Mart

if TYPE_CHECKING:
    from psycopg2 import extensions

# By this a table is known for ours to replace; BI tools show it.
_MARK = "Published by shipworthy; the next publication replaces its rows."
_TYPES = {
    "VARCHAR": "text",
    "DOUBLE": "double precision",
    "TIMESTAMP": "timestamp without time zone",
}
_NULL = r"\N"


def put(edition: Edition, address: str, schema: str) -> None:
    """Replace the rows of all tables of a schema in one transaction.

    Tables stay what they are, so that grants and views of others on them stay too; a statement, or
    a transaction that repeats its reads, sees one version and waits for nothing.

    Parameters
    ----------
    edition : Edition
        What to write.
    address : str
        `postgres://user@host/database`; what it leaves out is read from PostgreSQL's own variables
        (`PGPASSWORD`) and its password file.
    schema : str
        Made where it is missing; one that is there must be one that was published.

    Raises
    ------
    ShipworthyError
        If psycopg2 is missing, the server refuses, or the schema holds something else.
    """
    try:
        import psycopg2
    except ImportError as error:
        raise ShipworthyError(
            "PostgreSQL needs psycopg2; install it: pip install 'shipworthy[postgres]'"
        ) from error
    shown = without_password(address)
    try:
        connection = psycopg2.connect(address, application_name="shipworthy publish")
    except psycopg2.Error as error:
        raise ShipworthyError(f"{shown} cannot be reached: {_sentence(error)}") from error
    try:
        with connection, connection.cursor() as cursor:
            _replace(cursor, edition, schema, shown)
        connection.autocommit = True
        with connection.cursor() as cursor:
            for mart in edition.tables:
                # Without `truncate false` it would wait for readers, and readers for it.
                cursor.execute(f'vacuum (analyze, truncate false) "{schema}"."{mart.name}"')
    except psycopg2.errors.DependentObjectsStillExist as error:
        detail = (error.diag.message_detail or "").splitlines()
        raise ShipworthyError(
            f"{shown}: a column has gone from the marts, and something still reads it "
            f"({detail[0] if detail else _sentence(error)}); change or drop that, and publish "
            "again."
        ) from error
    except psycopg2.Error as error:
        raise ShipworthyError(
            f"{shown}: nothing was published, what was there before still is: {_sentence(error)}"
        ) from error
    finally:
        connection.close()


def without_password(address: str) -> str:
    """Return an address that may be shown."""
    return re.sub(r"(://[^/:@]*):[^/]*@", r"\1@", address).split("?", 1)[0]


def _replace(cursor: "extensions.cursor", edition: Edition, schema: str, shown: str) -> None:
    cursor.execute("select pg_advisory_xact_lock(hashtext(%s))", [f"shipworthy publish {schema}"])
    cursor.execute(
        "select c.relname, obj_description(c.oid, 'pg_class') = %s from pg_class c "
        "where c.relnamespace = to_regnamespace(%s) and c.relkind in ('r', 'p', 'f')",
        [_MARK, f'"{schema}"'],
    )
    there = dict(cursor.fetchall())
    foreign = sorted(name for name, is_ours in there.items() if not is_ours)
    if foreign:
        raise ShipworthyError(
            f"{shown}: schema {schema} holds {', '.join(foreign[:3])}, which shipworthy did not "
            "publish; choose another schema with --as."
        )
    cursor.execute(f'create schema if not exists "{schema}"')
    tables = edition.tables
    for name in sorted(there.keys() - {mart.name for mart in tables}):
        cursor.execute(f'drop table "{schema}"."{name}"')
    for mart in tables:
        _shape(cursor, schema, mart, mart.name in there)
    with tempfile.TemporaryDirectory() as directory:
        for mart in tables:
            _fill(cursor, edition, schema, mart, Path(directory) / "rows.csv")


def _shape(cursor: "extensions.cursor", schema: str, mart: Mart, is_there: bool) -> None:
    """Make a table, or give one that is there the columns it should have."""
    table = f'"{schema}"."{mart.name}"'
    wanted = {name: _TYPES.get(kind, kind.lower()) for name, kind in mart.columns.items()}
    if not is_there:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in wanted.items())
        cursor.execute(f"create table {table} ({columns})")
        cursor.execute(f"comment on table {table} is '{_MARK}'")
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
    cursor: "extensions.cursor", edition: Edition, schema: str, mart: Mart, file: Path
) -> None:
    names = ", ".join(f'"{name}"' for name in mart.columns)
    texts = ", ".join(f'"{name}"' for name, kind in mart.columns.items() if kind == "VARCHAR")
    # Quoted, a text is never taken for a null.
    quoted = f", force_quote ({texts})" if texts else ""
    location = str(file).replace("'", "''")
    edition.connection.execute(
        f"copy (from {mart.query}) to '{location}' "
        f"(format csv, header false, nullstr '{_NULL}'{quoted})"
    )
    table = f'"{schema}"."{mart.name}"'
    # Not truncate: readers of the version before would find nothing.
    cursor.execute(f"delete from {table}")
    with file.open("rb") as rows:
        cursor.copy_expert(
            f"copy {table} ({names}) from stdin (format csv, null '{_NULL}', encoding 'UTF8')", rows
        )


def _sentence(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rstrip(".") + "."
