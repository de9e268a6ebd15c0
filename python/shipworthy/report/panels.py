"""The panels, as data: which mart answers which question, with which columns, drawn how.

The page, its JSON and the dashboards are made from this one list. A new mart is one more entry. All
columns are those of the panel's mart (or of the chart's own `mart`); nothing here is an expression,
because whoever shows a panel selects rows and computes nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

Unit = Literal[
    "count",  # a whole number of things
    "number",  # a quantity without a unit
    "rate",  # 0-1, small: shown with three decimals
    "share",  # 0-1, shown in percent
    "ratio",  # how many times
    "usd",
    "hours",
    "date",
    "time",
    "flag",
    "word",  # snake_case: a reason, a verdict
    "text",
]

Kind = Literal[
    "stack",  # parts of a whole, bars on top of each other, a bar a week
    "lines",  # one line a measure or a value of `split`, with the band between low and high
    "events",  # one mark a row, at its time and on the line of its `split`
    "survival",  # curves over age in days, one a value of `split`, with bands
    "differences",  # one point a row with its interval, about zero
]


@dataclass(frozen=True)
class Measure:
    """A column of numbers.

    Parameters
    ----------
    column : str
        Its name in the mart.
    label : str
        What a reader calls it; begins in lower case, so that it can stand in a sentence.
    unit : str
        How to write it.
    low, high : str, optional
        Columns with the limits of its interval. A limit that is null beside a value is unbounded.
    before : str, optional
        Column with its value 52 weeks earlier.
    """

    column: str
    label: str
    unit: Unit
    low: str | None = None
    high: str | None = None
    before: str | None = None

    @property
    def columns(self) -> Iterator[str]:
        """All columns that it reads."""
        return (name for name in (self.column, self.low, self.high, self.before) if name)


@dataclass(frozen=True)
class Threshold:
    """A value that a chart marks with a line.

    Parameters
    ----------
    value : float
        Where, in the unit of the chart's measures.
    label : str
        What the line says.
    """

    value: float
    label: str


@dataclass(frozen=True)
class Chart:
    """One picture.

    Parameters
    ----------
    key : str
        Unique within its panel.
    title : str
        What the axis of values measures, with its unit.
    kind : str
        How it is drawn.
    measures : tuple of Measure
        What is drawn: the parts of a `stack`, the lines of `lines`; else one.
    split : str, optional
        Column by whose values the rows are told apart, and coloured.
    time : str
        Column of the horizontal axis: a date or moment, for `survival` an age in days.
    mart : str, optional
        The mart, where it is not the panel's.
    only : dict of str to str
        Rows that are drawn: those in which each column has this value.
    threshold : Threshold, optional
        A line to read values against.
    overlay : Chart, optional
        Events that stand above the same time line.
    facet : str, optional
        Column by whose values the picture falls into several, each with a scale of its own.
    limits : tuple of float, optional
        Ends of the axis of values: what lies beyond is drawn at the end.
    """

    key: str
    title: str
    kind: Kind
    measures: tuple[Measure, ...] = ()
    split: str | None = None
    time: str = "week_start_on"
    mart: str | None = None
    only: dict[str, str] = field(default_factory=dict)
    threshold: Threshold | None = None
    overlay: "Chart | None" = None
    facet: str | None = None
    limits: tuple[float, float] | None = None


@dataclass(frozen=True)
class Panel:
    """One question, and the mart that answers it.

    Parameters
    ----------
    key : str
        Stable: links and dashboards use it.
    title, question : str
        What stands above it.
    mart : str
        Relation in the marts' schema. Its page in docs/marts says how to read it.
    charts : tuple of Chart
        The pictures, the most telling first.
    columns : tuple of Measure
        The table: what is shown beside the team and the time, words, flags and dates included.
    says : tuple of str
        The sentence, in clauses with `{column}` of the newest final row. A clause is left out where
        one of its columns is null. The first clause must stand for the sentence to be said.
    organisation_says : tuple of str
        The same for the organisation, with columns of `headline`, where the mart has no row of it.
    needs : str
        What to load where the mart has no row or no value.
    time : str or None
        Column of the row's time; None where the mart has none.
    group : str or None
        Column of the team; None where rows are of no team.
    has_organisation : bool
        Whether the mart has rows of the organisation (`is_organisation`).
    mature : str or None
        Column that says whether a row is final.
    reason : str or None
        Column that says why the first measure is null.
    only : dict of str to str
        Rows that the sentence and the table speak of.
    said : dict of str to str
        Those of them that the sentence is made from.
    sure : tuple of str
        Clauses like `says` that tell how much the sentence rests on.
    nothing : str
        What is said of a team without a row where the mart has rows of others.
    is_about_people : bool
        Whether rows of small groups are hidden (`is_suppressed`).
    every : tuple of (str, int), optional
        Of a column that counts up, only each so-manieth row is shown: a curve needs no more.
    """

    key: str
    title: str
    question: str
    mart: str
    charts: tuple[Chart, ...]
    columns: tuple[Measure, ...]
    says: tuple[str, ...]
    needs: str
    organisation_says: tuple[str, ...] = ()
    time: str | None = "week_start_on"
    group: str | None = "team"
    has_organisation: bool = False
    mature: str | None = "is_mature"
    reason: str | None = "null_reason"
    only: dict[str, str] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    sure: tuple[str, ...] = ()
    nothing: str = ""
    is_about_people: bool = False
    every: tuple[str, int] | None = None

    @property
    def lead(self) -> Measure:
        """The number that the panel is about, or what its rows are told apart by."""
        return self.columns[0]

    @property
    def is_series(self) -> bool:
        """Whether a team has one row a week, so that a row can be compared with an earlier one."""
        return self.group is not None and self.lead.unit not in ("word", "text")

    @property
    def key_columns(self) -> tuple[str, ...]:
        """Columns that say which row it is."""
        splits = [name for chart in self.charts for name in (chart.split, chart.facet) if name]
        named = (self.group, self.time, *splits, *self.only, *self.said)
        return tuple(dict.fromkeys(name for name in named if name))


@dataclass(frozen=True)
class Headline:
    """One of the three sentences that the page begins with.

    Parameters
    ----------
    panel : str
        Key of the panel that goes into it; a team's sentence is that panel's.
    question : str
        What it answers.
    measure : Measure
        The number, a column of `headline`.
    says, sure : tuple of str
        Clauses with columns of `headline`, as in a panel.
    reason : str
        Column that says why the number is null.
    held_back : str
        How the columns begin that say which source holds it back.
    """

    panel: str
    question: str
    measure: Measure
    says: tuple[str, ...]
    sure: tuple[str, ...]
    reason: str
    held_back: str


@dataclass(frozen=True)
class Score:
    """A number of `team_scorecard`, and its trend against the team's own first 13 final weeks.

    Parameters
    ----------
    measure : Measure
        The number, with its interval where it has one.
    panel : str
        Key of the panel that shows it.
    mature, reason : str
        Columns that say whether it is final, and why it is null.
    index, change : str, optional
        Column with its quotient by, or difference from, the team's own past: one of them, or none.
    beside : str, optional
        Column with a word that stands beside the number.
    """

    measure: Measure
    panel: str
    mature: str
    reason: str
    index: str | None = None
    change: str | None = None
    beside: str | None = None


def _interval(column: str, label: str, unit: Unit, stem: str | None = None) -> Measure:
    stem = stem or column
    return Measure(column, label, unit, f"{stem}_low", f"{stem}_high")


def _year_before(column: str, label: str, unit: Unit) -> Measure:
    return Measure(column, label, unit, before=f"{column}_52_weeks_before")


def _words(*pairs: tuple[str, str]) -> tuple[Measure, ...]:
    return tuple(Measure(column, label, "word") for column, label in pairs)


_AUTHORSHIPS = ("ai", "human", "automation", "unknown")
_PARTS = tuple(
    Measure(f"{who}_normalized_deployments", "AI" if who == "ai" else who, "number")
    for who in _AUTHORSHIPS
)
_WAITS = _words(("immature_reason", "why not final"), ("null_reason", "why empty"))
_SUPPRESSED = Measure("is_suppressed", "hidden", "flag")

_FAILURE_RATE = _interval(
    "severity_weighted_failure_rate", "severity-weighted failure rate", "rate"
)
_FIXED = _interval("fixed_lines_ratio", "fixed lines, AI against human", "ratio")
_FAILED_RELEASES = _interval("failed_releases_ratio", "failed releases, AI against human", "ratio")
_HARM = _interval("harm_per_builder_week", "harm per builder-week", "rate")
_TURNOVER = _interval("turnover_ratio", "turnover of AI against human code", "ratio")
_DENSITY = Measure("human_decision_density", "decisions per change shipped", "number")
_DIRECTED = _interval("directed_share", "directed share", "share")
_RUBBER = _interval("rubber_stamp_rate", "rubber-stamped share", "share")
_UNREVIEWED = _interval("unreviewed_rate", "unreviewed share", "share")
_COST = Measure("ai_cost_per_normalized_deployment", "AI cost per AI normalized deployment", "usd")

_INCIDENTS = Chart(
    "incidents",
    "Incidents",
    "events",
    (Measure("severity_weight", "weight", "number"),),
    split="severity",
    time="opened_at",
    mart="fct_incidents",
)

# Of the organisation, with columns of `headline`.
_SHIPPED = (
    "{normalized_deployments_per_week} normalized deployments a week, from the week of"
    " {shipping_first_week_start_on} to that of {shipping_last_week_start_on}",
    "{ai_share} of them written by AI",
    "{deployments_shipping_nothing} of {deployments} production deployments shipped nothing",
)
_FAILED = (
    "Failure rate {severity_weighted_failure_rate} over the twelve newest final weeks, to the"
    " week of {failures_last_week_start_on}",
    "harm per builder-week {harm_per_builder_week}",
)
_REWRITTEN = (
    "AI code is rewritten {turnover_ratio} as often as human code within"
    " {turnover_window_days} days, over the {turnover_signal_weeks} weeks to that of"
    " {turnover_last_week_start_on}",
    "verdict: {turnover_signal}",
)

PANELS = (
    Panel(
        key="shipping",
        title="Shipping",
        question="How much shipped, stayed shipped and did no harm, and who wrote it?",
        mart="normalized_deployments",
        charts=(Chart("parts", "Normalized deployments a week", "stack", _PARTS),),
        columns=(
            Measure("normalized_deployments", "normalized deployments", "number"),
            *_PARTS,
            Measure("ai_share", "AI share", "share"),
            Measure("normalized_deployments_per_builder", "per builder", "number"),
            Measure("normalized_deployments_index", "against its first 13 weeks", "ratio"),
            Measure("builders", "builders", "count"),
            Measure("releases", "releases", "count"),
            Measure("deployments", "deployments", "count"),
            Measure("held_lines", "held lines", "count"),
            *_words(("basis", "basis"), ("stability_basis", "stability rests on")),
            *_WAITS,
        ),
        says=(
            "{normalized_deployments} normalized deployments in the week from {week_start_on}",
            "{ai_share} of them written by AI",
            "{normalized_deployments_index} what its own first 13 final weeks had",
            "from {deployments} deployments by {builders} builders",
        ),
        sure=(
            "It rests on {held_lines} held lines",
            "stability on {stability_basis}",
        ),
        organisation_says=_SHIPPED,
        needs="Load deployments (or release tags: `shipworthy load git PATH --releases 'v*'`).",
    ),
    Panel(
        key="breaking",
        title="Breaking",
        question="How bad were the releases that went wrong, for all releases made?",
        mart="severity_weighted_failure_rate",
        charts=(
            Chart(
                "rate",
                "Severity-weighted failure rate, 0 to 1",
                "lines",
                (_FAILURE_RATE,),
                overlay=_INCIDENTS,
            ),
            Chart("harm", "Harm per builder-week", "lines", (_HARM,)),
        ),
        columns=(
            _FAILURE_RATE,
            _HARM,
            Measure("harm_weight", "harm", "number"),
            Measure("builders", "builders", "count"),
            Measure("failure_weight", "failure weight", "number"),
            Measure("closed_windows", "closed windows", "count"),
            Measure("failed_windows", "failed windows", "count"),
            Measure(
                "failure_weight_per_normalized_deployment",
                "failure weight per normalized deployment",
                "number",
            ),
            Measure("change_failure_rate", "change failure rate", "share"),
            Measure("unattributed_incidents", "incidents without a cause", "count"),
            *_WAITS,
        ),
        says=(
            "Failure rate {severity_weighted_failure_rate} in the week from {week_start_on}",
            "{failed_windows} of {closed_windows} closed windows with releases failed",
            "harm per builder-week {harm_per_builder_week}",
            "{+unattributed_incidents} incidents have no known cause and are in no rate",
        ),
        sure=("The brackets show how much {closed_windows} windows can tell",),
        organisation_says=_FAILED,
        needs="Load incidents: without them nothing is known to have gone wrong.",
    ),
    Panel(
        key="lasting",
        title="Lasting",
        question="Is AI-written code rewritten sooner than human code?",
        mart="turnover_signal",
        charts=(
            Chart(
                "ratio",
                "Turnover of AI code against human code, times",
                "lines",
                (_TURNOVER,),
                threshold=Threshold(1.5, "1.5: above it AI code is rewritten too often"),
                limits=(0, 6),
            ),
        ),
        columns=(
            _TURNOVER,
            *_words(("turnover_signal", "verdict")),
            Measure("window_weeks", "weeks looked back on", "count"),
            _interval("usage_turnover_ratio", "by who used AI, without labels", "ratio"),
            _interval("ai_turnover_rate_capped", "AI turnover", "share", "ai_turnover_rate"),
            _interval(
                "human_turnover_rate_capped", "human turnover", "share", "human_turnover_rate"
            ),
            Measure("ai_effective_changes", "AI effective changes", "number"),
            Measure("human_effective_changes", "human effective changes", "number"),
            Measure("attribution_coverage", "lines that carry a mark", "share"),
            *_words(("basis", "basis"), ("null_reason", "why empty")),
        ),
        says=(
            "AI code is rewritten {turnover_ratio} as often as human code within the window,"
            " over the {window_weeks} weeks to that from {week_start_on}",
            "verdict: {turnover_signal}",
            "{attribution_coverage} of the lines carry a mark of who wrote them",
            "without labels, by who used AI: {usage_turnover_ratio}",
        ),
        sure=(
            "The brackets rest on {ai_effective_changes} AI and {human_effective_changes} human"
            " effective changes",
            "basis: {basis}",
        ),
        needs="Load git histories (`shipworthy load git PATH`): lines need births and deaths.",
        has_organisation=True,
        mature=None,
    ),
    Panel(
        key="survival",
        title="Survival",
        question="How long do lines live, by who wrote them?",
        mart="line_survival",
        charts=(
            Chart(
                "curves",
                "Share of lines still there, by age in days",
                "survival",
                (_interval("survival", "lines still there", "share"),),
                split="authorship",
                time="age_days",
                facet="quarter_start_on",
            ),
        ),
        columns=(
            *_words(("authorship", "written by")),
            Measure("age_days", "age in days", "count"),
            _interval("survival", "lines still there", "share"),
            Measure("at_risk", "lines at risk", "count"),
            Measure("effective_changes", "effective changes", "number"),
        ),
        says=(
            "Of the {authorship} lines that landed in the quarter from {quarter_start_on},"
            " {survival} are still there after {age_days} days",
        ),
        needs="Load git histories (`shipworthy load git PATH`): lines need births and deaths.",
        sure=("{effective_changes} effective changes are old enough to tell",),
        time="quarter_start_on",
        group=None,
        mature=None,
        reason=None,
        said={"age_days": "30"},
        every=("age_days", 5),
    ),
    Panel(
        key="deciding",
        title="Deciding",
        question="How many human judgments changed what shipped?",
        mart="human_decision_density",
        charts=(
            Chart(
                "density",
                "Decisions per change shipped",
                "lines",
                (_DENSITY,),
                only={"authorship": "all"},
            ),
            Chart(
                "shares",
                "Share of changes shipped",
                "lines",
                (_DIRECTED, _RUBBER, _UNREVIEWED),
                only={"authorship": "all"},
            ),
        ),
        columns=(
            _DENSITY,
            Measure("decisions", "decisions", "count"),
            Measure("changes_shipped", "changes shipped", "count"),
            _DIRECTED,
            _RUBBER,
            _UNREVIEWED,
            Measure("builders", "builders", "count"),
            _SUPPRESSED,
            *_WAITS,
        ),
        says=(
            "{human_decision_density} decisions per change shipped in the week from"
            " {week_start_on}",
            "{directed_share} of {changes_shipped} changes were directed by somebody who did not"
            " write them",
            "{rubber_stamp_rate} of the reviewed ones were rubber-stamped",
            "{unreviewed_rate} shipped unreviewed",
        ),
        sure=("One week is {changes_shipped} changes of {builders} builders",),
        is_about_people=True,
        needs="Load pull requests, reviews and review threads (`shipworthy load github`).",
        has_organisation=True,
        only={"authorship": "all"},
    ),
    Panel(
        key="flow",
        title="Flow",
        question="Is more being written than can be read and shipped?",
        mart="flow_pressure",
        charts=(
            Chart(
                "loops",
                "Hours, median",
                "lines",
                (
                    _year_before("inner_loop_hours", "writing (inner loop)", "hours"),
                    _year_before("outer_loop_hours", "reading and shipping (outer loop)", "hours"),
                ),
            ),
            Chart(
                "queue",
                "Requests open and ready at the week's end",
                "lines",
                (_year_before("review_queue", "review queue", "count"),),
            ),
        ),
        columns=(
            Measure("inner_loop_hours", "inner loop", "hours"),
            Measure("outer_loop_hours", "outer loop", "hours"),
            Measure("inner_loop_hours_52_weeks_before", "inner, 52 weeks before", "hours"),
            Measure("outer_loop_hours_52_weeks_before", "outer, 52 weeks before", "hours"),
            Measure("review_queue", "review queue", "count"),
            _UNREVIEWED,
            Measure("requests_per_reviewer", "requests per reviewer", "number"),
            Measure("defects_per_builder", "defects per builder", "number"),
            Measure("incidents_per_shipped_change", "incidents per change", "number"),
            _SUPPRESSED,
            *_WAITS,
            *_words(("year_before_null_reason", "why no year before")),
        ),
        says=(
            "Writing takes {inner_loop_hours} and reading and shipping {outer_loop_hours} (medians"
            " of the week from {week_start_on})",
            "52 weeks before it was {inner_loop_hours_52_weeks_before} and"
            " {outer_loop_hours_52_weeks_before}",
            "{review_queue} requests wait for a review",
        ),
        sure=("Medians of one week, without an interval",),
        is_about_people=True,
        needs="Load pull requests and reviews (`shipworthy load github`).",
        has_organisation=True,
    ),
    Panel(
        key="delivery",
        title="Delivery",
        question="How fast and how safely does each service deliver? The five DORA metrics.",
        mart="delivery_performance",
        charts=(
            Chart(
                "frequency",
                "Deployments a week",
                "lines",
                (Measure("deployments", "deployments", "count"),),
                split="service",
            ),
            Chart(
                "lead_time",
                "Change lead time, median hours",
                "lines",
                (Measure("change_lead_time_hours", "change lead time", "hours"),),
                split="service",
            ),
            Chart(
                "failures",
                "Change failure rate",
                "lines",
                (_interval("change_failure_rate", "change failure rate", "share"),),
                split="service",
            ),
            Chart(
                "recovery",
                "Failed deployment recovery, median hours",
                "lines",
                (Measure("failed_deployment_recovery_hours", "recovery time", "hours"),),
                split="service",
            ),
            Chart(
                "rework",
                "Deployment rework rate",
                "lines",
                (_interval("deployment_rework_rate", "rework rate", "share"),),
                split="service",
            ),
        ),
        columns=(
            Measure("service", "service", "text"),
            Measure("deployments", "deployments", "count"),
            *_words(("deployment_frequency_band", "band")),
            Measure("change_lead_time_hours", "lead time", "hours"),
            *_words(("change_lead_time_band", "band")),
            _interval("change_failure_rate", "change failure rate", "share"),
            *_words(("change_failure_rate_band", "band")),
            Measure("failed_deployment_recovery_hours", "recovery", "hours"),
            *_words(("recovery_band", "band")),
            _interval("deployment_rework_rate", "rework rate", "share"),
            Measure("dora_band_year", "bands of", "text"),
            *_words(
                ("immature_reason", "why not final"),
                ("null_reason", "why empty"),
                ("recovery_null_reason", "why no recovery"),
            ),
        ),
        says=(
            "{service}: {deployments} deployments in the week from {week_start_on}"
            " ({deployment_frequency_band})",
            "lead time {change_lead_time_hours} ({change_lead_time_band})",
            "change failure rate {change_failure_rate} ({change_failure_rate_band})",
            "recovery {failed_deployment_recovery_hours} ({recovery_band})",
            "rework {deployment_rework_rate}",
            "bands of {dora_band_year}",
        ),
        sure=("One week of one service is few deployments: read the brackets",),
        needs="Load deployments; lead times need pull requests, failure rates incidents.",
    ),
    Panel(
        key="cost",
        title="Cost",
        question="What does AI cost for what went live, and how much of it did not?",
        mart="ai_cost",
        charts=(
            Chart(
                "spend",
                "AI spend a week, USD",
                "stack",
                (
                    Measure("allocated_spend_usd", "went live", "usd"),
                    Measure("unshipped_spend_usd", "did not ship", "usd"),
                ),
            ),
            Chart("per_outcome", "USD per AI normalized deployment", "lines", (_COST,)),
        ),
        columns=(
            _COST,
            Measure("ai_spend_usd", "AI spend", "usd"),
            Measure("allocated_spend_usd", "went live", "usd"),
            Measure("unshipped_spend_usd", "did not ship", "usd"),
            Measure("ai_normalized_deployments", "AI normalized deployments", "number"),
            Measure("cost_to_serve", "cost to serve", "usd"),
            Measure("usage_buckets_without_price", "usage without a price", "count"),
            *_words(("spend_method", "amounts are")),
            _SUPPRESSED,
            *_WAITS,
        ),
        says=(
            "{ai_spend_usd} of AI in the week from {week_start_on}",
            "{unshipped_spend_usd} of it went into nothing that shipped",
            "{ai_cost_per_normalized_deployment} per AI normalized deployment",
            "{+usage_buckets_without_price} usage rows have no price and are in no sum",
        ),
        sure=("Amounts are {spend_method}",),
        is_about_people=True,
        needs="Load AI usage (`shipworthy load copilot`, `claude-code` ...).",
        has_organisation=True,
    ),
    Panel(
        key="harm",
        title="Harm by authorship",
        question="Does AI code do more harm than human code, line for line?",
        mart="harm_by_authorship",
        charts=(
            Chart(
                "fixed",
                "AI against human lines that fixes of incidents and hotfixes removed, times",
                "lines",
                (_FIXED,),
                threshold=Threshold(1, "1: as often as human code"),
                limits=(0, 6),
            ),
            Chart(
                "failed",
                "AI against human lines in releases that failed, times",
                "lines",
                (_FAILED_RELEASES,),
                threshold=Threshold(1, "1: as often as human code"),
                limits=(0, 6),
            ),
        ),
        columns=(
            _FIXED,
            *_words(("fixed_lines_signal", "verdict")),
            Measure("fixes", "fixes", "count"),
            Measure("ai_fixed_lines_per_1000_held_lines", "AI, per 1,000 lines", "number"),
            Measure("human_fixed_lines_per_1000_held_lines", "human, per 1,000 lines", "number"),
            _FAILED_RELEASES,
            *_words(("failed_releases_signal", "verdict")),
            Measure("failed_releases", "failed releases", "count"),
            Measure("ai_held_lines", "AI held lines", "count"),
            Measure("human_held_lines", "human held lines", "count"),
            *_words(
                ("basis", "basis"),
                ("fixed_lines_null_reason", "why no ratio of fixes"),
                ("failed_releases_null_reason", "why no ratio of failures"),
            ),
        ),
        says=(
            "AI lines are {fixed_lines_ratio} as often as human ones among those that fixes of"
            " incidents removed, over the 52 weeks to that from {week_start_on}"
            " ({fixed_lines_signal})",
            "in releases that failed {failed_releases_ratio} ({failed_releases_signal})",
        ),
        sure=(
            "{fixes} fixes and {failed_releases} failed releases",
            "an association, never a cause",
            "basis: {basis}",
        ),
        needs="Load incidents, and git histories for the lines that fixes removed.",
        has_organisation=True,
        mature=None,
        reason="fixed_lines_null_reason",
        only={"window_weeks": "52"},
    ),
    Panel(
        key="signals",
        title="Gaming signals",
        question="What looks as if numbers were made rather than software?",
        mart="gaming_signals",
        charts=(
            Chart(
                "firing",
                "Signals that fire, by week",
                "events",
                (Measure("value", "value", "number"),),
                split="signal",
                only={"is_firing": "true"},
            ),
        ),
        columns=(
            *_words(("signal", "signal")),
            Measure("value", "value", "number"),
            Measure("threshold", "threshold", "number"),
            Measure("evidence", "evidence", "text"),
            *_words(("immature_reason", "why not final")),
        ),
        says=("{signal} fired in the week from {week_start_on}: {evidence}",),
        sure=("A reason to ask and never a verdict: each fires now and then on honest teams",),
        nothing="No signal fired.",
        is_about_people=True,
        needs="Signals need builders (`people` or authors), deployments and AI usage.",
        only={"is_firing": "true"},
    ),
    Panel(
        key="outcomes",
        title="Product outcomes",
        question="What did the services' product metrics do around a release?",
        mart="product_outcomes",
        charts=(
            Chart(
                "differences",
                "7 days after less 7 days before",
                "differences",
                (_interval("difference", "difference", "number"),),
                time="released_on",
                facet="metric",
                split="service",
            ),
        ),
        columns=(
            Measure("service", "service", "text"),
            Measure("metric", "metric", "text"),
            Measure("mean_before", "7 days before", "number"),
            Measure("mean_after", "7 days after", "number"),
            _interval("difference", "difference", "number"),
            Measure("control_service", "control", "text"),
            _interval("difference_in_differences", "against the control", "number"),
            Measure("other_releases", "other releases", "count"),
            *_WAITS,
        ),
        says=(
            "{metric} of {service} moved by {difference} around the release of {released_on}",
            "{difference_in_differences} against {control_service}",
            "{other_releases} other releases fell into the same days",
        ),
        sure=("An association, never a cause",),
        nothing="None of its releases has a product metric.",
        needs="Load product metrics (`product_metrics.csv`) with a service and a day.",
        time="released_on",
    ),
)


def panel(key: str) -> Panel:
    """Return the panel of a key.

    Raises
    ------
    KeyError
        If there is none.
    """
    return {item.key: item for item in PANELS}[key]


# How columns of `headline` are written.
HEADLINE_COLUMNS = (
    Measure("normalized_deployments_per_week", "normalized deployments a week", "number"),
    Measure("ai_share", "AI share", "share"),
    Measure("shipping_first_week_start_on", "first week", "date"),
    Measure("shipping_last_week_start_on", "last week", "date"),
    Measure("deployments", "deployments", "count"),
    Measure("deployments_shipping_nothing", "deployments that shipped nothing", "count"),
    _FAILURE_RATE,
    _HARM,
    Measure("failures_last_week_start_on", "last week", "date"),
    _TURNOVER,
    *_words(("turnover_signal", "verdict")),
    Measure("turnover_signal_weeks", "weeks", "count"),
    Measure("turnover_basis", "basis", "word"),
    Measure("turnover_attribution_coverage", "lines that carry a mark", "share"),
    Measure("turnover_window_days", "window", "count"),
    Measure("turnover_last_week_start_on", "last week", "date"),
    Measure("teams_left_out", "teams left out", "count"),
)

HEADLINES = (
    Headline(
        panel="shipping",
        question="Does it ship?",
        measure=HEADLINE_COLUMNS[0],
        says=_SHIPPED,
        sure=(
            "Final weeks only",
            "a count of what held, without an interval",
            "{+teams_left_out} teams wait for a source that lags and are left out",
        ),
        reason="normalized_deployments_null_reason",
        held_back="normalized_deployments",
    ),
    Headline(
        panel="lasting",
        question="Does it stay?",
        measure=_TURNOVER,
        says=_REWRITTEN,
        sure=(
            "Final weeks only",
            "{turnover_attribution_coverage} of the lines carry a mark of who wrote them",
            "basis: {turnover_basis}",
        ),
        reason="turnover_ratio_null_reason",
        held_back="turnover_ratio",
    ),
    Headline(
        panel="breaking",
        question="Does it harm?",
        measure=_FAILURE_RATE,
        says=_FAILED,
        sure=(
            "Final weeks only",
            "0 is no harm, 1 a worst incident in every release",
            "{+teams_left_out} teams wait for a source that lags and are left out",
        ),
        reason="severity_weighted_failure_rate_null_reason",
        held_back="severity_weighted_failure_rate",
    ),
)


SCORES = (
    Score(
        Measure("normalized_deployments", "normalized deployments", "number"),
        "shipping",
        "are_normalized_deployments_mature",
        "normalized_deployments_null_reason",
        index="normalized_deployments_index",
    ),
    Score(
        _FAILURE_RATE,
        "breaking",
        "is_failure_rate_mature",
        "severity_weighted_failure_rate_null_reason",
        change="severity_weighted_failure_rate_change",
    ),
    Score(
        _TURNOVER,
        "lasting",
        "is_turnover_mature",
        "turnover_ratio_null_reason",
        index="turnover_ratio_index",
        beside="turnover_signal",
    ),
    Score(
        _DENSITY,
        "deciding",
        "are_decisions_mature",
        "human_decision_density_null_reason",
        index="human_decision_density_index",
    ),
    Score(
        Measure("deployments", "deployments", "count"),
        "delivery",
        "is_delivery_mature",
        "null_reason",
        index="deployments_index",
    ),
    Score(
        _interval("change_failure_rate", "change failure rate", "share"),
        "delivery",
        "is_delivery_mature",
        "change_failure_rate_null_reason",
        change="change_failure_rate_change",
    ),
    Score(
        _interval("deployment_rework_rate", "deployment rework rate", "share"),
        "delivery",
        "is_delivery_mature",
        "deployment_rework_rate_null_reason",
        change="deployment_rework_rate_change",
    ),
    Score(
        _COST,
        "cost",
        "is_ai_cost_mature",
        "ai_cost_per_normalized_deployment_null_reason",
        index="ai_cost_per_normalized_deployment_index",
    ),
)
