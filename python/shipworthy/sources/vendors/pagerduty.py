"""PagerDuty: incidents.

Token: a REST API key, read-only is enough (scope `incidents.read` of a scoped OAuth token), in
PAGERDUTY_TOKEN. Requested is `GET /incidents` alone.

Readings
- The severity is the priority's `summary` ("P2", "SEV1": names are the account's own), since lists
  carry no `name`. An incident without a priority has the severity of its urgency ("high", "low").
- An incident that was merged into another one has that one's `id` in `merged_into_id`: PagerDuty
  resolves it with a `resolve_reason` of the type `merge_resolve_reason`
  (https://developer.pagerduty.com/api-reference/9d0b4b12e36f9-list-incidents), and its alerts go on
  in the other.
- `opened_at` is `created_at`; PagerDuty knows no earlier start of the impact.
- Incidents are listed by creation, so that a load reads the last 60 days again: an incident that
  was open for longer keeps the state it had then.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import dlt
from dlt.extract import DltResource
from dlt.sources.rest_api import rest_api_resources

from shipworthy.sources.http import Session, must_hold
from shipworthy.sources.incident_fields import services_of, services_option
from shipworthy.sources.rows import VERSION, Row, contract_resource, get, need, utc
from shipworthy.sources.vendor import Load, Secret, Settings, Vendor, Window


@dlt.source(name="pagerduty")
def pagerduty(
    window: Window,
    session: Session,
    token: str,
    services: dict[str, str] | None = None,
    base_url: str = "https://api.pagerduty.com",
) -> DltResource:
    """Incidents that were created in a window of time.

    Parameters
    ----------
    window : Window
        At most six months, PagerDuty's limit.
    session : Session
        Retries and waits.
    token : str
        REST API key.
    services : dict of str to str, optional
        PagerDuty's name of a service to the warehouse's; others keep their name.
    base_url : str
        https://api.eu.pagerduty.com for accounts in the European Union.
    """

    def incident(payload: dict[str, Any]) -> Row:
        service = get(payload, "service", "summary")
        acknowledged = [get(entry, "at") for entry in payload.get("acknowledgements") or []]
        return {
            "incident_id": need(payload, "id"),
            "service": services_of([service], services or {}),
            "severity_label": get(payload, "priority", "summary") or payload.get("urgency"),
            "opened_at": utc(need(payload, "created_at"), "opened_at"),
            "acknowledged_at": utc(min(acknowledged, default=None), "acknowledged_at"),
            "resolved_at": utc(payload.get("resolved_at"), "resolved_at"),
            "is_false_alarm": False,
            "is_maintenance": False,
            "source": "pagerduty",
            "merged_into_id": get(payload, "resolve_reason", "incident", "id"),
            VERSION: utc(payload.get("updated_at"), "updated_at"),
        }

    (pages,) = rest_api_resources(
        {
            "client": {
                "base_url": base_url,
                "session": session,
                "headers": {"Authorization": f"Token token={token}"},
                "paginator": {
                    "type": "offset",
                    "limit": 100,
                    "total_path": None,
                    "has_more_path": "more",
                },
            },
            "resources": [
                {
                    "name": "incident_pages",
                    "selected": False,
                    "endpoint": {
                        "path": "incidents",
                        "data_selector": "incidents",
                        "response_actions": [must_hold("PagerDuty", "incidents")],
                        "params": {
                            **({"since": window.since.isoformat()} if window.since else {}),
                            "until": window.until.isoformat(),
                            "time_zone": "UTC",
                            "statuses[]": ["triggered", "acknowledged", "resolved"],
                        },
                    },
                }
            ],
        }
    )
    return contract_resource("incidents", pages, incident)


def _loads(settings: Settings) -> Iterable[Load]:
    yield Load(
        "pagerduty",
        ("incidents",),
        lambda window: pagerduty(
            window,
            settings.session("PagerDuty"),
            settings.secrets["PAGERDUTY_TOKEN"],
            settings["services"],
            settings["base_url"],
        ),
    )


VENDOR = Vendor(
    name="pagerduty",
    title="PagerDuty",
    inputs=("incidents",),
    loads=_loads,
    options=(services_option("PagerDuty's name of a service"),),
    secrets=(Secret("PAGERDUTY_TOKEN", "read incidents (a read-only REST API key)"),),
    base_url="https://api.pagerduty.com",
    probe="/incidents?limit=1",
    revises=timedelta(days=60),
    window=timedelta(days=150),
    history=timedelta(days=365),
    authenticate=lambda settings: {
        "Authorization": f"Token token={settings.secrets['PAGERDUTY_TOKEN']}"
    },
)
