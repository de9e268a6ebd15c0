"""A small invented organisation whose data tell known stories.

The demo seeds and the tests are made here, and the companies in which the gauntlet's moves are
played (`company`). Everything is decided by `Parameters`: equal parameters give byte-identical
files, and no clock is read. The company `lighthouse` has six teams, forty people, twelve services
in nine repositories (four services share a monorepo) and forty weeks of history that end on Sunday
2026-10-11 23:00, on top of older code.
Each team has a story which the metrics must show (its numbers are the constants in `parameters`):

- **harbor** (`UNREAD`) accepts agent code unread. From week 14 two thirds of its AI changes are
  rewritten within 30 days, a tenth of its human ones: `turnover_signal` becomes `severe`.
- **beacon** (`CAREFUL`) directs its agents: reviews with threads that a commit answers; its AI code
  holds at least as well as its human code: `healthy`. (At a true ratio of 1 a team of this size
  stays `inconclusive`: the interval is too wide. So its AI code holds a little better.)
- **foghorn** (`BURNING`) leaves agents in loops from week 22, two days and nights a week, on hourly
  data: the highest spend of all, hardly a line that stays.
- **tide** (`SPLITTING`) deploys every service several times a day from week 20, over the same
  changes: more deployments, no more normalized deployments.
- **keel** (`AVERAGE`) is an average team, which ships the bad release (`BadRelease`): a first
  severity incident on `ledger`, a rollback half an hour later, a fix forward the next day.
- **anchor** (`SMALL`) has four people and a bot, so people-based measures are suppressed; one of
  its services is deployed by tag, the other ships what lands.

What real data has a few of is there too: people who change teams, join, leave, or are in two; a
service that moves to another team; aliases; non-users of AI, whose untagged lines are the human
side; an agent account with drivers; late clocks; real merge commits; direct pushes; moved and
refilled lines; reverts; failed, cancelled and running deployments, flags, redeployments, two
without a sha and one off the mainline; false alarms, maintenance, unknown severities, an incident
on two services, open ones, and some that nothing explains.
"""

from datetime import timedelta

from shipworthy.simulate.commits import write_code
from shipworthy.simulate.company import CALIBRATION, company
from shipworthy.simulate.delivery import deliver
from shipworthy.simulate.hours import accepting, by_the_hour
from shipworthy.simulate.incidents import plan_incidents, plan_slots
from shipworthy.simulate.model import Plan
from shipworthy.simulate.organisation import (
    Organisation,
    found,
    identity_rows,
    people_rows,
    repository_rows,
    service_rows,
)
from shipworthy.simulate.outcomes import write_costs, write_product_metrics
from shipworthy.simulate.parameters import HONEST, Parameters
from shipworthy.simulate.plan import plan_changes, put_in_order
from shipworthy.simulate.requests import Requests, number_requests, plan_requests
from shipworthy.simulate.usage import write_usage
from shipworthy.simulate.write import write_tables

__all__ = [
    "CALIBRATION",
    "HONEST",
    "Parameters",
    "by_the_hour",
    "company",
    "simulate",
    "write_tables",
]


def simulate(parameters: Parameters | None = None) -> dict[str, list[dict]]:
    """Simulate the organisation.

    Parameters
    ----------
    parameters : Parameters, optional
        Seed, period and stories; the demo's by default.

    Returns
    -------
    dict of str to list of dict
        Rows of every input table of the contract; a column that a row leaves out is null.
    """
    parameters = parameters or Parameters()
    organisation = found(parameters)
    changes = plan_changes(parameters, organisation)
    slots = plan_slots(parameters, organisation)
    incidents = plan_incidents(parameters, organisation, changes, slots)
    mainlines = put_in_order(parameters, changes)
    plan_requests(parameters, organisation, mainlines)
    unmerged = number_requests(parameters, organisation, mainlines)
    commits, births, deaths = write_code(parameters, mainlines)
    requests = Requests(parameters, organisation)
    for mainline in mainlines.values():
        for change in mainline:
            if change.branch:
                requests.write(change)
    deployments, deployment_commits, incident_rows = deliver(
        parameters, organisation, Plan(changes, slots, incidents), mainlines
    )
    heads = {name: mainline[-1].sha for name, mainline in mainlines.items()}
    tables = {
        "repositories": repository_rows(organisation, heads, parameters.end),
        "commits": commits,
        "line_births": births,
        "line_deaths": deaths,
        "pull_requests": requests.pull_requests + unmerged,
        "pull_request_commits": requests.commits,
        "pull_request_commit_files": requests.files,
        "reviews": requests.reviews,
        "review_threads": requests.threads,
        "deployments": deployments,
        "deployment_commits": deployment_commits,
        "incidents": incident_rows,
        "ai_usage": _usage(parameters, organisation),
        "people": people_rows(organisation),
        "identities": identity_rows(organisation),
        "services": service_rows(organisation),
        "product_metrics": write_product_metrics(parameters, organisation),
        "costs": write_costs(parameters, organisation),
    }
    tables["load_watermarks"] = _watermarks(parameters, tables)
    tables["load_findings"] = []
    return tables


def _usage(parameters: Parameters, organisation: Organisation) -> list[dict]:
    """Return the rows of `ai_usage`; a company's vendors report hours and accepted lines."""
    rows = write_usage(parameters, organisation)
    if parameters.is_demo:
        return rows
    return by_the_hour(accepting(rows, parameters.seed), parameters.seed)


def _watermarks(parameters: Parameters, tables: dict[str, list[dict]]) -> list[dict]:
    """Return the rows of `load_watermarks`: every source was read up to the end."""
    rows = []
    for name, table in tables.items():
        counts: dict[str, int] = {}
        for row in table:
            source = row.get("source") or _source(name)
            counts[source] = counts.get(source, 0) + 1
        rows += [
            {
                "input": name,
                "source": source,
                "loaded_through": parameters.end,
                "loaded_at": parameters.end + timedelta(minutes=35),
                "rows": count,
                "rejected_rows": 0,
            }
            for source, count in counts.items()
        ]
    return rows


def _source(table: str) -> str:
    """Return where a table without a column `source` comes from."""
    if table in ("repositories", "commits", "line_births", "line_deaths"):
        return "git"
    if table.startswith(("pull_request", "review", "deployment")):
        return "github"
    return "files"
