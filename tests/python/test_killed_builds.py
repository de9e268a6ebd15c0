"""A build that is killed leaves a warehouse that opens, and the next build makes it whole."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from dbt_runs import ROOT

# Twenty take eight minutes, and were repaired too.
TRIES = 8


def dbt(place, *command):
    """Start a dbt of its own on the warehouse of a directory."""
    places = ("--project-dir", str(ROOT), "--profiles-dir", str(ROOT))
    places += ("--target-path", str(place / "target"), "--log-path", str(place / "target"))
    return subprocess.Popen(
        [Path(sys.executable).with_name("dbt"), "--quiet", *command, *places],
        env=os.environ | {"SHIPWORTHY_WAREHOUSE": str(place / "killed.duckdb")},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.slow
def test_a_build_killed_at_any_moment_is_repaired_by_the_next(tmp_path):
    dice = random.Random(20261128)
    warehouse, whole = tmp_path / "killed.duckdb", tmp_path / "whole.duckdb"
    parts = ("build", "--exclude-resource-type", "test", "unit_test")
    assert dbt(tmp_path, *parts).wait(timeout=600) == 0
    shutil.copy(warehouse, whole)
    started = time.monotonic()
    assert dbt(tmp_path, *parts).wait(timeout=600) == 0
    lasts = time.monotonic() - started
    interrupted = 0
    for _ in range(TRIES):
        process = dbt(tmp_path, *parts)
        time.sleep(dice.uniform(0.1, 1.0) * lasts)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=60)
        with duckdb.connect(str(warehouse)) as connection:
            [[state]] = connection.execute(
                "select state from shipworthy_staging.shipworthy_builds"
                " order by recorded_at desc limit 1"
            ).fetchall()
        interrupted += state == "running"
    assert interrupted > TRIES // 4, "most are killed while they build"
    assert dbt(tmp_path, *parts).wait(timeout=600) == 0
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        assert not connection.execute(
            "from duckdb_tables() where schema_name = 'restricted'"
        ).fetchall()
    compared = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "compare_marts.py", whole, warehouse],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert compared.returncode == 0, compared.stdout
