"""Whole builds that several test files look at."""

import pytest

from dbt_runs import run_dbt


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """The demo, built with all of its tests, every deprecation shown."""
    warehouse = tmp_path_factory.mktemp("demo") / "warehouse.duckdb"
    return run_dbt(
        "build",
        warehouse,
        "--show-all-deprecations",
        variables={"unit_tests": True},
        deprecations=True,
    )
