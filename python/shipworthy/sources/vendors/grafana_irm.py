"""Grafana IRM: incidents of a Grafana Cloud stack.

Token: that of a service account that may view incidents (permission
`grafana-irm-app.incidents:read`, or the role Viewer), in GRAFANA_TOKEN. Requested is
`POST .../IncidentsService.QueryIncidentPreviews` alone
(https://grafana.com/docs/grafana-cloud/alerting-and-irm/irm/reference/incident-api/reference/), in
pages of 100.

Readings
- The severity is its label ("Critical"; names are the stack's own); "Pending" is one that nobody
  judged, and none.
- Services are the labels with the key `service` or `service_name`.
- `opened_at` is the incident's start, else its creation; `resolved_at` is its end, else, of an
  incident that is not active, when it was closed. Nobody acknowledges here.
- Drills are left out, and counted.
- IRM merges no incidents: a label `merged-into:ID` or `duplicate-of:ID` (or with that key) names
  the other one.
- The list cannot be asked for changes: each load reads all of it and takes what was modified since.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

import dlt
from dlt.extract import DltResource
from dlt.sources.helpers.rest_client import RESTClient

from shipworthy.errors import ShipworthyError
from shipworthy.sources.http import Session
from shipworthy.sources.incident_fields import (
    SEVERITIES,
    repeat_in,
    services_of,
    services_option,
    severity_of,
)
from shipworthy.sources.rows import VERSION, Row, contract_resource, get, need, utc
from shipworthy.sources.vendor import Load, Secret, Settings, Vendor, Window

_PAGE = 100
_API = "api/plugins/grafana-irm-app/resources/api/v1"
_SERVICE_KEYS = frozenset({"service", "service_name"})


@dlt.source(name="grafana_irm")
def grafana_irm(
    window: Window,
    session: Session,
    token: str,
    base_url: str,
    services: dict[str, str] | None = None,
    severities: dict[str, str] | None = None,
) -> DltResource:
    """Incidents that were modified since the window's start.

    Parameters
    ----------
    window : Window
        Of any length.
    session : Session
        Retries and waits.
    token : str
        A service account's token.
    base_url : str
        The stack: https://acme.grafana.net.
    services : dict of str to str, optional
        Value of a service's label to the warehouse's service; others stay.
    severities : dict of str to str, optional
        A severity's label to `sev1` to `sev5`; others stay.

    Raises
    ------
    ShipworthyError
        If the token is refused, no attempt was answered, or an answer holds no incidents.
    """
    client = RESTClient(base_url, {"Authorization": f"Bearer {token}"}, session=session)

    def previews() -> Iterator[list[Any]]:
        cursor: dict[str, Any] | None = None
        while True:
            asked: dict[str, Any] = {
                "query": {
                    "limit": _PAGE,
                    # By creation, the oldest first: what comes meanwhile is added behind.
                    "orderField": "createdTime",
                    "orderDirection": "ASC",
                    "queryString": "",
                },
                "includeCustomFieldValues": False,
                "includeMembershipPreview": False,
            }
            if cursor:
                asked["cursor"] = cursor
            response = client.post(f"{_API}/IncidentsService.QueryIncidentPreviews", json=asked)
            response.raise_for_status()
            body = response.json()
            found = get(body, "incidentPreviews")
            if not isinstance(found, list):
                raise ShipworthyError(
                    "Grafana IRM answered without a list 'incidentPreviews'; "
                    "nothing of this load was kept."
                )
            yield found
            following = get(body, "cursor", "nextValue")
            if not get(body, "cursor", "hasMore") or following == get(cursor, "nextValue"):
                return
            cursor = {"nextValue": following, "hasMore": True}

    def incident(payload: dict[str, Any]) -> Row | None:
        modified_at = utc(payload.get("modifiedTime"), "modified_at")
        if payload.get("isDrill"):
            window.passed_over["drills"] += 1
            return None
        if window.since and modified_at and modified_at < window.since:
            return None
        labels = [
            (str(get(one, "key") or "").lower(), get(one, "label"))
            for one in payload.get("labels") or []
        ]
        names = [label for key, label in labels if key in _SERVICE_KEYS]
        tags = [str(label) if key in ("", "tags") else f"{key}:{label}" for key, label in labels]
        into, is_repeat = repeat_in(tags)
        severity = payload.get("severityLabel")
        resolved = payload.get("incidentEnd")
        if not resolved and payload.get("status") != "active":
            resolved = payload.get("closedTime")
        opened = payload.get("incidentStart") or need(payload, "createdTime")
        return {
            "incident_id": need(payload, "incidentID"),
            "service": services_of(names, services or {}),
            "severity_label": severity_of(
                None if str(severity).lower() == "pending" else severity, severities or {}
            ),
            "opened_at": utc(opened, "opened_at"),
            "resolved_at": utc(resolved, "resolved_at"),
            "is_false_alarm": is_repeat and into is None,
            "is_maintenance": False,
            "source": "grafana-irm",
            "merged_into_id": into,
            VERSION: modified_at,
        }

    return contract_resource(
        "incidents", dlt.resource(previews, name="incident_pages", selected=False), incident
    )


def _loads(settings: Settings) -> Iterable[Load]:
    yield Load(
        "grafana-irm",
        ("incidents",),
        lambda window: grafana_irm(
            window,
            settings.session("Grafana IRM"),
            settings.secrets["GRAFANA_TOKEN"],
            settings["base_url"],
            settings["services"],
            settings["severities"],
        ),
    )


VENDOR = Vendor(
    name="grafana-irm",
    title="Grafana IRM",
    inputs=("incidents",),
    loads=_loads,
    options=(services_option("Value of a label `service`"), SEVERITIES),
    secrets=(
        Secret(
            "GRAFANA_TOKEN", "grafana-irm-app.incidents:read (a service account's token, Viewer)"
        ),
    ),
    needs_base_url=True,
    probe="/api/org",
    revises=timedelta(days=1),
    authenticate=lambda settings: {"Authorization": f"Bearer {settings.secrets['GRAFANA_TOKEN']}"},
)
