"""The user's own files: identities and people."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest
from source_checks import NOW, SALT, read_rows

from shipworthy import sources
from shipworthy.errors import ShipworthyError
from shipworthy.identity import alias_key, person_key
from shipworthy.sources import SUMMARIES
from shipworthy.sources import vendor as find_vendor
from shipworthy.sources.http import Session
from shipworthy.sources.landing import SourceLoad, load_vendor
from shipworthy.sources.rows import contract_resource
from shipworthy.sources.vendor import ALIAS_KINDS, Keys, Load, Vendor, Window

KEYS = Keys(SALT.encode())
ALICE, BOB = KEYS.email("alice@acme.example.com"), KEYS.email("bob@acme.example.com")
PEOPLE = """email,team,role,valid_from_on,valid_to_on,kind
Alice@Acme.example.com,red,lead,,2026-03-01,human
alice@acme.example.com,blue,lead,2026-03-01,,human
bob@acme.example.com,red,,,,
bob@acme.example.com,red,,,,
"""
IDENTITIES = """Email,emails,GitHub,claude_api_key,openai
alice@acme.example.com, alice@home.example.com ;1+a@noreply.example.com,AliceZ,alice-top;alice-ci,
bob@acme.example.com,,bobr,,user-77
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a file of a name and text."""

    def written(name: str, text: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return written


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., SourceLoad]:
    """Load files with a vendor; what it did comes back."""

    def loaded(name: str, *paths: Path, **options: Any) -> SourceLoad:
        warehouse = tmp_path / "warehouse.duckdb"
        (done,) = load_vendor(find_vendor(name), {"paths": list(paths)}, warehouse, **options)
        return done

    return loaded


def aliases(tmp_path: Path) -> dict[str, str]:
    rows = read_rows(tmp_path / "warehouse.duckdb", "identities")
    return {row["alias_key"]: row["person_key"] for row in rows}


class TestIdentities:
    def test_one_line_a_person(self, load: Any, write: Any, tmp_path: Path) -> None:
        done = load("identities", write("who.csv", IDENTITIES))
        assert aliases(tmp_path) == {
            ALICE: ALICE,
            KEYS.email("alice@home.example.com"): ALICE,
            KEYS.email("1+a@noreply.example.com"): ALICE,
            KEYS.alias("github", "alicez"): ALICE,
            KEYS.alias("claude-api-key", "alice-top"): ALICE,
            KEYS.alias("claude-api-key", "alice-ci"): ALICE,
            BOB: BOB,
            KEYS.alias("github", "bobr"): BOB,
            KEYS.alias("openai", "user-77"): BOB,
        }
        assert done.tables["identities"].inserted == 9
        assert alias_key("github", "AliceZ", SALT.encode()) in aliases(tmp_path)
        assert person_key("ALICE@acme.example.com", SALT.encode()) == ALICE

    def test_a_second_load_changes_nothing(self, load: Any, write: Any, tmp_path: Path) -> None:
        path = write("who.csv", IDENTITIES)
        load("identities", path)
        before = aliases(tmp_path)
        again = load("identities", path).tables["identities"]
        assert (again.inserted, again.updated, again.unchanged) == (0, 0, 9)
        assert aliases(tmp_path) == before

    def test_people_and_the_salt_stay_out(self, load: Any, write: Any, tmp_path: Path) -> None:
        load("identities", write("who.csv", IDENTITIES))
        stored = (tmp_path / "warehouse.duckdb").read_bytes().decode("latin-1").lower()
        for value in ("alice", "bobr", "user-77", SALT):
            assert value not in stored

    def test_the_users_word_wins_whichever_is_loaded_first(
        self, load: Any, write: Any, tmp_path: Path
    ) -> None:
        login, stranger = KEYS.alias("github", "alicez"), KEYS.alias("github", "stranger")
        vendor = _knowing([(login, "somebody"), (stranger, "else")])
        warehouse = tmp_path / "warehouse.duckdb"
        load_vendor(vendor, {}, warehouse)
        assert aliases(tmp_path)[login] == "somebody"
        load("identities", write("who.csv", IDENTITIES))
        assert aliases(tmp_path)[login] == ALICE
        load_vendor(vendor, {}, warehouse)
        assert aliases(tmp_path)[login] == ALICE
        assert aliases(tmp_path)[stranger] == "else"

    def test_an_alias_moves_to_another_person(self, load: Any, write: Any, tmp_path: Path) -> None:
        load("identities", write("who.csv", IDENTITIES))
        moved = IDENTITIES.replace("alice-ci", "").replace("bobr,,", "bobr,alice-ci,")
        done = load("identities", write("who.csv", moved)).tables["identities"]
        assert (done.inserted, done.updated) == (0, 1)
        assert aliases(tmp_path)[KEYS.alias("claude-api-key", "alice-ci")] == BOB

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            (
                IDENTITIES + "carol@acme.example.com,,ALICEZ,,\n",
                r"who.csv, line 4: a value of 'github' .* \(.*who.csv, line 2\)",
            ),
            (
                "email,emails\na@example.com,b@example.com\n\nb@example.com,\n",
                "line 4: a value of 'email' belongs to another person",
            ),
            ("email,name\na@example.com,A\n", "column 'name' that is not known"),
            ("email,git-hub\na@example.com,a\n", "did you mean github"),
            ("github\na\n", "line 1: there is no column 'email'"),
            ("", "line 1: there is no column 'email'"),
            ("email;github\na@example.com;a\n", "with commas between"),
            ("email,github,GITHUB\n", "'github' is named twice"),
            ('email,github\n"a@example.com\n",a,b\n', "line 2: there are 3 values for 2 columns"),
            ('email\n"a@example.com\n', "line 2: "),
            (b"email\n\xff@example.com\n", "not text in UTF-8"),
        ],
    )
    def test_a_mistake_is_a_sentence(
        self, load: Any, write: Any, tmp_path: Path, text: str | bytes, sentence: str
    ) -> None:
        with pytest.raises(ShipworthyError, match=sentence) as caught:
            load("identities", write("who.csv", text))
        assert "alicez" not in str(caught.value).lower()
        assert aliases(tmp_path) == {}

    def test_a_line_without_a_person_is_kept_as_rejected(
        self, load: Any, write: Any, tmp_path: Path
    ) -> None:
        path = write("who.csv", IDENTITIES + ",,nobody,,\n")
        with pytest.raises(ShipworthyError, match=r'has no email .*"line": 4'):
            load("identities", path)
        assert load("identities", path, max_rejected=0.5).rejected == 1
        (rejected,) = read_rows(tmp_path / "warehouse.duckdb", "rejected_rows")
        assert (rejected["reason"], rejected["payload"]) == ("has no email", '{"line": 4}')
        assert len(aliases(tmp_path)) == 9

    def test_a_spreadsheets_mark_and_line_ends(self, load: Any, write: Any, tmp_path: Path) -> None:
        load("identities", write("who.csv", b"\xef\xbb\xbfemail,github\r\na@example.com,a\r\n"))
        assert len(aliases(tmp_path)) == 2

    def test_every_kind_in_use_is_a_column(self) -> None:
        used: set[str] = set()
        directory = Path(sources.__file__).parent
        for path in directory.rglob("*.py"):
            for found in path.read_text().split('alias("')[1:]:
                used.add(found.split('"')[0])
        assert "github" in used
        assert used <= {"email", *ALIAS_KINDS}


class TestPeople:
    def test_memberships(self, load: Any, write: Any, tmp_path: Path) -> None:
        path = write("members.csv", PEOPLE)
        assert load("people", path).tables["people"].inserted == 3
        again = load("people", path).tables["people"]
        assert (again.inserted, again.updated, again.unchanged) == (0, 0, 3)
        rows = read_rows(tmp_path / "warehouse.duckdb", "people")
        found = {
            (row["person_key"], row["team"], row["role"], row["valid_from_on"], row["valid_to_on"])
            for row in rows
        }
        assert found == {
            (ALICE, "red", "lead", None, date(2026, 3, 1)),
            (ALICE, "blue", "lead", date(2026, 3, 1), None),
            (BOB, "red", None, None, None),
        }
        assert "alice" not in (tmp_path / "warehouse.duckdb").read_bytes().decode("latin-1").lower()

    def test_a_later_end_changes_the_row(self, load: Any, write: Any, tmp_path: Path) -> None:
        load("people", write("members.csv", PEOPLE))
        left = PEOPLE.replace(
            "bob@acme.example.com,red,,,,", "bob@acme.example.com,red,,,2026-06-01,"
        )
        done = load("people", write("members.csv", left)).tables["people"]
        assert (done.inserted, done.updated, done.unchanged) == (0, 1, 2)

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            (",red,,,,", "has no email"),
            ("a@example.com,,,,,", "has no team"),
            ("a@example.com,red,,01.02.2026,,", "valid_from_on is not a date"),
            ("a@example.com,red,,2026-02-01,2026-02-01,", "valid_to_on is not after"),
            ("a@example.com,red,,,,robot", "kind is not one of human, agent, automation"),
        ],
    )
    def test_a_bad_line_is_refused(
        self, load: Any, write: Any, tmp_path: Path, line: str, reason: str
    ) -> None:
        path = write("members.csv", f"{PEOPLE}{line}\n")
        with pytest.raises(ShipworthyError, match=rf'{reason}.*"line": 6'):
            load("people", path)
        assert load("people", path, max_rejected=0.5).rejected == 1
        assert len(read_rows(tmp_path / "warehouse.duckdb", "people")) == 3

    def test_lines_that_contradict_each_other(self, load: Any, write: Any) -> None:
        path = write("members.csv", PEOPLE + "bob@acme.example.com,red,lead,,,\n")
        with pytest.raises(ShipworthyError, match=r"line 6: the same person.*line 4"):
            load("people", path)


@pytest.mark.parametrize(("name", "text"), [("identities", IDENTITIES), ("people", PEOPLE)])
def test_any_dlt_pipeline_gives_the_same_rows(
    load: Any, write: Any, tmp_path: Path, name: str, text: str
) -> None:
    path = write("own.csv", text)
    load(name, path)
    vendor = find_vendor(name)
    (one,) = vendor.loads(vendor.settings({"paths": [path]}, KEYS, Session))
    pipeline = dlt.pipeline(
        "alone",
        destination=dlt.destinations.duckdb(str(tmp_path / "alone.duckdb")),
        dataset_name="landed",
        pipelines_dir=str(tmp_path / "pipelines"),
    )
    pipeline.run(one.source(Window(None, NOW)))
    with duckdb.connect(str(tmp_path / "alone.duckdb"), read_only=True) as connection:
        landed = connection.execute(f"select person_key from landed.{name} order by 1").fetchall()
    expected = sorted(
        (row["person_key"],) for row in read_rows(tmp_path / "warehouse.duckdb", name)
    )
    assert landed == expected


def test_both_are_commands() -> None:
    assert {"identities", "people"} <= SUMMARIES.keys()


def _knowing(pairs: list[tuple[str | None, str]]) -> Vendor:
    """A vendor that knows who is behind aliases."""

    @dlt.source(name="knowing")
    def knowing(window: Window) -> Any:
        return contract_resource(
            "identities",
            [{"alias": alias, "person": person} for alias, person in pairs],
            lambda payload: {"alias_key": payload["alias"], "person_key": payload["person"]},
        )

    return Vendor(
        name="knowing",
        title="Knowing",
        inputs=("identities",),
        loads=lambda settings: [Load("knowing", ("identities",), knowing)],
    )
