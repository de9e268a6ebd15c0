"""The source contract: which raw tables there are, their columns, types and keys.

`TABLES` is the one list that the loaders, the simulator and the tests share. The dbt side states
the same contract in macros/inputs/input_columns.sql; a test keeps the two equal. Types are DuckDB's
names.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

RAW_SCHEMA = "shipworthy_raw"


@dataclass(frozen=True)
class Table:
    """One input table.

    Parameters
    ----------
    name : str
        Name of the table in schema `shipworthy_raw`, and of its file for `shipworthy load files`.
    key : tuple of str
        Columns that tell one row from every other. A key column listed in `nullable_key` may be
        null (null then counts as a value of its own).
    columns : dict of str to str
        Column name to DuckDB type, in contract order.
    nullable_key : tuple of str
        Key columns in which null has a meaning ("always").
    """

    name: str
    key: tuple[str, ...]
    columns: dict[str, str]
    nullable_key: tuple[str, ...] = ()


def text_of_names(names: Iterable[str]) -> str | None:
    """Return names as a column holds them that takes one name or several.

    A single name that begins like a list is written as a list too, so that reading gives it back.

    Parameters
    ----------
    names : iterable of str
        Repeated ones count once.

    Returns
    -------
    str or None
        One name as it is, several as a JSON list, None where there is none.
    """
    known = list(dict.fromkeys(names))
    if len(known) == 1 and not known[0].lstrip().startswith("["):
        return known[0]
    return json.dumps(known, ensure_ascii=False) if known else None


def names_of_text(text: str | None) -> list[str]:
    """Return the names that such a column holds: what is no JSON list is one name."""
    if text is None:
        return []
    try:
        names = json.loads(text)
    except ValueError:
        return [text]
    return [str(name) for name in names] if isinstance(names, list) else [text]


def _table(name: str, key: str, columns: str, nullable_key: str = "") -> Table:
    """Read a table from the compact notation below: `column TYPE` a word pair, commas between."""
    pairs = (column.split() for column in columns.replace("\n", " ").split(","))
    return Table(
        name=name,
        key=tuple(key.split()),
        columns=dict(pairs),
        nullable_key=tuple(nullable_key.split()),
    )


_ALL = [
    _table(
        "repositories",
        "repository",
        """repository VARCHAR, default_branch VARCHAR, scanned_at TIMESTAMP, head_sha VARCHAR,
        is_shallow BOOLEAN""",
    ),
    _table(
        "commits",
        "repository sha",
        """repository VARCHAR, sha VARCHAR, mainline_position BIGINT, authored_at TIMESTAMP,
        committed_at TIMESTAMP, landed_at TIMESTAMP, author_key VARCHAR, author_kind VARCHAR,
        authorship VARCHAR, ai_tool VARCHAR, attribution_method VARCHAR, lines_added BIGINT,
        lines_removed BIGINT, ai_lines_added BIGINT, files_changed BIGINT,
        pull_request_number BIGINT, reverts_sha VARCHAR, is_fix BOOLEAN,
        fixes_incident_id VARCHAR, mainline_ancestor_sha VARCHAR, landed_with_sha VARCHAR""",
    ),
    _table(
        "line_births",
        "repository added_sha path author_sha authorship is_moved",
        """repository VARCHAR, added_sha VARCHAR, path VARCHAR, path_class VARCHAR,
        author_sha VARCHAR, authorship VARCHAR, ai_tool VARCHAR, attribution_method VARCHAR,
        is_moved BOOLEAN, is_refilled BOOLEAN, lines BIGINT""",
    ),
    _table(
        "line_deaths",
        "repository added_sha path author_sha authorship birth_is_moved removed_sha is_moved",
        """repository VARCHAR, added_sha VARCHAR, path VARCHAR, path_class VARCHAR,
        author_sha VARCHAR, authorship VARCHAR, ai_tool VARCHAR, birth_is_moved BOOLEAN,
        removed_sha VARCHAR, is_moved BOOLEAN, lines BIGINT""",
    ),
    _table(
        "pull_requests",
        "repository number",
        """repository VARCHAR, number BIGINT, author_key VARCHAR, author_kind VARCHAR,
        authorship VARCHAR, ai_tool VARCHAR, opened_at TIMESTAMP, ready_at TIMESTAMP,
        merged_at TIMESTAMP, closed_at TIMESTAMP, merge_sha VARCHAR, head_branch VARCHAR,
        first_commit_at TIMESTAMP, lines_added BIGINT, lines_removed BIGINT,
        merged_by_key VARCHAR, closed_by_key VARCHAR, closed_by_kind VARCHAR,
        driver_key VARCHAR, labels VARCHAR""",
    ),
    _table(
        "pull_request_commits",
        "repository number sha",
        """repository VARCHAR, number BIGINT, sha VARCHAR, author_key VARCHAR,
        author_kind VARCHAR, authorship VARCHAR, ai_tool VARCHAR, committed_at TIMESTAMP""",
    ),
    _table(
        "pull_request_commit_files",
        "repository number sha path",
        "repository VARCHAR, number BIGINT, sha VARCHAR, path VARCHAR",
    ),
    _table(
        "reviews",
        "repository review_id",
        """repository VARCHAR, number BIGINT, review_id VARCHAR, reviewer_key VARCHAR,
        reviewer_kind VARCHAR, state VARCHAR, submitted_at TIMESTAMP, comment_threads BIGINT,
        lines_at_review BIGINT""",
    ),
    _table(
        "review_threads",
        "repository number thread_id",
        """repository VARCHAR, number BIGINT, thread_id VARCHAR, author_key VARCHAR,
        author_kind VARCHAR, path VARCHAR, opened_at TIMESTAMP, replies BIGINT""",
    ),
    _table(
        "deployments",
        "deployment_id",
        """deployment_id VARCHAR, repository VARCHAR, service VARCHAR, environment VARCHAR,
        sha VARCHAR, status VARCHAR, created_at TIMESTAMP, started_at TIMESTAMP,
        finished_at TIMESTAMP, deployed_by_kind VARCHAR, is_rollback BOOLEAN, kind VARCHAR,
        source VARCHAR""",
    ),
    _table(
        "deployment_commits",
        "deployment_id repository sha",
        "deployment_id VARCHAR, repository VARCHAR, sha VARCHAR",
    ),
    _table(
        "incidents",
        "incident_id",
        """incident_id VARCHAR, service VARCHAR, severity_label VARCHAR, opened_at TIMESTAMP,
        acknowledged_at TIMESTAMP, resolved_at TIMESTAMP, caused_by_deployment_id VARCHAR,
        caused_by_sha VARCHAR, fixed_by_sha VARCHAR, is_false_alarm BOOLEAN,
        is_maintenance BOOLEAN, source VARCHAR, merged_into_id VARCHAR""",
    ),
    _table(
        "ai_usage",
        "usage_id",
        """usage_id VARCHAR, source VARCHAR, person_key VARCHAR, tool VARCHAR, model VARCHAR,
        bucket_started_at TIMESTAMP, bucket_hours BIGINT, sessions BIGINT, requests BIGINT,
        uncached_input_tokens BIGINT, cache_read_tokens BIGINT, cache_write_tokens BIGINT,
        output_tokens BIGINT, billed_usd DOUBLE, credits DOUBLE, suggested_lines BIGINT,
        accepted_lines BIGINT, is_automated BOOLEAN""",
    ),
    _table(
        "people",
        "person_key team valid_from_on",
        """person_key VARCHAR, team VARCHAR, role VARCHAR, valid_from_on DATE,
        valid_to_on DATE, kind VARCHAR""",
        nullable_key="valid_from_on",
    ),
    _table("identities", "alias_key", "alias_key VARCHAR, person_key VARCHAR"),
    _table(
        "services",
        "service valid_from_on",
        """service VARCHAR, repository VARCHAR, path_prefix VARCHAR, team VARCHAR,
        delivery_unit VARCHAR, tier VARCHAR, valid_from_on DATE, valid_to_on DATE""",
        nullable_key="valid_from_on",
    ),
    _table(
        "product_metrics",
        "service metric measured_on",
        """service VARCHAR, metric VARCHAR, measured_on DATE, value DOUBLE,
        higher_is_better BOOLEAN, control_service VARCHAR""",
    ),
    _table(
        "costs",
        "team month_start_on category",
        "team VARCHAR, month_start_on DATE, category VARCHAR, amount_usd DOUBLE",
    ),
    _table(
        "load_watermarks",
        "input source",
        """input VARCHAR, source VARCHAR, loaded_through TIMESTAMP, loaded_at TIMESTAMP,
        rows BIGINT, rejected_rows BIGINT""",
    ),
    _table(
        "load_findings",
        "input source reason subject",
        """input VARCHAR, source VARCHAR, reason VARCHAR, subject VARCHAR,
        row_count BIGINT, found_at TIMESTAMP""",
    ),
]

TABLES: dict[str, Table] = {table.name: table for table in _ALL}

# Not an input: what broke the contract while it was loaded.
REJECTED_ROWS = _table(
    "rejected_rows",
    "table_name reason payload loaded_at",
    "table_name VARCHAR, reason VARCHAR, payload VARCHAR, loaded_at TIMESTAMP",
)

# Bounds of what can be meant, the same as in macros/definitions/plausible_number.sql and
# plausible_time.sql: sums of what lies within them overflow nothing.
FIRST_TIME = datetime(1970, 1, 1)
LARGEST_COUNT = 10**12
LARGEST_AMOUNT = 1e15

# Columns without which a row says nothing: a broken one costs the row, any other only itself. The
# ends of a period are among them, because null there means always and still.
NEEDED: dict[str, tuple[str, ...]] = {
    "line_births": ("lines",),
    "line_deaths": ("lines",),
    "reviews": ("submitted_at",),
    "incidents": ("opened_at",),
    "ai_usage": ("bucket_started_at",),
    "people": ("valid_from_on", "valid_to_on"),
    "services": ("valid_from_on", "valid_to_on"),
    "product_metrics": ("value",),
    "costs": ("amount_usd",),
}

# Allowed words of the columns that hold one of a few; null (unknown) is always allowed.
VOCABULARY: dict[tuple[str, str], tuple[str, ...]] = {
    ("commits", "author_kind"): ("human", "agent", "automation"),
    ("commits", "authorship"): ("ai", "human", "automation", "untagged"),
    ("commits", "attribution_method"): ("line_ranges", "author", "trailer", "declared"),
    ("line_births", "authorship"): ("ai", "human", "automation", "untagged"),
    ("line_births", "path_class"): (
        "code", "test", "config", "docs", "data", "generated", "vendored",
    ),
    ("line_births", "attribution_method"): ("line_ranges", "author", "trailer", "declared"),
    ("line_deaths", "authorship"): ("ai", "human", "automation", "untagged"),
    ("line_deaths", "path_class"): (
        "code", "test", "config", "docs", "data", "generated", "vendored",
    ),
    ("pull_requests", "author_kind"): ("human", "agent", "automation"),
    ("pull_requests", "authorship"): ("ai", "human", "automation", "untagged"),
    ("pull_requests", "closed_by_kind"): ("human", "agent", "automation"),
    ("pull_request_commits", "author_kind"): ("human", "agent", "automation"),
    ("pull_request_commits", "authorship"): ("ai", "human", "automation", "untagged"),
    ("reviews", "reviewer_kind"): ("human", "agent", "automation"),
    ("reviews", "state"): ("approved", "changes_requested", "commented", "dismissed"),
    ("review_threads", "author_kind"): ("human", "agent", "automation"),
    ("deployments", "status"): ("success", "failure", "cancelled", "in_progress"),
    ("deployments", "kind"): ("deploy", "flag"),
    ("ai_usage", "bucket_hours"): ("1", "24"),
    ("costs", "category"): ("builders", "ai", "build_infrastructure"),
}  # fmt: skip
