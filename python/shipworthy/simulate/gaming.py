"""Cheap moves on finished data: what would an unchanged organisation gain by looking busier?

Each move changes only what it is about, so the difference between two runs is the move's effect.
"""

from datetime import timedelta

from shipworthy.contract import names_of_text, text_of_names
from shipworthy.simulate.code import MODULES, UNCOUNTED
from shipworthy.simulate.parameters import Gaming

Tables = dict[str, list[dict]]


def play(tables: Tables, gaming: Gaming) -> Tables:
    """Make the moves.

    Parameters
    ----------
    tables : dict of str to list of dict
        The honest rows.
    gaming : Gaming
        The moves.

    Returns
    -------
    dict of str to list of dict
        New tables; the honest ones stay as they are.
    """
    tables = dict(tables)
    if gaming.padded_share:
        _pad(tables, gaming.padded_share)
    if gaming.split_services > 1:
        _split_services(tables, gaming.split_services)
    if gaming.split_deployments > 1:
        _split_deployments(tables, gaming.split_deployments)
    return tables


def _pad(tables: Tables, share: float) -> None:
    """Add lines to each change that nobody will ever touch, in files of their own."""
    padding: dict[tuple, dict] = {}
    for row in tables["line_births"]:
        if row["is_moved"] or row["path_class"] in UNCOUNTED:
            continue
        path = f"{row['path'].rsplit('/', 1)[0]}/padding.py" if "/" in row["path"] else "padding.py"
        key = (row["repository"], row["added_sha"], path, row["author_sha"], row["authorship"])
        dead = padding.setdefault(
            key, {**row, "path": path, "path_class": "code", "is_refilled": False, "lines": 0.0}
        )
        dead["lines"] += share * row["lines"]
    rows = [row | {"lines": lines} for row in padding.values() if (lines := round(row["lines"]))]
    added: dict[tuple[str, str], int] = {}
    by_ai: dict[tuple[str, str], int] = {}
    for row in rows:
        # A merge and the branch commit that wrote the lines both count them.
        for sha in {row["added_sha"], row["author_sha"]}:
            commit = (row["repository"], sha)
            added[commit] = added.get(commit, 0) + row["lines"]
            by_ai[commit] = by_ai.get(commit, 0) + row["lines"] * (row["authorship"] == "ai")
    tables["line_births"] = tables["line_births"] + rows
    tables["commits"] = [
        row
        | {
            "lines_added": row["lines_added"] + added.get((row["repository"], row["sha"]), 0),
            "ai_lines_added": row["ai_lines_added"] + by_ai.get((row["repository"], row["sha"]), 0),
        }
        for row in tables["commits"]
    ]
    tables["pull_requests"] = [
        row
        | {
            "lines_added": row["lines_added"]
            + added.get((row["repository"], row.get("merge_sha")), 0)
        }
        for row in tables["pull_requests"]
    ]


def _split_services(tables: Tables, parts: int) -> None:
    """Make services of the last directories of each service, deployed whenever the whole was."""
    names = {row["service"] for row in tables["services"]}
    pieces = {name: [name, *(f"{name}-{m}" for m in MODULES[1:parts])] for name in names}
    services, deployments, commits = [], [], []
    for row in tables["services"]:
        services.append(row)
        prefix = f"{row['path_prefix']}/" if row["path_prefix"] else ""
        services += [
            row | {"service": f"{row['service']}-{module}", "path_prefix": f"{prefix}src/{module}"}
            for module in MODULES[1:parts]
        ]
    copies: dict[str, list[str]] = {}
    for row in tables["deployments"]:
        for ordinal, piece in enumerate(pieces[row["service"]]):
            identifier = row["deployment_id"] + (f"-s{ordinal}" if ordinal else "")
            copies.setdefault(row["deployment_id"], []).append(identifier)
            deployments.append(row | {"service": piece, "deployment_id": identifier})
    for row in tables["deployment_commits"]:
        commits += [row | {"deployment_id": copy} for copy in copies[row["deployment_id"]]]
    tables["services"], tables["deployments"] = services, deployments
    tables["deployment_commits"] = commits
    # What broke, broke for the users of the whole.
    tables["incidents"] = [
        row
        | {
            "service": row["service"]
            and text_of_names(
                piece for name in names_of_text(row["service"]) for piece in pieces[name]
            )
        }
        for row in tables["incidents"]
    ]


def _split_deployments(tables: Tables, parts: int) -> None:
    """Make several deployments of each one that puts something live, minutes before it."""
    mainline: dict[str, list[dict]] = {}
    for row in tables["commits"]:
        if row.get("mainline_position"):
            mainline.setdefault(row["repository"], []).append(row)
    for rows in mainline.values():
        rows.sort(key=lambda row: row["mainline_position"])
    positions = {
        (name, row["sha"]): row["mainline_position"]
        for name, rows in mainline.items()
        for row in rows
    }
    # Builds take longer than this: the first part still starts after its last commit landed.
    step = timedelta(seconds=1500 // parts)
    live: dict[str, int] = {}
    deployments = []
    for row in sorted(tables["deployments"], key=lambda row: row["created_at"]):
        deployments.append(row)
        position = positions.get((row["repository"], row["sha"]))
        if (
            position is None
            or row["environment"] != "production"
            or row["status"] != "success"
            or row["kind"] != "deploy"
        ):
            continue
        before, live[row["service"]] = live.get(row["service"], 0), position
        if not 0 < before < position:
            continue
        for ordinal in range(1, parts):
            # Some parts carry a share of the changes; when there are too few, the rest repeat.
            at = before + (position - before) * ordinal // parts
            deployments.append(
                row
                | {
                    "deployment_id": f"{row['deployment_id']}-{ordinal}",
                    "sha": mainline[row["repository"]][at - 1]["sha"],
                    **{
                        column: row[column] and row[column] - step * (parts - ordinal)
                        for column in ("created_at", "started_at", "finished_at")
                    },
                }
            )
    tables["deployments"] = deployments
