"""Deployments and incidents from files of CDEvents."""

import copy
import json
import random
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dlt
import pytest
from source_checks import DATA, NOW, read_rows

from commands import run_command
from shipworthy.errors import ShipworthyError
from shipworthy.sources import vendor as find_vendor
from shipworthy.sources.landing import SourceLoad, load_vendor
from shipworthy.sources.vendor import Window
from shipworthy.sources.vendors.cdevents import cdevents
from shipworthy.warehouse import connect

LINES = (DATA / "cdevents.ndjson").read_text().splitlines()
DEPLOYED, ROLLED_BACK, DETECTED, RESOLVED, MERGED = map(json.loads, LINES)
SHA = "2d029d503c04bd77c0e4cdbf2d419e083cbc2505"
DEPLOYMENT = "cdevents:/ci/acme:271069a8-fc18-44f1-b38f-9d70a1695801"


def event(like: dict[str, Any], number: int, kind: str = "", at: str = "", **content: Any) -> dict:
    """An event like another one, with an id of its own."""
    made = copy.deepcopy(like)
    made["context"]["id"] = f"event-{number}"
    if kind:
        made["context"]["type"] = f"dev.cdevents.{kind}"
    if at:
        made["context"]["timestamp"] = at
    made["subject"]["content"] |= content
    return made


class Files:
    """Writes files of events and loads them into one warehouse."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.warehouse = directory / "warehouse.duckdb"

    def write(self, *events: Any, name: str = "events.ndjson") -> Path:
        lines = [one if isinstance(one, str) else json.dumps(one) for one in events]
        path = self.directory / name
        path.write_text("\n".join(lines) + "\n")
        return path

    def __call__(self, *paths: Path, max_rejected: float = 0.01, **given: Any) -> SourceLoad:
        (done,) = load_vendor(
            find_vendor("cdevents"),
            {"paths": list(paths), **given},
            self.warehouse,
            max_rejected=max_rejected,
        )
        return done

    def rows(self, table: str) -> list[dict[str, Any]]:
        return read_rows(self.warehouse, table)

    def incident(self, identifier: str = "INC-100") -> dict[str, Any]:
        return {row["incident_id"]: row for row in self.rows("incidents")}[identifier]

    def add_commit(self, sha: str) -> None:
        connection = connect(self.warehouse)
        connection.execute(
            "insert into shipworthy_raw.commits (repository, sha) values ('acme/shop', ?)", [sha]
        )
        connection.close()


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_deployments(files: Files) -> None:
    files(files.write(*LINES))
    first, second = files.rows("deployments")
    assert first == {
        "deployment_id": DEPLOYMENT,
        "repository": "acme/shop",  # of the change that was merged in the same chain
        "service": "service/shop",
        "environment": "production",
        "sha": "2d029d5",  # the tag; the version is a digest
        "status": "success",
        "created_at": datetime(2026, 5, 10, 13, 7),
        "started_at": None,
        "finished_at": datetime(2026, 5, 10, 13, 7),
        "deployed_by_kind": None,
        "is_rollback": False,
        "kind": "deploy",
        "source": "cdevents",
    }
    assert (second["is_rollback"], second["status"]) == (True, "success")
    assert second["finished_at"] == datetime(2026, 5, 10, 13, 46)


def test_an_incident_is_one_row(files: Files) -> None:
    files(files.write(*LINES))
    assert files.rows("incidents") == [
        {
            "incident_id": "INC-100",
            "service": "service/shop",
            "severity_label": "SEV-2",
            "opened_at": datetime(2026, 5, 10, 13, 15),
            "acknowledged_at": None,
            "resolved_at": datetime(2026, 5, 10, 13, 50),
            "caused_by_deployment_id": DEPLOYMENT,
            "caused_by_sha": "2d029d5",
            "fixed_by_sha": None,
            "is_false_alarm": None,
            "is_maintenance": None,
            "source": "cdevents",
            "merged_into_id": None,
        }
    ]


def test_a_repeat_changes_nothing(files: Files) -> None:
    path = files.write(*LINES)
    files(path)
    first = files.rows("deployments"), files.rows("incidents")
    again = files(path)
    assert (files.rows("deployments"), files.rows("incidents")) == first
    for table in again.tables.values():
        assert (table.inserted, table.updated) == (0, 0), str(table)


def test_order_and_repeats_of_lines_do_not_matter(files: Files, tmp_path: Path) -> None:
    # Two versions of one event, of the same moment too.
    odd = copy.deepcopy(DEPLOYED)
    odd["subject"]["content"]["environment"]["id"] = "staging"
    later = event(DETECTED, 7, at="2026-05-10T13:20:00Z")
    later["customData"] = {"severity": "SEV-1"}
    lines = [*LINES, json.dumps(odd), json.dumps(later)]
    files(files.write(*lines))
    expected = files.rows("deployments"), files.rows("incidents")
    assert files.incident()["severity_label"] == "SEV-1"
    for seed in range(3):
        (tmp_path / str(seed)).mkdir()
        other = Files(tmp_path / str(seed))
        shuffled = lines * 2
        random.Random(seed).shuffle(shuffled)
        other(other.write(*shuffled))
        assert (other.rows("deployments"), other.rows("incidents")) == expected


@pytest.mark.parametrize("resolved_first", [False, True])
def test_an_incident_across_loads(files: Files, resolved_first: bool) -> None:
    parts = [files.write(DEPLOYED, MERGED, DETECTED, name="a.ndjson")]
    parts.append(files.write(RESOLVED, name="b.ndjson"))
    for path in reversed(parts) if resolved_first else parts:
        files(path)
    for path in (*parts, *parts):  # and again, in any order
        assert files(path).tables["incidents"].updated == 0
    row = files.incident()
    assert row["opened_at"] == datetime(2026, 5, 10, 13, 15)
    assert row["resolved_at"] == datetime(2026, 5, 10, 13, 50)
    assert (row["service"], row["severity_label"]) == ("service/shop", "SEV-2")
    assert row["caused_by_deployment_id"] == DEPLOYMENT


@pytest.mark.parametrize("newer_first", [False, True])
def test_the_newest_word_counts_across_loads(files: Files, newer_first: bool) -> None:
    reported = event(DETECTED, 2, "incident.reported.0.3.0", "2026-05-10T13:30:00Z")
    reported["customData"]["severity"] = "SEV-1"
    parts = [files.write(DETECTED, name="a.ndjson"), files.write(reported, name="b.ndjson")]
    for path in reversed(parts) if newer_first else parts:
        files(path)
    for path in (*parts, *parts):
        assert files(path).tables["incidents"].updated == 0
    assert files.incident()["severity_label"] == "SEV-1"
    assert files.incident()["opened_at"] == datetime(2026, 5, 10, 13, 15)


def test_commits_and_repositories_are_kept_and_written_out(files: Files) -> None:
    files(files.write(*LINES))
    alone = files.write(DEPLOYED, DETECTED, name="alone.ndjson")
    files(alone)  # without the change that names the repository
    assert files.rows("deployments")[0]["repository"] == "acme/shop"
    files.add_commit(SHA)
    files(alone)
    assert files.rows("deployments")[0]["sha"] == SHA
    files(alone, repositories={"service/shop": "acme/shop"})
    assert files.incident()["caused_by_sha"] == SHA
    assert files(alone).tables["incidents"].updated == 0
    assert files.incident()["caused_by_sha"] == SHA


@pytest.mark.parametrize(
    ("artifact", "repository", "sha"),
    [
        ("pkg:oci/shop@sha256%3A0b31b1c02ff4", None, None),
        (f"pkg:oci/shop?repository_url=ghcr.io/acme&tag=sha-{SHA}", None, SHA),
        (f"pkg:github/acme/web@{SHA}", "acme/web", SHA),
        ("pkg:golang/example.com/web@234fd47e07d1004f0aed9c", None, "234fd47e07d1004f0aed9c"),
        (f"pkg:generic/web@1.2?vcs_url=git%2Bhttps://h.example.com/acme/web%40{SHA}", *2 * [""]),
        ("pkg:generic/shop@1.2.3", None, None),
        (None, None, None),
    ],
)
def test_artifacts(files: Files, artifact: Any, repository: Any, sha: Any) -> None:
    files(files.write(event(DEPLOYED, 1, artifactId=artifact)))
    (row,) = files.rows("deployments")
    expected = ("acme/web", SHA) if repository == "" else (repository, sha)
    assert (row["repository"], row["sha"]) == expected


def test_options(files: Files) -> None:
    staging = event(DETECTED, 5, environment={"id": "staging"})
    staging["subject"]["id"] = "INC-7"
    done = files(
        files.write(DEPLOYED, DETECTED, RESOLVED, staging),
        repositories={"service/shop": "acme/elsewhere"},
        services={"service/shop": "shop"},
        incident_environments=["production"],
    )
    (deployment,), (incident,) = files.rows("deployments"), files.rows("incidents")
    assert (deployment["repository"], deployment["service"]) == ("acme/elsewhere", "shop")
    assert (incident["incident_id"], incident["service"]) == ("INC-100", "shop")
    assert str(done).endswith("passed over: 1 incident.detected of another environment")


def test_versions_and_types(files: Files) -> None:
    done = files(
        files.write(
            event(DEPLOYED, 1, "service.deployed.0.1.0"),
            event(DEPLOYED, 2, "service.upgraded.0.2.1"),
            event(DEPLOYED, 3, "service.published.0.3.0-draft"),
            {"specversion": "1.0", "data": event(DEPLOYED, 4)},  # in an envelope of CloudEvents
            event(DEPLOYED, 5, "service.removed.0.3.0"),
            event(DEPLOYED, 6, "service.removed.0.2.0"),
            event(DEPLOYED, 7, "service.deployed.1.0.0"),
            event(DEPLOYED, 8, "build.finished.0.2.0"),
        )
    )
    found = {row["deployment_id"].rpartition("-")[2] for row in files.rows("deployments")}
    assert found == {"1", "2", "3", "4"}
    assert done.passed_over == {
        "service.removed": 2,
        "service.deployed.1.0.0": 1,
        "build.finished": 1,
    }
    assert done.rejected == 0


def test_the_priority_of_a_ticket(files: Files) -> None:
    uri = "https://tickets.example.com/345"
    reported = event(DETECTED, 1, "incident.reported.0.3.0", ticketURI=uri)
    del reported["customData"]
    created = event(MERGED, 2, "ticket.created.0.2.0", uri=uri, priority="low")
    updated = event(MERGED, 3, "ticket.updated.0.2.0", "2026-05-11T00:00:00Z")
    updated["subject"]["content"] |= {"uri": uri, "priority": "high", "creator": "Alice Ng"}
    files(files.write(updated, reported, created))
    assert files.incident()["severity_label"] == "high"
    assert b"alice ng" not in files.warehouse.read_bytes().lower()


def test_the_cause_is_of_the_same_environment_and_before(files: Files) -> None:
    files(
        files.write(
            DEPLOYED,
            event(DEPLOYED, 1, at="2026-05-10T13:10:00Z", environment={"id": "staging"}),
            event(DEPLOYED, 2, at="2026-05-10T13:20:00Z"),
            DETECTED,
        )
    )
    assert files.incident()["caused_by_deployment_id"] == DEPLOYMENT


def test_unknown_fields_change_nothing(files: Files, tmp_path: Path) -> None:
    files(files.write(*LINES))
    (tmp_path / "more").mkdir()
    other = Files(tmp_path / "more")
    other(
        other.write(
            *(
                {**one, "new": {"a": [1]}, "subject": {**one["subject"], "new": None}}
                for one in map(json.loads, LINES)
            )
        )
    )
    for table in ("deployments", "incidents"):
        assert other.rows(table) == files.rows(table)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda one: one["context"].pop("timestamp"), "deployments .*has no context.timestamp"),
        (lambda one: one["context"].pop("type"), "deployments .*has no context.type"),
        (lambda one: one["context"].pop("id"), "deployments .*has no context.id"),
        (lambda one: one.pop("subject"), "deployments .*has no subject"),
    ],
)
def test_a_removed_field_is_a_sentence(
    files: Files, change: Callable[[dict[str, Any]], Any], sentence: str
) -> None:
    events = [json.loads(line) for line in LINES]
    for one in events:
        change(one)
    with pytest.raises(ShipworthyError, match=sentence):
        files(files.write(*events))
    assert files.rows("deployments") == files.rows("incidents") == []


def test_broken_lines_are_kept_apart(files: Files) -> None:
    late = event(DETECTED, 9, at="yesterday")
    path = files.write(*LINES, '{"context": ', "[1]", "", late)
    with pytest.raises(ShipworthyError, match="--max-rejected"):
        files(path)
    done = files(path, max_rejected=0.6)
    assert done.rejected == 3
    refused = files.rows("rejected_rows")
    assert {(row["table_name"], row["reason"], row["payload"]) for row in refused} == {
        ("deployments", "is not a JSON object", '{"line": 6, "reference": "events.ndjson"}'),
        ("deployments", "is not a JSON object", '{"line": 7, "reference": "events.ndjson"}'),
        ("incidents", "timestamp is not a time", '{"line": 9, "reference": "events.ndjson"}'),
    }
    files(path, max_rejected=0.6)
    assert len(files.rows("rejected_rows")) == 3


def test_odd_values_are_refused_not_fatal(files: Files) -> None:
    half = json.dumps(event(DEPLOYED, 1)).replace("service/shop", "shop\\ud83d")
    odd = event(DEPLOYED, 2)
    odd["context"] |= {"chainId": ["x"], "source": {"a": 1}}
    odd["subject"]["content"] = ["x"]
    done = files(files.write(half, odd, {"context": ["x"]}), max_rejected=0.9)
    assert done.rejected == 2
    reasons = {row["reason"] for row in files.rows("rejected_rows")}
    assert reasons == {"service holds half a character", "has no context.type"}
    assert [row["environment"] for row in files.rows("deployments")] == [None]


def test_complete_up_to_the_newest_event(files: Files) -> None:
    queued = event(MERGED, 1, "build.queued.0.2.0", "2026-05-30T00:00:00Z")
    files(files.write(DEPLOYED, queued, event(MERGED, 2, "build.queued.0.2.0", "soon")))
    marks = {row["input"]: row["loaded_through"] for row in files.rows("load_watermarks")}
    assert marks == dict.fromkeys(("deployments", "incidents"), datetime(2026, 5, 30))


def test_a_directory(files: Files, tmp_path: Path) -> None:
    (tmp_path / "events" / "2026").mkdir(parents=True)
    files.write(DETECTED, name="events/2026/a.jsonl")
    files.write(RESOLVED, name="events/b.ndjson")
    files(tmp_path / "events")
    assert files.incident()["resolved_at"] == datetime(2026, 5, 10, 13, 50)


def test_any_dlt_pipeline_gives_the_same_rows(files: Files, tmp_path: Path) -> None:
    path = files.write(*LINES)
    files(path)
    pipeline = dlt.pipeline(
        "alone",
        destination=dlt.destinations.duckdb(str(tmp_path / "alone.duckdb")),
        dataset_name="landed",
        pipelines_dir=str(tmp_path / "pipelines"),
    )
    for _ in range(2):
        pipeline.run(cdevents(Window(datetime(2026, 1, 1, tzinfo=UTC), NOW), [path]))
    with pipeline.sql_client() as client:
        found = client.execute_sql("select deployment_id from deployments order by all")
        assert [row[0] for row in found] == [
            row["deployment_id"] for row in files.rows("deployments")
        ]
        assert client.execute_sql("select count(*), count(opened_at) from incidents") == [(1, 1)]


def test_the_command(files: Files) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return run_command(
            *("load", "cdevents", *arguments),
            environment={"SHIPWORTHY_WAREHOUSE": str(files.warehouse)},
        )

    missing = run(str(files.directory / "nothing.ndjson"))
    assert (missing.returncode, missing.stdout) == (2, "")
    assert missing.stderr.count("\n") == 1
    assert "nothing.ndjson does not exist" in missing.stderr
    people = event(DEPLOYED, 1)
    people["customData"] = {"user": "alice@acme.example.com"}
    people["subject"]["content"]["deployedBy"] = "bobruiz"
    loaded = run(str(files.write(people, "{")), "--max-rejected", "0.5")
    assert loaded.returncode == 0, loaded.stderr
    assert "deployments: 1 new, 0 changed, 0 as before, 1 rejected" in loaded.stdout
    stored = files.warehouse.read_bytes() + (loaded.stdout + loaded.stderr).encode()
    assert b"alice@" not in stored
    assert b"bobruiz" not in stored
