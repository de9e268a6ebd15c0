"""A company of as many honest teams as one likes, near to what is published about real ones."""

from dataclasses import dataclass

from shipworthy.simulate.parameters import Parameters, Phase, Reviewing, Team, Usage

_NAMES = (
    "alder", "birch", "cedar", "dogwood", "elm", "fir", "ginkgo", "hazel", "ivy", "juniper",
    "kauri", "larch", "maple", "nutmeg", "oak", "pine", "quince", "rowan", "spruce", "teak",
)  # fmt: skip
# The first team is large enough to stay visible, whatever move it plays; one of six is small.
_SIZES = (8, 7, 6, 9, 7, 4)
_TOOLS = ("claude", "claude", "kiro", "claude", "copilot", "claude")


@dataclass(frozen=True)
class Published:
    """A published figure, and what the simulated company has.

    Parameters
    ----------
    figure : str
        What is counted.
    published, simulated : str
        Its value there, and here.
    source : str
        Who published it, and where.
    """

    figure: str
    published: str
    simulated: str
    source: str


CALIBRATION = (
    Published(
        "changes a person lands in a week",
        "about 3 (median author), 12.4 merged requests a month (median)",
        "2.2 by users of AI tools, 1.7 by others, less three weeks away",
        "Sadowski et al., Modern Code Review: A Case Study at Google, ICSE-SEIP 2018; LinearB, "
        "2026 Software Engineering Benchmarks Report",
    ),
    Published(
        "lines of a change",
        "24 (median, Google), 44 (AMD), about 200 with removals (median organisation)",
        "44 added (median of a feature), 6 in 1,000 with 500 to 1,600",
        "Sadowski et al. 2018; LinearB 2026",
    ),
    Published(
        "deployments that fail",
        "5 % (elite), 20 % (high), 10 % (medium), 40 % (low)",
        "about 10 %",
        "DORA, Accelerate State of DevOps Report 2024, "
        "https://octopus.com/blog/2024-devops-performance-clusters",
    ),
    Published(
        "deployments of a service",
        "between once a day and once a week (high)",
        "up to 3 a week",
        "DORA 2024",
    ),
    Published(
        "requests merged without a review",
        "share up by 31 % in a year",
        "8 %, and 20 % approved unread",
        "Faros AI, AI Engineering Report 2026, "
        "https://www.faros.ai/blog/ai-acceleration-whiplash-takeaways",
    ),
    Published(
        "people who use AI tools at work",
        "90 %",
        "60 %, so that both sides of a comparison have code",
        "DORA, State of AI-assisted Software Development 2025",
    ),
    Published(
        "lines revised or reverted within two weeks",
        "share nearly doubled between 2020 and 2023",
        "about 10 % of added lines",
        "GitClear, Coding on Copilot, 2024",
    ),
)


def company(
    teams: int = 6, weeks: int = 40, seed: int = Parameters.seed, harm: float = 0.045
) -> Parameters:
    """Describe a company in which nobody cheats.

    Parameters
    ----------
    teams : int
        How many teams, 2 to 200.
    weeks : int
        How long, 8 to 520.
    seed : int
        Equal seeds give equal companies.
    harm : float
        Share of the changes that cause an incident.

    Returns
    -------
    Parameters
        What `simulate` takes.

    Raises
    ------
    ValueError
        If a number is out of its range.
    """
    if not 2 <= teams <= 200:
        raise ValueError(f"teams = {teams}: must be 2 to 200")
    return Parameters(
        seed=seed,
        weeks=weeks,
        teams=tuple(_team(index, harm) for index in range(teams)),
        is_demo=False,
    )


def _team(index: int, harm: float) -> Team:
    """Return the team of that number."""
    people = _SIZES[index % len(_SIZES)]
    round_, place = divmod(index, len(_NAMES))
    return Team(
        name=_NAMES[place] + (f"-{round_ + 1}" if round_ else ""),
        people=people,
        users=round(0.6 * people),
        phases=(Phase(0, 2.2, 1.7, ai_share=0.65, ai_rewritten=0.19, human_rewritten=0.13),),
        reviewing=Reviewing(unreviewed=0.08, rubber_stamped=0.20, careful=0.20),
        usage=Usage(_TOOLS[index % len(_TOOLS)]),
        deployments_a_week=3,
        harm=harm,
        has_agent=index % 2 == 0,
    )
