"""The comparison that redesigns are held to sees what differs, and nothing else."""

import subprocess
import sys

import duckdb
import pytest

from dbt_runs import ROOT

MART = (
    "create schema shipworthy; create table shipworthy.spend "
    "(team varchar, usd double, word varchar, primary key (team)); "
    "insert into shipworthy.spend values ('a', 0.3, 'x'), ('b', null, 'y'), ('c', 2e12, null)"
)


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ("update shipworthy.spend set usd = 0.1 + 0.2 where team = 'a'", 0, "equal"),
        ("update shipworthy.spend set usd = 0.30000001 where team = 'a'", 1, "spend.usd: 1 of 3"),
        ("update shipworthy.spend set usd = 0 where team = 'b'", 1, "(b): None -> 0.0"),
        ("update shipworthy.spend set usd = 'nan' where team = 'a'", 1, "(a): 0.3 -> nan"),
        ("update shipworthy.spend set word = 'z' where team = 'c'", 1, "spend.word: 1 of 3"),
        ("delete from shipworthy.spend where team = 'a'", 1, "spend: 1 rows gone, first a"),
        ("insert into shipworthy.spend values ('d', 1, 'x')", 1, "spend: 1 rows new"),
        ("alter table shipworthy.spend alter word type blob", 1, "type VARCHAR -> BLOB"),
        ("alter table shipworthy.spend add column more bigint", 1, "spend.more: type none"),
        ("create table shipworthy.other (x bigint)", 1, "other: was not there"),
        ("drop table shipworthy.spend", 1, "spend: not there any more"),
    ],
)
def test_a_difference_is_found(tmp_path, change, code, says):
    """Sums in another order are equal; anything else is named with its mart and column."""
    for name, statements in (("before", MART), ("after", f"{MART}; {change}")):
        with duckdb.connect(str(tmp_path / f"{name}.duckdb")) as connection:
            connection.execute(statements)
    done = compare(tmp_path / "before.duckdb", tmp_path / "after.duckdb")
    assert (done.returncode, says in done.stdout) == (code, True), done.stdout + done.stderr


def test_a_file_that_is_none_is_named(tmp_path):
    """One sentence, no traceback."""
    done = compare(tmp_path / "a.duckdb", tmp_path / "b.duckdb")
    assert done.returncode == 2
    assert done.stderr.endswith("a.duckdb is not there: name two DuckDB files with marts.\n")


def compare(before, after):
    """Run the script on two files."""
    script = ROOT / "benchmarks" / "compare_marts.py"
    return subprocess.run(
        [sys.executable, script, before, after], capture_output=True, text=True, check=False
    )
