"""Whole builds that several test files look at."""

import fcntl
import json
from pathlib import Path

import pytest

from dbt_runs import Run, parsed_output, run_dbt, share_parse


def pytest_collection_modifyitems(items):
    """Files that build warehouses come first, so that none is left when the rest is done."""
    items.sort(key=lambda item: not {"run_dbt", "build_many", "dbt"} & vars(item.module).keys())


@pytest.fixture(scope="session")
def shared(tmp_path_factory, worker_id):
    """A directory that all workers of this test session see."""
    base = tmp_path_factory.getbasetemp()
    directory = (base if worker_id == "master" else base.parent) / "shared"
    directory.mkdir(exist_ok=True)
    return directory


@pytest.fixture(scope="session", autouse=True)
def parsed(shared):
    """Have all workers read the project once."""
    share_parse(shared / "parsed")


@pytest.fixture(scope="session")
def demo(shared):
    """The demo, built with all of its tests, every deprecation shown; by one worker for all."""
    warehouse = shared / "demo" / "warehouse.duckdb"
    warehouse.parent.mkdir(exist_ok=True)
    with (shared / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        built = warehouse.with_name("built.json")
        if not built.exists():
            done = run_dbt(
                "build",
                warehouse,
                *("--show-all-deprecations", "--warn-error"),
                variables={"unit_tests": True},
                deprecations=True,
            )
            built.write_text(json.dumps([str(done.target), parsed_output() + done.output]))
    target, output = json.loads(built.read_text())
    return Run(warehouse, Path(target), 0, output)
