"""The sample page is of this version's panels, script and style; the demo's page is right."""

import base64
import json
import re
import zlib

import pytest
from test_story import figures, look_up

from dbt_runs import ROOT, query
from shipworthy.report import report_json, write_page
from shipworthy.report.panels import PANELS

SAMPLE = ROOT / "docs" / "sample-report.html"
HERE = ROOT / "python" / "shipworthy" / "report"


def unpacked(text):
    (content,) = re.findall(r'<script type="text/plain" id="data">([^<]*)</script>', text)
    return json.loads(zlib.decompress(base64.b64decode(content)))


def test_the_sample_page_is_of_this_version():
    text = SAMPLE.read_text(encoding="utf-8")
    for name in ("page.css", "page.js"):
        assert (HERE / name).read_text(encoding="utf-8") in text, "run `make sample-report`"
    data = unpacked(text)
    assert [item["key"] for item in data["panels"]] == [item.key for item in PANELS]
    for item, there in zip(PANELS, data["panels"], strict=True):
        assert there["mart"] == item.mart
        assert [column["column"] for column in there["columns"]] == [
            column.column for column in item.columns
        ], "run `make sample-report`"
    assert "DEMO" in text
    for picture in ("light", "dark"):
        file = ROOT / "docs" / f"sample-report-{picture}.png"
        assert file.read_bytes().startswith(b"\x89PNG")
        assert f"docs/{file.name}" in (ROOT / "README.md").read_text()


@pytest.mark.slow
def test_every_figure_and_every_row_of_the_demos_page_stands_in_a_mart(demo, tmp_path):
    content = json.loads(report_json(demo.warehouse))
    found = list(figures(content))
    assert len(found) > 500
    by_place = {}
    for figure in found:
        place = (figure["mart"], tuple(figure["row"].items()), figure["column"])
        by_place.setdefault(place, figure)
    for figure in by_place.values():
        values = look_up(demo.warehouse, figure)
        assert len(values) == 1, figure
        value = values[0][0]
        assert figure["value"] == (value if isinstance(value, int | float | str) else str(value))
    for item in content["panels"]:
        names = list(item["rows"][0])
        listed = ", ".join(f'"{name}"' for name in names)
        there = {
            tuple(
                value if isinstance(value, int | float | str | None) else str(value)
                for value in row
            )
            for row in query(demo.warehouse, f"select {listed} from shipworthy.{item['mart']}")
        }
        mine = {tuple(row.values()) for row in item["rows"]}
        assert mine <= there, item["key"]


def test_the_demos_page_says_what_the_demo_shows(demo, tmp_path):
    out = tmp_path / "outcomes.html"
    write_page(demo.warehouse, out)
    assert len(out.read_bytes()) < 1_000_000
    data = unpacked(out.read_text(encoding="utf-8"))
    views = {view["team"]: view for view in data["views"]}
    assert views.keys() >= {None, "anchor", "beacon", "foghorn", "harbor", "keel", "tide"}
    assert "verdict: severe" in views["harbor"]["panels"]["lasting"]["text"]
    assert views["anchor"]["panels"]["deciding"]["state"] == "hidden"
    assert views["keel"]["panels"]["cost"]["state"] == "hidden"
    for key in ("shipping", "breaking", "lasting", "deciding", "flow", "cost", "outcomes"):
        assert views[None]["panels"][key]["state"] == "shown", key
    assert any("turnover" in change["text"].lower() for change in views[None]["changes"])
    assert data["releases"]
    for release in data["releases"]:
        assert release["failures"] or release["incidents"]


@pytest.mark.parametrize("team", ["harbor", "anchor"])
def test_a_page_of_one_team_of_the_demo_names_no_other(demo, team):
    text = report_json(demo.warehouse, team=team)
    others = {"beacon", "foghorn", "tide"} - {team}
    views = json.dumps(json.loads(text)["views"])
    assert not {name for name in others if f'"{name}"' in views}
