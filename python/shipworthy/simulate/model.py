"""What is planned before anything is written: changes, deployment slots and incidents."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shipworthy.simulate.organisation import Person, Repository, Service

# A change can be deployed so long after it landed: the time that a build takes.
BUILD = timedelta(minutes=40)


@dataclass(eq=False)
class Change:
    """A commit on the mainline, and how it came there.

    Parameters
    ----------
    repository : Repository
        Where it lands.
    service : Service
        Whose code it changes.
    kind : str
        `feature`, `fix`, `revert`, `move`, `cleanup`, `docs`, `restore` (takes back what was
        removed), `bump` (dependencies, by a bot) or `base` (from before the simulation).
    person : Person or None
        The human behind it.
    author_key, author_kind : str
        Whose commit it is: the person, the agent that the person drives, or a bot.
    authorship : str
        What the evidence says.
    tool, method : str or None
        AI tool and evidence.
    authored_at, landing_at : datetime
        When it was begun, and when it lands.
    lines : int
        About so many added lines.
    is_rewritten : bool
        Whether most of its lines are gone within 30 days.
    target : Change or None
        The change that it fixes or reverts.
    has_request : bool
        Whether it came with a pull request.
    incident : Incident or None
        The incident that it repairs.
    """

    repository: Repository
    service: Service
    kind: str
    person: Person | None
    author_key: str
    author_kind: str
    authorship: str
    tool: str | None
    method: str | None
    authored_at: datetime
    landing_at: datetime
    lines: int
    is_rewritten: bool = False
    target: "Change | None" = None
    has_request: bool = True
    incident: "Incident | None" = None
    # Known once all changes of the repository are in order; landed_at never runs backwards.
    committed_at: datetime | None = None
    landed_at: datetime | None = None
    position: int = 0
    sha: str = ""
    # Known once its request is planned; without one, it has no branch.
    branch: "list[BranchCommit]" = field(default_factory=list)
    reviewing: str = "none"
    opened_at: datetime | None = None
    merged_by: Person | None = None
    number: int | None = None
    # Known once its lines are written.
    paths: list[str] = field(default_factory=list)
    lines_added: int = 0
    lines_removed: int = 0

    @property
    def is_fix(self) -> bool:
        """Tell whether it is marked as a fix."""
        return self.kind == "fix"


@dataclass(eq=False)
class BranchCommit:
    """A commit of a request's branch, as pushed; a real merge keeps it, a squash does not."""

    sha: str
    author_key: str
    author_kind: str
    authorship: str
    tool: str | None
    method: str | None
    committed_at: datetime
    paths: list[str] = field(default_factory=list)


@dataclass(eq=False)
class Slot:
    """A planned deployment of a service.

    Parameters
    ----------
    service : Service
        What is deployed.
    started_at : datetime
        When.
    duration : timedelta
        How long it takes.
    kind : str
        `regular` (only if something new has landed), `always` (also the live sha again), `urgent`,
        `rollback`, `flag`, `no_sha` or `off_mainline`.
    status : str
        How it ends.
    incident : Incident or None
        The incident that a rollback answers.
    """

    service: Service
    started_at: datetime
    duration: timedelta
    kind: str = "regular"
    status: str = "success"
    incident: "Incident | None" = None

    @property
    def finished_at(self) -> datetime:
        """Return the end."""
        return self.started_at + self.duration


@dataclass(eq=False)
class Incident:
    """An incident, and what its record says about its cause.

    Parameters
    ----------
    service : str or None
        One service, a JSON list of several, or none.
    severity_label : str or None
        As the source spells it.
    opened_at, acknowledged_at, resolved_at : datetime
        Its times; not resolved: still open.
    source : str
        Tool that it comes from.
    change : Change or None
        What caused it.
    evidence : str
        What the record names: `deployment`, `change`, `fix` or nothing (`time`).
    fix : Change or None
        What repaired it.
    is_false_alarm, is_maintenance : bool
        What it turned out to be.
    """

    service: str | None
    severity_label: str | None
    opened_at: datetime
    acknowledged_at: datetime | None
    resolved_at: datetime | None
    source: str
    change: Change | None = None
    evidence: str = "time"
    fix: Change | None = None
    is_false_alarm: bool = False
    is_maintenance: bool = False
    incident_id: str = ""


@dataclass
class Plan:
    """All that will happen."""

    changes: list[Change]
    slots: dict[str, list[Slot]]
    incidents: list[Incident]
