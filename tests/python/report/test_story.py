"""What the page says: whose number it is, why there is none, and that each stands in a mart."""

import json
import re

import duckdb
import pytest
from worlds import headline, make, monday, scored, shipped, small

from published import record_builds
from shipworthy.errors import ShipworthyError
from shipworthy.report import report_json, write_page
from shipworthy.report.panels import Measure
from shipworthy.report.sentences import say


def told(path, **options):
    return json.loads(report_json(path, **options))


def view(content, team=None):
    return next(item for item in content["views"] if item["team"] == team)


def figures(value):
    """Every figure of a JSON object, wherever it stands."""
    if isinstance(value, dict):
        if value.keys() == {"mart", "row", "column", "value", "shown"}:
            yield value
        for item in value.values():
            yield from figures(item)
    if isinstance(value, list):
        for item in value:
            yield from figures(item)


def look_up(path, figure):
    """What the mart has where a figure says it is from."""
    where = (
        " and ".join(f'lower(cast("{name}" as varchar)) = ?' for name in figure["row"]) or "true"
    )
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(
            f'select distinct "{figure["column"]}" from shipworthy."{figure["mart"]}" '
            f"where {where}",
            [str(value).lower() for value in figure["row"].values()],
        ).fetchall()


# ---------------------------------------------------------------------------- clauses

MEASURES = (
    Measure("rate", "rate", "rate", "rate_low", "rate_high"),
    Measure("failed", "failed", "count"),
)


def test_a_clause_without_its_value_is_left_out():
    row = {"rate": 0.25, "rate_low": 0.1, "rate_high": None, "failed": None}
    said = say(("Rate {rate}", "{failed} failed", "for sure"), row, MEASURES, "marts")
    assert said.text == "Rate 0.250 [0.100, unbounded]; for sure."
    assert [figure.column for figure in said.figures] == ["rate", "rate_low"]


def test_a_sentence_without_its_first_clause_is_none():
    assert say(("Rate {rate}", "for sure"), {"rate": None}, MEASURES, "marts").text == ""


def test_a_clause_that_says_nothing_of_zero():
    row = {"rate": 0.0, "failed": 0}
    assert say(("Rate {rate}", "{+failed} failed"), row, MEASURES, "m").text == "Rate 0.000."


def test_one_is_not_many():
    assert say(("{failed} releases failed",), {"failed": 1}, MEASURES, "m").text == (
        "1 release failed."
    )


# ---------------------------------------------------------------------------- views


def test_the_three_sentences_of_the_organisation(tmp_path):
    cards = view(told(small(tmp_path / "w.duckdb")))["cards"]
    assert [card["question"] for card in cards] == [
        "Does it ship?",
        "Does it stay?",
        "Does it harm?",
    ]
    ship, stay, harm = (card["text"]["text"] for card in cards)
    assert ship.startswith("40.9 normalized deployments a week")
    assert "38 % of them written by AI; 299 of 636 production deployments" in ship
    assert "[1.53, 3.21]" in stay
    assert "verdict: alarm" in stay
    assert "0.017 [0.007, 0.038]" in harm
    assert "47 % of the lines carry a mark" in cards[1]["sure"]["text"]
    assert "AI usage" in cards[1]["sure"]["text"]


def test_a_team_speaks_of_its_newest_final_week(tmp_path):
    shipping = view(told(small(tmp_path / "w.duckdb")), "harbor")["panels"]["shipping"]
    # The newest of ten weeks that is five weeks old; younger ones are not final.
    assert shipping["text"]["text"].startswith(
        "8.62 normalized deployments in the week from 31 Aug"
    )
    assert "Later weeks are not final yet." in shipping["sure"]["text"]
    assert "9.12" in shipping["since"]["all"]["text"]


def test_a_period_changes_the_sentence(tmp_path):
    rows = [shipped("harbor", back, 10 + back) for back in range(60)]
    path = small(tmp_path / "w.duckdb", normalized_deployments=rows)
    since = view(told(path), "harbor")["panels"]["shipping"]["since"]
    texts = [since[period]["text"] for period in ("13", "26", "52", "all")]
    assert len(set(texts)) == 4
    assert "22.0" in texts[0]  # the 13 weeks from twelve weeks back


def test_a_period_without_a_final_week_says_so(tmp_path):
    rows = [shipped("harbor", back, is_mature=back > 20) for back in range(30)]
    path = small(tmp_path / "w.duckdb", normalized_deployments=rows)
    since = view(told(path), "harbor")["panels"]["shipping"]["since"]
    assert since["13"]["text"] == "No week of this period is final yet."


def test_no_verdict_shows_no_ratio(tmp_path):
    path = small(tmp_path / "w.duckdb", headline=[headline(turnover_signal="insufficient_data")])
    stay = view(told(path))["cards"][1]
    assert stay["value"] == ""
    assert "insufficient data" in stay["text"]["text"]


def test_null_has_its_reason_and_what_to_load(tmp_path):
    path = small(
        tmp_path / "w.duckdb",
        headline=[
            headline(
                severity_weighted_failure_rate=None,
                severity_weighted_failure_rate_low=None,
                severity_weighted_failure_rate_high=None,
                severity_weighted_failure_rate_null_reason="incidents_not_loaded",
            )
        ],
    )
    harm = view(told(path))["cards"][2]
    assert harm["value"] == ""
    assert "incidents are not loaded" in harm["text"]["text"]
    assert "Load incidents" in harm["text"]["text"]


def test_a_source_that_holds_back_is_named(tmp_path):
    path = small(
        tmp_path / "w.duckdb",
        headline=[
            headline(
                turnover_ratio_held_back_by="git:acme/shop",
                turnover_ratio_held_back_since=monday(8),
                turnover_ratio_held_back_hint="fetch the clone",
            )
        ],
    )
    sure = view(told(path))["cards"][1]["sure"]["text"]
    assert "Held back by git:acme/shop, known through 2026-08-10: fetch the clone." in sure


def test_a_hidden_row_says_why_and_is_no_zero(tmp_path):
    hidden = {
        "team": "anchor",
        "is_organisation": False,
        "authorship": "all",
        "is_mature": True,
        "is_suppressed": True,
        "null_reason": "group_too_small",
    }
    path = small(
        tmp_path / "w.duckdb",
        "anchor",
        human_decision_density=[hidden | {"week_start_on": monday(back)} for back in range(5)],
        team_scorecard=[
            scored("anchor", back, is_suppressed=True, null_reason="group_too_small")
            for back in range(5)
        ],
    )
    content = told(path)
    panels = view(content, "anchor")["panels"]
    assert panels["deciding"]["state"] == "hidden"
    assert panels["deciding"]["text"]["text"] == "Hidden: fewer people than may be shown."
    # A mart that writes rows only where something fires: hidden is not silent.
    assert panels["signals"]["state"] in ("hidden", "empty")
    assert "0" not in panels["deciding"]["text"]["text"]
    assert any("hidden for anchor" in doubt["text"] for doubt in content["doubts"])


def test_a_build_that_failed_is_doubted(tmp_path):
    path = small(tmp_path / "w.duckdb", "anchor")
    assert not any(doubt["about"] == "Build" for doubt in told(path)["doubts"])
    record_builds(path, [("succeeded", "all"), ("failed", "all")])
    (doubt,) = (doubt for doubt in told(path)["doubts"] if doubt["about"] == "Build")
    assert doubt["text"].startswith("The last build failed (`dbt build`, 2026-10-12")


def test_what_changed_lies_outside_its_interval_and_is_the_largest(tmp_path):
    rate = {
        "severity_weighted_failure_rate": 0.4,
        "severity_weighted_failure_rate_low": 0.3,
        "severity_weighted_failure_rate_high": 0.5,
    }
    rows = [
        scored("a", 6, **rate, severity_weighted_failure_rate_change=0.05),  # past 0.35: inside
        scored("b", 6, **rate, severity_weighted_failure_rate_change=0.15),  # past 0.25: outside
        scored("c", 6, **rate, severity_weighted_failure_rate_change=-0.3),  # past 0.7: further
        scored(
            "d",
            6,
            turnover_ratio=3.0,
            turnover_ratio_low=2.0,
            turnover_ratio_high=5.0,
            turnover_ratio_index=2.0,  # past 1.5
        ),
    ]
    path = small(tmp_path / "w.duckdb", "a", team_scorecard=rows)
    changes = view(told(path))["changes"]
    assert [change["team"] for change in changes] == ["c", "b", "d"]
    assert changes[0]["row"] == {"team": "c", "week_start_on": str(monday(6))}
    assert "-0.300" in changes[0]["said"]["text"]
    assert not view(told(path), "a")["changes"]


def test_the_scorecard_is_by_name_and_has_the_newest_final_value_of_each(tmp_path):
    rows = [
        scored(team, back, is_failure_rate_mature=back > 3, severity_weighted_failure_rate=back / 9)
        for team in ("zebra", "ant")
        for back in range(8)
    ]
    path = small(tmp_path / "w.duckdb", "ant", team_scorecard=rows)
    scorecard = told(path)["scorecard"]
    assert [line["team"] for line in scorecard] == ["ant", "zebra"]
    assert scorecard[0]["cells"][1]["value"] == "0.444"
    assert "rank" not in json.dumps(scorecard)


def test_every_figure_stands_in_a_mart(tmp_path):
    path = small(tmp_path / "w.duckdb")
    found = list(figures(told(path)))
    assert len(found) > 20
    for figure in found:
        ((value,),) = look_up(path, figure)
        assert figure["value"] == (value if isinstance(value, int | float | str) else str(value))


def test_every_number_in_a_sentence_is_a_figure_of_it(tmp_path):
    content = told(small(tmp_path / "w.duckdb"))
    for item in content["views"]:
        for state in item["panels"].values():
            for said in (state["text"], state["sure"], *state["since"].values()):
                text = said["text"]
                for figure in said["figures"]:
                    text = text.replace(figure["shown"], "")
                left = set(re.findall(r"\d+", text)) - {"13", "12", "52", "7", "0", "1"}
                assert not left, said["text"]


def test_git_history_alone_makes_a_page(tmp_path):
    """Nothing is known but lines: the page says that, and for the rest what to load."""
    unknown = {
        name: None
        for name in headline()
        if name.startswith(("normalized", "ai_share", "shipping", "deployments", "severity"))
    }
    ratio = {
        "team": "all teams",
        "is_organisation": True,
        "window_weeks": 12,
        "turnover_signal": "healthy",
        "turnover_ratio": 0.9,
        "turnover_ratio_low": 0.6,
        "turnover_ratio_high": 1.3,
        "attribution_coverage": 0.3,
        "basis": "trailers_only",
    }
    path = make(
        tmp_path / "w.duckdb",
        {
            "headline": [
                headline(
                    **unknown,
                    normalized_deployments_null_reason="deployments_not_loaded",
                    severity_weighted_failure_rate_null_reason="incidents_not_loaded",
                    turnover_basis="trailers_only",
                )
            ],
            "turnover_signal": [
                ratio | given | {"week_start_on": monday(back)}
                for back in range(6, 30)
                for given in ({}, {"team": "acme/shop", "is_organisation": False})
            ],
        },
    )
    content = told(path)
    ship, stay, harm = view(content)["cards"]
    assert (ship["value"], harm["value"]) == ("", "")
    assert "Load deployments" in ship["text"]["text"]
    assert "Load incidents" in harm["text"]["text"]
    assert stay["value"].startswith("2.21")
    panels = view(content, "acme/shop")["panels"]
    assert panels["lasting"]["text"]["text"].startswith("AI code is rewritten 0.90")
    for key in ("shipping", "breaking", "deciding", "flow", "delivery", "cost"):
        assert panels[key]["state"] == "empty"
        assert "Load" in panels[key]["text"]["text"]
    write_page(path, tmp_path / "out.html")


# ---------------------------------------------------------------------------- one team, and none


def test_a_page_of_one_team_has_no_other(tmp_path):
    rows = [shipped(team, back) for team in ("harbor", "secret") for back in range(8)]
    path = small(
        tmp_path / "w.duckdb",
        normalized_deployments=rows,
        team_scorecard=[scored(team, 6) for team in ("harbor", "secret")],
    )
    text = report_json(path, team="harbor")
    assert "secret" not in text
    assert [item["team"] for item in json.loads(text)["views"]] == ["harbor"]


def test_weeks_cut_the_rows(tmp_path):
    content = told(small(tmp_path / "w.duckdb"), weeks=7)
    (shipping,) = (item for item in content["panels"] if item["key"] == "shipping")
    assert [row["week_start_on"] for row in shipping["rows"]] == [
        str(monday(back)) for back in range(6, -1, -1)
    ]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"team": "nobody"}, "knows no team nobody in these 156 weeks"),
        ({"schema": "other"}, "schema other holds no headline"),
    ],
)
def test_what_is_not_there_is_said(tmp_path, options, sentence):
    with pytest.raises(ShipworthyError, match=sentence):
        report_json(small(tmp_path / "w.duckdb"), **options)


def test_no_warehouse_and_no_team(tmp_path):
    with pytest.raises(ShipworthyError, match="there is no warehouse"):
        write_page(tmp_path / "none.duckdb", tmp_path / "out.html")
    with pytest.raises(ShipworthyError, match="knows no team yet"):
        report_json(make(tmp_path / "w.duckdb", {"headline": [headline()]}))


def test_a_mart_of_another_version_is_said(tmp_path):
    path = small(tmp_path / "w.duckdb")
    with duckdb.connect(str(path)) as connection:
        connection.execute("alter table shipworthy.ai_cost drop column cost_to_serve")
    with pytest.raises(ShipworthyError, match=r"ai_cost has no cost_to_serve.*dbt build"):
        report_json(path)


def test_a_mart_that_was_not_built_is_a_panel_that_says_so(tmp_path):
    path = small(tmp_path / "w.duckdb")
    with duckdb.connect(str(path)) as connection:
        connection.execute("drop table shipworthy.ai_cost")
    cost = view(told(path))["panels"]["cost"]
    assert cost["state"] == "empty"
    assert "was not built" in cost["text"]["text"]
