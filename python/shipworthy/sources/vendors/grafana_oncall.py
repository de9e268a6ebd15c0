"""Grafana OnCall: alert groups as incidents, of Grafana Cloud IRM or of one's own OnCall.

Token: of Grafana Cloud a service account's (permission `grafana-irm-app.alert-groups:read`), with
`--grafana-url`; of one's own OnCall an API token. In GRAFANA_ONCALL_TOKEN. Requested is
`GET /api/v1/alert_groups/` alone
(https://grafana.com/docs/grafana-cloud/alerting-and-irm/irm/reference/oncall-api/alertgroups/), in
pages of 100.

Readings
- An alert group is an incident only where a team pages for nothing else: the integrations and
  labels that the user names choose which. Where IRM's incidents are declared, load those
  (`grafana-irm`).
- The severity is the label `severity` or `priority`, since alert groups have none of their own.
- The service is the label `service_name` or `service`, else what the user calls the integration.
- `opened_at` is the group's creation. Reopening empties `resolved_at`.
- A label `merged_into` or `duplicate_of` names the alert group that another one was attached to.
- Groups are listed by creation, so that a load reads the last 30 days again: one that was open for
  longer keeps the state it had then.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import dlt
from dlt.extract import DltResource
from dlt.sources.rest_api import rest_api_resources

from shipworthy.sources.http import Session, must_hold
from shipworthy.sources.incident_fields import (
    SEVERITIES,
    repeat_in,
    services_of,
    services_option,
    severity_of,
)
from shipworthy.sources.rows import Row, contract_resource, get, need, utc
from shipworthy.sources.vendor import Load, Option, Secret, Settings, Vendor, Window

_PAGE = 100


@dlt.source(name="grafana_oncall")
def grafana_oncall(
    window: Window,
    session: Session,
    token: str,
    base_url: str,
    grafana_url: str | None = None,
    integrations: Sequence[str] = (),
    labels: Sequence[str] = (),
    services: dict[str, str] | None = None,
    severities: dict[str, str] | None = None,
) -> DltResource:
    """Alert groups that were created in a window of time.

    Parameters
    ----------
    window : Window
        Of any length.
    session : Session
        Retries and waits.
    token : str
        Of a service account, or of OnCall itself.
    base_url : str
        OnCall's address, without /api.
    grafana_url : str, optional
        The stack's address, for tokens of service accounts.
    integrations : sequence of str
        Identifiers of the integrations whose alert groups are incidents; empty: all.
    labels : sequence of str
        `key:value` of labels that an alert group must have, all of them.
    services : dict of str to str, optional
        A label's value, or an integration's identifier, to the warehouse's service.
    severities : dict of str to str, optional
        A severity to `sev1` to `sev5`; others stay.

    Raises
    ------
    ShipworthyError
        If the token is refused, no attempt was answered, or an answer holds no list.
    """
    names = services or {}
    chosen = set(integrations)

    def incident(payload: dict[str, Any]) -> Row | None:
        integration = payload.get("integration_id")
        if chosen and integration not in chosen:
            window.passed_over["alert groups of other integrations"] += 1
            return None
        said = _labels(payload)
        service = said.get("service_name") or said.get("service")
        if service is None and integration in names:
            service = integration
        into, is_repeat = repeat_in(f"{key}:{value}" for key, value in said.items())
        return {
            "incident_id": need(payload, "id"),
            "service": services_of([service], names),
            "severity_label": severity_of(
                said.get("severity") or said.get("priority"), severities or {}
            ),
            "opened_at": utc(need(payload, "created_at"), "opened_at"),
            "acknowledged_at": utc(payload.get("acknowledged_at"), "acknowledged_at"),
            "resolved_at": utc(payload.get("resolved_at"), "resolved_at"),
            "is_false_alarm": is_repeat and into is None,
            "is_maintenance": False,
            "source": "grafana-oncall",
            "merged_into_id": into,
        }

    params: dict[str, Any] = {"perpage": _PAGE}
    if window.since:
        bounds = (window.since, window.until)
        params["started_at"] = "_".join(f"{moment:%Y-%m-%dT%H:%M:%S}" for moment in bounds)
    if len(chosen) == 1:
        params["integration_id"] = next(iter(chosen))
    if labels:
        params["label"] = list(labels)
    (pages,) = rest_api_resources(
        {
            "client": {
                "base_url": base_url,
                "session": session,
                "headers": _headers(token, grafana_url),
                # Not the address of the next page: behind a proxy it names another host.
                "paginator": {"type": "page_number", "base_page": 1, "total_path": "total_pages"},
            },
            "resources": [
                {
                    "name": "alert_group_pages",
                    "selected": False,
                    "endpoint": {
                        "path": "api/v1/alert_groups/",
                        "data_selector": "results",
                        "response_actions": [must_hold("Grafana OnCall", "results")],
                        "params": params,
                    },
                }
            ],
        }
    )
    return contract_resource("incidents", pages, incident)


def _headers(token: str, grafana_url: str | None) -> dict[str, str]:
    if grafana_url:
        return {"Authorization": f"Bearer {token}", "X-Grafana-URL": grafana_url}
    return {"Authorization": token}


def _labels(payload: dict[str, Any]) -> dict[str, str]:
    """Return a group's labels by key; each is `{"key": {"name": ...}, "value": {"name": ...}}`."""
    found = {}
    for label in payload.get("labels") or []:
        key, value = get(label, "key", "name"), get(label, "value", "name")
        if key and value:
            found[str(key).lower()] = str(value)
    return found


def _loads(settings: Settings) -> Iterable[Load]:
    yield Load(
        "grafana-oncall",
        ("incidents",),
        lambda window: grafana_oncall(
            window,
            settings.session("Grafana OnCall"),
            settings.secrets["GRAFANA_ONCALL_TOKEN"],
            settings["base_url"],
            settings["grafana_url"],
            settings["integrations"],
            settings["labels"],
            settings["services"],
            settings["severities"],
        ),
    )


VENDOR = Vendor(
    name="grafana-oncall",
    title="Grafana OnCall",
    inputs=("incidents",),
    loads=_loads,
    options=(
        Option("grafana_url", "Address of the Grafana stack, for a service account's token."),
        Option(
            "integrations",
            "Identifier of an integration whose alert groups are incidents; by default all.",
            kind="texts",
            flag="integration",
            default=(),
        ),
        Option(
            "labels",
            "Label that alert groups must have, as KEY:VALUE; may be given several times.",
            kind="texts",
            flag="label",
            default=(),
        ),
        services_option("Value of a label `service`, or identifier of an integration,"),
        SEVERITIES,
    ),
    secrets=(
        Secret(
            "GRAFANA_ONCALL_TOKEN",
            "grafana-irm-app.alert-groups:read (a service account's token; "
            "of one's own OnCall an API token)",
        ),
    ),
    needs_base_url=True,
    probe="/api/v1/alert_groups/?perpage=1",
    revises=timedelta(days=30),
    window=timedelta(days=60),
    history=timedelta(days=365),
    authenticate=lambda settings: _headers(
        settings.secrets["GRAFANA_ONCALL_TOKEN"], settings["grafana_url"]
    ),
)
