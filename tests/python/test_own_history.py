"""The whole line on real input: this repository's own history, from git to the marts."""

import subprocess
from collections import Counter
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from dbt_runs import run_dbt
from shipworthy.cli import cli

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    directory = tmp_path_factory.mktemp("own")
    path = directory / "own.duckdb"
    patch = pytest.MonkeyPatch()
    patch.setenv("SHIPWORTHY_WAREHOUSE", str(path))
    loaded = CliRunner().invoke(cli, ["load", "git", str(ROOT), "--repository", "own/history"])
    patch.undo()
    assert loaded.exit_code == 0, loaded.output
    run_dbt("build", path, variables={"demo": False})
    return path


def rows(path, query):
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


def git(*arguments):
    return subprocess.run(["git", "-C", ROOT, *arguments], check=True, capture_output=True).stdout


@pytest.mark.slow
def test_every_change_of_the_mainline_is_a_fact(warehouse):
    shas = git("rev-list", "--first-parent", "--reverse", "HEAD").decode().split()
    facts = "select sha from shipworthy.fct_changes order by mainline_position"
    assert [sha for (sha,) in rows(warehouse, facts)] == shas


@pytest.mark.slow
def test_living_lines_are_the_lines_that_blame_sees(warehouse):
    living = Counter()
    for table, sign in (("line_births", 1), ("line_deaths", -1)):
        query = f"select added_sha, sum(lines) from shipworthy_raw.{table} group by added_sha"
        for sha, lines in rows(warehouse, query):
            living[sha] += sign * lines
    blamed = Counter()
    for path in git("ls-tree", "-r", "-z", "--name-only", "HEAD").split(b"\0")[:-1]:
        if b"\0" in git("cat-file", "blob", b"HEAD:" + path):
            continue
        blame = git("blame", "--first-parent", "-w", "-s", "-l", "--root", "HEAD", "--", path)
        blamed.update(line[:40].decode() for line in blame.split(b"\n")[:-1])
    assert +living == blamed


@pytest.mark.slow
def test_the_repository_has_its_row_in_the_marts(warehouse):
    query = (
        "select changes, lines_born - lines_died = lines_living from shipworthy.dim_repositories"
    )
    assert rows(warehouse, query) == [
        (int(git("rev-list", "--first-parent", "--count", "HEAD")), True)
    ]
