"""The rows of commits, line births and line deaths, from the changes and the lines they wrote."""

from datetime import timedelta

from shipworthy.simulate.code import UNCOUNTED, Block, ServiceCode
from shipworthy.simulate.dice import hashed
from shipworthy.simulate.model import BranchCommit, Change
from shipworthy.simulate.parameters import Parameters


def write_code(
    parameters: Parameters, mainlines: dict[str, list[Change]]
) -> tuple[list[dict], list[dict], list[dict]]:
    """Write the lines of all changes.

    Parameters
    ----------
    parameters : Parameters
        Seed and period.
    mainlines : dict of str to list of Change
        The changes of each repository, oldest first; gets paths and line counts.

    Returns
    -------
    tuple of list of dict
        Rows of `commits`, `line_births` and `line_deaths`.
    """
    commits, births, deaths = [], [], []
    for mainline in mainlines.values():
        services: dict[str, ServiceCode] = {}
        for change in mainline:
            if change.service.name not in services:
                services[change.service.name] = ServiceCode(parameters, change.service)
            services[change.service.name].apply(change)
        by_author: dict[str, list[Block]] = {}
        for code in services.values():
            for block in code.births:
                births.append(_birth(block))
                by_author.setdefault(block.author_sha, []).append(block)
            deaths += [_death(key, lines) for key, lines in code.deaths.items()]
            for change in mainline:
                if change.service is code.service:
                    _spread_paths(change, code)
        for change in mainline:
            own = services[change.service.name].by_change.get(change.sha, [])
            commits.append(_commit(change, own))
            if change.repository.workflow == "merge":
                commits += [
                    _branch_commit(change, commit, by_author.get(commit.sha, []), index)
                    for index, commit in enumerate(change.branch)
                ]
    if parameters.is_demo:
        commits.append(_off_mainline(parameters, mainlines["lighthouse/fulfilment"]))
    return commits, births, deaths


def _spread_paths(change: Change, code: ServiceCode) -> None:
    """Tell which commit of the branch touched which files."""
    change.paths = sorted(set(change.paths))
    if not change.branch:
        return
    written: dict[str, set[str]] = {}
    for block in code.by_change.get(change.sha, ()):
        written.setdefault(block.author_sha, set()).add(block.path)
    for index, commit in enumerate(change.branch):
        if change.repository.workflow == "merge":
            paths = written.get(commit.sha, set())
            if index == 0:
                others = set().union(*written.values()) if written else set()
                paths |= set(change.paths) - others
        else:
            # The first commit has the whole of it, later ones touch up one file.
            paths = set(change.paths) if index == 0 else {change.paths[index % len(change.paths)]}
        commit.paths = sorted(paths)


def _birth(block: Block) -> dict:
    return {
        "repository": block.repository,
        "added_sha": block.added_sha,
        "path": block.path,
        "path_class": block.path_class,
        "author_sha": block.author_sha,
        "authorship": block.authorship,
        "ai_tool": block.tool,
        "attribution_method": block.method,
        "is_moved": block.is_moved,
        "is_refilled": block.is_refilled,
        "lines": block.born,
    }


def _death(key: tuple, lines: int) -> dict:
    names = (
        "repository", "added_sha", "path", "path_class", "author_sha", "authorship", "ai_tool",
        "birth_is_moved", "removed_sha", "is_moved",
    )  # fmt: skip
    return {**dict(zip(names, key, strict=True)), "lines": lines}


def _ai_lines(blocks: list[Block]) -> int:
    return sum(
        block.born
        for block in blocks
        if block.authorship == "ai" and block.path_class not in UNCOUNTED
    )


def _commit(change: Change, blocks: list[Block]) -> dict:
    """Return the row of the mainline commit."""
    # A merge commit is its merger's; the branch commits carry the evidence.
    is_merge = change.repository.workflow == "merge" and change.branch
    return {
        "repository": change.repository.name,
        "sha": change.sha,
        "mainline_position": change.position,
        "authored_at": change.committed_at if is_merge else change.authored_at,
        "committed_at": change.committed_at,
        "landed_at": change.landed_at,
        "author_key": change.merged_by.key if is_merge else change.author_key,
        "author_kind": "human" if is_merge else change.author_kind,
        "authorship": "untagged" if is_merge else change.authorship,
        "ai_tool": None if is_merge else change.tool,
        "attribution_method": None if is_merge else change.method,
        "lines_added": change.lines_added,
        "lines_removed": change.lines_removed,
        "ai_lines_added": _ai_lines(blocks),
        "files_changed": len(change.paths),
        "pull_request_number": change.number,
        "reverts_sha": change.target.sha if change.kind == "revert" else None,
        "is_fix": change.is_fix,
        # Every other fix names the incident in its message.
        "fixes_incident_id": change.incident.incident_id
        if change.incident and change.position % 2
        else None,
    }


def _branch_commit(change: Change, commit: BranchCommit, blocks: list[Block], index: int) -> dict:
    """Return the row of a branch commit that a real merge keeps."""
    return {
        "repository": change.repository.name,
        "sha": commit.sha,
        "authored_at": commit.committed_at,
        "committed_at": commit.committed_at,
        "author_key": commit.author_key,
        "author_kind": commit.author_kind,
        "authorship": commit.authorship,
        "ai_tool": commit.tool,
        "attribution_method": commit.method,
        "lines_added": sum(b.born for b in blocks if b.path_class not in UNCOUNTED),
        "lines_removed": change.lines_removed if index == 0 else 0,
        "ai_lines_added": _ai_lines(blocks),
        "files_changed": len(commit.paths),
        "pull_request_number": change.number,
        "is_fix": change.is_fix,
    }


def _off_mainline(parameters: Parameters, mainline: list[Change]) -> dict:
    """Return the commit of a hotfix branch that was deployed and never merged."""
    committed_at = parameters.week(23) + timedelta(days=3, hours=14, minutes=20)
    like = [c for c in mainline if c.landed_at < committed_at and c.author_kind == "human"][-1]
    return {
        "repository": like.repository.name,
        "sha": off_mainline_sha(parameters),
        "authored_at": committed_at,
        "committed_at": committed_at,
        "author_key": like.author_key,
        "author_kind": "human",
        "authorship": "untagged",
        "lines_added": 4,
        "lines_removed": 2,
        "ai_lines_added": 0,
        "files_changed": 1,
        "is_fix": True,
    }


def off_mainline_sha(parameters: Parameters) -> str:
    """Return the sha of the commit that was deployed and never merged."""
    return hashed(40, parameters.seed, "hotfix branch")
