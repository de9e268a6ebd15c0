"""The salt is made once, kept to its owner and out of git; keys of people depend on it."""

import hashlib
import hmac
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


def files(directory):
    return sorted(
        str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()
    )


def test_a_salt_is_made_once_and_kept_to_its_owner(tmp_path):
    first = load_salt(tmp_path / "warehouse.duckdb")
    assert len(first) >= 32
    assert load_salt(tmp_path / "other.duckdb") == first
    assert stat.S_IMODE((tmp_path / ".shipworthy" / "salt").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / ".shipworthy").stat().st_mode) == 0o700
    assert files(tmp_path) == [".shipworthy/.gitignore", ".shipworthy/salt"]


def test_two_at_once_get_the_same_salt(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        salts = set(pool.map(lambda _: load_salt(tmp_path / "warehouse.duckdb"), range(32)))
    assert len(salts) == 1
    assert files(tmp_path) == [".shipworthy/.gitignore", ".shipworthy/salt"]


def test_the_environment_comes_first(tmp_path, monkeypatch):
    monkeypatch.setenv("SHIPWORTHY_SALT", SALT.decode())
    assert load_salt(tmp_path / "warehouse.duckdb") == SALT
    assert list(tmp_path.iterdir()) == []


def test_a_short_salt_is_refused_in_a_sentence_that_does_not_tell_it(tmp_path, monkeypatch):
    monkeypatch.setenv("SHIPWORTHY_SALT", "sesame")
    with pytest.raises(ShipworthyError, match="shorter than 16 bytes") as refusal:
        load_salt(tmp_path / "warehouse.duckdb")
    assert "sesame" not in str(refusal.value)


def test_a_salt_need_not_be_text(tmp_path, monkeypatch):
    monkeypatch.setenv("SHIPWORTHY_SALT", "\udcff" * 16)
    assert load_salt(tmp_path / "warehouse.duckdb") == b"\xff" * 16


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_salt_that_others_can_read_is_refused(tmp_path, mode):
    load_salt(tmp_path / "warehouse.duckdb")
    (tmp_path / ".shipworthy" / "salt").chmod(mode)
    with pytest.raises(ShipworthyError, match="chmod 600"):
        load_salt(tmp_path / "warehouse.duckdb")


def test_a_damaged_salt_is_refused(tmp_path):
    load_salt(tmp_path / "warehouse.duckdb")
    (tmp_path / ".shipworthy" / "salt").write_text("\n")
    with pytest.raises(ShipworthyError, match="damaged"):
        load_salt(tmp_path / "warehouse.duckdb")


def test_a_directory_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ShipworthyError, match="does not exist; make it"):
        load_salt(tmp_path / "missing" / "warehouse.duckdb")


def test_git_never_picks_the_salt_up_and_the_repository_stays_as_it_is(tmp_path):
    git(tmp_path, "init", "-q")
    before = {path: path.read_bytes() for path in (tmp_path / ".git").rglob("*") if path.is_file()}
    folder = tmp_path / "data"
    folder.mkdir()
    load_salt(folder / "warehouse.duckdb")
    assert git(tmp_path, "status", "--short", "--untracked-files=all") == ""
    after = {path: path.read_bytes() for path in (tmp_path / ".git").rglob("*") if path.is_file()}
    assert after == before


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
