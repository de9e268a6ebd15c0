"""Short ways to write raw rows: every column of the contract is there, null unless given."""

from datetime import datetime, timedelta

from shipworthy.contract import TABLES

MONDAY = datetime(2026, 1, 5)


def row(table, **values):
    """A row of a contract table; a misspelt column is an error."""
    unknown = set(values) - set(TABLES[table].columns)
    if unknown:
        raise ValueError(f"{table} has no column {sorted(unknown)}")
    return dict.fromkeys(TABLES[table].columns) | values


def empty():
    """Every contract table, without rows."""
    return {name: [] for name in TABLES}


def at(days=0.0, hours=0.0, minutes=0.0):
    """A moment counted from Monday 2026-01-05 00:00."""
    return MONDAY + timedelta(days=days, hours=hours, minutes=minutes)


class Tables:
    """Raw tables under construction, with the shortest call for each common row."""

    def __init__(self):
        self.rows = empty()

    def add(self, table, **values):
        """Add a row and give it back."""
        made = row(table, **values)
        self.rows[table].append(made)
        return made

    def commit(self, repository, sha, position, landed_at, **values):
        """A human mainline commit without lines unless told otherwise."""
        values = {
            "mainline_position": position,
            "authored_at": landed_at,
            "committed_at": landed_at,
            "landed_at": landed_at if position is not None else None,
            "author_kind": "human",
            "authorship": "human",
            "lines_added": 0,
            "lines_removed": 0,
            "ai_lines_added": 0,
            "files_changed": 1,
            "is_fix": False,
        } | values
        return self.add("commits", repository=repository, sha=sha, **values)

    def birth(self, repository, sha, lines, path="src/app.py", **values):
        """Added lines."""
        values = {
            "path_class": "code",
            "author_sha": sha,
            "authorship": "human",
            "is_moved": False,
        } | values
        return self.add(
            "line_births", repository=repository, added_sha=sha, path=path, lines=lines, **values
        )

    def death(self, repository, added_sha, removed_sha, lines, path="src/app.py", **values):
        """Removed lines."""
        values = {
            "path_class": "code",
            "author_sha": added_sha,
            "authorship": "human",
            "birth_is_moved": False,
            "is_moved": False,
        } | values
        return self.add(
            "line_deaths",
            repository=repository,
            added_sha=added_sha,
            removed_sha=removed_sha,
            path=path,
            lines=lines,
            **values,
        )

    def deployment(self, deployment_id, repository, sha, finished_at, **values):
        """A successful production deployment that took ten minutes."""
        values = {
            "environment": "production",
            "status": "success",
            "kind": "deploy",
            "service": repository,
            "created_at": finished_at - timedelta(minutes=12),
            "started_at": finished_at - timedelta(minutes=10),
            "source": "test",
        } | values
        return self.add(
            "deployments",
            deployment_id=deployment_id,
            repository=repository,
            sha=sha,
            finished_at=finished_at,
            **values,
        )

    def incident(self, incident_id, opened_at, severity_label="SEV-2", **values):
        """A counted incident."""
        values = {"is_false_alarm": False, "is_maintenance": False, "source": "test"} | values
        return self.add(
            "incidents",
            incident_id=incident_id,
            opened_at=opened_at,
            severity_label=severity_label,
            **values,
        )
