"""Statuspage: the incidents and maintenances of a page.

Key: a user's API key (of a user who may see the page), in STATUSPAGE_API_KEY. Requested is
`GET /v1/pages/{page}/incidents` alone, in pages of 100.

Readings
- A status page tells customers, some time after the fact and sometimes not at all: where another
  source knows the same incidents, load only one of them.
- The severity is the impact; an impact that somebody set by hand wins over the computed one.
- Scheduled maintenance comes in the same list: what has a `scheduled_for` or the impact maintenance
  is maintenance, and counts nowhere as an incident. A scheduled maintenance that has not begun has
  its planned start as `opened_at`, and is left out until then.
- `opened_at` is `started_at`, else when the incident was created. Nobody acknowledges here.
- The list cannot be asked for changes: each load reads all of it and takes what was
  updated, or began, since.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

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
from shipworthy.sources.vendor import Load, Option, Secret, Settings, Vendor, Window


@dlt.source(name="statuspage")
def statuspage(
    window: Window,
    session: Session,
    key: str,
    page: str,
    services: dict[str, str] | None = None,
    severities: dict[str, str] | None = None,
    base_url: str = "https://api.statuspage.io",
) -> DltResource:
    """Incidents and maintenances of a page that were updated since the window's start.

    Parameters
    ----------
    window : Window
        Of any length.
    session : Session
        Retries and waits.
    key : str
        API key.
    page : str
        Identifier of the page.
    services : dict of str to str, optional
        Name of a component to the warehouse's service; others keep their name.
    severities : dict of str to str, optional
        An impact (critical, major, minor, none) to `sev1` to `sev5`; others stay.
    base_url : str
        Where the interface is.

    Raises
    ------
    ShipworthyError
        If the key is refused, the page does not exist, or no attempt was answered.
    """

    def incident(payload: dict[str, Any]) -> Row | None:
        updated_at = utc(payload.get("updated_at"), "updated_at")
        scheduled_for = utc(payload.get("scheduled_for"), "scheduled_for")
        impact = payload.get("impact_override") or payload.get("impact")
        started = payload.get("started_at") or scheduled_for or need(payload, "created_at")
        opened_at = utc(started, "opened_at")
        if scheduled_for and opened_at and opened_at >= window.until:
            return None
        # A maintenance can begin without an update.
        moments = [moment for moment in (updated_at, opened_at) if moment]
        if window.since and updated_at and max(moments) < window.since:
            return None
        return {
            "incident_id": need(payload, "id"),
            "service": services_of(_components(payload), services or {}),
            "severity_label": severity_of(impact, severities or {}),
            "opened_at": opened_at,
            "resolved_at": utc(payload.get("resolved_at"), "resolved_at"),
            "is_false_alarm": False,
            "is_maintenance": scheduled_for is not None or impact == "maintenance",
            "source": "statuspage",
            VERSION: updated_at,
        }

    (pages,) = rest_api_resources(
        {
            "client": {
                "base_url": base_url,
                "session": session,
                "headers": {"Authorization": f"OAuth {key}"},
                "paginator": {"type": "page_number", "base_page": 1, "total_path": None},
            },
            "resources": [
                {
                    "name": "incident_pages",
                    "selected": False,
                    "endpoint": {
                        "path": f"v1/pages/{quote(page, safe='')}/incidents",
                        "data_selector": "$",
                        "response_actions": [must_hold("Statuspage", "")],
                        "params": {"limit": 100},
                    },
                }
            ],
        }
    )
    return contract_resource("incidents", pages, incident)


def _components(payload: dict[str, Any]) -> list[str]:
    """Return the names of an incident's components, those that only an update names too."""
    updates = payload.get("incident_updates") or []
    affected = [part for update in updates for part in update.get("affected_components") or []]
    return sorted(
        {
            name
            for part in [*(payload.get("components") or []), *affected]
            if (name := get(part, "name"))
        }
    )


def _loads(settings: Settings) -> Iterable[Load]:
    for page in settings["pages"]:
        yield Load(
            f"statuspage:{page}",
            ("incidents",),
            lambda window, page=page: statuspage(  # type: ignore[misc]  # binds the loop's value
                window,
                settings.session("Statuspage"),
                settings.secrets["STATUSPAGE_API_KEY"],
                page,
                settings["services"],
                settings["severities"],
                settings["base_url"],
            ),
        )


VENDOR = Vendor(
    name="statuspage",
    title="Statuspage",
    inputs=("incidents",),
    loads=_loads,
    options=(
        Option("pages", "Identifier of a page.", kind="texts", flag="page", is_required=True),
        services_option("Name of a component"),
        SEVERITIES,
    ),
    secrets=(Secret("STATUSPAGE_API_KEY", "see the page (any user's key)"),),
    base_url="https://api.statuspage.io",
    probe="/v1/pages",
    revises=timedelta(days=1),
    authenticate=lambda settings: {
        "Authorization": f"OAuth {settings.secrets['STATUSPAGE_API_KEY']}"
    },
)
