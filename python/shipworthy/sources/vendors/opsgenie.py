"""Opsgenie: incidents.

Key: the key of an API integration with the right "Read" (and not restricted to a team), in
OPSGENIE_API_KEY. Requested is `GET /v1/incidents` alone, in pages of 100.

Readings
- The severity is a tag such as `sev2` where there is one, else the priority (P1 to P5): P3 is what
  Opsgenie gives to an incident that nobody judged. Of several such tags the worst counts.
- `opened_at` is when the impact started, else when the incident was created.
- `resolved_at` is when the impact ended. Where Opsgenie does not say so, it is the last update of
  an incident that is resolved or closed: a later edit of such an incident moves it.
- A tag `deploy:502` (or `deployment:502`), or an extra property `deployment_id`, names the
  deployment that caused it, and an extra property `git_sha`, `sha` or `commit` the commit, also
  abbreviated, or its request (`acme/shop#12`).
- Opsgenie has no merging of incidents (https://docs.opsgenie.com/docs/incident-api): people close
  the second one and say so. A tag `merged-into:ID`, `merged:ID`, `duplicate-of:ID` or
  `duplicate:ID`, or an extra property `merged_into`, `merged_into_id` or `duplicate_of`, names the
  incident that goes on, by its identifier or its short number, which is asked for once. Such an
  incident without an identifier (a tag `merged` or `duplicate` alone) is a false alarm.
- Impacted services are identifiers; they keep them where the user gives no name.
- Incidents are asked for by creation, so that a load reads the last 60 days again: an incident that
  was open for longer keeps the state it had then. Opsgenie serves no more than 20,000 incidents of
  a question, so that one window is 60 days long.
"""

import re
from collections.abc import Iterable
from datetime import timedelta
from functools import cache
from typing import Any

import dlt
from dlt.extract import DltResource
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.rest_api import rest_api_resources

from shipworthy.sources.http import Session, must_hold
from shipworthy.sources.incident_fields import (
    SEVERITIES,
    change_in,
    repeat_in,
    services_of,
    services_option,
    severity_of,
)
from shipworthy.sources.rows import VERSION, Row, contract_resource, get, need, utc
from shipworthy.sources.vendor import Load, Secret, Settings, Vendor, Window

_PAGE = 100
_SEVERITY_TAG = re.compile(r"sev(?:erity)?[-_ :]?([1-5])", re.IGNORECASE)
_DEPLOYMENT_TAG = re.compile(r"deploy(?:ment)?:(.+)", re.IGNORECASE)
_MERGED_PROPERTIES = ("merged_into", "merged_into_id", "duplicate_of")
_OVER = frozenset({"resolved", "closed"})


@dlt.source(name="opsgenie")
def opsgenie(
    window: Window,
    session: Session,
    key: str,
    services: dict[str, str] | None = None,
    severities: dict[str, str] | None = None,
    base_url: str = "https://api.opsgenie.com",
) -> DltResource:
    """Incidents that were created in a window of time.

    Parameters
    ----------
    window : Window
        At most 20,000 incidents long, Opsgenie's limit.
    session : Session
        Retries and waits.
    key : str
        Key of an API integration.
    services : dict of str to str, optional
        Identifier of an impacted service to the warehouse's service; others keep it.
    severities : dict of str to str, optional
        A priority or tag to `sev1` to `sev5`; others stay.
    base_url : str
        https://api.eu.opsgenie.com for accounts in the European Union.

    Raises
    ------
    ShipworthyError
        If the key is refused, no attempt was answered, or an answer holds no incidents.
    """

    client = RESTClient(base_url, {"Authorization": f"GenieKey {key}"}, session=session)

    @cache
    def identifier(name: str) -> str:
        """Return an incident's identifier, also of its short number."""
        if not name.isdigit():
            return name
        response = client.get(f"v1/incidents/{name}", params={"identifierType": "tiny"})
        if response.status_code == 404:
            return name
        response.raise_for_status()
        return get(response.json(), "data", "id") or name

    def incident(payload: dict[str, Any]) -> Row:
        tags = [str(tag).strip() for tag in payload.get("tags") or []]
        extra = payload.get("extraProperties") or {}
        updated_at = utc(payload.get("updatedAt"), "updated_at")
        resolved_at = utc(payload.get("impactEndDate"), "resolved_at")
        if resolved_at is None and str(payload.get("status")).lower() in _OVER:
            resolved_at = updated_at
        ranks = [int(found[1]) for tag in tags if (found := _SEVERITY_TAG.fullmatch(tag))]
        severity = f"sev{min(ranks)}" if ranks else payload.get("priority")
        deployments = [found[1] for tag in tags if (found := _DEPLOYMENT_TAG.fullmatch(tag))]
        if extra.get("deployment_id"):
            deployments.append(str(extra["deployment_id"]))
        commits = [str(extra[name]) for name in ("git_sha", "sha", "commit") if extra.get(name)]
        tagged, is_repeat = repeat_in(tags)
        properties = [str(extra[name]).strip() for name in _MERGED_PROPERTIES if extra.get(name)]
        into = next((name for name in (tagged, *properties) if name), None)
        return {
            "incident_id": need(payload, "id"),
            "service": services_of(payload.get("impactedServices") or [], services or {}),
            "severity_label": severity_of(severity, severities or {}),
            "opened_at": utc(
                payload.get("impactStartDate") or need(payload, "createdAt"), "opened_at"
            ),
            "resolved_at": resolved_at,
            "caused_by_deployment_id": deployments[0].strip() if deployments else None,
            "caused_by_sha": change_in(" ".join(commits)),
            "is_false_alarm": is_repeat and into is None,
            "is_maintenance": False,
            "source": "opsgenie",
            "merged_into_id": identifier(into) if into else None,
            VERSION: updated_at,
        }

    created = [f"createdAt < {_milliseconds(window.until)}"]
    if window.since:
        created.insert(0, f"createdAt >= {_milliseconds(window.since)}")
    (pages,) = rest_api_resources(
        {
            "client": {
                "base_url": base_url,
                "session": session,
                "headers": {"Authorization": f"GenieKey {key}"},
                "paginator": {"type": "offset", "limit": _PAGE, "total_path": None},
            },
            "resources": [
                {
                    "name": "incident_pages",
                    "selected": False,
                    "endpoint": {
                        "path": "v1/incidents",
                        "data_selector": "data",
                        "response_actions": [must_hold("Opsgenie", "data")],
                        "params": {
                            "query": " AND ".join(created),
                            # The oldest first: what comes meanwhile is added behind.
                            "sort": "createdAt",
                            "order": "asc",
                        },
                    },
                }
            ],
        }
    )
    return contract_resource("incidents", pages, incident)


def _milliseconds(moment: Any) -> int:
    return int(moment.timestamp() * 1000)


def _loads(settings: Settings) -> Iterable[Load]:
    yield Load(
        "opsgenie",
        ("incidents",),
        lambda window: opsgenie(
            window,
            settings.session("Opsgenie"),
            settings.secrets["OPSGENIE_API_KEY"],
            settings["services"],
            settings["severities"],
            settings["base_url"],
        ),
    )


VENDOR = Vendor(
    name="opsgenie",
    title="Opsgenie",
    inputs=("incidents",),
    loads=_loads,
    options=(services_option("Identifier of an impacted service"), SEVERITIES),
    secrets=(Secret("OPSGENIE_API_KEY", "Read (an API integration that is not a team's)"),),
    base_url="https://api.opsgenie.com",
    probe="/v1/incidents?limit=1",
    revises=timedelta(days=60),
    window=timedelta(days=60),
    history=timedelta(days=365),
    authenticate=lambda settings: {
        "Authorization": f"GenieKey {settings.secrets['OPSGENIE_API_KEY']}"
    },
)
