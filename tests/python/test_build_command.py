"""`shipworthy build` says what dbt does, and who is in its way."""

import json
import subprocess
import sys
import time

import duckdb
import pytest
from click.testing import CliRunner

from dbt_runs import query
from shipworthy.build import build
from shipworthy.cli import cli
from shipworthy.errors import ShipworthyError

HOLD = (
    "import duckdb, sys; c = duckdb.connect(sys.argv[1]); "
    "print('held', flush=True); sys.stdin.read()"
)


def event(name, msg="", **data):
    return {"info": {"name": name, "msg": msg}, "data": data}


def result(kind, status="success", total=3):
    return event("LogModelResult", node_info={"resource_type": kind}, status=status, total=total)


@pytest.fixture
def dbt(tmp_path, monkeypatch):
    """A program in dbt's place that prints events and ends with a code; keeps what it is told."""

    def make(events, code=0):
        program = tmp_path / "bin" / "python"
        program.parent.mkdir(exist_ok=True)
        program.with_name("dbt").touch()
        lines = "\n".join(item if isinstance(item, str) else json.dumps(item) for item in events)
        (tmp_path / "events").write_text(lines + "\n")
        program.write_text(
            f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/told\n'
            f"cat {tmp_path}/events\nexit {code}\n"
        )
        program.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(program))
        return tmp_path / "told"

    return make


def test_what_was_done_is_counted_with_the_time(dbt, tmp_path):
    told = dbt(
        ["a warning of Python's", result("seed"), result("model"), result("test", "pass"),
         event("Formatting")]
    )  # fmt: skip
    lines, seconds = [], iter(range(0, 1000, 3))
    build(tmp_path / "some.duckdb", ["--select", "x"], lines.append, lambda: next(seconds))
    assert lines[0] == "0:00 reading the project"
    assert lines[-1].endswith("done 3 of 3: 1 seed, 1 model, 1 test")
    assert len(lines) > 2, "a long build says something while it runs"
    assert told.read_text().split()[-3:] == ["build", "--select", "x"]


def test_what_failed_is_told_in_dbts_words(dbt, tmp_path):
    dbt(
        [result("model", "error"), result("test", "skipped"), event("RunResultError", "no table")],
        1,
    )
    lines = []
    with pytest.raises(ShipworthyError, match="the build failed:\nno table"):
        build(tmp_path / "some.duckdb", tell=lines.append)
    assert lines[-1].endswith("1 model, 1 test, 2 failed or skipped")


def test_a_sentence_of_the_project_stands_alone(dbt, tmp_path):
    dbt(
        [event("MainEncounteredError", "Compilation Error\n  shipworthy: x is 1.\n  > in macro")], 2
    )
    with pytest.raises(ShipworthyError) as refusal:
        build(tmp_path / "some.duckdb", tell=lambda line: None)
    assert str(refusal.value) == "x is 1."


def test_a_dbt_that_says_nothing(dbt, tmp_path):
    dbt([], 137)
    with pytest.raises(ShipworthyError, match="exit code 137"):
        build(tmp_path / "some.duckdb", tell=lambda line: None)


def test_a_warehouse_that_is_in_use_names_the_process(tmp_path, monkeypatch):
    path = tmp_path / "some.duckdb"
    duckdb.connect(str(path)).close()
    monkeypatch.setenv("SHIPWORTHY_WAREHOUSE", str(path))
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout.readline() == b"held\n"
        started = time.monotonic()
        found = CliRunner().invoke(cli, ["build"])
        holder.stdin.close()
    assert isinstance(found.exception, ShipworthyError)
    assert f"is in use by process {holder.pid}" in str(found.exception)
    assert time.monotonic() - started < 30


def test_a_lock_taken_meanwhile_is_told_alike(dbt, tmp_path):
    text = 'IO Error: Could not set lock on file "x": Conflicting lock is held in python (PID 17).'
    dbt([event("MainEncounteredError", text)], 2)
    with pytest.raises(ShipworthyError, match="is in use by process 17"):
        build(tmp_path / "some.duckdb", tell=lambda line: None)


@pytest.mark.parametrize("reason", ["No space left on device", "Read-only file system"])
def test_a_disk_that_takes_no_more_is_one_sentence(dbt, tmp_path, reason):
    text = f'IO Error: Could not write file "some.duckdb": {reason}'
    dbt([result("model", "error"), event("RunResultError", text)], 1)
    with pytest.raises(ShipworthyError) as refusal:
        build(tmp_path / "some.duckdb", tell=lambda line: None)
    assert f"could not be written ({reason.lower()}); what was there before" in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.slow
def test_dbt_itself_is_run(tmp_path, monkeypatch):
    path = tmp_path / "some.duckdb"
    monkeypatch.setenv("SHIPWORTHY_WAREHOUSE", str(path))
    monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path / "target"))
    monkeypatch.setenv("DBT_LOG_PATH", str(tmp_path / "target"))
    found = CliRunner().invoke(cli, ["build", "--select", "stg_shipworthy__data_source"])
    assert found.exit_code == 0, found.output
    assert found.output.splitlines()[-1].endswith("done 2 of 2: 1 model, 1 test")
    rows = query(path, "from shipworthy_staging.stg_shipworthy__data_source")
    assert rows == [("DEMO",)]
    log = (tmp_path / "target" / "dbt.log").read_text()
    assert "create table" in log.lower(), "dbt keeps its own log"


def test_an_option_that_dbt_does_not_know_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("SHIPWORTHY_WAREHOUSE", str(tmp_path / "some.duckdb"))
    found = CliRunner().invoke(cli, ["build", "--", "--no-such-option"])
    assert isinstance(found.exception, ShipworthyError)
    assert "No such option" in str(found.exception)
