"""incident.io: incidents.

Key: an API key with the permission "View data", in INCIDENT_IO_API_KEY; private incidents are seen
only with "View all incident data, including private incidents". Requested is
`GET /v2/incidents`: those updated since the last load, in pages of 250; of merged ones also
`GET /v2/incident_updates` and `GET /v2/incidents/ID` of the incident that they went into.

Readings
- `incident_id` is the reference (INC-100), which people write into commits.
- Asked for are the modes standard and retrospective: a retrospective incident is a real one that
  was written down later. Tests and tutorials are left out.
- Incidents in triage are left out until somebody accepts them, which updates them. Declined and
  canceled ones are false alarms.
- A merged incident has the reference of the one that goes on in `merged_into_id`. Only its updates
  name that one (`merged_into_incident_id`,
  https://docs.incident.io/api-reference/incident-updates-v2/list), so that they are asked for, and
  the other incident for its reference. A merged incident of which nothing says where it went is a
  false alarm.
- The severity is its name. Ranks order the severities of one account (a higher rank is worse) and
  say nothing about another's, so that names of one's own are mapped by the user.
- Times are found by the name of the timestamp, whatever its case and with or without "at":
  `opened_at` is "Impact started", else "Reported", else when the incident was created;
  `acknowledged_at` is "Accepted" or "Acknowledged"; `resolved_at` is "Resolved", else "Fixed", else
  "Closed". A timestamp that nobody set is unknown.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import cache
from typing import Any

import dlt
from dlt.extract import DltResource
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator
from dlt.sources.rest_api import rest_api_resources

from shipworthy.sources.http import Session, must_hold, read_pages
from shipworthy.sources.incident_fields import (
    SEVERITIES,
    change_in,
    services_of,
    services_option,
    severity_of,
)
from shipworthy.sources.rows import VERSION, Row, contract_resource, get, need, utc
from shipworthy.sources.vendor import Load, Option, Secret, Settings, Vendor, Window

_MODES = ("standard", "retrospective")
_FALSE_ALARMS = frozenset({"declined", "canceled", "cancelled"})
_OPENED = ("impact started", "reported")
_ACKNOWLEDGED = ("accepted", "acknowledged")
_RESOLVED = ("resolved", "fixed", "closed")


@dlt.source(name="incident_io")
def incident_io(
    window: Window,
    session: Session,
    key: str,
    services: dict[str, str] | None = None,
    severities: dict[str, str] | None = None,
    service_field: str | None = None,
    deployment_field: str | None = None,
    sha_field: str | None = None,
    base_url: str = "https://api.incident.io",
) -> DltResource:
    """Incidents that were updated in a window of time.

    Parameters
    ----------
    window : Window
        Of any length. The interface filters by whole days (UTC).
    session : Session
        Retries and waits.
    key : str
        API key.
    services : dict of str to str, optional
        A value of the service field to the warehouse's service; others keep their name.
    severities : dict of str to str, optional
        A severity's name to `sev1` to `sev5`; others keep their name.
    service_field, deployment_field, sha_field : str, optional
        Names of the custom fields that hold the affected services, the identifier of the deployment
        that caused the incident, and the change that did: a commit's hash, or its request.
    base_url : str
        Where the interface is.

    Raises
    ------
    ShipworthyError
        If the key is refused, no attempt was answered, or an answer holds no incidents.
    """

    client = RESTClient(base_url, {"Authorization": f"Bearer {key}"}, session=session)

    def merged_into(payload: dict[str, Any]) -> str | None:
        """Return the reference of the incident that a merged one went into."""
        params = {"incident_id": need(payload, "id"), "page_size": 250}
        targets: list[Any] = []
        for updates, _ in read_pages(
            client, "v2/incident_updates", "incident_updates", params=params, paginator=_paginator()
        ):
            targets += [
                (str(get(update, "created_at")), get(update, "merged_into_incident_id"))
                for update in updates
                if get(update, "merged_into_incident_id")
            ]
        # Undone and done again: the last one holds.
        return reference(max(targets)[1]) if targets else None

    @cache
    def reference(identifier: str) -> str | None:
        response = client.get(f"v2/incidents/{identifier}")
        if response.status_code == 404:
            return None
        response.raise_for_status()
        return get(response.json(), "incident", "reference")

    def incident(payload: dict[str, Any]) -> Row | None:
        category = need(payload, "incident_status", "category")
        if category == "triage" or payload.get("mode", "standard") not in _MODES:
            return None
        moments = _moments(payload)
        deployments = _custom_values(payload, deployment_field)
        opened = _first(moments, _OPENED) or need(payload, "created_at")
        target = merged_into(payload) if category == "merged" else None
        return {
            "incident_id": need(payload, "reference"),
            "service": services_of(_custom_values(payload, service_field), services or {}),
            "severity_label": severity_of(get(payload, "severity", "name"), severities or {}),
            "opened_at": utc(opened, "opened_at"),
            "acknowledged_at": utc(_first(moments, _ACKNOWLEDGED), "acknowledged_at"),
            "resolved_at": utc(_first(moments, _RESOLVED), "resolved_at"),
            "caused_by_deployment_id": deployments[0] if deployments else None,
            "caused_by_sha": change_in(" ".join(_custom_values(payload, sha_field))),
            "is_false_alarm": category in _FALSE_ALARMS
            or (category == "merged" and target is None),
            "is_maintenance": False,
            "source": "incident-io",
            "merged_into_id": target,
            VERSION: utc(payload.get("updated_at"), "updated_at"),
        }

    (pages,) = rest_api_resources(
        {
            "client": {
                "base_url": base_url,
                "session": session,
                "headers": {"Authorization": f"Bearer {key}"},
                "paginator": _paginator(),
            },
            "resources": [
                {
                    "name": "incident_pages",
                    "selected": False,
                    "endpoint": {
                        "path": "v2/incidents",
                        "data_selector": "incidents",
                        "response_actions": [must_hold("incident.io", "incidents")],
                        "params": {
                            "page_size": 250,
                            "mode[one_of]": list(_MODES),
                            # By creation, so that an update during the load moves nothing.
                            "sort_by": "created_at_oldest_first",
                            **(
                                {"updated_at[gte]": window.since.date().isoformat()}
                                if window.since
                                else {}
                            ),
                        },
                    },
                }
            ],
        }
    )
    return contract_resource("incidents", pages, incident)


def _paginator() -> JSONResponseCursorPaginator:
    # The last page names a next one too.
    return JSONResponseCursorPaginator(
        cursor_path="pagination_meta.after", cursor_param="after", stop_after_empty_page=True
    )


def _moments(payload: Mapping[str, Any]) -> dict[str, str]:
    """Return the set timestamps of an incident by their bare names ("impact started")."""
    found = {}
    for entry in payload.get("incident_timestamp_values") or []:
        name = str(get(entry, "incident_timestamp", "name") or "").strip().lower()
        value = get(entry, "value", "value")
        if value:
            found[name.removesuffix(" at")] = value
    return found


def _first(moments: Mapping[str, str], names: Iterable[str]) -> str | None:
    return next((moments[name] for name in names if name in moments), None)


def _custom_values(payload: Mapping[str, Any], field: str | None) -> list[str]:
    """Return the texts of a custom field, given by its name or identifier."""
    wanted = field.strip().lower() if field else None
    texts = []
    for entry in payload.get("custom_field_entries") or []:
        names = (get(entry, "custom_field", "name"), get(entry, "custom_field", "id"))
        if wanted not in [str(name).strip().lower() for name in names if name]:
            continue
        for value in entry.get("values") or []:
            text = (
                get(value, "value_option", "value")
                or get(value, "value_catalog_entry", "name")
                or value.get("value_text")
                or value.get("value_link")
                or value.get("value_numeric")
            )
            if text:
                texts.append(str(text).strip())
    return texts


def _loads(settings: Settings) -> Iterable[Load]:
    yield Load(
        "incident-io",
        ("incidents",),
        lambda window: incident_io(
            window,
            settings.session("incident.io"),
            settings.secrets["INCIDENT_IO_API_KEY"],
            settings["services"],
            settings["severities"],
            settings["service_field"],
            settings["deployment_field"],
            settings["sha_field"],
            settings["base_url"],
        ),
    )


VENDOR = Vendor(
    name="incident-io",
    title="incident.io",
    inputs=("incidents",),
    loads=_loads,
    options=(
        services_option("A value of the service field"),
        SEVERITIES,
        Option("service_field", "Custom field that holds the affected services."),
        Option("deployment_field", "Custom field that holds the causing deployment's identifier."),
        Option("sha_field", "Custom field that holds the causing commit's whole hash."),
    ),
    secrets=(Secret("INCIDENT_IO_API_KEY", "View data (and private incidents, if they count)"),),
    base_url="https://api.incident.io",
    probe="/v2/incidents?page_size=1",
    # The filter knows days only; the cursor's own day is then read whole.
    revises=timedelta(days=1),
    authenticate=lambda settings: {
        "Authorization": f"Bearer {settings.secrets['INCIDENT_IO_API_KEY']}"
    },
)
