"""Rootly: incidents.

Key: an API key that may read incidents (a global key sees private ones too), in ROOTLY_API_KEY.
Requested is `GET /v1/incidents` alone (https://docs.rootly.com/api-reference), updated since the
last load, in pages of 100, the oldest first.

Readings
- `incident_id` is Rootly's identifier: its duplicates and sub-incidents are named by it.
- The severity is its name ("SEV1": names are the account's own).
- `opened_at` is `started_at`, else `detected_at`, else `created_at`; `resolved_at` is the time of
  the same name, else `closed_at`.
- An incident that is marked as a duplicate has the other one's identifier in `merged_into_id`, and
  a sub-incident has its parent's: both are parts of one failure. A cancelled incident is a false
  alarm.
- The kinds `test`, `example` and their sub-incidents are exercises, and what is in triage is none
  yet: both are left out and counted. `scheduled` ones are maintenance; `backfilled` ones are real
  incidents that were written down later.
- A deleted incident stays as it was loaded.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import dlt
from dlt.extract import DltResource
from dlt.sources.rest_api import rest_api_resources

from shipworthy.sources.http import Session, must_hold
from shipworthy.sources.incident_fields import (
    SEVERITIES,
    services_of,
    services_option,
    severity_of,
)
from shipworthy.sources.rows import VERSION, Row, contract_resource, get, need, utc
from shipworthy.sources.vendor import Load, Secret, Settings, Vendor, Window

_PAGE = 100
_MEDIA_TYPE = "application/vnd.api+json"


@dlt.source(name="rootly")
def rootly(
    window: Window,
    session: Session,
    key: str,
    services: dict[str, str] | None = None,
    severities: dict[str, str] | None = None,
    base_url: str = "https://api.rootly.com",
) -> DltResource:
    """Incidents that were updated since the window's start.

    Parameters
    ----------
    window : Window
        Of any length.
    session : Session
        Retries and waits.
    key : str
        API key.
    services : dict of str to str, optional
        Name of a service or functionality to the warehouse's service; others keep their name.
    severities : dict of str to str, optional
        A severity's name to `sev1` to `sev5`; others keep their name.
    base_url : str
        Where the interface is.

    Raises
    ------
    ShipworthyError
        If the key is refused, no attempt was answered, or an answer holds no list.
    """

    def incident(payload: dict[str, Any]) -> Row | None:
        about = need(payload, "attributes")
        kind, status = str(about.get("kind") or "normal"), about.get("status")
        if kind.startswith(("test", "example")):
            window.passed_over["exercises"] += 1
            return None
        if status == "in_triage":
            window.passed_over["incidents in triage"] += 1
            return None
        into = about.get("duplicate_incident_id")
        if into is None and kind.endswith("_sub"):
            into = about.get("parent_incident_id")
        names = _names(about, "services") or _names(about, "functionalities")
        opened = about.get("started_at") or about.get("detected_at") or need(about, "created_at")
        return {
            "incident_id": need(payload, "id"),
            "service": services_of(names, services or {}),
            "severity_label": severity_of(_name(about.get("severity")), severities or {}),
            "opened_at": utc(opened, "opened_at"),
            "acknowledged_at": utc(about.get("acknowledged_at"), "acknowledged_at"),
            "resolved_at": utc(about.get("resolved_at") or about.get("closed_at"), "resolved_at"),
            "is_false_alarm": status == "cancelled" and into is None,
            "is_maintenance": kind.startswith("scheduled"),
            "source": "rootly",
            "merged_into_id": into,
            VERSION: utc(about.get("updated_at"), "updated_at"),
        }

    since = {"filter[updated_at][gte]": window.since.isoformat()} if window.since else {}
    (pages,) = rest_api_resources(
        {
            "client": {
                "base_url": base_url,
                "session": session,
                "headers": {"Authorization": f"Bearer {key}", "Accept": _MEDIA_TYPE},
                "paginator": {
                    "type": "page_number",
                    "base_page": 1,
                    "page_param": "page[number]",
                    "total_path": None,
                },
            },
            "resources": [
                {
                    "name": "incident_pages",
                    "selected": False,
                    "endpoint": {
                        "path": "v1/incidents",
                        "data_selector": "data",
                        "response_actions": [must_hold("Rootly", "data")],
                        # By creation, so that an update during the load moves nothing.
                        "params": {"page[size]": _PAGE, "sort": "created_at", **since},
                    },
                }
            ],
        }
    )
    return contract_resource("incidents", pages, incident)


def _name(part: Any) -> str | None:
    """Return the name of a severity or a service, which stands in an answer of its own."""
    places = (("data", "attributes", "name"), ("attributes", "name"), ("name",))
    return next((found for place in places if (found := get(part, *place))), None)


def _names(about: dict[str, Any], kind: str) -> list[str]:
    return [name for part in about.get(kind) or [] if (name := _name(part))]


def _loads(settings: Settings) -> Iterable[Load]:
    yield Load(
        "rootly",
        ("incidents",),
        lambda window: rootly(
            window,
            settings.session("Rootly"),
            settings.secrets["ROOTLY_API_KEY"],
            settings["services"],
            settings["severities"],
            settings["base_url"],
        ),
    )


VENDOR = Vendor(
    name="rootly",
    title="Rootly",
    inputs=("incidents",),
    loads=_loads,
    options=(services_option("Name of a service or functionality"), SEVERITIES),
    secrets=(Secret("ROOTLY_API_KEY", "read incidents (a global or team API key)"),),
    base_url="https://api.rootly.com",
    probe="/v1/incidents?page[size]=1",
    revises=timedelta(days=1),
    authenticate=lambda settings: {
        "Authorization": f"Bearer {settings.secrets['ROOTLY_API_KEY']}",
        "Accept": _MEDIA_TYPE,
    },
)
