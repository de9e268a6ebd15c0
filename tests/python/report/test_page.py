"""The file: what it holds, what it lets a browser do, its bytes and its size."""

import base64
import hashlib
import json
import re
import zlib
from datetime import datetime

import pytest
from click.testing import CliRunner
from worlds import fifty_teams, headline, monday, small

from dbt_runs import ROOT
from shipworthy import report
from shipworthy.cli import cli
from shipworthy.errors import ShipworthyError
from shipworthy.report import write_page
from shipworthy.report.charts import AUTHORSHIPS, legend_of, specification
from shipworthy.report.figures import rounded
from shipworthy.report.guides import guide
from shipworthy.report.panels import PANELS

WHO = ("ai", "human", "automation", "unknown")
HOSTILE = [
    "</script><script>alert(1)</script>",
    "\"quoted' & <b>bold</b>",
    "\u202eright to left \u05d0\u05d1\u05d2",
    "\N{ROCKET} rockets",
    "w" * 200,
    "{{ 7 * 7 }} {% raw %}",
    "`code` -->",
]


@pytest.fixture(autouse=True)
def _epoch(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1791763200")


def write(path, out, **options):
    write_page(path, out, **options)
    return out.read_text(encoding="utf-8")


def packed(text, name):
    """What the browser unpacks."""
    (content,) = re.findall(rf'<script type="text/plain" id="{name}">([^<]*)</script>', text)
    return zlib.decompress(base64.b64decode(content)).decode()


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    directory = tmp_path_factory.mktemp("page")
    return write(small(directory / "w.duckdb"), directory / "out.html")


def test_nothing_runs_but_what_the_policy_names(page):
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules.keys() == {"default-src", "script-src", "style-src", "base-uri", "form-action"}
    assert "unsafe" not in policy
    scripts = [*re.findall(r"<script>(.*?)</script>", page, re.S), packed(page, "vega")]
    styles = re.findall(r"<style>(.*?)</style>", page, re.S)
    for kind, texts in (("script-src", scripts), ("style-src", styles)):
        digests = (hashlib.sha256(text.encode()).digest() for text in texts)
        assert rules[kind].split() == [
            f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests
        ]
    assert not re.search(r"\son\w+=|\sstyle=|javascript:", page.split("<script", 1)[0])


def test_the_page_names_no_other_place(page):
    whole = page.replace(packed(page, "vega"), "")
    assert not re.findall(r"(?:src|href)=[\"'](?!#)[^\"']*", whole)
    assert "http://" not in whole.replace("http://www.w3.org", "")
    assert "https://" not in whole


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_text(tmp_path, name):
    path = small(tmp_path / "w.duckdb", name, headline=[headline(data_source="DEMO")])
    text = write(path, tmp_path / "out.html")
    assert text.count("<script") == 3
    assert "<b>bold" not in text
    assert json.loads(packed(text, "data"))["views"][1]["team"] == name
    assert "{{ 7" in text if "{{" in name else "49 " not in name


def test_the_same_marts_give_the_same_bytes(tmp_path, monkeypatch):
    path = small(tmp_path / "w.duckdb")
    first, second = (write(path, tmp_path / f"{number}.html") for number in (1, 2))
    assert first == second
    assert "Made 2026-10-12 00:00 UTC" in first
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(ShipworthyError, match="SOURCE_DATE_EPOCH is yesterday"):
        write(path, tmp_path / "3.html")


def test_what_the_page_carries_is_what_the_mart_has(tmp_path):
    text = write(small(tmp_path / "w.duckdb"), tmp_path / "out.html")
    table = json.loads(packed(text, "data"))["tables"]["normalized_deployments"]
    assert table["length"] == 10
    values = table["columns"]["normalized_deployments"]["values"]
    assert values == [rounded(8 + back / 8, "number") for back in range(9, -1, -1)]
    weeks = table["columns"]["week_start_on"]
    assert [weeks["texts"][place] for place in weeks["values"]][-1] == str(monday(0))


@pytest.mark.slow
def test_fifty_teams_and_three_years_are_small(tmp_path):
    """Under 2 MB, though values do not repeat; `benchmarks/large_page.py` tells its cost."""
    text = write(fifty_teams(tmp_path / "w.duckdb"), tmp_path / "out.html")
    assert len(text.encode()) < 2_000_000


def test_a_failed_release_lists_its_changes_and_what_a_fix_removed(tmp_path):
    def change(sha, held, release="r1", **given):
        return {
            "release_id": release,
            "team": "harbor",
            "window_started_at": datetime(2026, 9, 8),
            "is_failed": True,
            "service": "checkout",
            "repository": "acme/shop",
            "sha": sha * 40,
            "authorship": "ai",
            "lines_added": 9,
            "is_shipped": held is not None,
            "held_lines": held,
        } | given

    release = {"team": "harbor", "window_started_at": datetime(2026, 9, 8), "is_failed": True}
    defect = {"repository": "acme/shop", "service": "checkout", "fixing_sha": "f" * 40}
    path = small(
        tmp_path / "w.duckdb",
        fct_releases=[release | {"release_id": "r1", "changes_put_live": 10}],
        fct_release_changes=[
            *(change(digit, float(digit)) for digit in "123456789"),
            change("a", None),
            change("b", 99.0, release="r2", is_failed=False),
        ],
        change_defects=[
            defect | {"introducing_sha": "a" * 40, "incident_id": "INC-7", "lines": 4},
            # a fix of no incident, and another service's lines
            defect | {"introducing_sha": "2" * 40, "incident_id": None, "lines": 2},
            defect | {"introducing_sha": "3" * 40, "incident_id": "INC-8", "service": "search"},
        ],
    )
    (found,) = json.loads(report.report_json(path))["failed_releases"]
    shown = [(row["sha"][0], row["held_lines"]) for row in found["changes"]]
    assert shown == [("a", None), *((str(digit), digit) for digit in range(9, 2, -1))]
    assert [(fix["incident_id"], fix["lines"]) for fix in found["changes"][0]["fixed"]] == [
        ("INC-7", 4)
    ]
    assert not any(row["fixed"] for row in found["changes"][1:])
    (in_page,) = json.loads(packed(write(path, tmp_path / "out.html"), "data"))["releases"]
    assert in_page["changes"][0]["sha"] == "a" * 12
    assert in_page["changes_put_live"] == 10


# ---------------------------------------------------------------------------- charts and guides


def test_charts_say_what_vega_lite_understands():
    """Altair checks a specification against the schema; the page skips that, for speed."""
    import altair as alt

    for item in PANELS:
        for chart in item.charts:
            spec = specification(chart)
            alt.LayerChart.from_dict(spec).to_dict(validate=True)
            assert "rows" in json.dumps(spec)
            assert "http" not in json.dumps(spec)


def test_authorships_look_alike_in_every_panel():
    keys = {tuple(legend_of(chart)) for item in PANELS for chart in item.charts}
    by_label = {}
    for label, colour in (pair for key in keys for pair in key):
        if label in AUTHORSHIPS:
            by_label.setdefault(label, set()).add(colour)
    assert by_label.keys() == set(AUTHORSHIPS)
    assert all(len(colours) == 1 for colours in by_label.values())


def test_every_panel_has_its_guide_from_the_marts_page():
    for item in PANELS:
        said = guide(item.mart)
        page = " ".join((ROOT / "docs" / "marts" / f"{item.mart}.md").read_text().split())
        assert said.gamed in page
        assert len(said.how) > 50
        assert len(said.how_not) > 50


def _channels(colour, kind):
    """What is left of a colour where one kind of cone is missing (Machado and others, 2009)."""
    matrices = {
        "whole": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
        "protanopia": (
            (0.152286, 1.052583, -0.204868),
            (0.114503, 0.786281, 0.099216),
            (-0.003882, -0.048116, 1.051998),
        ),
        "deuteranopia": (
            (0.367322, 0.860646, -0.227968),
            (0.280085, 0.672501, 0.047413),
            (-0.011820, 0.042940, 0.968881),
        ),
        "tritanopia": (
            (1.255528, -0.076749, -0.178779),
            (-0.078411, 0.930809, 0.147602),
            (0.004733, 0.691367, 0.303900),
        ),
    }
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    ]
    return [
        min(1.0, max(0.0, sum(weight * value for weight, value in zip(row, linear, strict=True))))
        for row in matrices[kind]
    ]


def _lab(channels):
    red, green, blue = channels
    xyz = (
        (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505,
        0.2126 * red + 0.7152 * green + 0.0722 * blue,
        (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089,
    )
    x, y, z = (value ** (1 / 3) if value > 0.008856 else 7.787 * value + 16 / 116 for value in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("kind", ["whole", "protanopia", "deuteranopia", "tritanopia"])
@pytest.mark.parametrize("theme", [0, 1])
def test_colours_survive_colour_blindness(theme, kind):
    style = (ROOT / "python" / "shipworthy" / "report" / "page.css").read_text()
    colours = dict(re.findall(r"--([\w-]+): (#\w{6});", style.split('[data-theme="dark"]')[theme]))
    shown = [_lab(_channels(colours[who], kind)) for who in WHO]
    for place, one in enumerate(shown):
        for other in shown[place + 1 :]:
            distance = sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5
            assert distance > 20


# ---------------------------------------------------------------------------- writing


def test_a_missing_extra_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "find_spec", lambda name: None if name == "altair" else True)
    with pytest.raises(ShipworthyError, match=r"needs altair; run: pip install 'shipworthy\[rep"):
        write_page(small(tmp_path / "w.duckdb"), tmp_path / "out.html")
    assert not (tmp_path / "out.html").exists()


def test_what_cannot_be_written_leaves_nothing(tmp_path):
    path = small(tmp_path / "w.duckdb")
    with pytest.raises(ShipworthyError, match="is a directory; name a file"):
        write_page(path, tmp_path)
    with pytest.raises(ShipworthyError, match="cannot be written: No such file"):
        write_page(path, tmp_path / "none" / "out.html")
    assert [file.name for file in tmp_path.iterdir()] == ["w.duckdb"]


def test_the_command_writes_the_page_and_says_where(tmp_path, monkeypatch):
    monkeypatch.setenv("SHIPWORTHY_WAREHOUSE", str(small(tmp_path / "w.duckdb")))
    out = tmp_path / "harbor.html"
    done = CliRunner().invoke(
        cli, ["report", "--out", str(out), "--team", "harbor", "--weeks", "9"]
    )
    assert done.output == f"Wrote {out}; open it in a browser.\n"
    assert "Outcomes of harbor" in out.read_text(encoding="utf-8")
    done = CliRunner().invoke(cli, ["report", "--json"])
    assert json.loads(done.output)["views"][1]["team"] == "harbor"
    with pytest.raises(ShipworthyError, match="knows no team beacon"):
        CliRunner().invoke(cli, ["report", "--team", "beacon"], catch_exceptions=False)


def test_a_build_ends_with_the_page(tmp_path, monkeypatch):
    warehouse = small(tmp_path / "w.duckdb")
    monkeypatch.setenv("SHIPWORTHY_WAREHOUSE", str(warehouse))
    monkeypatch.setattr("shipworthy.build.build", lambda *_: None)
    done = CliRunner().invoke(cli, ["build"])
    assert done.output.splitlines()[-1] == f"Open the page: {tmp_path / 'outcomes.html'}"
    assert (tmp_path / "outcomes.html").is_file()
    (tmp_path / "outcomes.html").unlink()
    monkeypatch.setattr(report, "find_spec", lambda name: None)
    done = CliRunner().invoke(cli, ["build"])
    assert "pip install 'shipworthy[report]'" in done.output.splitlines()[-1]
    assert not (tmp_path / "outcomes.html").exists()
