"""What happens in the simulated organisation, as numbers: the stories of the demo data."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Phase:
    """How a team writes code from one week on.

    Parameters
    ----------
    from_week : int
        First week of the phase (0 = the first week).
    user_changes, other_changes : float
        Changes a week by a person who uses AI tools, and by one who does not.
    ai_share : float
        Share of the users' changes that carry evidence of an AI author.
    ai_rewritten, human_rewritten : float
        Share of the AI-written and of all other changes most of whose lines are gone in 30 days.
    """

    from_week: int
    user_changes: float
    other_changes: float
    ai_share: float
    ai_rewritten: float
    human_rewritten: float


@dataclass(frozen=True)
class Reviewing:
    """How a team reviews: shares of its requests, the rest gets an ordinary review.

    Parameters
    ----------
    unreviewed : float
        Merged without any review.
    rubber_stamped : float
        Approved within seconds, without a word.
    careful : float
        Discussed in threads, answered by a commit, then approved.
    """

    unreviewed: float
    rubber_stamped: float
    careful: float


@dataclass(frozen=True)
class Usage:
    """How a team uses its AI tool.

    Parameters
    ----------
    tool : str
        Name of the tool.
    tokens : float
        Tokens of an ordinary day, as a multiple of the organisation's usual day.
    is_billed : bool
        Whether the vendor bills by use (else the price seed must say what it cost).
    hourly_from_week : int or None
        Week from which the vendor's export has hourly instead of daily buckets.
    loops_from_week : int or None
        Week from which people leave agents running in loops, day and night.
    loop_people : int
        How many of the team's users do so.
    """

    tool: str
    tokens: float = 1.0
    is_billed: bool = True
    hourly_from_week: int | None = None
    loops_from_week: int | None = None
    loop_people: int = 0


@dataclass(frozen=True)
class Team:
    """One team and its story.

    Parameters
    ----------
    name : str
        Name of the team.
    people, users : int
        How many people it has, and how many of them use an AI tool.
    phases : tuple of Phase
        How it writes code, in the order of time.
    reviewing : Reviewing
        How it reviews.
    usage : Usage
        How it uses its AI tool.
    deployments_a_week : int
        Regular deployments of each of its services in a week.
    split_from_week : int or None
        Week from which it deploys every service many times a day.
    split_a_day : int
        How many times, then.
    harm : float
        Share of its changes that cause an incident once they are live.
    has_agent : bool
        Whether an agent account opens requests in its monorepo.
    """

    name: str
    people: int
    users: int
    phases: tuple[Phase, ...]
    reviewing: Reviewing
    usage: Usage
    deployments_a_week: int
    harm: float
    has_agent: bool = False
    split_from_week: int | None = None
    split_a_day: int = 0

    def phase(self, week: int) -> Phase:
        """Return the phase that a week belongs to."""
        return [phase for phase in self.phases if phase.from_week <= week][-1]


UNREAD = Team(
    name="harbor",
    people=8,
    users=5,
    phases=(
        Phase(0, 1.2, 1.4, ai_share=0.55, ai_rewritten=0.20, human_rewritten=0.12),
        Phase(14, 2.4, 2.1, ai_share=0.90, ai_rewritten=0.66, human_rewritten=0.09),
    ),
    reviewing=Reviewing(unreviewed=0.35, rubber_stamped=0.50, careful=0.02),
    usage=Usage("claude", tokens=1.3),
    deployments_a_week=3,
    harm=0.030,
    has_agent=True,
)

CAREFUL = Team(
    name="beacon",
    people=8,
    users=5,
    phases=(
        Phase(0, 1.2, 1.3, ai_share=0.60, ai_rewritten=0.14, human_rewritten=0.18),
        Phase(10, 2.1, 2.3, ai_share=0.78, ai_rewritten=0.13, human_rewritten=0.22),
    ),
    reviewing=Reviewing(unreviewed=0.02, rubber_stamped=0.05, careful=0.60),
    usage=Usage("claude", tokens=0.8),
    deployments_a_week=4,
    harm=0.006,
)

BURNING = Team(
    name="foghorn",
    people=7,
    users=6,
    phases=(
        Phase(0, 0.9, 0.9, ai_share=0.60, ai_rewritten=0.18, human_rewritten=0.12),
        Phase(20, 0.30, 0.2, ai_share=0.90, ai_rewritten=0.92, human_rewritten=0.15),
    ),
    reviewing=Reviewing(unreviewed=0.15, rubber_stamped=0.25, careful=0.10),
    usage=Usage("kiro", tokens=1.5, hourly_from_week=18, loops_from_week=22, loop_people=2),
    deployments_a_week=2,
    harm=0.020,
)

SPLITTING = Team(
    name="tide",
    people=7,
    users=4,
    phases=(Phase(0, 1.0, 1.0, ai_share=0.50, ai_rewritten=0.16, human_rewritten=0.13),),
    reviewing=Reviewing(unreviewed=0.10, rubber_stamped=0.20, careful=0.15),
    usage=Usage("copilot", is_billed=False),
    deployments_a_week=2,
    harm=0.020,
    split_from_week=20,
    split_a_day=3,
)

AVERAGE = Team(
    name="keel",
    people=6,
    users=3,
    phases=(Phase(0, 2.2, 1.7, ai_share=0.65, ai_rewritten=0.19, human_rewritten=0.13),),
    reviewing=Reviewing(unreviewed=0.08, rubber_stamped=0.20, careful=0.20),
    usage=Usage("claude", is_billed=False),
    deployments_a_week=3,
    harm=0.020,
    has_agent=True,
)

SMALL = Team(
    name="anchor",
    people=4,
    users=0,
    phases=(Phase(0, 0.9, 0.9, ai_share=0.0, ai_rewritten=0.15, human_rewritten=0.12),),
    reviewing=Reviewing(unreviewed=0.10, rubber_stamped=0.15, careful=0.20),
    usage=Usage("claude"),
    deployments_a_week=1,
    harm=0.010,
)


STORIES = (UNREAD, CAREFUL, BURNING, SPLITTING, AVERAGE, SMALL)

# The same teams without their stories: nobody cheats, nobody is careless. What a signal says of
# them is a false alarm.
HONEST = tuple(
    replace(
        AVERAGE,
        name=team.name,
        people=team.people,
        users=team.users,
        usage=Usage(team.usage.tool),
        has_agent=team.has_agent,
    )
    for team in STORIES
)


@dataclass(frozen=True)
class BadRelease:
    """The release that goes wrong: an incident of the first severity, a rollback, a fix forward.

    Parameters
    ----------
    service : str
        Service that it hits.
    landed_after, shipped_after, opened_after, rolled_back_after, fixed_after, reshipped_after : \
timedelta
        When each step happens, counted from the start of the simulation.
    lines : int
        Lines of the change that does the harm.
    """

    service: str = "ledger"
    landed_after: timedelta = timedelta(weeks=27, days=2, hours=9, minutes=5)
    shipped_after: timedelta = timedelta(weeks=27, days=2, hours=12, minutes=40)
    opened_after: timedelta = timedelta(weeks=27, days=2, hours=13, minutes=31)
    rolled_back_after: timedelta = timedelta(weeks=27, days=2, hours=14, minutes=2)
    fixed_after: timedelta = timedelta(weeks=27, days=3, hours=10, minutes=20)
    reshipped_after: timedelta = timedelta(weeks=27, days=3, hours=11, minutes=45)
    lines: int = 148


@dataclass(frozen=True)
class Parameters:
    """Everything that decides what the simulator writes.

    Parameters
    ----------
    seed : int
        Equal seeds give byte-identical files.
    start : datetime
        The Monday on which the first week starts.
    weeks : int
        Length; all inputs are read completely up to the end.
    teams : tuple of Team
        The stories.
    bad_release : BadRelease
        The release that goes wrong.
    is_demo : bool
        Whether it is the demo organisation; else a company of any teams (`company`).
    """

    seed: int = 20260105
    start: datetime = datetime(2026, 1, 5)
    weeks: int = 40
    teams: tuple[Team, ...] = STORIES
    bad_release: BadRelease = field(default_factory=BadRelease)
    is_demo: bool = True

    def __post_init__(self) -> None:
        """Refuse what would leave a story untold or a week cut in two."""
        if self.start.weekday() or self.start != self.start.replace(hour=0, minute=0, second=0):
            raise ValueError(f"start = {self.start}: must be a Monday at 00:00")
        names = [team.name for team in self.teams]
        if not self.is_demo:
            if not 8 <= self.weeks <= 520:
                raise ValueError(f"weeks = {self.weeks}: must be 8 to 520")
            if len(set(names)) != len(names) or min(team.people for team in self.teams) < 2:
                raise ValueError("teams: must have names of their own and two people or more")
            return
        if self.weeks < 40:
            raise ValueError(f"weeks = {self.weeks}: must be 40 or more, the stories take so long")
        if sorted(names) != sorted(team.name for team in STORIES):
            raise ValueError(f"teams = {names}: must be the six teams of the demo, changed at will")

    @property
    def end(self) -> datetime:
        """Instant up to which everything is known, the metrics' as_of: the last Sunday, 23:00."""
        return self.start + timedelta(weeks=self.weeks, hours=-1)

    def week(self, index: float) -> datetime:
        """Return the Monday on which a week starts."""
        return self.start + timedelta(weeks=index)
