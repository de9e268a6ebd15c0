"""Kubernetes' rollouts, from files of audit events and of events."""

import json
from datetime import datetime
from typing import Any

import pytest
from file_checks import FileCase, FileChecks, FileLoader, json_text

SHA = "2d029d503c04bd77c0e4cdbf2d419e083cbc2505"


def _audit(minute: int, revision: int | None, **changed: Any) -> dict[str, Any]:
    """The controller's report on a Deployment, in the middle of its rollout."""
    status = {"observedGeneration": 7, "replicas": 3, "updatedReplicas": 1, "availableReplicas": 2}
    about = {"apiGroup": "apps", "resource": "deployments", "namespace": "prod", "name": "shop"}
    annotations = {"deployment.kubernetes.io/revision": str(revision)} if revision else {}
    return {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "RequestResponse",
        "auditID": f"a-{minute}-{revision}",
        "stage": "ResponseComplete",
        "verb": "update",
        "user": {"username": "carol@acme.example.com"},
        "objectRef": {**about, "subresource": "status", **changed.get("about", {})},
        "responseStatus": {"code": changed.get("code", 200)},
        "requestReceivedTimestamp": f"2026-05-10T13:{minute:02}:00.123456Z",
        "stageTimestamp": f"2026-05-10T13:{minute:02}:00.223456Z",
        "responseObject": {
            "metadata": {"generation": 7, "annotations": annotations},
            "spec": {
                "replicas": 3,
                "template": {
                    "spec": {
                        "containers": [
                            {"image": f"registry.example.com/acme/shop:{changed.get('tag', SHA)}"},
                            {"image": "proxy:1.2"},
                        ]
                    }
                },
            },
            "status": {**status, **changed.get("status", {})},
        },
    }


COMPLETE = {"updatedReplicas": 3, "availableReplicas": 3}
LATE = {"conditions": [{"type": "Progressing", "reason": "ProgressDeadlineExceeded"}]}
API = {"about": {"name": "api"}, "tag": "main-a71e2c4"}
AUDIT = [
    _audit(0, 11, status=COMPLETE),  # complete when the files begin
    _audit(5, 12),
    # Still the status of the generation before.
    _audit(6, 12, status={**COMPLETE, "observedGeneration": 6}),
    _audit(8, 12, status=COMPLETE),
    _audit(9, 12, status=COMPLETE),
    _audit(10, 3, **API),
    _audit(20, 3, **API, status=LATE),
    _audit(30, 4, **API),
    _audit(40, 4, **API, status=LATE),
    _audit(45, 4, **API, status=COMPLETE),
    _audit(50, 13),
    # What says nothing of a rollout.
    _audit(51, None),
    _audit(52, 14, code=409),
    {**_audit(53, 14), "stage": "RequestReceived"},
    {**_audit(54, 14), "verb": "get"},
    _audit(55, 14, about={"subresource": None}),
    _audit(56, 2, about={"resource": "statefulsets", "name": "db"}),
    {**_audit(57, 14), "responseObject": None, "requestObject": None},
]


def _event(minute: int, reason: str, message: str, kind: str, name: str) -> dict[str, Any]:
    return {
        "kind": "Event",
        "apiVersion": "v1",
        "metadata": {"name": f"{name}.{minute}", "namespace": "staging", "uid": f"u-{minute}"},
        "involvedObject": {"kind": kind, "namespace": "staging", "name": name},
        "reason": reason,
        "message": message,
        "firstTimestamp": f"2026-05-11T08:{minute:02}:00Z",
        "lastTimestamp": f"2026-05-11T08:{minute + 1:02}:00Z",
        "count": 2,
    }


def _scaled(minute: int, text: str, name: str = "shop") -> dict[str, Any]:
    return _event(minute, "ScalingReplicaSet", f"Scaled up replica set {text}", "Deployment", name)


EVENTS = [
    _scaled(1, "shop-7d9f8b6c5 from 0 to 1"),
    _scaled(2, "shop-7d9f8b6c5 from 1 to 3"),
    _event(
        2, "Pulled", 'Successfully pulled image "acme/shop:a71e2c4" in 2s', "Pod",
        "shop-7d9f8b6c5-x2x4z",
    ),
    _event(
        3, "Scheduled", "Successfully assigned staging/shop to node-1", "Pod",
        "shop-7d9f8b6c5-x2x4z",
    ),
    _scaled(10, "shop-55c5d to 1 from 0"),
    _event(
        11, "ScalingReplicaSet", "Scaled down replica set shop-7d9f8b6c5 from 3 to 0",
        "Deployment", "shop",
    ),
    # The first comes back.
    _scaled(20, "shop-7d9f8b6c5 from 0 to 3"),
    # An old cluster, which does not say from how many.
    _scaled(30, "cart-6f7 to 1", "cart"),
    _scaled(31, "cart-6f7 to 3", "cart"),
    {
        "kind": "Event",
        "apiVersion": "events.k8s.io/v1",
        "metadata": {"namespace": "staging"},
        "regarding": {"kind": "Deployment", "namespace": "staging", "name": "web"},
        "reason": "ScalingReplicaSet",
        "note": "Scaled up replica set web-1 from 0 to 2",
        "eventTime": "2026-05-11T08:40:00.000000Z",
    },
]  # fmt: skip


class TestKubernetes(FileChecks):
    case = FileCase(
        "kubernetes",
        files={
            "audit.log": json_text(*AUDIT),
            "events.json": json.dumps({"kind": "EventList", "apiVersion": "v1", "items": EVENTS}),
            "more.json": json_text(_audit(58, 15), _audit(59, 15, status=COMPLETE)),
        },
        broken='{"kind": "Event", "apiVersion": "audit.k8s.io/v1"}\n',
        required={"apiVersion": "audit event", "requestReceivedTimestamp": "audit"},
        given={
            "environments": {"prod": "production"},
            "services": {"prod/shop": "acme/shop"},
            "repositories": {"shop": "acme/shop"},
        },
        people=("carol@acme.example.com",),
        table="deployments",
    )

    # Without `apiVersion` an audit event is none; without both times it has none.
    def test_a_removed_column_is_a_sentence(self, load: FileLoader) -> None:
        audit = json_text(*({**one, "apiVersion": None} for one in AUDIT))
        with pytest.raises(Exception, match="This is not the audit log"):
            load(*load.write({"audit.log": audit}))
        timeless = [
            {**one, "requestReceivedTimestamp": None, "stageTimestamp": None} for one in AUDIT
        ]
        with pytest.raises(Exception, match=r"break the contract.*has no stageTimestamp"):
            load(*load.write({"audit.log": json_text(*timeless)}))
        assert not load.rows()

    def _rows(self, load: FileLoader) -> dict[str, dict[str, Any]]:
        return {row["deployment_id"].removeprefix("kubernetes::"): row for row in load.rows()}

    def test_rollouts_of_the_audit_log(self, load: FileLoader, expected: Any) -> None:
        rows = {key: row for key, row in self._rows(load).items() if key.startswith("prod/")}
        assert {key: (row["status"], row["finished_at"]) for key, row in rows.items()} == {
            "prod/shop:12": ("success", datetime(2026, 5, 10, 13, 8, 0, 123456)),
            "prod/shop:13": ("in_progress", None),
            "prod/shop:15": ("success", datetime(2026, 5, 10, 13, 59, 0, 123456)),
            "prod/api:3": ("failure", datetime(2026, 5, 10, 13, 20, 0, 123456)),
            "prod/api:4": ("success", datetime(2026, 5, 10, 13, 45, 0, 123456)),
        }
        shop, api = rows["prod/shop:12"], rows["prod/api:4"]
        assert shop["started_at"] == datetime(2026, 5, 10, 13, 5, 0, 123456)
        assert (shop["service"], shop["repository"]) == ("acme/shop", "acme/shop")
        assert (shop["environment"], shop["sha"]) == ("production", SHA)
        assert (api["service"], api["repository"], api["sha"]) == ("api", None, "a71e2c4")

    def test_rollouts_of_events(self, load: FileLoader, expected: Any) -> None:
        rows = {key: row for key, row in self._rows(load).items() if key.startswith("staging/")}
        assert {key: row["started_at"] for key, row in rows.items()} == {
            "staging/shop/shop-7d9f8b6c5/20260511T080100": datetime(2026, 5, 11, 8, 1),
            "staging/shop/shop-55c5d/20260511T081000": datetime(2026, 5, 11, 8, 10),
            "staging/shop/shop-7d9f8b6c5/20260511T082000": datetime(2026, 5, 11, 8, 20),
            "staging/cart/cart-6f7": datetime(2026, 5, 11, 8, 30),
            "staging/web/web-1/20260511T084000": datetime(2026, 5, 11, 8, 40),
        }
        first = rows["staging/shop/shop-7d9f8b6c5/20260511T080100"]
        assert (first["status"], first["finished_at"]) == ("success", first["started_at"])
        assert (first["sha"], first["environment"]) == ("a71e2c4", "staging")
        assert rows["staging/cart/cart-6f7"]["service"] == "cart"
        assert rows["staging/cart/cart-6f7"]["sha"] is None

    def test_what_is_left_out_is_counted(self, load: FileLoader) -> None:
        (done,) = load()
        assert done.passed_over == {
            "rollouts that began before the files": 1,
            "events of statefulsets": 1,
            "audit events without their object": 1,
        }

    def test_an_outcome_in_a_later_file(self, load: FileLoader) -> None:
        load.load_texts(json_text(_audit(5, 12)))
        load.load_texts(json_text(_audit(7, 12, status=LATE)))
        (row,) = load.rows()
        assert (row["status"], row["finished_at"].minute) == ("failure", 7)
        load.load_texts(json_text(_audit(9, 12, status=COMPLETE)))
        (row,) = load.rows()
        assert (row["status"], row["finished_at"].minute) == ("success", 9)
        assert row["started_at"].minute == 5
        load.load_texts(json_text(_audit(7, 12, status=LATE)))
        assert load.rows() == [row]

    def test_clusters_are_told_apart(self, load: FileLoader) -> None:
        text = json_text(_audit(5, 12))
        load.load_texts(text, cluster="eu")
        load.load_texts(text, cluster="us")
        assert [row["deployment_id"] for row in load.rows()] == [
            "kubernetes:eu:prod/shop:12",
            "kubernetes:us:prod/shop:12",
        ]
        sources = {row["source"] for row in load.rows("load_watermarks")}
        assert sources == {"kubernetes:eu", "kubernetes:us"}
