"""Datadog: incidents, and the deployment events of DORA Metrics.

Keys: an API key in DD_API_KEY, and an application key with the scopes `incident_read` and
`dora_metrics_read` in DD_APP_KEY. Requested are `GET /api/v2/incidents`, in pages of 100
(https://docs.datadoghq.com/api/latest/incidents/), and `POST /api/v2/dora/deployments`, which lists
deployment events, 1,000 at a time (https://docs.datadoghq.com/api/latest/dora-metrics/).

Readings
- The severity is the incident's ("SEV-1"); UNKNOWN is Datadog's word for one that nobody judged.
- `opened_at` is the start of the customers' impact, else the detection, else the creation;
  `resolved_at` is when the state became resolved. Nobody acknowledges here.
- Services are the field `services`, else the field of that name that the user says. The field
  `root_cause` and others are texts, and name nothing.
- Test incidents are left out, and counted.
- Datadog merges no incidents: a field (or a tag of it) `merged_into` or `duplicate_of` names the
  public number of the other one.
- Incidents cannot be asked for changes: each load reads all of them and takes what was modified
  since.
- A deployment event is one that went live: it succeeded, or is in progress while it has no end.
  Datadog stores the repository as `github.com/acme/shop`; the host is left out.
- Deployment events have no pages: each question starts where the last answer ended.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import dlt
from dlt.extract import DltResource
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.paginators import OffsetPaginator

from shipworthy.errors import ShipworthyError
from shipworthy.sources.http import Session, read_pages
from shipworthy.sources.incident_fields import (
    SEVERITIES,
    services_of,
    services_option,
    severity_of,
)
from shipworthy.sources.rows import VERSION, Row, contract_resource, get, need, utc
from shipworthy.sources.vendor import Load, Option, Secret, Settings, Vendor, Window

_PAGE = 100
_MOST_EVENTS = 1000
_INPUTS = ("incidents", "deployments")
_REPEATS = ("merged_into", "duplicate_of")


@dlt.source(name="datadog_incidents")
def datadog_incidents(
    window: Window,
    session: Session,
    api_key: str,
    app_key: str,
    services: Mapping[str, str] | None = None,
    severities: Mapping[str, str] | None = None,
    service_field: str = "services",
    base_url: str = "https://api.datadoghq.com",
) -> DltResource:
    """Incidents that were modified since the window's start.

    Parameters
    ----------
    window : Window
        Of any length.
    session : Session
        Retries and waits.
    api_key, app_key : str
        The organisation's API key, and an application key.
    services : mapping of str to str, optional
        Datadog's name of a service to the warehouse's; others keep their name.
    severities : mapping of str to str, optional
        A severity to `sev1` to `sev5`; others stay.
    service_field : str
        Field of an incident that holds the affected services.
    base_url : str
        The site's: https://api.datadoghq.eu and so on.

    Raises
    ------
    ShipworthyError
        If a key is refused, no attempt was answered, or an answer holds no list.
    """
    client = RESTClient(base_url, _headers(api_key, app_key), session=session)

    def listed() -> Iterator[list[Any]]:
        paginator = OffsetPaginator(
            limit=_PAGE, offset_param="page[offset]", limit_param="page[size]", total_path=None
        )
        for page, _ in read_pages(client, "api/v2/incidents", "data", paginator=paginator):
            yield page

    def incident(payload: dict[str, Any]) -> Row | None:
        about = need(payload, "attributes")
        modified_at = utc(about.get("modified"), "modified_at")
        if about.get("is_test"):
            window.passed_over["test incidents"] += 1
            return None
        if window.since and modified_at and modified_at < window.since:
            return None
        opened = (
            about.get("customer_impact_start") or about.get("detected") or need(about, "created")
        )
        severity = about.get("severity") or next(iter(_field(about, "severity")), None)
        into = next((str(value) for name in _REPEATS for value in _field(about, name)), None)
        return {
            # What people and Datadog's own pages call it.
            "incident_id": str(about.get("public_id") or need(payload, "id")),
            "service": services_of(_field(about, service_field), services or {}),
            "severity_label": severity_of(
                None if severity == "UNKNOWN" else severity, severities or {}
            ),
            "opened_at": utc(opened, "opened_at"),
            "resolved_at": utc(about.get("resolved"), "resolved_at"),
            "is_false_alarm": False,
            "is_maintenance": False,
            "source": "datadog",
            "merged_into_id": into.lstrip("#") if into else None,
            VERSION: modified_at,
        }

    return contract_resource(
        "incidents", dlt.resource(listed, name="incident_pages", selected=False), incident
    )


@dlt.source(name="datadog_deployments")
def datadog_deployments(
    window: Window,
    session: Session,
    api_key: str,
    app_key: str,
    services: Mapping[str, str] | None = None,
    base_url: str = "https://api.datadoghq.com",
) -> DltResource:
    """Deployment events that started in a window of time.

    Parameters
    ----------
    window : Window
        Of any length.
    session, api_key, app_key, services, base_url
        As for the incidents.

    Raises
    ------
    ShipworthyError
        If a key is refused, no attempt was answered, an answer holds no list, or more events start
        at one moment than Datadog lists.
    """
    client = RESTClient(base_url, _headers(api_key, app_key), session=session)

    def listed() -> Iterator[list[Any]]:
        start = window.since.isoformat() if window.since else None
        seen: set[Any] = set()
        while True:
            asked = {
                "limit": _MOST_EVENTS,
                "sort": "started_at",
                "to": window.until.isoformat(),
                **({"from": start} if start else {}),
            }
            body = {"data": {"type": "dora_deployments_list_request", "attributes": asked}}
            response = client.post("api/v2/dora/deployments", json=body)
            response.raise_for_status()
            events = get(response.json(), "data")
            if not isinstance(events, list):
                raise ShipworthyError(
                    "Datadog answered without a list 'data'; nothing of this load was kept."
                )
            fresh = [event for event in events if get(event, "id") not in seen]
            seen |= {get(event, "id") for event in fresh} - {None}
            if fresh:
                yield fresh
            if len(events) < _MOST_EVENTS:
                return
            last = get(events[-1], "attributes", "started_at")
            if not last or last == start:
                raise ShipworthyError(
                    f"Datadog lists no more than {_MOST_EVENTS:,} deployment events of one moment "
                    f"({last}); nothing of this load was kept."
                )
            start = last

    def deployment(payload: dict[str, Any]) -> Row:
        about = need(payload, "attributes")
        started_at = utc(need(about, "started_at"), "started_at")
        finished_at = utc(about.get("finished_at"), "finished_at")
        service = need(about, "service")
        return {
            "deployment_id": f"datadog:{need(payload, 'id')}",
            "repository": _repository(about.get("git")),
            "service": (services or {}).get(service, service),
            "environment": about.get("env"),
            "sha": (get(about, "git", "commit_sha") or "").lower() or None,
            "status": "success" if finished_at else "in_progress",
            "created_at": started_at,
            "started_at": started_at,
            "finished_at": finished_at,
            "kind": "deploy",
            "source": "datadog",
        }

    return contract_resource(
        "deployments", dlt.resource(listed, name="deployment_pages", selected=False), deployment
    )


def _headers(api_key: str, app_key: str) -> dict[str, str]:
    return {"DD-API-KEY": api_key, "DD-APPLICATION-KEY": app_key}


def _field(about: Mapping[str, Any], name: str) -> list[str]:
    """Return the values of a field of an incident, which holds one, several or none."""
    value = get(about, "fields", name, "value")
    values = value if isinstance(value, list) else [value]
    return [str(one) for one in values if one not in (None, "")]


def _repository(git: Mapping[str, Any] | None) -> str | None:
    """Return `acme/shop` of `github.com/acme/shop` or an address."""
    named = get(git, "repository_id") or get(git, "repository_url")
    if not isinstance(named, str) or not named.strip():
        return None
    path = named.strip().partition("://")[2] or named.strip()
    host, _, rest = path.partition("/")
    found = rest if "." in host or ":" in host else path
    return found.strip("/").removesuffix(".git") or None


def _loads(settings: Settings) -> Iterable[Load]:
    without = settings["without"]
    for name in without:
        if name not in _INPUTS:
            raise ShipworthyError(
                f"--without {name} names no input of Datadog; those are {' and '.join(_INPUTS)}."
            )
    keys = (settings.secrets["DD_API_KEY"], settings.secrets["DD_APP_KEY"])
    if "incidents" not in without:
        yield Load(
            "datadog:incidents",
            ("incidents",),
            lambda window: datadog_incidents(
                window,
                settings.session("Datadog"),
                *keys,
                settings["services"],
                settings["severities"],
                settings["service_field"],
                settings["base_url"],
            ),
        )
    if "deployments" not in without:
        yield Load(
            "datadog:deployments",
            ("deployments",),
            lambda window: datadog_deployments(
                window,
                settings.session("Datadog"),
                *keys,
                settings["services"],
                settings["base_url"],
            ),
        )


VENDOR = Vendor(
    name="datadog",
    title="Datadog",
    inputs=_INPUTS,
    loads=_loads,
    options=(
        services_option("Datadog's name of a service"),
        SEVERITIES,
        Option(
            "service_field",
            "Field of an incident that holds the affected services; by default services.",
            default="services",
        ),
        Option(
            "without",
            "Leave out deployments or incidents, where they are kept elsewhere.",
            kind="texts",
            default=(),
        ),
    ),
    secrets=(
        Secret("DD_API_KEY", "an API key of the organisation"),
        Secret("DD_APP_KEY", "incident_read and dora_metrics_read (an application key)"),
    ),
    base_url="https://api.datadoghq.com",
    probe="/api/v2/incidents?page[size]=1",
    revises=timedelta(days=3),
    history=timedelta(days=365),
    authenticate=lambda settings: _headers(
        settings.secrets["DD_API_KEY"], settings.secrets["DD_APP_KEY"]
    ),
)
