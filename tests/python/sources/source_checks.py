"""What every source must stand, written once. A vendor's test class inherits these checks.

class TestPagerDuty(SourceChecks):
    case = Case("pagerduty", routes={"/incidents": sample("incidents/pagerduty.json")}, ...)

    def test_severity_is_the_priority(self, load): ...
"""

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest
from vendor_server import Answer, Route, VendorServer

from commands import run_command
from shipworthy.contract import RAW_SCHEMA, TABLES
from shipworthy.errors import ShipworthyError
from shipworthy.sources import landing
from shipworthy.sources import vendor as find_vendor
from shipworthy.sources.http import Session
from shipworthy.sources.landing import SourceLoad, load_vendor
from shipworthy.sources.vendor import Keys, Window

DATA = Path(__file__).parent / "data"

# The samples' story ends in June 2026.
NOW = datetime(2026, 6, 20, 12, tzinfo=UTC)
SALT = "a salt of the tests, longer than 16 bytes"


def sample(name: str) -> Any:
    """Read a payload from tests/python/sources/data."""
    path = DATA / name
    return json.loads(path.read_text()) if path.suffix == ".json" else path.read_text()


class KilledError(BaseException):
    """The process dies here."""


@dataclass(frozen=True)
class Case:
    """A vendor with an interface, played by a server.

    Parameters
    ----------
    vendor : str
        Its name on the command line.
    routes : dict or callable
        Path to payload, see `VendorServer`; or what makes them from the server's URL.
    given : dict
        Options, without base_url.
    environment : dict
        The credentials; their values must appear nowhere.
    since : datetime
        Where the load starts.
    people : tuple of str
        Names, logins and addresses in the payloads; they must appear nowhere.
    required : dict
        A field of the payloads that no row can be made without, to the table that misses it then.
    """

    vendor: str
    routes: dict[str, Route] | Callable[[str], dict[str, Route]]
    given: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    since: datetime = datetime(2026, 4, 25, tzinfo=UTC)
    people: tuple[str, ...] = ()
    required: dict[str, str] = field(default_factory=dict)

    def serve(self) -> VendorServer:
        """Return the server, not yet serving."""
        if not callable(self.routes):
            return VendorServer(dict(self.routes))
        server = VendorServer({})
        server.routes = self.routes(server.url)
        return server


@dataclass
class Loader:
    """Runs the case against its server into one warehouse."""

    case: Case
    server: VendorServer
    warehouse: Path
    kept: list[tuple[list[SourceLoad], bytes, list[Any]]] = field(default_factory=list)

    def once(self) -> list[SourceLoad]:
        """Load into a new warehouse what is the same for all tests of a class.

        The first test does; the others get a copy of its warehouse, and the server is told what it
        was asked. Nothing that a load looks at may have been changed before.
        """
        assert not self.warehouse.exists()
        if not self.kept:
            asked = len(self.server.requests)
            done = self()
            requests = self.server.requests[asked:]
            self.kept.append((done, self.warehouse.read_bytes(), requests))
        else:
            done, warehouse, requests = self.kept[0]
            self.warehouse.write_bytes(warehouse)
            self.server.requests += requests
        return done

    def __call__(self, max_rejected: float = 0.01, **given: Any) -> list[SourceLoad]:
        """Load; options beside the case's may be given."""
        return load_vendor(
            find_vendor(self.case.vendor),
            {**self.case.given, "base_url": self.server.url, **given},
            self.warehouse,
            since=self.case.since,
            max_rejected=max_rejected,
            sleep=lambda seconds: None,
        )

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Return the rows of a raw table, in the order of its key."""
        return read_rows(self.warehouse, table)

    def all_rows(self) -> dict[str, list[dict[str, Any]]]:
        """Return the rows of all tables that a load fills, without what it says of itself."""
        about_loads = ("load_watermarks", "load_findings")
        names = [name for name in TABLES if name not in about_loads]
        found = read_tables(self.warehouse, *names)
        return {name: rows for name, rows in found.items() if rows}

    def unlisted(self) -> list[tuple[str, str, str, int]]:
        """Return input, reason, subject and count of the machines that no list of agents has."""
        columns = ("input", "reason", "subject", "row_count")
        found = [row for row in self.rows("load_findings") if row["reason"].startswith("unlisted")]
        return [tuple(row[name] for name in columns) for row in found]

    def another(self, directory: str) -> "Loader":
        """Return a loader into a new warehouse beside this one, with the same salt."""
        path = self.warehouse.parent / directory / self.warehouse.name
        path.parent.mkdir()
        return Loader(self.case, self.server, path)


_READER = duckdb.connect()


def read_tables(warehouse: Path, *tables: str) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of raw tables, in the order of their keys; none if there is no warehouse."""
    found: dict[str, list[dict[str, Any]]] = {table: [] for table in tables}
    if not warehouse.exists():
        return found
    # Making a DuckDB for each file to read takes ten times as long as reading it.
    _READER.execute(f"attach '{warehouse}' as warehouse (read_only)")
    try:
        for table in tables:
            key = TABLES[table].key if table in TABLES else ("table_name", "reason", "payload")
            cursor = _READER.execute(
                f"from warehouse.{RAW_SCHEMA}.{table} order by {', '.join(key)}"
            )
            names = [column[0] for column in cursor.description]
            found[table] = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    finally:
        _READER.execute("detach warehouse")
    return found


def read_rows(warehouse: Path, table: str) -> list[dict[str, Any]]:
    """Return the rows of one raw table."""
    return read_tables(warehouse, table)[table]


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIPWORTHY_SALT", SALT)
    monkeypatch.setattr(landing, "now", lambda: NOW)


class SourceChecks:
    """The checks; `case` is the vendor's."""

    case: Case

    @pytest.fixture(scope="class")
    @classmethod
    def kept(cls) -> list[Any]:
        """What `Loader.once` keeps for the tests of a class."""
        return []

    @pytest.fixture
    def load(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: list[Any]
    ) -> Iterator[Loader]:
        """A loader into an empty warehouse, the server running, the credentials set."""
        for variable, value in self.case.environment.items():
            monkeypatch.setenv(variable, value)
        with self.case.serve() as server:
            yield Loader(self.case, server, tmp_path / "warehouse.duckdb", kept)

    def test_a_second_load_changes_nothing(self, load: Loader) -> None:
        load.once()
        first = load.all_rows()
        again = load()
        assert first
        assert load.all_rows() == first
        for table in (table for done in again for table in done.tables.values()):
            assert (table.inserted, table.updated) == (0, 0), str(table)

    def test_failures_that_pass_change_nothing(self, load: Loader) -> None:
        load.once()
        other = load.another("other")
        load.server.fail_first_attempts("mixed")
        other()
        assert other.all_rows() == load.all_rows()

    @pytest.mark.slow
    def test_killed_at_any_request_and_resumed(
        self, load: Loader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        load.once()
        expected, requests = load.all_rows(), len(load.server.requests)
        real = Session.send
        # Every request of short conversations, eight spread over long ones.
        for last in sorted({round(i * (requests - 1) / 7) for i in range(8)}):
            other = load.another(f"killed-{last}")
            left = iter(range(last))

            def die_after(self: Session, *arguments: Any, left: Any = left, **options: Any) -> Any:
                if next(left, None) is None:
                    raise KilledError
                return real(self, *arguments, **options)

            monkeypatch.setattr(Session, "send", die_after)
            with pytest.raises(KilledError):
                other()
            monkeypatch.setattr(Session, "send", real)
            other()
            assert other.all_rows() == expected, f"killed at request {last}"

    def test_unknown_fields_change_nothing(self, load: Loader) -> None:
        load.once()
        other = load.another("other")
        load.server.change = _with_unknown_fields
        other()
        assert other.all_rows() == load.all_rows()

    def test_a_removed_field_is_a_sentence(self, load: Loader) -> None:
        for name, table in self.case.required.items():
            load.server.change = lambda payload, name=name: _without(payload, name)
            with pytest.raises(ShipworthyError, match=rf"{table} break the contract.*{name}"):
                load()
            assert load.all_rows().get(table) is None

    def test_a_refused_credential_is_a_sentence(self, load: Loader) -> None:
        if not self.case.environment:
            return
        refused = Answer({"message": "Bad credentials"}, 401)
        load.server.routes = {path: (lambda request: refused) for path in load.server.routes}
        with pytest.raises(ShipworthyError, match="refused the credential") as caught:
            load()
        for variable, value in self.case.environment.items():
            assert variable in str(caught.value)
            assert value not in str(caught.value)

    def test_secrets_and_people_stay_out(self, load: Loader) -> None:
        """In a process of its own: of what it prints, of its traceback and of the warehouse."""
        outcomes = [self._run_command(load)]
        load.server.routes = {path: _failing(route) for path, route in load.server.routes.items()}
        outcomes.append(self._run_command(load))
        assert [outcome.returncode for outcome in outcomes] == [0, 2], outcomes
        stored = load.warehouse.read_bytes().decode("latin-1")
        everything = stored + "".join(outcome.stdout + outcome.stderr for outcome in outcomes)
        for value in (*self.case.environment.values(), *self.case.people):
            assert value.lower() not in everything.lower(), value
        assert outcomes[1].stderr.count("\n") == 1, outcomes[1].stderr

    def test_any_dlt_pipeline_gives_the_same_rows(self, load: Loader, tmp_path: Path) -> None:
        load.once()
        vendor = find_vendor(self.case.vendor)
        settings = vendor.settings(
            {**self.case.given, "base_url": load.server.url},
            Keys(SALT.encode()),
            lambda title, **options: Session(title, sleep=lambda seconds: None, **options),
        )
        pipeline = dlt.pipeline(
            "alone",
            destination=dlt.destinations.duckdb(str(tmp_path / "alone.duckdb")),
            dataset_name="landed",
            pipelines_dir=str(tmp_path / "pipelines"),
        )
        for one in vendor.loads(settings):
            since = self.case.since
            while since < NOW:
                until = min(since + vendor.window, NOW) if vendor.window else NOW
                pipeline.run(one.source(Window(since, until)))
                since = until
        connection = duckdb.connect(str(tmp_path / "alone.duckdb"), read_only=True)
        for table in load.all_rows():
            columns = ", ".join(f'"{name}"' for name in TABLES[table].key)
            landed = connection.execute(
                f"select {columns} from landed.{table} order by all"
            ).fetchall()
            expected = sorted(
                tuple(row[name] for name in TABLES[table].key) for row in load.rows(table)
            )
            assert landed == expected, table
        connection.close()

    def _run_command(self, load: Loader) -> subprocess.CompletedProcess[str]:
        vendor = find_vendor(self.case.vendor)
        arguments: list[str] = []
        given = {**self.case.given, "base_url": load.server.url}
        for option in vendor.all_options():
            value = given.get(option.name)
            if value is None or value is False:
                continue
            if option.kind == "flag":
                arguments.append(option.spelling)
            elif option.kind == "map":
                for pair in value.items():
                    arguments += [option.spelling, "=".join(pair)]
            else:
                for text in value if isinstance(value, list | tuple) else [value]:
                    arguments += [option.spelling, str(text)]
        since = self.case.since.strftime("%Y-%m-%d")
        return run_command(
            *("load", self.case.vendor, *arguments, "--since", since),
            environment={"SHIPWORTHY_WAREHOUSE": str(load.warehouse)},
        )


def _failing(route: Route) -> Route:
    def answer(request: Any) -> Any:
        # 418 is nothing that passes: the load must end here.
        return Answer({"error": "teapot"}, 418)

    return answer


def _with_unknown_fields(payload: Any) -> Any:
    if isinstance(payload, dict):
        changed = {name: _with_unknown_fields(value) for name, value in payload.items()}
        return {"brand_new_field": {"nested": [1, None]}, **changed, "zz_new": "text"}
    if isinstance(payload, list):
        return [_with_unknown_fields(item) for item in payload]
    return payload


def _without(payload: Any, name: str) -> Any:
    if isinstance(payload, dict):
        return {key: _without(value, name) for key, value in payload.items() if key != name}
    if isinstance(payload, list):
        return [_without(item, name) for item in payload]
    return payload
