"""`shipworthy doctor`: what is missing, in a table."""

import os
import threading
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import duckdb
import pytest
from click.testing import CliRunner

from shipworthy.cli import cli
from shipworthy.doctor import Check, examine, table
from shipworthy.errors import ShipworthyError
from shipworthy.identity import load_salt
from shipworthy.salt import salt_of
from shipworthy.sources import SUMMARIES, vendor
from shipworthy.warehouse import connect

TOKEN = "pd-secret-9"


@pytest.fixture
def vendor_server():
    """Answers with `status` and a clock that is `ahead` seconds off."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.authorization = self.headers["Authorization"]
            self.send_response_only(server.status)
            self.send_header("Date", formatdate(usegmt=True, timeval=server.now()))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    import time

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.status, server.ahead = 200, 0.0
    server.now = lambda: time.time() + server.ahead
    server.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def look(tmp_path, monkeypatch, vendor_server):
    """Examine a directory with one source set up; returns the checks by what was looked at."""
    monkeypatch.setenv("PAGERDUTY_TOKEN", TOKEN)
    monkeypatch.delenv("SHIPWORTHY_SALT", raising=False)
    (tmp_path / "shipworthy.toml").write_text(f"[pagerduty]\nbase_url = '{vendor_server.url}'\n")

    def examined(config: str = "shipworthy.toml", warehouse: str = "warehouse.duckdb"):
        checks = list(examine(tmp_path / config, tmp_path / warehouse))
        return {check.what: check for check in checks}

    return examined


def test_all_is_well(look, vendor_server, tmp_path):
    connect(tmp_path / "warehouse.duckdb").close()
    checks = look()
    assert {check.state for check in checks.values()} <= {"ok", "note"}
    assert checks["pagerduty reach"].state == "ok"
    assert checks["pagerduty clock"].finding == "agrees"
    assert vendor_server.authorization == f"Token token={TOKEN}"
    assert "no loaded inputs yet" in checks["warehouse"].finding


def test_a_missing_credential_names_variable_and_scopes(look, monkeypatch):
    monkeypatch.delenv("PAGERDUTY_TOKEN")
    check = look()["pagerduty credential"]
    assert check.state == "missing"
    assert check.finding.startswith("set PAGERDUTY_TOKEN; it must be allowed: read incidents")


def test_a_refused_credential(look, vendor_server):
    vendor_server.status = 401
    check = look()["pagerduty reach"]
    assert check.state == "missing"
    assert "refuses the credential (401)" in check.finding
    assert TOKEN not in check.finding


def test_a_server_that_is_down(look, vendor_server):
    vendor_server.status = 503
    assert look()["pagerduty reach"].finding.endswith("answers 503; try later")


def test_nobody_listens(look, tmp_path):
    (tmp_path / "shipworthy.toml").write_text("[pagerduty]\nbase_url = 'http://127.0.0.1:9'\n")
    assert "does not answer" in look()["pagerduty reach"].finding


def test_a_clock_that_is_off(look, vendor_server):
    vendor_server.ahead = 3600.0
    check = look()["pagerduty clock"]
    assert check.state == "missing"
    assert "behind PagerDuty's; set it" in check.finding


def test_a_file_that_is_no_warehouse(look, tmp_path):
    (tmp_path / "other.duckdb").write_text("this is no database at all" * 100)
    check = look(warehouse="other.duckdb")["warehouse"]
    assert check.state == "missing"
    assert "is not a DuckDB database" in check.finding


def test_a_salt_that_others_can_read(look, tmp_path):
    load_salt(tmp_path / "warehouse.duckdb")
    (tmp_path / ".shipworthy" / "salt").chmod(0o644)
    check = look()["salt"]
    assert check.state == "missing"
    assert "chmod 600" in check.finding


def test_a_mistake_in_the_configuration(look, monkeypatch, tmp_path):
    monkeypatch.delenv("PAGERDUTY_TOKEN")  # nobody else may be asked
    (tmp_path / "shipworthy.toml").write_text("[pagerdut]\n")
    assert "did you mean pagerduty?" in look()["shipworthy.toml"].finding


def test_without_configuration_the_environment_says_what_is_set_up(look, monkeypatch, tmp_path):
    for name in SUMMARIES:
        for secret in vendor(name).secrets:
            monkeypatch.delenv(secret.variable, raising=False)
    checks = look(config="none.toml")
    assert checks["shipworthy.toml"].state == "note"
    assert "pagerduty credential" not in checks


def everything(directory):
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_nothing_is_written(look, tmp_path):
    before = everything(tmp_path)
    checks = look()
    assert checks["warehouse"].state == checks["salt"].state == "note"
    assert "the first load makes it" in checks["warehouse"].finding
    assert "none yet" in checks["salt"].finding
    assert everything(tmp_path) == before
    assert not (tmp_path / ".shipworthy").exists()

    connect(tmp_path / "warehouse.duckdb").close()
    before = everything(tmp_path)
    look()
    assert everything(tmp_path) == before


def load_somebody(path):
    connection = connect(path)
    salt_of(connection, path)
    connection.execute("insert into shipworthy_raw.identities values ('a', 'b')")
    connection.close()


def test_the_salt_is_compared_with_the_warehouse(look, tmp_path, monkeypatch):
    load_somebody(tmp_path / "warehouse.duckdb")
    check = look()["salt"]
    assert (check.state, "the one that the warehouse was loaded with" in check.finding) == (
        "ok",
        True,
    )
    (tmp_path / ".shipworthy").rename(tmp_path / "elsewhere")
    check = look()["salt"]
    assert (check.state, "is not here; copy .shipworthy/" in check.finding) == ("missing", True)
    assert not (tmp_path / ".shipworthy").exists()
    monkeypatch.setenv("SHIPWORTHY_SALT", "another salt, long enough")
    check = look()["salt"]
    assert (check.state, "was loaded with another one" in check.finding) == ("missing", True)


def test_a_short_salt(look, monkeypatch):
    monkeypatch.setenv("SHIPWORTHY_SALT", "sesame")
    check = look()["salt"]
    assert (check.state, "shorter than 16 bytes" in check.finding) == ("missing", True)


def test_the_age_of_each_source(look, tmp_path):
    now = datetime.now(UTC).replace(tzinfo=None)
    connection = connect(tmp_path / "warehouse.duckdb")
    rows = [
        ("commits", "git:acme/shop", now, now),
        ("incidents", "pagerduty", now - timedelta(days=31), now - timedelta(days=30)),
        ("deployments", "files", None, now),
    ]
    for row in rows:
        connection.execute(
            "insert into shipworthy_raw.load_watermarks (input, source, loaded_through, loaded_at) "
            "values (?, ?, ?, ?)",
            row,
        )
    connection.close()
    checks = look()
    assert checks["warehouse"].finding.endswith("UTC")
    assert "3 sources" in checks["warehouse"].finding
    assert (checks["git:acme/shop"].state, checks["pagerduty"].state) == ("ok", "note")
    assert "loaded 30 days ago; load it again" in checks["pagerduty"].finding
    assert checks["files"].finding == "says not how far it reaches, loaded today"


def test_paths_of_the_own_loaders(look, tmp_path):
    config = tmp_path / "shipworthy.toml"
    (tmp_path / "shop").mkdir()
    config.write_text("[git]\npaths = ['shop', 'shoop']\n[files]\ndirectory = 'exports'\n")
    checks = look()
    assert checks["git paths"].state == checks["files paths"].state == "missing"
    assert checks["git paths"].finding == f"{tmp_path / 'shoop'} does not exist"
    (tmp_path / "exports").mkdir()
    (tmp_path / "shoop").mkdir()
    checks = look()
    assert (checks["git paths"].finding, checks["files paths"].finding) == ("2 there", "1 there")


@pytest.mark.parametrize(
    ("profiles", "state", "finding"),
    [
        (None, "missing", "there is no profiles.yml"),
        ("other: {}", "missing", "has no profile 'ours'"),
        ("ours: [", "missing", "cannot be understood"),
        ("ours: {target: dev, outputs: {dev: {type: postgres}}}", "ok", "postgres"),
        ("ours: {target: dev, outputs: {dev: {type: duckdb}}}", "note", "open with DuckDB 2 alone"),
        (
            "ours: {target: dev, outputs: {dev: {type: duckdb, config_options: "
            "{storage_compatibility_version: v1.4.0}}}}",
            "ok",
            "in the format of v1.4.0",
        ),
    ],
)
def test_the_profile_of_the_project(look, tmp_path, monkeypatch, profiles, state, finding):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    monkeypatch.delenv("DBT_PROFILES_DIR", raising=False)
    assert "dbt profile" not in look()
    (tmp_path / "dbt_project.yml").write_text("name: ours\nprofile: ours\n")
    if profiles is not None:
        (tmp_path / "profiles.yml").write_text(profiles)
    check = look()["dbt profile"]
    assert (check.state, finding in check.finding) == (state, True), check


def test_the_command_prints_a_table_and_fails_where_something_is_missing(
    look, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHIPWORTHY_WAREHOUSE", str(tmp_path / "warehouse.duckdb"))
    well = CliRunner().invoke(cli, ["doctor"])
    assert well.exit_code == 0, well.output
    assert TOKEN not in well.output
    monkeypatch.delenv("PAGERDUTY_TOKEN")
    ill = CliRunner().invoke(cli, ["doctor"])
    assert isinstance(ill.exception, ShipworthyError)
    assert str(ill.exception) == "1 thing is missing."
    columns = [line.split("  ")[0] for line in ill.output.splitlines()]
    assert "pagerduty credential" in columns


def test_the_table_has_straight_columns():
    lines = table([Check("a", "ok", "x"), Check("longer", "missing", "y")]).splitlines()
    assert lines == ["a       ok       x", "longer  missing  y"]


@pytest.mark.parametrize("times", ["varchar", "timestamptz", "bigint", "date"])
def test_watermarks_that_another_tool_wrote_are_read(look, tmp_path, times):
    value = {"bigint": "17", "varchar": "'last week'"}.get(times, "timestamp '2026-03-01'")
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute(
            "create schema shipworthy_raw; create table shipworthy_raw.load_watermarks as select "
            f"null as source, {value}::{times} as loaded_through, {value}::{times} as loaded_at"
        )
    seen = look()
    assert seen["warehouse"].state == "ok"
    readable = times in ("timestamptz", "date")
    assert ("2026-03-01" in seen["(no source)"].finding) == readable


@pytest.mark.parametrize("address", ["https://vendor.example.com:999999", "https://[::1", "vendor"])
def test_an_address_that_is_none_is_missing(look, tmp_path, monkeypatch, address):
    """With a credential and without."""
    (tmp_path / "shipworthy.toml").write_text(f"[pagerduty]\nbase_url = '{address}'\n")
    assert look()["pagerduty settings"].state == "missing"
    monkeypatch.delenv("PAGERDUTY_TOKEN")
    assert look()["pagerduty settings"].state == "missing"


def test_a_path_that_the_system_refuses_is_missing(look, tmp_path):
    (tmp_path / "shipworthy.toml").write_text(f"[git]\npaths = ['{'x' * 5000}']\n")
    assert look()["git paths"].state == "missing"


def test_a_pipe_is_no_warehouse_and_not_waited_for(look, tmp_path):
    os.mkfifo(tmp_path / "pipe.duckdb")
    assert look(warehouse="pipe.duckdb")["warehouse"].finding.endswith(
        "not a file; name another one"
    )


def test_a_profile_with_a_list_of_settings_is_understood(look, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dbt_project.yml").write_text("profile: p")
    (tmp_path / "profiles.yml").write_text(
        "p: {target: t, outputs: {t: {type: duckdb, config_options: [1]}}}"
    )
    monkeypatch.delenv("DBT_PROFILES_DIR", raising=False)
    assert look()["dbt profile"].state == "note"
