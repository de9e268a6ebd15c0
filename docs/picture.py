"""Draw the README's picture of the three headline metrics from a built demo warehouse.

    make build && .venv/bin/python docs/picture.py

Reads the marts of the warehouse that SHIPWORTHY_WAREHOUSE names and writes docs/headlines.png.
"""

from pathlib import Path

import altair as alt
import duckdb

from shipworthy.warehouse import warehouse_path

PICTURE = Path(__file__).with_name("headlines.png")
SHIPPING = """
select team, cast(week_start_on as varchar) as week, normalized_deployments as value
from shipworthy.normalized_deployments where is_mature order by team, week
"""
FAILING = """
select team, sum(failure_weight) / sum(closed_releases) as value
from shipworthy.severity_weighted_failure_rate
where is_mature group by team having sum(closed_releases) > 0 order by team
"""
TURNOVER = """
select team, turnover_ratio as value, turnover_ratio_low as low, turnover_ratio_high as high,
    replace(turnover_signal, '_', ' ') as signal
from shipworthy.turnover_signal
where week_start_on = (select max(week_start_on) from shipworthy.turnover_signal)
    and turnover_signal <> 'insufficient_data'
order by team
"""
SIGNALS = {
    "severe": "#a50f15",
    "alarm": "#de2d26",
    "watch": "#fb9a53",
    "inconclusive": "#8c8c8c",
    "healthy": "#2c7fb8",
}


def read(connection: duckdb.DuckDBPyConnection, query: str) -> alt.Data:
    """Rows of a query as inline data."""
    return alt.Data(values=connection.sql(query).to_arrow_table().to_pylist())


def main() -> None:
    """Draw the three panels side by side."""
    with duckdb.connect(str(warehouse_path()), read_only=True) as connection:
        shipping, failing, turnover = (
            read(connection, query) for query in (SHIPPING, FAILING, TURNOVER)
        )
    lines = (
        alt.Chart(shipping)
        .mark_line(strokeWidth=2, color="#2c7fb8")
        .encode(
            x=alt.X("week:T", title=None, axis=alt.Axis(format="%b", tickCount=4)),
            y=alt.Y("value:Q", title=None, axis=alt.Axis(tickCount=3)),
        )
        .properties(width=135, height=52)
        .facet(
            alt.Facet("team:N", title=None, header=alt.Header(labelPadding=2)),
            columns=2,
            spacing=6,
            title=alt.Title("Normalized deployments a week", anchor="middle"),
        )
    )
    bars = (
        alt.Chart(failing, title="Severity-weighted failure rate")
        .mark_bar(color="#6b7a8f")
        .encode(
            x=alt.X("value:Q", title=None, axis=alt.Axis(format=".0%", tickCount=5)),
            y=alt.Y("team:N", title=None),
        )
        .properties(width=220, height=230)
    )
    scale = alt.Scale(type="log", domain=[0.2, 16], clamp=True)
    colour = alt.Color(
        "signal:N",
        title="signal",
        scale=alt.Scale(domain=list(SIGNALS), range=list(SIGNALS.values())),
    )
    base = alt.Chart(turnover, title="Turnover of AI lines / human lines, 12 weeks")
    intervals = base.mark_rule(strokeWidth=2).encode(
        x=alt.X(
            "low:Q", title=None, scale=scale, axis=alt.Axis(values=[0.25, 0.5, 1, 1.5, 2, 4, 8])
        ),
        x2="high:Q",
        y=alt.Y("team:N", title=None),
        color=colour,
    )
    points = base.mark_point(filled=True, size=80, opacity=1).encode(
        x=alt.X("value:Q", scale=scale), y="team:N", color=colour
    )
    reference = (
        alt.Chart(alt.Data(values=[{"ratio": 1.5}]))
        .mark_rule(strokeDash=[4, 4], color="#444")
        .encode(x="ratio:Q")
    )
    ratios = (intervals + points + reference).properties(width=300, height=230)
    alt.hconcat(lines, bars, ratios).resolve_scale(color="independent").configure_view(
        stroke=None
    ).configure(background="white", padding=12).save(PICTURE, scale_factor=2)


if __name__ == "__main__":
    main()
