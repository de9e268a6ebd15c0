"""Vendors' sources, written as dlt sources: one module a vendor in `vendors/`, found by its name.

Each there (GitHub's is a package) has a constant `VENDOR` (a `shipworthy.sources.vendor.Vendor`)
and the dlt source itself, which any dlt pipeline can run. What they share stands beside this file.
A row's way:

    shipworthy load NAME, shipworthy.toml         config, run
      |  options, window of time                  vendor (what a vendor declares)
      v
    vendors/NAME: requests | files                http, progress | local_files, otlp, own_csv
      |  payloads: what the vendor said
      v
    vendors/NAME: a payload's rows                rows (times, counts, keys), incident_fields, shas
      |  rows of the contract, refused rows       rows.contract_resource, rows.contract_tables
      v
    extract and normalize (dlt)                   landing
      |  Parquet files, a table each
      v
    one transaction: checked, merged, counted,    landing, shipworthy.files
    watermark moved
      |
      v
    shipworthy_raw.*, rejected_rows, load_watermarks

Importing this package turns dlt's telemetry off.
"""

import importlib
import os

# Before anything imports dlt, which reads them once. Nothing here reports to anybody, and what goes
# wrong is said in one sentence by whoever catches it, not in dlt's log.
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
# Whatever is preset: from level INFO on, dlt writes requests with their credentials.
os.environ["RUNTIME__LOG_LEVEL"] = "CRITICAL"

from shipworthy.errors import ShipworthyError
from shipworthy.sources.vendor import Vendor

# Name on the command line, and the module in `vendors/`; then what --help says. Alphabetical.
SUMMARIES: dict[str, str] = {
    "amazon-q": "AI usage from Amazon Q Developer's by_user_analytic CSV reports.",
    "argocd": "Deployments from the history of Argo CD applications.",
    "azure-devops": "Requests, deployments and incident work items of Azure DevOps projects.",
    "bitbucket": "Pull requests, reviews and deployments of Bitbucket Cloud repositories.",
    "cdevents": "Deployments and incidents from files of CDEvents (NDJSON).",
    "claude-code": "AI usage from the Claude Code Analytics API.",
    "claude-code-logs": "AI usage from Claude Code's session logs on this machine.",
    "claude-code-otel": "AI usage from files of Claude Code's OpenTelemetry export (OTLP JSON).",
    "claude-enterprise": "AI usage and cost from the Claude Enterprise analytics API.",
    "codex-logs": "AI usage from Codex's session logs on this machine.",
    "copilot": "AI usage from GitHub Copilot's usage reports.",
    "cursor": "AI usage from Cursor's daily usage and usage events.",
    "datadog": "Incidents and deployment events of a Datadog organisation.",
    "firehydrant": "Incidents of a FireHydrant account.",
    "gemini-cli": "AI usage from files of Gemini CLI's telemetry.",
    "gemini-code-assist": "AI usage from exported log entries of Gemini Code Assist.",
    "github": "Requests, reviews, deployments and incident issues of GitHub repositories.",
    "gitlab": "Merge requests, notes, approvals and deployments of GitLab projects.",
    "grafana-irm": "Incidents of a Grafana Cloud stack.",
    "grafana-oncall": "Alert groups of Grafana OnCall as incidents.",
    "identities": "Who is behind which e-mail addresses, logins and keys, from a file of yours.",
    "incident-io": "Incidents of an incident.io account.",
    "jira": "Incidents kept as issues in Jira.",
    "kiro": "AI usage from Kiro's user report CSV files.",
    "kubernetes": "Deployments from Kubernetes' audit log or exported events.",
    "linear": "Incidents kept as issues in Linear.",
    "litellm": "AI usage from LiteLLM's spend logs (CSV).",
    "openai": "AI usage and costs of an OpenAI organisation.",
    "opsgenie": "Incidents of an Opsgenie account.",
    "otel-genai": "AI usage from files of OpenTelemetry GenAI spans (OTLP JSON).",
    "pagerduty": "Incidents of a PagerDuty account.",
    "people": "Who is in which team since when, from a file of yours.",
    "rootly": "Incidents of a Rootly account.",
    "sentry": "Deployments from the deploys of Sentry's releases.",
    "statuspage": "Incidents of a Statuspage page.",
    "windsurf": "AI usage from Windsurf's Cascade analytics.",
}


def vendor(name: str) -> Vendor:
    """Return the vendor of a name, as `shipworthy load` and shipworthy.toml spell it.

    Raises
    ------
    ShipworthyError
        If there is no such vendor.
    """
    if name not in SUMMARIES:
        known = ", ".join(SUMMARIES)
        raise ShipworthyError(f"There is no source {name!r}; the sources are {known}.")
    module = importlib.import_module(f"shipworthy.sources.vendors.{name.replace('-', '_')}")
    return module.VENDOR
