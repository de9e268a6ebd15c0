"""Charts as Vega-Lite specifications, written with Altair; the browser gives them rows.

Every kind reads the same rows: `t` (and `t2`, where its bar ends), `series`, `v` (value), `lo` and
`hi` (interval), `before` (52 weeks earlier), `final`. Colours are names of the page's style
variables, so that light, dark and print are decided in one place. Nothing here aggregates: a bar
that stands on another is placed, not summed.
"""

from typing import Any

import altair as alt

from shipworthy.report.panels import Chart

ROWS = "rows"
EVENTS = "events"

# In the order of `AUTHORSHIPS`; others are told apart by the colours in turn, and by dashes.
_BY_AUTHORSHIP = ("var(--ai)", "var(--human)", "var(--automation)", "var(--unknown)")
AUTHORSHIPS = ("AI", "human", "automation", "unknown")
_IN_TURN = tuple(f"var(--series-{number})" for number in range(1, 7))
_DASHES = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [1, 0], [4, 2]]
_FAINT = "var(--faint)"
_PALE = 0.4


def specification(chart: Chart) -> dict[str, Any]:
    """Return the Vega-Lite specification of a chart, without rows, width and height.

    Parameters
    ----------
    chart : Chart
        From `panels`.

    Returns
    -------
    dict
        JSON. It reads the named data `rows`, and `events` where the chart has an overlay.
    """
    layers = _KINDS[chart.kind](chart)
    if chart.threshold:
        layers.append(
            alt.Chart(alt.InlineData([{"y": chart.threshold.value, "text": chart.threshold.label}]))
            .mark_rule(color="var(--bad)", strokeDash=[4, 3], strokeWidth=1.5)
            .encode(y=alt.Y("y:Q"))
        )
    if chart.overlay:
        layers.append(_overlay())
    picture = alt.layer(*layers).properties(width="container", background="transparent")
    spec = picture.configure(**_config()).to_dict(format="vega-lite", validate=False)
    # The version would make a browser warn of one that differs in its last digit.
    spec.pop("$schema")
    return spec


def _stack(chart: Chart) -> list[alt.Chart]:
    return [
        alt.Chart(alt.NamedData(ROWS))
        .transform_stack(
            stack="v",
            groupby=["t"],
            sort=[alt.SortField("order", order="ascending")],
            as_=["y", "y2"],
        )
        .mark_bar(tooltip={"content": "data"}, stroke="var(--paper)", strokeWidth=0.5)
        .encode(
            x=_time(),
            x2="t2:T",
            y=alt.Y("y:Q", title=None, axis=_values()),
            y2="y2:Q",
            color=_colours(chart),
            opacity=alt.condition("datum.final", alt.value(1), alt.value(_PALE)),
        )
    ]


def _lines(chart: Chart) -> list[alt.Chart]:
    rows = alt.Chart(alt.NamedData(ROWS))
    colour = _colours(chart)
    values = _value_axis(chart)
    dashed: dict[str, Any] = {}
    if len(chart.measures) > 1 or chart.split is not None:
        scale = alt.Scale(range=_DASHES)
        dashed = {"strokeDash": alt.StrokeDash("series:N", scale=scale, legend=None)}
    return [
        rows.transform_filter("isValid(datum.lo) && isValid(datum.hi) && datum.final")
        .mark_area(opacity=0.18, clip=True, interpolate="monotone")
        .encode(x=_time(), y=values, y2="hi:Q", color=colour)
        .transform_calculate(v="datum.lo"),
        rows.transform_filter("isValid(datum.before)")
        .mark_line(strokeWidth=1.2, opacity=0.65, strokeDash=[2, 3], clip=True)
        .encode(x=_time(), y=alt.Y("before:Q", scale=_scale(chart)), color=colour),
        rows.transform_filter("!datum.final")
        .mark_line(strokeWidth=1.5, opacity=_PALE, clip=True)
        .encode(x=_time(), y=values, color=colour),
        rows.transform_filter("datum.final")
        .mark_line(strokeWidth=2.2, clip=True)
        .encode(x=_time(), y=values, color=colour, **dashed),
        rows.transform_filter("isValid(datum.v)")
        .mark_point(filled=True, tooltip={"content": "data"})
        .encode(
            x=_time(),
            y=values,
            color=colour,
            size=alt.value(28),
            opacity=alt.condition("datum.final", alt.value(1), alt.value(_PALE)),
        ),
    ]


def _events(chart: Chart) -> list[alt.Chart]:
    return [
        alt.Chart(alt.NamedData(ROWS))
        .mark_bar(tooltip={"content": "data"}, height={"band": 0.6}, color="var(--bad)")
        .encode(
            x=_time(),
            x2="t2:T",
            y=alt.Y("series:N", title=None, axis=alt.Axis(labelLimit=140, grid=True)),
            opacity=alt.condition("datum.final", alt.value(1), alt.value(_PALE)),
        )
    ]


def _survival(chart: Chart) -> list[alt.Chart]:
    rows = alt.Chart(alt.NamedData(ROWS))
    age = alt.X("t:Q", title="age in days", axis=alt.Axis(tickCount=6, grid=False))
    values = alt.Y("v:Q", title=None, axis=_values("%"), scale=alt.Scale(domain=[0, 1]))
    colour = _colours(chart)
    return [
        rows.transform_filter("isValid(datum.lo)")
        .transform_calculate(v="datum.lo")
        .mark_area(opacity=0.15, interpolate="step-after")
        .encode(x=age, y=values, y2="hi:Q", color=colour),
        rows.mark_line(strokeWidth=2, interpolate="step-after").encode(
            x=age,
            y=values,
            color=colour,
            strokeDash=alt.StrokeDash(
                "series:N",
                scale=alt.Scale(domain=list(AUTHORSHIPS), range=_DASHES[:4]),
                legend=None,
            ),
        ),
        rows.mark_point(filled=True, tooltip={"content": "data"}).encode(
            x=age, y=values, color=colour, size=alt.value(60), opacity=alt.value(0)
        ),
    ]


def _differences(chart: Chart) -> list[alt.Chart]:
    rows = alt.Chart(alt.NamedData(ROWS))
    colour = _colours(chart)
    return [
        alt.Chart(alt.InlineData([{"y": 0}])).mark_rule(color=_FAINT).encode(y="y:Q"),
        rows.transform_filter("isValid(datum.lo) && isValid(datum.hi)")
        .mark_rule(strokeWidth=1.4)
        .encode(
            x=_time(),
            y=alt.Y("lo:Q", title=None, axis=_values()),
            y2="hi:Q",
            color=colour,
            opacity=alt.condition("datum.final", alt.value(0.8), alt.value(_PALE)),
        ),
        rows.mark_point(filled=True, tooltip={"content": "data"}).encode(
            x=_time(),
            y=alt.Y("v:Q", title=None),
            color=colour,
            shape=alt.Shape("series:N", legend=None),
            size=alt.value(40),
            opacity=alt.condition("datum.final", alt.value(1), alt.value(_PALE)),
        ),
    ]


_KINDS = {
    "stack": _stack,
    "lines": _lines,
    "events": _events,
    "survival": _survival,
    "differences": _differences,
}


def _overlay() -> alt.Chart:
    return (
        alt.Chart(alt.NamedData(EVENTS))
        .mark_point(
            shape="triangle-down", filled=True, tooltip={"content": "data"}, color="var(--bad)"
        )
        .encode(
            x=_time(),
            y=alt.value(5),
            size=alt.Size(
                "weight:Q",
                scale=alt.Scale(domain=[0, 1], range=[30, 140]),
                legend=None,
            ),
        )
    )


def _time() -> alt.X:
    return alt.X(
        "t:T",
        title=None,
        scale=alt.Scale(type="utc"),
        axis=alt.Axis(format="%b %y", tickCount=5, labelOverlap=True, grid=False),
    )


def _value_axis(chart: Chart) -> alt.Y:
    is_share = any(measure.unit == "share" for measure in chart.measures)
    axis = _values("%" if is_share else None)
    return alt.Y("v:Q", title=None, axis=axis, scale=_scale(chart))


def _scale(chart: Chart) -> Any:
    if chart.limits:
        return alt.Scale(domain=list(chart.limits), clamp=True)
    return alt.Scale(zero=True)


def _values(form: str | None = None) -> alt.Axis:
    return alt.Axis(tickCount=4, format=form) if form else alt.Axis(tickCount=4)


def _colours(chart: Chart) -> Any:
    known = legend_of(chart)
    if known:
        labels, colours = zip(*known, strict=True)
        scale = alt.Scale(domain=list(labels), range=list(colours))
        return alt.Color("series:N", scale=scale, legend=None)
    if chart.split:
        return alt.Color("series:N", scale=alt.Scale(range=list(_IN_TURN)), legend=None)
    return alt.value(_IN_TURN[0])


def legend_of(chart: Chart) -> list[tuple[str, str]]:
    """Return labels and colours of a chart whose series are known before its rows are.

    The page writes legends as text: these, and where rows name the series, their names in order.
    """
    labels = [measure.label for measure in chart.measures]
    if chart.split == "authorship" or labels == list(AUTHORSHIPS):
        return list(zip(AUTHORSHIPS, _BY_AUTHORSHIP, strict=True))
    if chart.split or len(labels) < 2:
        return []
    return list(zip(labels, _IN_TURN, strict=False))


def _config() -> dict[str, Any]:
    return {
        "view": alt.ViewConfig(stroke=None),
        "axis": alt.AxisConfig(
            labelColor="var(--muted)",
            labelFontSize=12,
            gridColor="var(--grid)",
            domainColor="var(--faint)",
            tickColor="var(--faint)",
            labelFont="var(--font)",
            titleFont="var(--font)",
            titleColor="var(--muted)",
            titleFontWeight="normal",
        ),
        # The picture has one name, its panel's sentence; the table says the rest.
        "aria": False,
    }
