"""shipworthy.toml: what it may say, and `shipworthy load` running all of it."""

import json
import os
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from shipworthy.cli import cli
from shipworthy.errors import ShipworthyError
from shipworthy.sources.config import read_config

DATA = Path(__file__).parent / "data"

INCIDENT = {
    "id": "P1",
    "created_at": "2026-05-10T13:15:00Z",
    "resolved_at": "2026-05-10T13:50:00Z",
    "service": {"summary": "shop"},
    "priority": {"summary": "SEV2"},
    "urgency": "high",
}


@pytest.fixture
def pagerduty():
    """A server with one incident; `paths` lists what it was asked."""
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            body = json.dumps({"incidents": [INCIDENT], "more": False}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.paths = paths
    server.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Writes shipworthy.toml in an empty directory, which is the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHIPWORTHY_WAREHOUSE", str(tmp_path / "warehouse.duckdb"))
    monkeypatch.delenv("PAGERDUTY_TOKEN", raising=False)

    def write(text: str) -> Path:
        path = tmp_path / "shipworthy.toml"
        path.write_text(text)
        return path

    return write


def test_sources_run_people_first_and_keep_their_own_since(config):
    path = config(
        "since = 2026-01-01\nmax_rejected = 0.05\n"
        "[pagerduty]\nsince = 2026-03-01\n[pagerduty.services]\nShop = 'acme/shop'\n"
        "[git]\npaths = ['../shop']\nreleases = ['v*', '!*rc*']\n"
        "release_services = { 'cli/v*' = 'cli' }\n"
    )
    git, pagerduty = read_config(path)
    assert git.name == "git"
    assert git.options == {
        "paths": [path.parent / "../shop"],
        "releases": ["v*", "!*rc*"],
        "release_services": {"cli/v*": "cli"},
    }
    assert git.since == datetime(2026, 1, 1, tzinfo=UTC)
    assert pagerduty.options == {"services": {"Shop": "acme/shop"}}
    assert pagerduty.since == datetime(2026, 3, 1, tzinfo=UTC)
    assert pagerduty.max_rejected == 0.05


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[pagerdut]\n", r"no source 'pagerdut' \(did you mean pagerduty\?\)"),
        ("[pagerduty]\nservice = {}\n", r"no option 'service' \(did you mean services\?\)"),
        ("[pagerduty]\ntoken = 'pd-1'\n", r"environment \(PAGERDUTY_TOKEN\), never from this"),
        ("[pagerduty]\nservices = ['a']\n", r"\[pagerduty\]: services must be a table of texts"),
        ("[pagerduty]\nsince = 'May'\n", r"since must be a date such as 2026-01-01"),
        ("[pagerduty]\nmax_rejected = 2\n", r"max_rejected must be a share between 0 and 1"),
        ("[git]\nreleases = 'v*'\n", r"\[git\] needs paths"),
        ("pagerduty = 1\n", r"pagerduty must be a table, written \[pagerduty\]"),
        ("since = 2026-01-01\n", "names no source"),
        ("[pagerduty\n", r"is not TOML: .*line 1"),
        ("since = " + "[" * 3000, "nested too deeply"),
        ("max_rejected = 1" + "0" * 6000, "is not TOML"),
        ("[git]\npaths = []\n", r"\[git\] needs paths"),
        ("since = '0001-01-01T00:00:00+14:00'\n[git]\npaths = ['shop']\n", "before the year 1"),
        (
            "[files]\ndirectory = 'x'\nthrough = '0001-01-01T00:00:00+14:00'\n",
            "through is .* before the year 1",
        ),
    ],
)
def test_a_mistake_is_a_sentence_that_names_the_place(config, text, sentence):
    path = config(text)
    with pytest.raises(ShipworthyError, match=sentence) as caught:
        read_config(path)
    assert str(path) in str(caught.value)
    assert "pd-1" not in str(caught.value)


def test_all_sources_are_loaded(config, pagerduty, monkeypatch, tmp_path):
    monkeypatch.setenv("PAGERDUTY_TOKEN", "pd-1")
    config(
        f"since = 2026-05-01\n[pagerduty]\nbase_url = '{pagerduty.url}'\n"
        f"[git]\npaths = ['{DATA / 'acme_shop.bundle'}']\n"
    )
    outcome = CliRunner().invoke(cli, ["load"])
    assert outcome.exit_code == 0, outcome.output
    connection = duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True)
    counts = connection.execute(
        "select (select count(*) from shipworthy_raw.incidents), "
        "(select count(*) from shipworthy_raw.commits where mainline_position is not null)"
    ).fetchall()
    connection.close()
    assert counts == [(1, 13)]
    assert "since=2026-05-01" in pagerduty.paths[0]


def test_since_is_only_for_the_first_load(config, pagerduty, monkeypatch):
    monkeypatch.setenv("PAGERDUTY_TOKEN", "pd-1")
    config(f"since = 2026-01-01\n[pagerduty]\nbase_url = '{pagerduty.url}'\n")
    runner = CliRunner()
    assert runner.invoke(cli, ["load"]).exit_code == 0
    first = len(pagerduty.paths)
    assert runner.invoke(cli, ["load"]).exit_code == 0
    again = pagerduty.paths[first:]
    assert "since=2026-01-01" in pagerduty.paths[0]
    assert len(again) == 1
    assert "since=2026-01-01" not in again[0]


def test_one_that_fails_keeps_no_other_from_loading(config, tmp_path):
    config(f"[pagerduty]\n[git]\npaths = ['{DATA / 'acme_shop.bundle'}']\n")
    outcome = CliRunner().invoke(cli, ["load"])
    assert isinstance(outcome.exception, ShipworthyError)
    assert str(outcome.exception) == "Not loaded: pagerduty; the other sources are."
    assert "PAGERDUTY_TOKEN" in outcome.output
    connection = duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True)
    assert connection.execute("select count(*) from shipworthy_raw.commits").fetchall()[0][0] >= 13
    connection.close()


def test_without_a_file_the_sentence_says_what_to_do(config, tmp_path):
    with pytest.raises(ShipworthyError, match="write one that names your sources"):
        read_config(tmp_path / "shipworthy.toml")


def test_one_pattern_of_releases_may_stand_alone(tmp_path):
    path = tmp_path / "shipworthy.toml"
    path.write_text("[git]\npaths = ['shop']\nreleases = 'v*'\n", encoding="utf-8")
    [step] = read_config(path)
    assert step.options["releases"] == ["v*"]


@pytest.mark.parametrize("text", ["[git]\npaths = ['~nobody-here/shop']\n",
                                  "[codex-logs]\npaths = ['~nobody-here']\n",
                                  "[files]\ndirectory = '~nobody-here'\n"])  # fmt: skip
def test_a_home_of_nobody_is_a_sentence(config, text):
    with pytest.raises(ShipworthyError, match="no such home directory; write the path in full"):
        read_config(config(text))


@pytest.mark.parametrize("text", ['[git]\npaths = ["a\\u0000b"]\n',
                                  '[files]\ndirectory = "a\\u0000b"\n'])  # fmt: skip
def test_a_path_with_a_nul_is_a_sentence(config, text):
    with pytest.raises(ShipworthyError, match="holds a NUL byte and is no path"):
        read_config(config(text))


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "shipworthy.toml")
    with pytest.raises(ShipworthyError, match="is not a file"):
        read_config(tmp_path / "shipworthy.toml")


def test_what_the_system_refuses_keeps_no_other_source_from_loading(config, tmp_path):
    """A name of 5,000 characters is no file name anywhere."""
    config(f"[identities]\npaths = ['{'x' * 5000}']\n[git]\npaths = ['{DATA}/acme_shop.bundle']\n")
    outcome = CliRunner().invoke(cli, ["load"])
    assert str(outcome.exception) == "Not loaded: identities; the other sources are."
    assert f"{'x' * 9}... cannot be used: file name too long." in outcome.output
