"""Forgetting and renaming repositories."""

import sys
from pathlib import Path

import duckdb
import pytest

from shipworthy.contract import TABLES
from shipworthy.errors import ShipworthyError
from shipworthy.git.reader import load_git
from shipworthy.repositories import forget, rename
from shipworthy.warehouse import connect

sys.path.insert(0, str(Path(__file__).parent / "git"))
from histories import Builder, git, text_tree


@pytest.fixture
def warehouse(tmp_path, monkeypatch):
    """Return a warehouse with a git history, `acme/shop`, and one row of it everywhere else."""
    monkeypatch.setenv("SHIPWORTHY_SALT", "a salt for tests only")
    builder = Builder(tmp_path / "r")
    builder.commit(text_tree(a_py="one\n"))
    builder.commit(text_tree(a_py="two\n"))
    builder.write()
    git(tmp_path / "r", "tag", "v1", "main")
    (tmp_path / "db").mkdir()
    path = tmp_path / "db" / "w.duckdb"
    load_git([tmp_path / "r"], path, repositories=["acme/shop"], releases="v*")
    connection = connect(path)
    for name, table in TABLES.items():
        if "repository" not in table.columns or name in _GIT_TABLES:
            continue
        for repository in ("acme/shop", "acme/web"):
            keys = ", ".join(f'"{key}"' for key in table.key if key != "repository")
            values = ", ".join(
                _value(table.columns[key], repository) for key in table.key if key != "repository"
            )
            connection.execute(
                f"insert into shipworthy_raw.{name} (repository, {keys}) "
                f"values ('{repository}', {values})"
            )
    connection.execute(
        "insert into shipworthy_raw.incidents (incident_id, caused_by_deployment_id) "
        "values ('i', 'acme/shop@v1')"
    )
    for source in ("github:acme/shop", "git:acme/web", "github:big-acme/shop"):
        connection.execute(
            "insert into shipworthy_raw.load_watermarks (input, source) values ('commits', ?)",
            [source],
        )
    connection.close()
    return path


_GIT_TABLES = ("repositories", "commits", "line_births", "line_deaths")


def _value(kind, repository):
    return {"VARCHAR": f"'{repository}/x'", "BIGINT": "1", "DATE": "date '2026-01-01'"}[kind]


def counts(path):
    """Return the rows of each table by repository, and the sources of the watermarks."""
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = [name for name, table in TABLES.items() if "repository" in table.columns]
        found = {
            name: dict(
                connection.execute(
                    f"select repository, count(*) from shipworthy_raw.{name} group by 1"
                ).fetchall()
            )
            for name in [*tables, "git_reader_state"]
        }
        found["sources"] = sorted(
            connection.execute(
                "select source from shipworthy_raw.load_watermarks group by 1"
            ).fetchall()
        )
        return found


def test_a_forgotten_repository_leaves_nothing_and_no_other_loses_anything(warehouse, tmp_path):
    before = counts(warehouse)
    assert forget(warehouse, "acme/shop") > 10
    after = counts(warehouse)
    for name, rows in after.items():
        if name == "sources":
            assert rows == [("git:acme/web",), ("github:big-acme/shop",)]
        else:
            assert "acme/shop" not in rows
            assert rows.get("acme/web") == before[name].get("acme/web")
    [load] = load_git([tmp_path / "r"], warehouse, repositories=["acme/shop"])
    assert load.mode == "fresh"


def test_a_renamed_repository_goes_on_under_its_new_name(warehouse, tmp_path):
    before = counts(warehouse)
    rename(warehouse, "acme/shop", "big/shop")
    after = counts(warehouse)
    for name in set(before) - {"sources"}:
        assert after[name].get("big/shop") == before[name]["acme/shop"]
        assert "acme/shop" not in after[name]
    assert ("git:big/shop",) in after["sources"]
    assert ("github:big/shop",) in after["sources"]
    assert ("github:big-acme/shop",) in after["sources"]
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        tag = (
            "select deployment_id, service from shipworthy_raw.deployments where source = 'git_tag'"
        )
        assert connection.execute(tag).fetchall() == [("big/shop@v1", "big/shop")]
        caused = "select caused_by_deployment_id from shipworthy_raw.incidents"
        assert connection.execute(caused).fetchall() == [("big/shop@v1",)]
    [load] = load_git([tmp_path / "r"], warehouse, repositories=["big/shop"], releases="v*")
    assert (load.mode, load.deployments) == ("current", 1)


def test_names_that_make_no_sense_are_refused_and_change_nothing(warehouse, tmp_path):
    before = counts(warehouse)
    with pytest.raises(ShipworthyError, match=r"no repository acme/shoop; did you mean acme/shop"):
        forget(warehouse, "acme/shoop")
    with pytest.raises(ShipworthyError, match=r"holds rows of acme/web already.*forget acme/web"):
        rename(warehouse, "acme/shop", "acme/web")
    with pytest.raises(ShipworthyError, match="named owner/name"):
        rename(warehouse, "acme/shop", " ")
    with pytest.raises(ShipworthyError, match="no warehouse"):
        forget(tmp_path / "missing.duckdb", "acme/shop")
    assert not (tmp_path / "missing.duckdb").exists()
    assert counts(warehouse) == before


def test_the_same_history_has_one_name_and_a_name_one_history(warehouse, tmp_path):
    with pytest.raises(ShipworthyError, match="shipworthy rename acme/shop acme/store"):
        load_git([tmp_path / "r"], warehouse, repositories=["acme/store"])
    other = Builder(tmp_path / "other")
    other.commit(text_tree(a_py="three\n"), message="of another project")
    other.write()
    with pytest.raises(ShipworthyError, match=r"no commit in common.*shipworthy forget acme/shop"):
        load_git([tmp_path / "other"], warehouse, repositories=["acme/shop"])
    # A fork that went its own way is a repository of its own.
    git(tmp_path, "clone", "--quiet", "--bare", "r", "fork")
    head = git(tmp_path / "fork", "rev-parse", "main~1").decode().strip()
    tree = git(tmp_path / "fork", "rev-parse", "main^{tree}").decode().strip()
    own = git(tmp_path / "fork", "commit-tree", "-p", head, "-m", "own", tree).decode().strip()
    git(tmp_path / "fork", "update-ref", "refs/heads/main", own)
    [load] = load_git([tmp_path / "fork"], warehouse, repositories=["acme/fork"])
    assert load.mode == "fresh"


def test_copies_that_are_named_together_are_repositories_of_their_own(tmp_path, monkeypatch):
    monkeypatch.setenv("SHIPWORTHY_SALT", "a salt of the tests, longer than 16 bytes")
    path = tmp_path / "warehouse.duckdb"
    builder = Builder(tmp_path / "r")
    builder.commit(text_tree(a_py="one\n"), message="first")
    builder.write()
    git(tmp_path, "clone", "--quiet", "--bare", "r", "copy")
    together = ([tmp_path / "r", tmp_path / "copy"], path)
    names = ["acme/shop", "acme/store"]
    assert [load.mode for load in load_git(*together, repositories=names)] == ["fresh", "fresh"]
    assert [load.mode for load in load_git(*together, repositories=names)] == ["current"] * 2
    # One place is one repository, however often it is named.
    with pytest.raises(ShipworthyError, match="shipworthy rename"):
        load_git([tmp_path / "r"] * 2, path, repositories=["acme/x", "acme/y"])
