"""Whole builds that several test files look at."""

import fcntl
import json
from pathlib import Path

import pytest

from dbt_runs import Run, parsed_output, run_dbt, share_parse


# By trylast the tests that are left out are gone.
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Let no worker wait while the project is parsed and the demo built, nor at the end.

    One file has the demo built. Meanwhile come a long one that builds nothing and those that build
    something else, then the others that look at the demo, and last what builds nothing.
    """
    looks = {item.path: None for item in items if "demo" in item.fixturenames}
    builds = {
        item.path for item in items if {"run_dbt", "build_many", "dbt"} & vars(item.module).keys()
    }
    turns = dict.fromkeys(builds, 2) | dict.fromkeys(looks, 3)
    turns |= {path: 1 for path in {item.path for item in items} if path.name == "test_github.py"}
    turns |= dict.fromkeys(list(looks)[:1], 0)
    items.sort(key=lambda item: turns.get(item.path, 4))


@pytest.fixture(scope="session")
def shared(tmp_path_factory, worker_id):
    """A directory that all workers of this test session see."""
    base = tmp_path_factory.getbasetemp()
    directory = (base if worker_id == "master" else base.parent) / "shared"
    directory.mkdir(exist_ok=True)
    return directory


@pytest.fixture(scope="session")
def server():
    """A PostgreSQL server of our own; a machine without one fails, it does not skip."""
    # Not above: the environment that tests Spark has no client of it.
    from postgres_server import ServerMissingError, run_server

    try:
        with run_server() as running:
            yield running
    except ServerMissingError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def address(server, request):
    """An empty database of that server."""
    name = request.node.name.split("[")[0][-60:]
    server.create_database(name)
    return server.address(name)


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
