"""What both tools need to know of a chart, beyond what the list of panels says."""

from collections.abc import Iterator

from shipworthy.report.panels import PANELS, Chart, Measure, Panel

# How people of no team are called, whose team is null.
NO_TEAM = "no team"
TIMES = frozenset({"age_days"})


def charts() -> Iterator[tuple[Panel, Chart]]:
    """Yield each chart with its panel, in order."""
    return ((panel, chart) for panel in PANELS for chart in panel.charts)


def mart_of(panel: Panel, chart: Chart) -> str:
    """Return the mart that a chart draws."""
    return chart.mart or panel.mart


def is_by_age(chart: Chart) -> bool:
    """Return whether the horizontal axis is an age and no calendar."""
    return chart.time in TIMES


def series_of(panel: Panel, chart: Chart) -> list[str]:
    """Return the columns by whose values lines are told apart."""
    own = [chart.split] if chart.split else []
    # A service is of one team, and a signal of one row a team; curves are of nobody.
    if panel.group and chart.kind != "stack" and "service" not in own:
        own.insert(0, panel.group)
    return own


def measures_of(chart: Chart) -> Iterator[tuple[str, str]]:
    """Yield column and label of each line, the limits of intervals after what they limit."""
    for measure in chart.measures:
        yield measure.column, measure.label
        for column, word in (
            (measure.low, "low"),
            (measure.high, "high"),
            (measure.before, "52 weeks before"),
        ):
            if column:
                yield column, f"{measure.label}, {word}"


def filters_of(panel: Panel, chart: Chart | None = None) -> dict[str, str]:
    """Return which value each column must have for a row to be shown."""
    only = dict(chart.only if chart else panel.only)
    if panel.mature and (chart is None or chart.mart is None):
        only[panel.mature] = "true"
    if chart and chart.kind == "stack" and panel.has_organisation:
        # Teams are added up; the organisation would count them twice.
        only["is_organisation"] = "false"
    return only


def table_of(panel: Panel) -> list[tuple[str, str]]:
    """Return column and heading of a panel's table, team and time first, each column once."""
    head = [(column, column) for column in (panel.group, panel.time) if column]
    found: dict[str, str] = dict(head)
    for measure in panel.columns:
        found.setdefault(measure.column, measure.label)
    # Two bands of one name are told apart by their columns.
    labels = list(found.values())
    return [
        (column, column if labels.count(label) > 1 else label) for column, label in found.items()
    ]


def measure_of(panel: Panel, column: str) -> Measure | None:
    """Return what the list says of a column of a panel's mart."""
    everything = [*panel.columns, *(item for chart in panel.charts for item in chart.measures)]
    return next((item for item in everything if column in item.columns), None)
