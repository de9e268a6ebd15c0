"""Deployments as they really went, and the incident records that point at them."""

from bisect import bisect_right
from datetime import timedelta

from shipworthy.simulate.commits import off_mainline_sha
from shipworthy.simulate.dice import Dice
from shipworthy.simulate.model import BUILD, Change, Incident, Plan, Slot
from shipworthy.simulate.organisation import Organisation, Service
from shipworthy.simulate.parameters import Parameters

# Every eighth forward deployment of this service names its commits.
NAMES_COMMITS = "fulfilment"


class _Pipeline:
    """Deploys one service, slot by slot, and remembers what is live."""

    def __init__(
        self, parameters: Parameters, service: Service, mainline: list[Change], rows: list[dict]
    ) -> None:
        self.parameters = parameters
        self.service = service
        self.mainline = mainline
        self.rows = rows
        self.named: list[tuple[dict, list[Change]]] = []
        self.landed = [change.landed_at for change in mainline]
        self.own = [change.position for change in mainline if change.service is service]
        self.live = 0
        self.moves: list[tuple[int, int, dict]] = []
        self.dice = Dice(parameters.seed, "pipeline", service.name)

    def run(self, slot: Slot) -> None:
        """Deploy what the slot is for, if there is anything."""
        if slot.kind == "flag":
            if self.live:
                self._record(slot, self.mainline[self.live - 1].sha, kind="flag")
        elif slot.kind == "no_sha":
            self._record(slot, None)
        elif slot.kind == "off_mainline":
            self._record(slot, off_mainline_sha(self.parameters))
        elif slot.kind == "rollback":
            self._roll_back(slot)
        else:
            self._deploy(slot)

    def _deploy(self, slot: Slot) -> None:
        head = bisect_right(self.landed, slot.started_at - BUILD)
        has_news = any(self.live < position <= head for position in self.own)
        if not has_news:
            if slot.kind != "always" or not self.live:
                return
            # Deploying for the sake of deploying: the live version once more.
            head = self.live
        sha = self.mainline[head - 1].sha
        if self.service.is_staged:
            self._record(slot, sha, environment="staging")
        row = self._record(slot, sha)
        if slot.status == "success" and head > self.live:
            if self.service.name == NAMES_COMMITS and self.live and len(self.moves) % 8 == 3:
                self.named.append((row, self.mainline[self.live : head]))
            self.moves.append((self.live, head, row))
            self.live = head

    def _roll_back(self, slot: Slot) -> None:
        before, _, _ = self.shipping(slot.incident.change)
        if not before:
            # It was the first deployment of all: there is nothing to go back to.
            return
        row = self._record(slot, self.mainline[before - 1].sha)
        # Some pipelines say that it is a rollback; the others leave it to be derived.
        row["is_rollback"] = True if self.dice.chance(0.6) else None
        self.live = before

    def shipping(self, change: Change) -> tuple[int, int, dict] | None:
        """Return the deployment that first put a change live: position before, after, and row."""
        return next((move for move in self.moves if move[0] < change.position <= move[1]), None)

    def _record(self, slot: Slot, sha: str | None, **more: str) -> dict:
        row = self.row(slot, sha, **more)
        self.rows.append(row)
        return row

    def row(
        self, slot: Slot, sha: str | None, environment: str = "production", kind: str = "deploy"
    ) -> dict:
        """Return the record of a deployment."""
        started_at = slot.started_at
        if environment == "staging":
            started_at -= timedelta(minutes=25)
        row = {
            "repository": self.service.repository,
            "service": self.service.name,
            "environment": environment,
            "sha": sha,
            "status": slot.status if environment == "production" else "success",
            "created_at": started_at - timedelta(seconds=self.dice.integer(5, 90)),
            "started_at": started_at,
            "finished_at": started_at + slot.duration,
            "deployed_by_kind": "human" if slot.kind in ("urgent", "rollback") else "automation",
            "is_rollback": None,
            "kind": kind,
            "source": "github",
        }
        if self.service.deploys_by_tag:
            # A tag has one time, and cannot fail.
            row |= {
                "created_at": row["finished_at"],
                "started_at": None,
                "finished_at": None,
                "status": "success",
                "deployed_by_kind": "human",
                "source": "git_tag",
            }
        return row


def deliver(
    parameters: Parameters,
    organisation: Organisation,
    plan: Plan,
    mainlines: dict[str, list[Change]],
) -> tuple[list[dict], list[dict], list[dict]]:
    """Deploy everything, and write down the incidents.

    Parameters
    ----------
    parameters : Parameters
        Seed and period.
    organisation : Organisation
        Services.
    plan : Plan
        Slots and incidents.
    mainlines : dict of str to list of Change
        The changes of each repository, oldest first.

    Returns
    -------
    tuple of list of dict
        Rows of `deployments`, `deployment_commits` and `incidents`.
    """
    rows: list[dict] = []
    pipelines = {}
    for name, slots in plan.slots.items():
        service = organisation.services[name]
        pipeline = _Pipeline(parameters, service, mainlines[service.repository], rows)
        pipelines[name] = pipeline
        for slot in slots:
            if slot.finished_at <= parameters.end and not (
                service.deploys_by_tag and slot.status != "success"
            ):
                pipeline.run(slot)
    rows.append(_running(parameters, pipelines.get("checkout") or next(iter(pipelines.values()))))
    rows.sort(key=lambda row: (row["created_at"], row["service"], row["environment"]))
    for number, row in enumerate(rows, start=1):
        row["deployment_id"] = f"D{number:05}"
    named = [
        {
            "deployment_id": row["deployment_id"],
            "repository": row["repository"],
            "sha": change.sha,
        }
        for pipeline in pipelines.values()
        for row, changes in pipeline.named
        for change in changes
    ]
    return rows, named, [_incident(incident, pipelines) for incident in plan.incidents]


def _running(parameters: Parameters, pipeline: _Pipeline) -> dict:
    """Return the deployment that is under way when the data end."""
    slot = Slot(
        pipeline.service,
        parameters.end - timedelta(minutes=6),
        timedelta(minutes=5),
        status="in_progress",
    )
    return pipeline.row(slot, pipeline.mainline[-1].sha) | {"finished_at": None}


def _incident(incident: Incident, pipelines: dict[str, _Pipeline]) -> dict:
    """Return the record of an incident."""
    change, fix = incident.change, incident.fix
    shipping = pipelines[change.service.name].shipping(change) if change else None
    # Post-mortems that name the cause often name the repair as well.
    names_fix = fix and (incident.evidence == "fix" or int(fix.sha[0], 16) < 6)
    return {
        "incident_id": incident.incident_id,
        "service": incident.service,
        "severity_label": incident.severity_label,
        "opened_at": incident.opened_at,
        "acknowledged_at": incident.acknowledged_at,
        "resolved_at": incident.resolved_at,
        "caused_by_deployment_id": shipping[2]["deployment_id"]
        if shipping and incident.evidence == "deployment"
        else None,
        "caused_by_sha": change.sha if change and incident.evidence == "change" else None,
        "fixed_by_sha": fix.sha if names_fix else None,
        "is_false_alarm": incident.is_false_alarm,
        "is_maintenance": incident.is_maintenance,
        "source": incident.source,
    }
