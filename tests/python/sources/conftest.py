"""Fixtures that every source's tests use."""

import pytest
from source_checks import _surroundings  # noqa: F401

# Checks of what stands once for all vendors: `rows.py`, `landing.py`, `http.py`, `local_files.py`.
# `make test` runs them for one vendor of each way to be read, `make test-all` for the others too.
SHARED_BY_ALL = frozenset(
    {
        "test_any_dlt_pipeline_gives_the_same_rows",
        "test_dying_half_way_leaves_nothing",
        "test_failures_that_pass_change_nothing",
        "test_a_copied_file_changes_nothing",
        "test_too_many_broken_lines_end_the_load",
        "test_a_broken_line_is_kept_and_counted",
        "test_unknown_fields_change_nothing",
    }
)
OF_EACH_WAY = {
    "github": "a package: many tables, pages in headers",
    "linear": "GraphQL",
    "claude-enterprise": "day by day",
    "pagerduty": "rest_api of dlt",
    "kiro": "CSV",
    "claude-code-otel": "OTLP",
    "kubernetes": "JSON, deployments",
}


def pytest_collection_modifyitems(items):
    """Mark as slow what another vendor of the same way checks already."""
    for item in items:
        case = getattr(item.cls, "case", None)
        if case and item.originalname in SHARED_BY_ALL and case.vendor not in OF_EACH_WAY:
            item.add_marker(pytest.mark.slow)
