"""Write what a gauntlet found as a page."""

from collections.abc import Iterable, Sequence

from shipworthy.gauntlet.limits import (
    HONEST_ANY,
    HONEST_SIGNAL,
    NOTABLE,
    SHOWN,
    Limit,
    gains,
    kept,
    still_works,
)
from shipworthy.gauntlet.measures import HEADLINES, NAIVE
from shipworthy.gauntlet.moves import all_moves
from shipworthy.gauntlet.run import FROM_WEEK, MEASURED_WEEKS, TEAMS, WEEKS, Played, Result
from shipworthy.simulate import CALIBRATION

SHORT_BEGINS, SHORT_ENDS = "<!-- gauntlet: begins -->", "<!-- gauntlet: ends -->"
_TITLES = {one.name: one.title for one in (*HEADLINES, *NAIVE)}
_COLUMNS = {
    "nd": "ND",
    "ai_nd": "AI ND",
    "index": "index",
    "failure_rate": "failure rate",
    "harm": "harm",
    "ratio": "ratio",
    "label_free_ratio": "label-free",
    "decisions": "decisions",
    "cost": "cost",
}
_FAMILIES = {
    "code": "Code",
    "deployments": "Deployments",
    "incidents": "Incidents",
    "labels": "Labels",
    "people": "People",
    "reviews": "Reviews",
    "services": "Services",
    "tokens": "Tokens",
}
# What the front page shows: a move, the headline, and the naive metric that it would have moved.
_SHORT = (
    ("token_loop_team", "nd", "tokens"),
    ("empty_redeployments", "nd", "deployments"),
    ("split_services_x4_paths", "failure_rate", "change_failure_rate"),
    ("dead_lines_100", "nd", "lines"),
    ("vendored_as_own_5x1000_a_week", "nd", "lines"),
    ("everybody_is_a_member", "nd", "commits"),
    ("scapegoat_other_team", "failure_rate", "change_failure_rate"),
    ("file_20_percent", "failure_rate", "incidents"),
    ("comment_spam_and_push", "decisions", "threads"),
    ("strip_labels_on_churny_code", "ratio", "plain_ratio"),
)


def percent(share: float | None) -> str:
    """Return a relative change in percent, with its sign."""
    if share is None:
        return "·"
    return f"{100 * share:+.0f} %" if abs(share) >= 0.005 else "0 %"


def title_of(measure: str) -> str:
    """Return the words for a headline or a naive metric."""
    return _TITLES[measure]


def at_most(limit: Limit) -> str:
    """Return how far a limit lets a headline move, in words."""
    return f"{limit.most:.0%}".replace("%", " %") + (" either way" if limit.either_way else "")


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}".replace("%", " %") if whole else "·"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], right: int = 0) -> list[str]:
    """Return a table whose columns from `right` on are numbers."""
    rules = ["---" if place < right else "---:" for place in range(len(head))]
    lines = [f"| {' | '.join(head)} |", f"| {' | '.join(rules)} |"]
    return [*lines, *(f"| {' | '.join(row)} |" for row in rows)]


def _signals(played: Played) -> str:
    found = sorted(played.firing().items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"`{name}` {share:.0%}" for name, share in found if share >= 0.1) or "none"


def short(result: Result) -> list[str]:
    """Return the front page's table: a few moves, with what the naive metric would have said."""
    rows = []
    for name, headline, naive in _SHORT:
        played = result.played.get(name)
        if played:
            rows.append(
                [
                    played.move.summary.rstrip("."),
                    f"{_TITLES[naive]} {percent(played.change(naive))}",
                    f"{_TITLES[headline]} {percent(played.change(headline))}",
                    f"{played.shown:.0%} of weeks",
                ]
            )
    head = ("what a team does", "a naive metric says", "the headline says", "shown by a signal")
    return [SHORT_BEGINS, "", *_table(head, rows, right=4), "", SHORT_ENDS]


def page(result: Result) -> str:
    """Return the page.

    Parameters
    ----------
    result : Result
        Of `run`.

    Returns
    -------
    str
        Markdown.
    """
    return "\n".join(
        [
            *_introduction(result),
            *_limits(result),
            *_still_works(result),
            *_moves(result),
            *_honest(result),
            *_company(),
            "",
        ]
    )


def _introduction(result: Result) -> list[str]:
    seeds = len(result.seeds)
    return [
        "# The gauntlet",
        "",
        "What a team earns that is paid to beat the numbers, measured: "
        f"{len(result.played)} of the {len(all_moves())} moves of the product, each played by "
        "one team of a simulated organisation of "
        f"{TEAMS} teams and {WEEKS} weeks from week {FROM_WEEK} on, through the real `dbt build`, "
        f"and compared with the same team that plays nothing, over the {MEASURED_WEEKS} weeks "
        f"from then on. Medians of {seeds} {'seeds' if seeds > 1 else 'seed'}. Written by "
        "`shipworthy gauntlet`; the limits are `python/shipworthy/gauntlet/limits.py`, the moves "
        "`python/shipworthy/gauntlet/moves/`.",
        "",
        "The copy of a team that plays is a world of its own in the same build. A copy that plays "
        f"nothing differs from its team by {_at_most(result)} in any number below.",
        "",
        "Nothing here cannot be gamed. What can be, is bounded where it can, shown where it "
        "cannot, and listed where neither is possible.",
        "",
        "`shipworthy gauntlet --project-dir DIR` plays the moves against a project of your own "
        "that overrides a definition; `--moves` chooses some.",
        "",
        *short(result),
        "",
    ]


def _at_most(result: Result) -> str:
    """Return by how much an honest copy differs from its team, in words."""
    most = max((abs(change) for found in result.copies.values() for change in found), default=0.0)
    return "nothing" if most < 1e-6 else f"{most:.1%}".replace("%", " %") + " at most"


def _limits(result: Result) -> list[str]:
    found = kept(result)
    holding = sum(holds for *_, holds in found)
    rows = [
        [
            f"`{limit.move}`",
            title_of(limit.measure),
            at_most(limit),
            percent(change),
            "yes" if holds else "**no**",
        ]
        for limit, change, holds in found
        if change is not None
    ]
    unmeasured = sum(change is None for _, change, _ in found)
    return [
        "## Limits",
        "",
        f"{holding - unmeasured} of {len(found) - unmeasured} limits hold"
        + (f"; {unmeasured} could not be measured." if unmeasured else "."),
        "A limit is on what makes a headline look better: a move that makes it worse keeps it, "
        "however far, unless the limit says either way.",
        "",
        *_table(("move", "headline", "gains at most", "found", "holds"), rows, right=2),
        "",
    ]


def _still_works(result: Result) -> list[str]:
    rows = [
        [
            f"`{played.move.name}`",
            played.move.effort,
            ", ".join(f"{_TITLES[name]} {percent(change)}" for name, change in found.items()),
            f"{played.shown:.0%}",
        ]
        for played, found in still_works(result)
    ]
    broken = {
        (limit.move, limit.measure)
        for limit, _, holds in kept(result)
        if not holds
    }  # fmt: skip
    lines = [
        "## What still works",
        "",
        f"Moves that improve a headline by more than {NOTABLE:.0%} and that signals show in fewer "
        f"than {SHOWN:.0%} of the gamed team-weeks. No number of this package withstands them; "
        "look at what they cost the team, and at what else moves.",
        "",
        *_table(("move", "effort", "what it earns", "shown"), rows, right=3),
        "",
    ]
    if broken:
        names = ", ".join(f"`{move}` ({_TITLES[measure]})" for move, measure in sorted(broken))
        lines += [f"Limits that do not hold: {names}.", ""]
    return lines


def _moves(result: Result) -> list[str]:
    measured = [name for name in _COLUMNS if any(p.change(name) is not None
                                                 for p in result.played.values())]  # fmt: skip
    lines = [
        "## Every move",
        "",
        "Percent change of the headlines (ND: normalized deployments; harm: per builder-week; "
        "ratio: turnover, AI to human; cost: per AI normalized deployment), of the naive metrics "
        "that they replace where these move by 10 % or more, and the share of the gamed "
        "team-weeks in which signals fired (those of 10 % or more). A dot: no value.",
        "",
    ]
    families: dict[str, list[Played]] = {}
    for played in result.played.values():
        families.setdefault(played.move.family, []).append(played)
    for family, members in families.items():
        head = ("move", "effort", *(_COLUMNS[name] for name in measured), "naive metrics",
                "any signal", "which")  # fmt: skip
        rows = []
        for played in members:
            naive = [
                f"{one.title} {percent(change)}"
                for one in NAIVE
                if (change := played.change(one.name)) is not None and abs(change) >= 0.1
            ]
            bold = gains(played)
            rows.append(
                [
                    f"`{played.move.name}`: {played.move.summary}",
                    played.move.effort,
                    *(
                        f"**{percent(played.change(name))}**"
                        if name in bold
                        else percent(played.change(name))
                        for name in measured
                    ),
                    ", ".join(naive) or "as before",
                    f"{played.shown:.0%}",
                    _signals(played),
                ]
            )
        lines += [f"### {_FAMILIES.get(family, family)}", "", *_table(head, rows, right=2), ""]
    return lines


def _honest(result: Result) -> list[str]:
    rows = [
        [f"`{name}`", str(len(fired)), str(sum(fired)), _share(sum(fired), len(fired))]
        for name, fired in sorted(result.honest.items())
    ]
    return [
        "## What signals say of honest teams",
        "",
        f"At most {HONEST_SIGNAL:.0%} of team-weeks each, {HONEST_ANY:.0%} any. Found: any signal "
        f"in {result.honest_firing_weeks} of {result.honest_weeks} team-weeks "
        f"({_share(result.honest_firing_weeks, result.honest_weeks)}) in which one was judged.",
        "",
        *_table(("signal", "honest team-weeks judged", "fired", "share"), rows, right=1),
        "",
    ]


def _company() -> list[str]:
    rows = [[one.figure, one.published, one.simulated, one.source] for one in CALIBRATION]
    return [
        "## The simulated organisation",
        "",
        "`shipworthy simulate --teams 6` writes one; with `--move` one of its teams plays. What it "
        "is near to:",
        "",
        *_table(("figure", "published", "simulated", "source"), rows, right=4),
    ]
