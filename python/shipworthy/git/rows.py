"""Write what a run found into the contract's tables."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from shipworthy.contract import RAW_SCHEMA
from shipworthy.git.diffs import UNCOUNTED_CLASSES
from shipworthy.git.ledger import Ledger
from shipworthy.git.releases import find_releases
from shipworthy.git.repository import Repository, resolve_commits
from shipworthy.identity import person_key
from shipworthy.warehouse import merge

_FULL_SHA = (40, 64)


def write_rows(
    connection: duckdb.DuckDBPyConnection,
    repository: Repository,
    ledger: Ledger,
    salt: bytes,
    *,
    is_resumed: bool,
    releases: str | None,
    loaded_at: datetime,
) -> int:
    """Write all tables, within the caller's transaction.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    repository : Repository
    ledger : Ledger
        Closed.
    salt : bytes
        Of the person keys.
    is_resumed : bool
        Whether rows are added to those of earlier runs; otherwise they replace them.
    releases : str or None
        Pattern of release tags, as in `load_git`.
    loaded_at : datetime
        UTC, without zone.

    Returns
    -------
    int
        Deployments written.
    """
    name = repository.name
    if not is_resumed:
        for table in ("line_births", "line_deaths", "commits"):
            connection.execute(f"delete from {RAW_SCHEMA}.{table} where repository = ?", [name])
    births, deaths = _birth_rows(name, ledger), _death_rows(name, ledger)
    commits = _commit_rows(repository, ledger, salt)
    # Every row is new by construction (its change is), so there is nothing to merge with.
    for table, rows in (("line_births", births), ("line_deaths", deaths), ("commits", commits)):
        if rows.num_rows:
            connection.register("_git_rows", rows)
            columns = ", ".join(rows.column_names)
            connection.execute(
                f"insert into {RAW_SCHEMA}.{table} ({columns}) select {columns} from _git_rows"
            )
            connection.unregister("_git_rows")
    _merge(
        connection,
        "repositories",
        {
            "repository": [name],
            "default_branch": [repository.branch],
            "scanned_at": [loaded_at],
            "head_sha": [repository.head],
            "is_shallow": [False],
        },
    )
    through = _time(ledger.landed_at)
    _watermark(connection, "commits", name, through, loaded_at)
    if releases is None:
        return 0
    return _write_releases(connection, repository, ledger, releases, loaded_at)


def _write_releases(
    connection: duckdb.DuckDBPyConnection,
    repository: Repository,
    ledger: Ledger,
    pattern: str,
    loaded_at: datetime,
) -> int:
    """Replace the repository's tag deployments: tags can be moved and deleted."""
    landed_at = {
        sha: int(landed.replace(tzinfo=UTC).timestamp())
        for sha, landed in connection.execute(
            f"select sha, landed_at from {RAW_SCHEMA}.commits "
            "where repository = ? and mainline_position is not null",
            [repository.name],
        ).fetchall()
    }
    found = find_releases(repository.name, repository.tags, pattern, landed_at)
    connection.execute(
        f"delete from {RAW_SCHEMA}.deployments where repository = ? and source = 'git_tag'",
        [repository.name],
    )
    times = [_time(release.finished_at) for release in found]
    if found:
        constants = {
            "repository": repository.name,
            "service": repository.name,
            "environment": "production",
            "status": "success",
            "kind": "deploy",
            "source": "git_tag",
        }
        _merge(
            connection,
            "deployments",
            {
                "deployment_id": [release.deployment_id for release in found],
                "sha": [release.sha for release in found],
                "created_at": times,
                "started_at": times,
                "finished_at": times,
                **{column: [value] * len(found) for column, value in constants.items()},
            },
        )
    # The tags are known as of the scan, which may hold one that is younger than the last change.
    through = max([_time(ledger.landed_at), *times])
    _watermark(connection, "deployments", repository.name, through, loaded_at)
    return len(found)


def _watermark(
    connection: duckdb.DuckDBPyConnection,
    input_name: str,
    repository: str,
    through: datetime,
    loaded_at: datetime,
) -> None:
    """State up to when the input is complete: the newest landing, never the time of the scan."""
    table = "commits" if input_name == "commits" else "deployments"
    condition = " and source = 'git_tag'" if table == "deployments" else ""
    rows = connection.execute(
        f"select count(*) from {RAW_SCHEMA}.{table} where repository = ?{condition}", [repository]
    ).fetchall()[0][0]
    _merge(
        connection,
        "load_watermarks",
        {
            "input": [input_name],
            "source": [f"git:{repository}"],
            "loaded_through": [through],
            "loaded_at": [loaded_at],
            "rows": [rows],
            "rejected_rows": [0],
        },
    )


def _merge(
    connection: duckdb.DuckDBPyConnection, table: str, columns: dict[str, Sequence[Any]]
) -> None:
    connection.register("_git_rows", pa.table(columns))
    merge(connection, table, "_git_rows")
    connection.unregister("_git_rows")


def _birth_rows(name: str, ledger: Ledger) -> pa.Table:
    births = ledger.new_births
    shas = [change.commit.sha for change in ledger.changes]
    return pa.table(
        {
            "repository": _constant(name, len(births)),
            "added_sha": _coded([birth.change for birth in births], shas),
            "path": _words([birth.path for birth in births]),
            "path_class": _words([birth.path_class for birth in births]),
            "author_sha": _words([birth.author_sha for birth in births]),
            "authorship": _words([birth.authorship for birth in births]),
            "ai_tool": _words([birth.ai_tool for birth in births]),
            "attribution_method": _words([birth.attribution_method for birth in births]),
            "is_moved": pa.array([birth.is_moved for birth in births], pa.bool_()),
            "is_refilled": pa.array([birth.is_refilled for birth in births], pa.bool_()),
            "lines": pa.array([birth.lines for birth in births], pa.int64()),
        }
    )


def _death_rows(name: str, ledger: Ledger) -> pa.Table:
    numbers, changes, is_moved, lines = ledger.deaths()
    used, index = np.unique(numbers, return_inverse=True)
    births = [ledger.birth(int(number)) for number in used]

    def words(column: str) -> pa.Array:
        return _words([getattr(birth, column) for birth in births]).take(pa.array(index))

    return pa.table(
        {
            "repository": _constant(name, len(numbers)),
            **{
                column: words(column)
                for column in (
                    "added_sha", "path", "path_class", "author_sha", "authorship", "ai_tool"
                )
            },
            "birth_is_moved": pa.array([birth.is_moved for birth in births], pa.bool_()).take(
                pa.array(index)
            ),
            "removed_sha": _coded(changes, [change.commit.sha for change in ledger.changes]),
            "is_moved": pa.array(is_moved),
            "lines": pa.array(lines, pa.int64()),
        }
    )  # fmt: skip


def _commit_rows(repository: Repository, ledger: Ledger, salt: bytes) -> pa.Table:
    """Return the rows of `commits`. A branch commit's own diff is never read: its counts are null.

    Of the branch commits only those are there that wrote a line.
    """
    authors = {birth.author_sha for birth in ledger.new_births}
    changes = ledger.changes
    pairs = [(change.commit, change) for change in changes] + [
        (commit, change) for change in changes for commit in change.branch if commit.sha in authors
    ]
    others = [None] * (len(pairs) - len(changes))
    keys: dict[str, str | None] = {}
    for commit, _ in pairs:
        if commit.author_email not in keys:
            keys[commit.author_email] = person_key(commit.author_email, salt)
    added, removed, ai_added = (counts.tolist() for counts in _counted_lines(ledger))
    evidence = [*changes, *(commit for commit, _ in pairs[len(changes) :])]
    numbers, words, time = pa.int64(), pa.string(), pa.timestamp("s")
    columns: dict[str, tuple[pa.DataType, list[Any]]] = {
        "sha": (words, [commit.sha for commit, _ in pairs]),
        "mainline_position": (numbers, [change.position for change in changes] + others),
        "authored_at": (time, [commit.authored_at for commit, _ in pairs]),
        "committed_at": (time, [commit.committed_at for commit, _ in pairs]),
        "landed_at": (time, [change.landed_at for _, change in pairs]),
        "author_key": (words, [keys[commit.author_email] for commit, _ in pairs]),
        "author_kind": (words, [commit.author_kind for commit, _ in pairs]),
        "authorship": (words, [one.authorship for one in evidence]),
        "ai_tool": (words, [one.ai_tool for one in evidence]),
        "attribution_method": (words, [one.attribution_method for one in evidence]),
        "lines_added": (numbers, added + others),
        "lines_removed": (numbers, removed + others),
        "ai_lines_added": (numbers, ai_added + others),
        "files_changed": (numbers, [change.files_changed for change in changes] + others),
        "pull_request_number": (numbers, [commit.pull_request_number for commit, _ in pairs]),
        "reverts_sha": (
            words,
            _full_ids(repository, [commit.reverts_sha for commit, _ in pairs]),
        ),
        "is_fix": (pa.bool_(), [commit.is_fix for commit, _ in pairs]),
        "fixes_incident_id": (words, [commit.fixes_incident_id for commit, _ in pairs]),
    }
    return pa.table(
        {
            "repository": _constant(repository.name, len(pairs)),
            **{name: pa.array(values, kind) for name, (kind, values) in columns.items()},
        }
    )


def _counted_lines(ledger: Ledger) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the counted lines that each change added, removed, and added by AI."""
    added, removed, ai_added = np.zeros((3, len(ledger.changes)), dtype=np.int64)
    for birth in ledger.new_births:
        if birth.path_class not in UNCOUNTED_CLASSES:
            added[birth.change] += birth.lines
            if birth.authorship == "ai":
                ai_added[birth.change] += birth.lines
    births, changes, _, lines = ledger.deaths()
    counted: dict[int, bool] = {}
    for birth, change, count in zip(births.tolist(), changes.tolist(), lines.tolist(), strict=True):
        if birth not in counted:
            counted[birth] = ledger.birth(birth).path_class not in UNCOUNTED_CLASSES
        if counted[birth]:
            removed[change] += count
    return added, removed, ai_added


def _full_ids(repository: Repository, shas: list[str | None]) -> list[str | None]:
    """Complete abbreviated commit ids that name exactly one commit; leave others as written."""
    short = sorted({sha for sha in shas if sha and len(sha) not in _FULL_SHA})
    full = dict(zip(short, resolve_commits(repository, short), strict=True))
    return [full.get(sha) or sha for sha in shas]


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


def _words(values: Sequence[str | None]) -> pa.Array:
    return pa.array(values, pa.string()).dictionary_encode()


def _coded(codes: Any, words: Sequence[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(
        pa.array(np.asarray(codes, dtype=np.int32)), pa.array(words, pa.string())
    )


def _constant(value: str, count: int) -> pa.Array:
    return _coded(np.zeros(count, dtype=np.int32), [value])
