"""The source contract: the raw tables, and of each column its meaning, type, words and bounds.

`TABLES` is stated here and nowhere else. The loaders, the simulator and the tests read it; what dbt
and readers need of it (a macro, the YAML of sources, staging and demo seeds, the tables of
docs/inputs.md) is written by `shipworthy.contract_files` and committed, so that nobody who installs
the dbt package needs Python. Types are DuckDB's names.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

RAW_SCHEMA = "shipworthy_raw"

# Bounds of what can be meant: sums of what lies within them overflow nothing. END_OF_TIME itself is
# none.
FIRST_TIME = datetime(1970, 1, 1)
END_OF_TIME = datetime(2100, 1, 1)
LARGEST_COUNT = 10**12
LARGEST_AMOUNT = 1e15


@dataclass(frozen=True)
class Column:
    """One column of an input table.

    Parameters
    ----------
    name : str
    type : str
        DuckDB type. Its bounds go with it: a count (BIGINT) is 0 to `LARGEST_COUNT`, an amount
        (DOUBLE) is at most `LARGEST_AMOUNT` either way, a time or day is from `FIRST_TIME` up to,
        not including, `END_OF_TIME`.
    description : str
        What it says, a sentence with its full stop.
    unit : str
        What a number counts; empty where it counts nothing.
    words : tuple of str
        What it may hold besides null (unknown); empty: anything of its type.
    staged : str
        What staging calls it, because SQL or dbt has its own name; empty: the same.
    """

    name: str
    type: str
    description: str
    unit: str = ""
    words: tuple[str, ...] = ()
    staged: str = ""


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
    description : str
        What one row is ("One row per ..."), then what else is to be known.
    fields : tuple of Column
        In contract order.
    nullable_key : tuple of str
        Key columns in which null has a meaning ("always").
    columns : dict of str to str
        Column name to DuckDB type, in contract order.
    """

    name: str
    key: tuple[str, ...]
    description: str
    fields: tuple[Column, ...]
    nullable_key: tuple[str, ...] = ()
    columns: dict[str, str] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", {column.name: column.type for column in self.fields})


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


def _table(name: str, key: str, description: str, *fields: Column, nullable_key: str = "") -> Table:
    return Table(name, tuple(key.split()), description, fields, tuple(nullable_key.split()))


def _text(name: str, description: str, words: tuple[str, ...] = (), staged: str = "") -> Column:
    return Column(name, "VARCHAR", description, words=words, staged=staged)


def _count(
    name: str, description: str, unit: str = "", words: tuple[str, ...] = (), staged: str = ""
) -> Column:
    return Column(name, "BIGINT", description, unit, words, staged)


def _amount(name: str, description: str, unit: str = "") -> Column:
    return Column(name, "DOUBLE", description, unit)


def _flag(name: str, description: str) -> Column:
    return Column(name, "BOOLEAN", description)


def _moment(name: str, description: str) -> Column:
    return Column(name, "TIMESTAMP", description)


def _day(name: str, description: str) -> Column:
    return Column(name, "DATE", description)


# Words of more columns than one.
KINDS = ("human", "agent", "automation")
AUTHORSHIPS = ("ai", "human", "automation", "untagged")
METHODS = ("line_ranges", "author", "trailer", "declared")
PATH_CLASSES = ("code", "test", "config", "docs", "data", "generated", "vendored")

_ALL = [
    _table(
        "repositories",
        "repository",
        "One row per repository scanned.",
        _text("repository", "Repository, `owner/name`."),
        _text("default_branch", "Branch whose first-parent chain is the mainline."),
        _moment("scanned_at", "Up to when the repository was read."),
        _text("head_sha", "Newest mainline commit that was read."),
        _flag(
            "is_shallow",
            "Whether the clone was shallow: such a clone cannot date its lines, and the git "
            "reader refuses it with a sentence saying how to unshallow.",
        ),
    ),
    _table(
        "commits",
        "repository sha",
        "One row per commit: mainline commits (changes) and the branch commits that wrote their"
        " lines.",
        _text("repository", "Repository, `owner/name`."),
        _text("sha", "Commit, 40 hexadecimal digits."),
        _count(
            "mainline_position",
            "1 is the oldest first-parent commit of the default branch; null is not on the "
            "mainline.",
        ),
        _moment("authored_at", "Author time."),
        _moment("committed_at", "Committer time."),
        _moment(
            "landed_at",
            "Committer time lifted to the running maximum along the mainline, wild clocks left "
            "out; of a branch commit that of the change that brought it; null is unmerged.",
        ),
        _text(
            "author_key",
            "Salted hash of the author, by the repository's `.mailmap` where it has one.",
        ),
        _text("author_kind", "Who the author is.", words=KINDS),
        _text(
            "authorship",
            "Who wrote it by the evidence found; untagged where there is none.",
            words=AUTHORSHIPS,
        ),
        _text("ai_tool", "AI tool named by the evidence."),
        _text("attribution_method", "Best evidence of the authorship.", words=METHODS),
        _count("lines_added", "Counted lines added.", unit="lines"),
        _count("lines_removed", "Counted lines removed.", unit="lines"),
        _count("ai_lines_added", "Counted lines added that are tagged ai.", unit="lines"),
        _count("files_changed", "Files changed.", unit="files"),
        _count("pull_request_number", "Pull request that the commit landed."),
        _text(
            "reverts_sha",
            "What the message says it reverts: a commit, whole or abbreviated, or a request as "
            "`#12`; several as a JSON list.",
        ),
        _flag("is_fix", "Whether the message marks a fix."),
        _text("fixes_incident_id", "Incident that the commit says it fixes."),
        _text("merged_branch", "Branch that the commit merged, as its message names it."),
        _text(
            "mainline_ancestor_sha",
            "Newest mainline commit among its ancestors: itself on the mainline, else where its"
            " branch left it.",
        ),
        _text(
            "landed_with_sha",
            "Mainline commit that brought it: itself on the mainline; null is unmerged.",
        ),
    ),
    _table(
        "line_births",
        "repository added_sha path author_sha authorship is_moved",
        "One row per repository, adding mainline commit, path, author commit, authorship and "
        "whether the lines were moved in. Append-only.",
        _text("repository", "Repository, `owner/name`."),
        _text("added_sha", "Mainline commit that landed the lines."),
        _text("path", "Path at birth."),
        _text("path_class", "Kind of content.", words=PATH_CLASSES),
        _text(
            "author_sha",
            "Commit that wrote the lines: the branch commit in a merge, else the one that "
            "landed them.",
        ),
        _text("authorship", "Who wrote the lines by the evidence found.", words=AUTHORSHIPS),
        _text("ai_tool", "AI tool named by the evidence."),
        _text("attribution_method", "Best evidence of the authorship.", words=METHODS),
        _flag("is_moved", "Whether the same change removed these lines elsewhere."),
        _flag(
            "is_refilled",
            "Whether the same text, whitespace folded, was removed from this repository in the "
            "84 days before; null is not computed.",
        ),
        _count("lines", "Lines.", unit="lines"),
    ),
    _table(
        "line_deaths",
        "repository added_sha path author_sha authorship birth_is_moved removed_sha is_moved",
        "One row per birth row, removing mainline commit and whether the lines were moved away."
        " Append-only.",
        _text("repository", "Repository, `owner/name`."),
        _text("added_sha", "Mainline commit that landed the lines."),
        _text("path", "Path at birth."),
        _text("path_class", "Kind of content at birth.", words=PATH_CLASSES),
        _text("author_sha", "Commit that wrote the lines."),
        _text("authorship", "Who wrote the lines, as at birth.", words=AUTHORSHIPS),
        _text("ai_tool", "AI tool named by the evidence."),
        _flag("birth_is_moved", "Whether the lines' birth was the arriving side of a move."),
        _text("removed_sha", "Mainline commit that removed the lines."),
        _flag("is_moved", "Whether this death is the leaving side of a move."),
        _count("lines", "Lines.", unit="lines"),
    ),
    _table(
        "pull_requests",
        "repository number",
        "One row per pull or merge request.",
        _text("repository", "Repository, `owner/name`."),
        _count("number", "Number of the request in its repository."),
        _text("author_key", "Salted hash of the author."),
        _text("author_kind", "Who the author is.", words=KINDS),
        _text("authorship", "Authorship of the request by the evidence found.", words=AUTHORSHIPS),
        _text("ai_tool", "AI tool named by the evidence."),
        _moment("opened_at", "When it was opened."),
        _moment("ready_at", "When it was ready for review."),
        _moment("merged_at", "When it was merged."),
        _moment("closed_at", "When it was closed, merged or not."),
        _text("merge_sha", "Mainline commit that merged it."),
        _text("head_branch", "Branch it came from."),
        _moment("first_commit_at", "Time of its first commit."),
        _count("lines_added", "Lines added.", unit="lines"),
        _count("lines_removed", "Lines removed.", unit="lines"),
        _text("merged_by_key", "Salted hash of who merged it."),
        _text("closed_by_key", "Salted hash of who closed it."),
        _text("closed_by_kind", "Kind of who closed it.", words=KINDS),
        _text(
            "driver_key",
            "Salted hash of the human behind an agent's request: the assignee, else who merged it.",
        ),
        _text("labels", "Names of its labels, as a JSON list."),
    ),
    _table(
        "pull_request_commits",
        "repository number sha",
        "One row per commit of a request's branch, as pushed: before a squash.",
        _text("repository", "Repository, `owner/name`."),
        _count("number", "Number of the request."),
        _text("sha", "Commit of the request's branch, as pushed."),
        _text("author_key", "Salted hash of the author."),
        _text("author_kind", "Who the author is.", words=KINDS),
        _text(
            "authorship",
            "Who wrote it by the evidence found; untagged where there is none.",
            words=AUTHORSHIPS,
        ),
        _text("ai_tool", "AI tool named by the evidence."),
        _moment("committed_at", "Committer time."),
    ),
    _table(
        "pull_request_commit_files",
        "repository number sha path",
        "One row per file of a commit of a request's branch.",
        _text("repository", "Repository, `owner/name`."),
        _count("number", "Number of the request."),
        _text("sha", "Commit of the request's branch, as pushed."),
        _text("path", "Path that the commit touches."),
    ),
    _table(
        "reviews",
        "repository review_id",
        "One row per review, or approval.",
        _text("repository", "Repository, `owner/name`."),
        _count("number", "Number of the request."),
        _text("review_id", "Review."),
        _text("reviewer_key", "Salted hash of the reviewer."),
        _text("reviewer_kind", "Who the reviewer is.", words=KINDS),
        _text(
            "state",
            "What the review says.",
            words=("approved", "changes_requested", "commented", "dismissed"),
        ),
        _moment("submitted_at", "When it was submitted."),
        _count("comment_threads", "Threads that it opened; replies are left out.", unit="threads"),
        _count(
            "lines_at_review", "Lines that the request changed when it was reviewed.", unit="lines"
        ),
    ),
    _table(
        "review_threads",
        "repository number thread_id",
        "One row per thread on a line or file; replies belong to it.",
        _text("repository", "Repository, `owner/name`."),
        _count("number", "Number of the request."),
        _text("thread_id", "Thread."),
        _text("author_key", "Salted hash of who opened it."),
        _text("author_kind", "Who opened it.", words=KINDS),
        _text("path", "Path that it is on."),
        _moment("opened_at", "When it was opened."),
        _count("replies", "Replies.", unit="replies"),
    ),
    _table(
        "deployments",
        "deployment_id",
        "One row per attempt to release to an environment.",
        _text("deployment_id", "Deployment."),
        _text("repository", "Repository, `owner/name`."),
        _text("service", "Service as the source names it."),
        _text(
            "environment",
            "Environment as the source names it, `production` or other; a seed maps names.",
        ),
        _text("sha", "Commit that was deployed."),
        _text(
            "status", "What became of it.", words=("success", "failure", "cancelled", "in_progress")
        ),
        _moment("created_at", "When it was created."),
        _moment("started_at", "When it started."),
        _moment("finished_at", "When it finished."),
        _text("deployed_by_kind", "Kind of who deployed."),
        _flag("is_rollback", "Whether the source calls it a rollback; null is derived."),
        _text(
            "kind",
            "Whether it puts code live or is the release of a flag.",
            words=("deploy", "flag"),
        ),
        _text("source", "Where the row comes from; `git_tag` where a release tag stands in."),
    ),
    _table(
        "deployment_commits",
        "deployment_id repository sha",
        "One row per commit that a deployment names explicitly.",
        _text("deployment_id", "Deployment."),
        _text("repository", "Repository, `owner/name`."),
        _text("sha", "Commit it names."),
    ),
    _table(
        "incidents",
        "incident_id",
        "One row per incident.",
        _text("incident_id", "Incident."),
        _text(
            "service",
            'Service it concerns, a name as it is; several as a JSON list of names, `["search",'
            ' "billing"]`.',
        ),
        _text("severity_label", "Severity as the source says it."),
        _moment("opened_at", "When it was opened."),
        _moment("acknowledged_at", "When somebody took it."),
        _moment("resolved_at", "When it was resolved; null while open."),
        _text("caused_by_deployment_id", "Deployment that the incident names as its cause."),
        _text(
            "caused_by_sha",
            "Change that the incident names as its cause: any commit of it, whole or "
            "abbreviated, or its request as `#12` or by address.",
        ),
        _text("fixed_by_sha", "Change that the incident names as its fix, in the same words."),
        _flag("is_false_alarm", "Whether it was a false alarm."),
        _flag("is_maintenance", "Whether it was planned maintenance."),
        _text("source", "Where the row comes from."),
        _text("merged_into_id", "Incident that it was merged into, or that it repeats."),
    ),
    _table(
        "ai_usage",
        "usage_id",
        "One row per source, person, tool, model and time bucket.",
        _text("usage_id", "Row of usage."),
        _text("source", "Where the row comes from."),
        _text("person_key", "Salted hash of the person."),
        _text("tool", "AI tool."),
        _text("model", "Model."),
        _moment("bucket_started_at", "Start of the time bucket."),
        _count("bucket_hours", "Length of the bucket.", unit="hours", words=("1", "24")),
        _count("sessions", "Sessions.", unit="sessions"),
        _count("requests", "Requests.", unit="requests"),
        _count("uncached_input_tokens", "Input tokens; cache is never among them.", unit="tokens"),
        _count("cache_read_tokens", "Input tokens read from cache.", unit="tokens"),
        _count("cache_write_tokens", "Input tokens written to cache.", unit="tokens"),
        _count("output_tokens", "Output tokens.", unit="tokens"),
        _amount("billed_usd", "What the vendor billed; null is not billed by use.", unit="USD"),
        _amount("credits", "Credits used.", unit="credits"),
        _count("suggested_lines", "Lines suggested.", unit="lines"),
        _count("accepted_lines", "Lines accepted.", unit="lines"),
        _flag("is_automated", "Whether no human was at the keyboard."),
    ),
    _table(
        "people",
        "person_key team valid_from_on",
        "One row per person and period in a team. Without it a person belongs to the team of "
        "the repository they change.",
        _text("person_key", "Salted hash of the person."),
        _text("team", "Team."),
        _text("role", "Role."),
        _day("valid_from_on", "First day in the team; null is always."),
        _day("valid_to_on", "First day no longer in the team; null is still."),
        _text("kind", "Who it is: human, agent or automation."),
        nullable_key="valid_from_on",
    ),
    _table(
        "identities",
        "alias_key",
        "One row per alias of a person: a hashed e-mail address, a login, the name of an API key.",
        _text("alias_key", "Salted hash of an e-mail address, a login or the name of an API key."),
        _text(
            "person_key",
            "Salted hash of the person, itself an alias at most: a login, the address that a "
            "vendor knows behind it, and the person whose address it is.",
        ),
    ),
    _table(
        "services",
        "service valid_from_on",
        "One row per service and period of ownership. Without it each repository is one service"
        " and one team of its own name.",
        _text("service", "Service."),
        _text("repository", "Repository, `owner/name`."),
        _text(
            "path_prefix", "Directory of the service in a monorepo; null is the whole repository."
        ),
        _text("team", "Team that owns it; a service can move to another."),
        _text("delivery_unit", "`commit` where what lands is live; else deployments deliver."),
        _text("tier", "How important it is."),
        _day("valid_from_on", "First day of the period; null is always."),
        _day("valid_to_on", "First day after the period; null is still."),
        nullable_key="valid_from_on",
    ),
    _table(
        "product_metrics",
        "service metric measured_on",
        "One row per service, metric and day.",
        _text("service", "Service."),
        _text("metric", "Product metric."),
        _day("measured_on", "Day of the value."),
        _amount("value", "Value of the day."),
        _flag("higher_is_better", "Whether a higher value is better."),
        _text("control_service", "Service whose series serves as control; null where none does."),
    ),
    _table(
        "costs",
        "team month_start_on category",
        "One row per team, month and category.",
        _text("team", "Team."),
        _day("month_start_on", "First day of the month."),
        _text(
            "category",
            "What was paid for: people; AI that no vendor bills by use, such as seats; machines"
            " that build and test.",
            words=("builders", "ai", "build_infrastructure"),
        ),
        _amount("amount_usd", "Cost of the month.", unit="USD"),
    ),
    _table(
        "load_watermarks",
        "input source",
        "One row per input and source: how far it was read.",
        _text("input", "Input.", staged="input_name"),
        _text("source", "Source."),
        _moment("loaded_through", "Time up to which the source was read completely."),
        _moment("loaded_at", "When it was loaded."),
        _count("rows", "Rows loaded.", unit="rows", staged="loaded_rows"),
        _count("rejected_rows", "Rows rejected.", unit="rows"),
    ),
    _table(
        "load_findings",
        "input source reason subject",
        "One row per input, source and thing that a load found odd: what was left out, or may "
        "be read wrongly. A load replaces the findings of its source.",
        _text("input", "Input.", staged="input_name"),
        _text("source", "Source, as in `load_watermarks`."),
        _text("reason", "What was found, in snake_case."),
        _text("subject", "What it was found at: a commit, an account, a trailer."),
        _count("row_count", "How many rows it concerns.", unit="rows"),
        _moment("found_at", "When it was found."),
    ),
]

TABLES: dict[str, Table] = {table.name: table for table in _ALL}

# Not an input: what broke the contract while it was loaded.
REJECTED_ROWS = _table(
    "rejected_rows",
    "table_name reason payload loaded_at",
    "One row per row that broke the contract while it was loaded.",
    _text("table_name", "Input that it was meant for."),
    _text("reason", "What is wrong with it."),
    _text("payload", "The row, as JSON."),
    _moment("loaded_at", "When it was loaded."),
)

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
    (table.name, column.name): column.words
    for table in _ALL
    for column in table.fields
    if column.words
}
