"""Write what a run found into the contract's tables."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime

import duckdb
import numpy as np

from shipworthy.contract import RAW_SCHEMA
from shipworthy.git.births import Births
from shipworthy.git.commits import Evidence
from shipworthy.git.diffs import UNCOUNTED_CLASSES
from shipworthy.git.ledger import Ledger
from shipworthy.git.memory import give_back_memory
from shipworthy.git.processes import resolve_commits
from shipworthy.git.releases import Release, ReleaseRules, TaggedCommit, find_releases
from shipworthy.git.repository import Repository
from shipworthy.identity import person_key
from shipworthy.warehouse import Finding, list_findings, merge, replace_findings

_FULL_SHA = (40, 64)
_ROWS_AT_A_TIME = 40_960
# So many bytes of DuckDB's own copies of pages may stay.
_MOST_PAGES = 4 << 20


class RowWriter:
    """Writes the rows of one repository, within the caller's transaction.

    Call `write` whenever there is something, then `write_state` and `finish`.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    repository : Repository
    salt : bytes
        Of the person keys.
    is_resumed : bool
        Whether rows are added to those of earlier runs; otherwise they replace them.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        repository: Repository,
        salt: bytes,
        *,
        is_resumed: bool,
    ) -> None:
        self._connection = connection
        self._repository = repository
        self._salt = salt
        self._is_resumed = is_resumed
        name = repository.name
        if not is_resumed:
            _keep_unmerged(connection, name)
            for table in ("line_births", "line_deaths", "commits"):
                connection.execute(f"delete from {RAW_SCHEMA}.{table} where repository = ?", [name])

    def write(self, ledger: Ledger) -> None:
        """Write what a ledger has booked and not forgotten, all of it settled."""
        # Some rows at a time: only these are in memory twice.
        for table, parts in (
            ("line_births", _birth_rows(self._repository.name, ledger.births)),
            ("line_deaths", _death_rows(self._repository.name, ledger)),
            ("commits", _commit_rows(self._repository, ledger, self._salt)),
        ):
            for rows in parts:
                # What was a branch's may be the mainline's by now.
                is_repeated = self._is_resumed and table == "commits"
                _insert(self._connection, table, rows, replaces=is_repeated)
                rows.clear()
            give_back_memory()
        _forget_pages(self._connection)

    def write_state(self, table: str, state: bytes) -> None:
        """Write what the next run goes on from, instead of what the last one left."""
        name = self._repository.name
        self._connection.execute(f"delete from {table} where repository = ?", [name])
        # As the parameter of a statement the state would be held ten times.
        self._connection.register(
            "_git_rows",
            {"repository": _words([name]), "state": np.array([state], dtype=object)},
        )
        self._connection.execute(f"insert into {table} from _git_rows")
        self._connection.unregister("_git_rows")

    def finish(self, rules: ReleaseRules | None, findings: Sequence[Finding]) -> int:
        """Write what is told of the whole repository.

        Parameters
        ----------
        rules : ReleaseRules or None
            Which tags are releases; None if none is.
        findings : sequence of Finding
            What this run found odd.

        Returns
        -------
        int
            Deployments written.
        """
        connection, repository = self._connection, self._repository
        name = repository.name
        if not self._is_resumed:
            _restore_unmerged(connection, name)
        loaded_at = _time(repository.scanned_at)
        _merge(
            connection,
            "repositories",
            {
                "repository": _words([name]),
                "default_branch": _words([repository.branch]),
                "scanned_at": _moments([loaded_at]),
                "head_sha": _words([repository.head]),
                "is_shallow": np.array([False]),
            },
        )
        through = _time(
            repository.scanned_at if repository.fetched_at is None else repository.fetched_at
        )
        _watermark(connection, "commits", name, through, loaded_at)
        releases = []
        if rules is not None:
            releases = _write_releases(connection, repository, rules)
            # The tags are known as of the scan, which may hold one that is younger than the last
            # fetch.
            _watermark(connection, "deployments", name, through, loaded_at)
        names_services = rules.names_services if rules else None
        replace_findings(
            connection,
            f"git:{name}",
            [*findings, *_release_findings(releases, names_services=names_services)],
        )
        return len(releases)


def _forget_pages(connection: duckdb.DuckDBPyConnection) -> None:
    """Let DuckDB drop its copies of what it has written: it keeps all while memory is left."""
    with connection.cursor() as other:
        [(pages, rest)] = other.execute(
            "select coalesce(sum(memory_usage_bytes) filter (tag = 'BASE_TABLE'), 0), "
            "coalesce(sum(memory_usage_bytes) filter (tag != 'BASE_TABLE'), 0) "
            "from duckdb_memory()"
        ).fetchall()
        if pages > _MOST_PAGES:
            # Pages that are on the disk go first. An error is not this transaction's: it only says
            # that other things have to stay.
            with suppress(duckdb.Error):
                other.execute(f"set memory_limit = '{int(rest) + _MOST_PAGES}B'")
            other.execute("reset memory_limit")


def _keep_unmerged(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Put aside the commits that no mainline reached: their branches may be gone by now."""
    connection.execute(
        f"create or replace temp table _git_unmerged as select * from {RAW_SCHEMA}.commits "
        "where repository = ? and landed_with_sha is null and mainline_position is null",
        [name],
    )


def _restore_unmerged(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Bring back those that were not read again and still leave the mainline where they did."""
    commits = f"{RAW_SCHEMA}.commits"
    connection.execute(
        f"insert into {commits} by name select * from _git_unmerged as old "
        f"where not exists (select 1 from {commits} as new "
        "where new.repository = old.repository and new.sha = old.sha) "
        f"and exists (select 1 from {commits} as ancestor where ancestor.repository = ? "
        "and ancestor.sha = old.mainline_ancestor_sha and ancestor.mainline_position is not null)",
        [name],
    )
    connection.execute("drop table _git_unmerged")


def _write_releases(
    connection: duckdb.DuckDBPyConnection, repository: Repository, rules: ReleaseRules
) -> list[Release]:
    """Replace the repository's tag deployments: tags can be moved and deleted."""
    tagged = sorted({tag.sha for tag in repository.tags if rules.is_release(tag.name)})
    commits = {
        sha: TaggedCommit(landed_at, committed_at, is_mainline)
        for sha, landed_at, committed_at, is_mainline in connection.execute(
            "select tagged.sha, epoch(ancestor.landed_at)::bigint, "
            "epoch(tagged.committed_at)::bigint, tagged.mainline_position is not null "
            f"from {RAW_SCHEMA}.commits as tagged left join {RAW_SCHEMA}.commits as ancestor "
            "on ancestor.repository = tagged.repository "
            "and ancestor.sha = tagged.mainline_ancestor_sha "
            "where tagged.repository = ? and tagged.sha in (select unnest(?))",
            [repository.name, tagged],
        ).fetchall()
    }
    found = find_releases(repository.name, repository.tags, rules, commits, repository.scanned_at)
    connection.execute(
        f"delete from {RAW_SCHEMA}.deployments where repository = ? and source = 'git_tag'",
        [repository.name],
    )
    if found:
        times = _times([release.finished_at for release in found])
        constants = {
            "repository": repository.name,
            "environment": "production",
            "status": "success",
            "kind": "deploy",
            "source": "git_tag",
        }
        _merge(
            connection,
            "deployments",
            {
                "deployment_id": _words([release.deployment_id for release in found]),
                # Without a name in the tag, the repository stands for all its services.
                "service": _words([release.service or repository.name for release in found]),
                "sha": _words([release.sha for release in found]),
                "created_at": times,
                "started_at": times,
                "finished_at": times,
                **{column: _constant(value, len(found)) for column, value in constants.items()},
            },
        )
    return found


def _release_findings(
    releases: Sequence[Release], *, names_services: bool | None
) -> Iterator[Finding]:
    ahead = [release.tag for release in releases if release.is_ahead]
    nobodys = [release.tag for release in releases if names_services and release.service is None]
    yield from list_findings("deployments", "clock_ahead", ahead)
    yield from list_findings("deployments", "tag_without_service", nobodys)


def _watermark(
    connection: duckdb.DuckDBPyConnection,
    input_name: str,
    repository: str,
    through: datetime,
    loaded_at: datetime,
) -> None:
    """State up to when the input is complete."""
    table = "commits" if input_name == "commits" else "deployments"
    condition = " and source = 'git_tag'" if table == "deployments" else ""
    rows = connection.execute(
        f"select count(*) from {RAW_SCHEMA}.{table} where repository = ?{condition}", [repository]
    ).fetchall()[0][0]
    _merge(
        connection,
        "load_watermarks",
        {
            "input": _words([input_name]),
            "source": _words([f"git:{repository}"]),
            "loaded_through": _moments([through]),
            "loaded_at": _moments([loaded_at]),
            "rows": np.array([rows]),
            "rejected_rows": np.array([0]),
        },
    )


def _merge(
    connection: duckdb.DuckDBPyConnection, table: str, columns: dict[str, np.ndarray]
) -> None:
    connection.register("_git_rows", columns)
    merge(connection, table, "_git_rows")
    connection.unregister("_git_rows")


def _insert(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: dict[str, np.ndarray],
    *,
    replaces: bool,
) -> None:
    """Add rows; all are new by construction (their change is), unless they replace older ones."""
    if len(columns["repository"]):
        connection.register("_git_rows", columns)
        if replaces:
            connection.execute(
                f"delete from {RAW_SCHEMA}.{table} where repository = ? "
                "and sha in (select sha from _git_rows)",
                [columns["repository"][0]],
            )
        names = ", ".join(columns)
        connection.execute(
            f"insert into {RAW_SCHEMA}.{table} ({names}) select {names} from _git_rows"
        )
        connection.unregister("_git_rows")


def _birth_rows(name: str, births: Births) -> Iterator[dict[str, np.ndarray]]:
    for rows in _slices(births.old_rows, len(births)):
        columns = _shared_columns(births, births.codes()[rows])
        kinds = columns.pop("kind")
        yield {
            "repository": _constant(name, len(kinds)),
            **columns,
            "attribution_method": _words([kind.attribution_method for kind in births.kinds])[kinds],
            "is_moved": _flags([kind.is_moved for kind in births.kinds])[kinds],
            "is_refilled": _nullable([kind.is_refilled for kind in births.kinds], bool)[kinds],
            "lines": births.lines()[rows].astype(np.int64),
        }


def _death_rows(name: str, ledger: Ledger) -> Iterator[dict[str, np.ndarray]]:
    births = ledger.births
    numbers, changes, is_moved, lines = ledger.deaths()
    removing = _words(ledger.mainline.shas)
    for rows in _slices(0, len(numbers)):
        columns = _shared_columns(births, births.codes()[numbers[rows]])
        kinds = columns.pop("kind")
        yield {
            "repository": _constant(name, len(kinds)),
            **columns,
            "birth_is_moved": _flags([kind.is_moved for kind in births.kinds])[kinds],
            "removed_sha": removing[changes[rows]],
            "is_moved": is_moved[rows],
            "lines": lines[rows],
        }


def _slices(start: int, end: int) -> Iterator[slice]:
    for first in range(start, end, _ROWS_AT_A_TIME):
        yield slice(first, min(first + _ROWS_AT_A_TIME, end))


def _shared_columns(births: Births, codes: np.ndarray) -> dict[str, np.ndarray]:
    """Return the columns that births and deaths have in common, and the number of each kind."""
    changes, paths, authors, kinds = codes.T
    columns: dict[str, np.ndarray] = {
        "added_sha": births.changes.ids(changes),
        "path": _words(list(births.paths))[paths],
        "author_sha": births.authors.ids(authors),
        "kind": kinds,
    }
    for column in ("path_class", "authorship", "ai_tool"):
        columns[column] = _words([getattr(kind, column) for kind in births.kinds])[kinds]
    return columns


def _commit_rows(
    repository: Repository, ledger: Ledger, salt: bytes
) -> Iterator[dict[str, np.ndarray]]:
    """Yield the rows of `commits`. A branch commit has no counts: its own diff is never read."""
    counts = _counted_lines(ledger)
    for commits in (ledger.mainline, ledger.branch_commits):
        keys = _words([person_key(address, salt) for address in commits.addresses])
        kinds = list(commits.kinds)
        for rows in _slices(0, len(commits)):
            addresses, kind_codes = commits.codes(rows).T
            authored_at, committed_at, landed_at = commits.times(rows).T
            positions, files_changed, numbers = commits.numbers(rows).T
            lines = [
                np.ma.array(count[rows]) if commits is ledger.mainline else _nulls(len(numbers))
                for count in counts
            ]
            some = range(*rows.indices(len(commits)))
            yield {
                "repository": _constant(repository.name, len(numbers)),
                "sha": _words(commits.shas[rows]),
                "mainline_position": positions,
                "authored_at": authored_at,
                "committed_at": committed_at,
                "landed_at": landed_at,
                "author_key": keys[addresses],
                "author_kind": _words([kind.author_kind for kind in kinds])[kind_codes],
                **{
                    column: _words([getattr(kind.evidence, column) for kind in kinds])[kind_codes]
                    for column in Evidence._fields
                },
                **dict(zip(("lines_added", "lines_removed", "ai_lines_added"), lines, strict=True)),
                "files_changed": files_changed,
                "pull_request_number": numbers,
                "reverts_sha": _words(_reverted(repository, list(map(commits.reverts.get, some)))),
                "is_fix": _flags([kind.is_fix for kind in kinds])[kind_codes],
                "fixes_incident_id": _words(list(map(commits.incidents.get, some))),
                "merged_branch": _words(list(map(commits.merged_branches.get, some))),
                "mainline_ancestor_sha": _words(commits.ancestors[rows]),
                "landed_with_sha": _words(commits.landed_with[rows]),
            }


def _counted_lines(ledger: Ledger) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the counted lines that each change added, removed, and added by AI."""
    births = ledger.births
    added, removed, ai_added = np.zeros((3, len(ledger.mainline)), dtype=np.int64)
    is_counted = _flags([kind.path_class not in UNCOUNTED_CLASSES for kind in births.kinds])
    is_ai = _flags([kind.authorship == "ai" for kind in births.kinds])
    new = slice(births.old_rows, None)
    changes, _, _, kinds = births.codes()[new].T
    changes, lines = changes - births.old_changes, births.lines()[new] * is_counted[kinds]
    np.add.at(added, changes, lines)
    np.add.at(ai_added, changes, lines * is_ai[kinds])
    numbers, changes, _, lines = ledger.deaths()
    np.add.at(removed, changes, lines * is_counted[births.codes()[numbers, 3]])
    return added, removed, ai_added


def _reverted(
    repository: Repository, reverts: Sequence[tuple[str, ...] | None]
) -> list[str | None]:
    """Return what commits revert as the contract has it: one reference, or a JSON list of them.

    Abbreviated commit ids that name exactly one commit are completed; others stay as written.
    """
    named = {name for names in reverts if names for name in names}
    short = sorted(name for name in named if name[0] != "#" and len(name) not in _FULL_SHA)
    found = dict(zip(short, resolve_commits(repository, short), strict=True))
    full = {name: found.get(name) or name for name in named}
    rows: list[str | None] = []
    for names in reverts:
        references = list(dict.fromkeys(full[name] for name in names or ()))
        if len(references) > 1:
            rows.append(json.dumps(references))
        else:
            rows.append(references[0] if references else None)
    return rows


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


# Columns as DuckDB takes them straight from numpy: it reads masked values and NaT as nulls.


def _words(values: Sequence[str | None]) -> np.ndarray:
    return np.array(values, dtype=object)


def _flags(values: Sequence[bool]) -> np.ndarray:
    return np.array(values, dtype=bool)


def _constant(value: str, count: int) -> np.ndarray:
    return np.full(count, value, dtype=object)


def _nulls(count: int) -> np.ma.MaskedArray:
    return np.ma.masked_all(count, dtype=np.int64)


def _nullable(values: Sequence[int | None], kind: type) -> np.ma.MaskedArray:
    is_null = [value is None for value in values]
    return np.ma.array([value or 0 for value in values], mask=is_null, dtype=kind)


def _times(seconds: Sequence[int | None]) -> np.ndarray:
    return np.array(["NaT" if at is None else at for at in seconds], dtype="datetime64[s]")


def _moments(times: Sequence[datetime]) -> np.ndarray:
    return np.array(times, dtype="datetime64[us]")
