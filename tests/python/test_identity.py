"""The salt is made once, kept to its owner and out of git; keys of people depend on it."""

import hashlib
import hmac
import logging
import os
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipworthy.errors import ShipworthyError
from shipworthy.identity import load_salt, person_key

SALT = b"0123456789abcdef"


@pytest.fixture(autouse=True)
def own_salt(monkeypatch):
    monkeypatch.delenv("SHIPWORTHY_SALT", raising=False)


def git(directory, *arguments):
    return subprocess.run(
        ["git", "-C", str(directory), *arguments], check=True, capture_output=True, text=True
    ).stdout


def test_a_salt_is_made_once_and_kept_to_its_owner(tmp_path):
    first = load_salt(tmp_path / "warehouse.duckdb")
    assert len(first) >= 32
    assert load_salt(tmp_path / "other.duckdb") == first
    assert stat.S_IMODE((tmp_path / ".shipworthy_salt").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [".shipworthy_salt"]


def test_two_at_once_get_the_same_salt(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        salts = set(pool.map(lambda _: load_salt(tmp_path / "warehouse.duckdb"), range(32)))
    assert len(salts) == 1
    assert [path.name for path in tmp_path.iterdir()] == [".shipworthy_salt"]


def test_the_environment_comes_first(tmp_path, monkeypatch):
    monkeypatch.setenv("SHIPWORTHY_SALT", SALT.decode())
    assert load_salt(tmp_path / "warehouse.duckdb") == SALT
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv("SHIPWORTHY_SALT", "secret")
    with pytest.raises(ShipworthyError, match="shorter than 16 bytes") as error:
        load_salt(tmp_path / "warehouse.duckdb")
    assert "secret;" not in str(error.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_salt_that_others_can_read_is_refused(tmp_path, mode):
    load_salt(tmp_path / "warehouse.duckdb")
    (tmp_path / ".shipworthy_salt").chmod(mode)
    with pytest.raises(ShipworthyError, match="chmod 600"):
        load_salt(tmp_path / "warehouse.duckdb")


def test_a_damaged_salt_is_refused(tmp_path):
    load_salt(tmp_path / "warehouse.duckdb")
    (tmp_path / ".shipworthy_salt").write_text("\n")
    with pytest.raises(ShipworthyError, match="damaged"):
        load_salt(tmp_path / "warehouse.duckdb")


def test_a_directory_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ShipworthyError, match="does not exist; make it"):
        load_salt(tmp_path / "missing" / "warehouse.duckdb")


def test_git_never_picks_the_salt_up(tmp_path, caplog):
    git(tmp_path, "init", "-q")
    folder = tmp_path / "data"
    folder.mkdir()
    with caplog.at_level(logging.WARNING):
        salt = load_salt(folder / "warehouse.duckdb")
    assert "keeps .shipworthy_salt out of commits" in caplog.text
    assert salt.decode() not in caplog.text
    git(tmp_path, "add", "-A")
    assert git(tmp_path, "status", "--short") == ""
    caplog.clear()
    assert load_salt(folder / "warehouse.duckdb") == salt
    assert caplog.text == ""
    exclude = (tmp_path / ".git" / "info" / "exclude").read_text()
    assert exclude.count(".shipworthy_salt") == 1


def test_an_ignored_salt_leaves_git_alone(tmp_path, caplog, monkeypatch):
    git(tmp_path, "init", "-q")
    (tmp_path / ".gitignore").write_text(".shipworthy_salt\n")
    before = (tmp_path / ".git" / "info" / "exclude").read_bytes()
    monkeypatch.setenv("GIT_DIR", os.devnull)  # as inside a git hook: not the repository meant here
    load_salt(tmp_path / "warehouse.duckdb")
    assert (tmp_path / ".git" / "info" / "exclude").read_bytes() == before
    assert caplog.text == ""


def test_a_committed_salt_is_refused(tmp_path):
    load_salt(tmp_path / "warehouse.duckdb")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-f", ".shipworthy_salt")
    with pytest.raises(ShipworthyError, match="git rm --cached"):
        load_salt(tmp_path / "warehouse.duckdb")


def test_no_git_is_no_obstacle(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert load_salt(tmp_path / "warehouse.duckdb")


def test_a_key_is_a_keyed_hash_of_the_address():
    expected = hmac.new(SALT, b"alice@example.com", hashlib.sha256).hexdigest()[:32]
    for address in ("alice@example.com", " Alice@Example.COM\n"):
        assert person_key(address, SALT) == expected
    assert person_key("bob@example.com", SALT) != expected
    assert person_key("alice@example.com", SALT[::-1]) != expected


def test_noreply_addresses_are_kept_as_they_are():
    keys = {
        person_key(address, SALT)
        for address in (
            "123+alice@users.noreply.github.com",
            "alice@users.noreply.github.com",
            "alice@example.com",
        )
    }
    assert len(keys) == 3


def test_nobodys_address_has_no_key():
    assert person_key("", SALT) is person_key("  ", SALT) is None


@given(st.text(), st.text())
def test_any_address_has_a_key_of_its_own(first, second):
    same = first.strip().lower() == second.strip().lower()
    assert (person_key(first, SALT) == person_key(second, SALT)) == same


def test_addresses_that_are_not_text_have_keys():
    assert person_key(b"\xff@example.com".decode("utf-8", "surrogateescape"), SALT)
