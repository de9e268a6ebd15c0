"""One warehouse, one salt: a load with another is refused before it writes."""

import shutil

import duckdb
import pytest

from shipworthy.errors import ShipworthyError
from shipworthy.files import load_files
from shipworthy.identity import fingerprint
from shipworthy.salt import salt_of
from shipworthy.warehouse import connect

FIRST, SECOND = "the first salt of two, long", "the second salt of two, long"


@pytest.fixture
def people(tmp_path):
    directory = tmp_path / "export"
    directory.mkdir()
    (directory / "people.csv").write_text("person_key,team\nada@example.com,blue\n")
    return directory


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.delenv("SHIPWORTHY_SALT", raising=False)
    directory = tmp_path / "home"
    directory.mkdir()
    return directory


def rows(warehouse):
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute("from shipworthy_raw.people").fetchall()


def test_a_copied_warehouse_without_its_salt_takes_no_second_one(people, home, tmp_path):
    load_files(people, home / "some.duckdb")
    copied = tmp_path / "copied"
    copied.mkdir()
    shutil.copy(home / "some.duckdb", copied)
    before = rows(copied / "some.duckdb")
    with pytest.raises(ShipworthyError, match=r"is not here: copy \.shipworthy/ from where"):
        load_files(people, copied / "some.duckdb")
    assert not (copied / ".shipworthy").exists()
    assert rows(copied / "some.duckdb") == before

    shutil.copytree(home / ".shipworthy", copied / ".shipworthy")
    (again,) = load_files(people, copied / "some.duckdb")
    assert (again.inserted, again.unchanged) == (0, 1)


def test_another_salt_is_refused(people, home, monkeypatch):
    monkeypatch.setenv("SHIPWORTHY_SALT", FIRST)
    load_files(people, home / "some.duckdb")
    before = rows(home / "some.duckdb")
    monkeypatch.setenv("SHIPWORTHY_SALT", SECOND)
    with pytest.raises(
        ShipworthyError,
        match=r"was loaded with another salt.* copy \.shipworthy/ .*SHIPWORTHY_SALT",
    ):
        load_files(people, home / "some.duckdb")
    assert rows(home / "some.duckdb") == before
    monkeypatch.setenv("SHIPWORTHY_SALT", FIRST)
    assert load_files(people, home / "some.duckdb")[0].unchanged == 1


def test_a_salt_of_nobody_may_change(home, monkeypatch):
    for salt in (FIRST, SECOND):
        monkeypatch.setenv("SHIPWORTHY_SALT", salt)
        connection = connect(home / "some.duckdb")
        assert salt_of(connection, home / "some.duckdb") == salt.encode()
        connection.close()


def test_files_of_keys_alone_need_no_salt(people, home):
    (people / "people.csv").write_text(f"person_key,team\n{'f' * 32},blue\n")
    load_files(people, home / "some.duckdb")
    assert not (home / ".shipworthy").exists()


def test_a_fingerprint_does_not_tell_the_salt():
    assert fingerprint(FIRST.encode()) != fingerprint(SECOND.encode())
    assert FIRST not in fingerprint(FIRST.encode())
    assert len(fingerprint(FIRST.encode())) == 32
