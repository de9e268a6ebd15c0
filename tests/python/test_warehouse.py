"""Opening the warehouse, and merging so that a repeat or an overlap changes nothing."""

import datetime
import os
import random
import subprocess
import sys

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipworthy.contract import RAW_SCHEMA, REJECTED_ROWS, TABLES
from shipworthy.errors import ShipworthyError
from shipworthy.warehouse import (
    Finding,
    MergeCounts,
    connect,
    merge,
    read_findings,
    reading,
    replace_findings,
    warehouse_path,
)


@pytest.fixture
def connection(tmp_path):
    with connect(tmp_path / "warehouse.duckdb") as connection:
        yield connection


def columns(connection):
    found = {}
    for table, column, kind in connection.execute(
        "select table_name, column_name, data_type from information_schema.columns "
        "where table_schema = ? order by ordinal_position",
        [RAW_SCHEMA],
    ).fetchall():
        found.setdefault(table, {})[column] = kind
    return found


def rows(connection, table):
    return connection.execute(f"from {RAW_SCHEMA}.{table} order by all").fetchall()


# ------------------------------------------------------------------------------ opening


def test_a_new_warehouse_has_all_contract_tables_empty(connection):
    contract = {table.name: table.columns for table in (*TABLES.values(), REJECTED_ROWS)}
    assert columns(connection) == contract
    assert not any(rows(connection, table) for table in contract)


def test_opening_again_keeps_rows_and_adds_missing_columns(tmp_path):
    path = tmp_path / "warehouse.duckdb"
    with connect(path) as connection:
        connection.execute(f"insert into {RAW_SCHEMA}.identities values ('a', 'p')")
        connection.execute(f"alter table {RAW_SCHEMA}.identities drop column person_key")
        connection.execute(f"drop table {RAW_SCHEMA}.costs")
        connection.execute(f"create table {RAW_SCHEMA}.mine (a integer)")
    with connect(path) as connection:
        assert rows(connection, "identities") == [("a", None)]
        found = columns(connection)
        assert found["costs"] == TABLES["costs"].columns
        assert "mine" in found


def test_older_clients_can_open_the_file(connection):
    [(tags,)] = connection.execute(
        "select tags from duckdb_databases() where database_name = current_catalog()"
    ).fetchall()
    assert tags["storage_version"].startswith("v1.4")


def test_the_warehouse_is_where_the_environment_says(tmp_path, monkeypatch):
    monkeypatch.delenv("SHIPWORTHY_WAREHOUSE", raising=False)
    assert str(warehouse_path()) == "warehouse.duckdb"
    monkeypatch.setenv("SHIPWORTHY_WAREHOUSE", "")
    assert str(warehouse_path()) == "warehouse.duckdb"
    monkeypatch.setenv("SHIPWORTHY_WAREHOUSE", str(tmp_path / "other.duckdb"))
    assert warehouse_path() == tmp_path / "other.duckdb"


@pytest.mark.parametrize("name", ["shipworthy.duckdb", "Main.db", "restricted.v2.duckdb"])
def test_a_name_that_is_a_schemas_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.setenv("SHIPWORTHY_WAREHOUSE", str(tmp_path / name))
    with pytest.raises(ShipworthyError, match="a schema in it has that name"):
        warehouse_path()
    with pytest.raises(ShipworthyError, match="a schema in it has that name"):
        connect(tmp_path / name)


def test_what_is_not_a_warehouse_is_refused_in_one_sentence(tmp_path):
    (tmp_path / "folder.duckdb").mkdir()
    (tmp_path / "text.duckdb").write_text("not a database\n" * 1000)
    for name, sentence in {
        "folder.duckdb": "is a directory",
        "text.duckdb": "is not a DuckDB database",
        "missing/warehouse.duckdb": "does not exist; make it",
    }.items():
        with pytest.raises(ShipworthyError, match=sentence) as error:
            connect(tmp_path / name)
        assert "\n" not in str(error.value)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.duckdb")
    for opening in (connect, lambda path: reading(path).__enter__()):
        with pytest.raises(ShipworthyError, match="is not a file; name another one"):
            opening(tmp_path / "pipe.duckdb")


def test_a_read_only_directory_is_refused(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise duckdb.IOException("IO Error: Cannot open file: Permission denied")

    # Not by the directory's mode: root may write everywhere.
    monkeypatch.setattr(duckdb, "connect", refuse)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(ShipworthyError, match="read-only"):
        connect(tmp_path / "warehouse.duckdb")


def test_a_warehouse_in_use_names_the_process(tmp_path):
    path = tmp_path / "warehouse.duckdb"
    script = (
        "import sys; from shipworthy.warehouse import connect; c = connect(sys.argv[1]); "
        "print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout.readline() == b"open\n"
        with pytest.raises(ShipworthyError, match=f"in use by process {other.pid}"):
            connect(path)
        other.stdin.close()
    connect(path).close()


def test_a_warehouse_that_is_open_otherwise_here_is_refused(tmp_path):
    path = tmp_path / "warehouse.duckdb"
    connect(path).close()
    with (
        duckdb.connect(str(path), read_only=True),
        pytest.raises(ShipworthyError, match="already open in this process"),
    ):
        connect(path)


# ------------------------------------------------------------------------------ merging

DAY = datetime.date(2026, 1, 5)


def test_merging_inserts_updates_and_leaves_alone(connection):
    connection.execute(
        "create temp table source as select * from (values ('a', 'p'), ('b', 'q')) "
        "t(alias_key, person_key)"
    )
    assert merge(connection, "identities", "source") == MergeCounts(2, 0, 0, 0)
    assert merge(connection, TABLES["identities"], "source") == MergeCounts(0, 0, 2, 0)
    connection.execute("update source set person_key = null where alias_key = 'b'")
    connection.execute("insert into source values ('c', 'r')")
    assert merge(connection, "identities", "source") == MergeCounts(1, 1, 1, 0)
    assert rows(connection, "identities") == [("a", "p"), ("b", None), ("c", "r")]


def test_null_is_a_value_of_its_own_in_a_nullable_key(connection):
    source = pa.table(
        {
            "person_key": ["p", "p", "p"],
            "team": ["t", "t", "t"],
            "valid_from_on": pa.array([None, DAY, None], pa.date32()),
            "role": ["first", "second", "last"],
        }
    )
    connection.register("source", source)
    assert merge(connection, "people", "source") == MergeCounts(2, 0, 0, 1)
    assert merge(connection, "people", "source") == MergeCounts(0, 0, 2, 1)
    found = rows(connection, "people")
    assert [(row[3], row[2]) for row in found] == [(None, "last"), (DAY, "second")]


def test_exact_repeats_are_not_conflicts(connection):
    connection.register("source", pa.table({"alias_key": ["a", "a"], "person_key": ["p", "p"]}))
    assert merge(connection, "identities", "source") == MergeCounts(1, 0, 0, 0)


def test_a_whole_row_replaces_a_whole_row(connection):
    connection.register("whole", pa.table({"service": ["s"], "team": ["t"], "tier": ["1"]}))
    connection.register("part", pa.table({"service": ["s"], "team": ["t"]}))
    merge(connection, "services", "whole")
    assert merge(connection, "services", "part") == MergeCounts(0, 1, 0, 0)
    assert rows(connection, "services")[0][5] is None


def test_a_table_that_is_all_key_is_merged(connection):
    connection.register(
        "source", pa.table({"deployment_id": ["1"], "repository": ["r"], "sha": ["a"]})
    )
    assert merge(connection, "deployment_commits", "source") == MergeCounts(1, 0, 0, 0)
    assert merge(connection, "deployment_commits", "source") == MergeCounts(0, 0, 1, 0)


def test_rows_without_a_key_or_with_strange_columns_are_refused(connection):
    connection.register("keyless", pa.table({"alias_key": pa.array([None, "a"])}))
    with pytest.raises(ShipworthyError, match=r"Rows for identities lack .* \(alias_key\): 1"):
        merge(connection, "identities", "keyless")
    connection.register("strange", pa.table({"alias_key": ["a"], "name": ["n"]}))
    with pytest.raises(ShipworthyError, match="it does not know: name"):
        merge(connection, "identities", "strange")


def test_the_callers_transaction_decides(connection):
    connection.register("source", pa.table({"alias_key": ["a"], "person_key": ["p"]}))
    connection.execute("begin")
    merge(connection, "identities", "source")
    connection.execute("rollback")
    assert rows(connection, "identities") == []
    connection.register("broken", pa.table({"alias_key": ["a"], "person_key": ["p"]}))
    connection.execute("begin")
    merge(connection, "identities", "broken")
    with pytest.raises(duckdb.Error):
        merge(connection, "people", "(select 'x' as person_key, 'no date' as valid_from_on)")
    connection.execute("rollback")
    assert rows(connection, "identities") == []
    assert merge(connection, "identities", "source") == MergeCounts(1, 0, 0, 0)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.lists(
            st.tuples(
                st.sampled_from("ab"),
                st.sampled_from([None, DAY]),
                st.sampled_from([None, "x", "y"]),
            ),
            max_size=6,
        ),
        max_size=4,
    )
)
def test_merging_equals_a_dictionary(loads):
    with duckdb.connect() as connection:
        connection.execute(f"create schema {RAW_SCHEMA}")
        table = TABLES["services"]
        kinds = ", ".join(f"{name} {kind}" for name, kind in table.columns.items())
        connection.execute(f"create table {RAW_SCHEMA}.services ({kinds})")
        expected = {}
        for load in loads:
            names, days, teams = zip(*load, strict=True) if load else ((), (), ())
            connection.register(
                "source",
                pa.table(
                    {
                        "service": pa.array(names, pa.string()),
                        "valid_from_on": pa.array(days, pa.date32()),
                        "team": pa.array(teams, pa.string()),
                    }
                ),
            )
            before = dict(expected)
            expected.update({(name, day): team for name, day, team in load})
            touched = {(name, day) for name, day, _ in load}
            counts = merge(connection, table, "source")
            assert counts.inserted == len(touched - before.keys())
            assert counts.updated == sum(
                before[key] != expected[key] for key in touched & before.keys()
            )
            assert counts.inserted + counts.updated + counts.unchanged == len(touched)
            assert counts.superseded == sum(team != expected[name, day] for name, day, team in load)
        found = connection.execute(
            f"select service, valid_from_on, team from {RAW_SCHEMA}.services"
        ).fetchall()
        assert sorted(map(str, found)) == sorted(
            str((*key, team)) for key, team in expected.items()
        )


def test_a_load_replaces_the_findings_of_its_own_source_alone(connection):
    bot = Finding("commits", "unlisted_bot", "helper[bot]", 3)
    replace_findings(
        connection, "git:acme/shop", [bot, bot, Finding("commits", "clock_ahead", "c")]
    )
    replace_findings(connection, "git:acme/web", [bot])
    times = (
        "select reason, found_at from shipworthy_raw.load_findings where source = 'git:acme/shop'"
    )
    first = dict(connection.execute(times).fetchall())
    news = Finding("deployments", "tag_without_service", "v1")
    replace_findings(
        connection, "git:acme/shop", [Finding("commits", "unlisted_bot", bot.subject), news]
    )
    assert read_findings(connection, "git:acme/shop") == [
        Finding("commits", "unlisted_bot", "helper[bot]", 1),
        news,
    ]
    assert read_findings(connection, "git:acme/web") == [bot]
    assert dict(connection.execute(times).fetchall())["unlisted_bot"] == first["unlisted_bot"]
    replace_findings(connection, "git:acme/shop", [])
    assert read_findings(connection, "git:acme/shop") == []


def test_what_a_killed_run_spilled_is_removed(tmp_path):
    path = tmp_path / "some.duckdb"
    connect(path).close()
    spilled = tmp_path / "some.duckdb.tmp"
    spilled.mkdir()
    (spilled / "duckdb_temp_storage_DEFAULT-0.tmp").write_bytes(b"x" * 1000)
    os.utime(spilled / "duckdb_temp_storage_DEFAULT-0.tmp", (0, 0))
    (spilled / "notes.txt").touch()
    connect(path).close()
    assert [file.name for file in spilled.iterdir()] == ["notes.txt"]
    (spilled / "notes.txt").unlink()
    connect(path).close()
    assert not spilled.exists()


FULL_DISK = """
import pathlib, resource, signal, sys
from shipworthy.cli import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop()),) * 2)
main()
"""


@pytest.mark.parametrize("limit", [1, 100_000, 300_000, 700_000])
def test_a_full_disk_is_one_sentence_and_leaves_what_was_there(tmp_path, limit):
    """A limit on the size of files, in bytes, ends writes as a full disk does."""
    export = tmp_path / "export"
    export.mkdir()
    path = tmp_path / "some.duckdb"
    connect(path).close()
    rows = "".join(
        f"{number},{random.Random(number).randbytes(40).hex()}\n" for number in range(20_000)
    )
    (export / "deployments.csv").write_text("deployment_id,service\n" + rows)
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, "load", "files", str(export), str(limit)],
        env=os.environ | {"SHIPWORTHY_WAREHOUSE": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("shipworthy: The warehouse")
    assert "could not be written" in done.stderr or "cannot be written" in done.stderr
    with duckdb.connect(str(path)) as connection:
        assert connection.execute("from shipworthy_raw.deployments").fetchall() == []


@pytest.mark.parametrize(
    ("limit", "sentence"),
    [(30_000, "nothing more can be written to"), (120_000, "The warehouse could not be written")],
)
def test_a_full_disk_ends_the_git_reader_alike(tmp_path, limit, sentence):
    """While it asks git, and where it commits; nothing of the repository is kept."""
    repository = tmp_path / "r"
    stream = ["blob\nmark :1\ndata 2\na\n"]
    for number in range(1, 801):
        name = random.Random(number).randbytes(30).hex()
        stream.append(
            "commit refs/heads/main\n"
            f"committer Ada <ada@example.com> {1_700_000_000 + number} +0000\n"
            f"data 1\n{number % 10}\nM 100644 :1 {name}.py\n"
        )
    subprocess.run(["git", "init", "-q", "-b", "main", repository], check=True)
    subprocess.run(
        ["git", "-C", repository, "fast-import", "--quiet"],
        input="\n".join(stream).encode(),
        check=True,
    )
    path = tmp_path / "some.duckdb"
    connect(path).close()
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, "load", "git", str(repository), str(limit)],
        env=os.environ | {"SHIPWORTHY_WAREHOUSE": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert sentence in done.stderr.splitlines()[-1], done.stderr
    with duckdb.connect(str(path)) as connection:
        assert connection.execute("from shipworthy_raw.commits").fetchall() == []
