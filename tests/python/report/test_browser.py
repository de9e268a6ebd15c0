"""The sample page in Debian's chromium: drawn, quiet, narrow, keyboard and axe.

`make test-browser` runs these; where there is no chromium they fail and say so.
"""

import json
import re
import shutil
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import pytest
from test_figures import CASES
from worlds import scored, shipped, small

from dbt_runs import ROOT
from shipworthy.report import write_page
from shipworthy.report.figures import number
from shipworthy.report.panels import PANELS

pytestmark = pytest.mark.browser

SAMPLE = ROOT / "docs" / "sample-report.html"
WIDTHS = (420, 768, 1440)
HOSTILE = "</script><img src=x onerror=alert(1)>\u202e\N{ROCKET}" + "w" * 150
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def program(*names):
    for name in names:
        found = shutil.which(name)
        if found:
            return found
    return pytest.fail(f"{names[0]} is missing (Debian: apt-get install chromium chromium-driver)")


@pytest.fixture(scope="module")
def driver():
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = program("chromium", "chromium-browser")
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--force-color-profile=srgb",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    made = webdriver.Chrome(options=options, service=Service(program("chromedriver")))
    # The machine may be busy; axe walks through thousands of marks.
    made.set_script_timeout(240)
    yield made
    made.quit()


class Recorder(SimpleHTTPRequestHandler):
    """Serves files and keeps what was asked for."""

    asked: list

    def do_GET(self):
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The directory that is served on loopback, its address, and the paths that were asked for."""
    directory = tmp_path_factory.mktemp("site")
    shutil.copy(SAMPLE, directory / "sample.html")
    Recorder.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Recorder, directory=str(directory)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield directory, f"http://127.0.0.1:{server.server_address[1]}/", Recorder.asked
    server.shutdown()
    thread.join()


def wait(driver, script, seconds=20):
    """Return what a script says once it says anything."""
    for _ in range(seconds * 10):
        found = driver.execute_script(f"return {script}")
        if found:
            return found
        time.sleep(0.1)
    return pytest.fail(f"not in {seconds} s: {script}")


def resize(driver, width):
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False},
    )


def visit(driver, site, name="sample.html", at="", width=1440, theme="light"):
    """Open a page anew, draw all of it, and return what the console said."""
    driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": theme}]},
    )
    resize(driver, width)
    driver.get("about:blank")
    driver.get_log("browser")
    driver.get(site[1] + name + at)
    wait(driver, "document.documentElement.dataset.ready")
    driver.execute_async_script("window.shipworthy.drawAll().then(arguments[0])")


def console(driver):
    return [entry["message"] for entry in driver.get_log("browser")]


def sentences(driver):
    return driver.execute_script(
        "return Object.fromEntries([...document.querySelectorAll('[data-panel]')].map("
        "(panel) => [panel.id, panel.querySelector('.sentence').textContent]))"
    )


def choose(driver, control, value):
    driver.execute_script(
        "const [id, value] = arguments; const control = document.getElementById(id);"
        "control.value = value; control.dispatchEvent(new Event('change'));",
        control,
        value,
    )


def test_panels_are_drawn_the_console_is_empty_and_nothing_is_asked_for(driver, site):
    site[2].clear()
    visit(driver, site)
    assert site[2] == ["/sample.html"]
    assert console(driver) == []
    drawn = driver.execute_script(
        "return Object.fromEntries([...document.querySelectorAll('[data-panel]')].map((panel) =>"
        "[panel.id, [panel.querySelectorAll('.chart').length,"
        " panel.querySelectorAll('.chart svg, .chart canvas').length]]))"
    )
    assert drawn.keys() == {item.key for item in PANELS}
    for key, (charts, pictures) in drawn.items():
        assert charts == pictures > 0, key
    marks = driver.execute_script(
        "return [...document.querySelectorAll('.chart svg')].map((svg) =>"
        " svg.querySelectorAll('[class*=\"mark-\"] path').length)"
    )
    assert min(marks) > 3


def test_the_team_filter_changes_every_sentence_and_the_address(driver, site):
    visit(driver, site)
    before, cards = sentences(driver), wait(driver, "document.getElementById('cards').innerText")
    choose(driver, "team", "=harbor")
    after = sentences(driver)
    same = {key for key in before if before[key] == after[key]}
    # Lines of no team.
    assert same <= {item.key for item in PANELS if item.group is None}
    assert driver.execute_script("return document.getElementById('cards').innerText") != cards
    assert driver.execute_script("return location.hash") == "#team=harbor"
    assert driver.execute_script("return document.title").endswith("harbor")
    choose(driver, "team", "")
    assert sentences(driver) == before
    assert console(driver) == []


def test_the_period_filter_changes_sentences_pictures_and_rows(driver, site):
    visit(driver, site, at="#team=harbor")
    said = "document.querySelector('#shipping .since').textContent"
    bars = "document.querySelectorAll('#shipping .chart svg .mark-rect path').length"
    seen = set()
    for weeks in ("13", "26", "52", "all"):
        choose(driver, "period", weeks)
        driver.execute_async_script("window.shipworthy.drawAll().then(arguments[0])")
        seen.add((wait(driver, said), wait(driver, bars)))
    assert len(seen) >= 3
    assert len({text for text, _ in seen}) >= 3


def test_a_deep_link_opens_a_team_and_a_release(driver, site):
    visit(driver, site, at="#team=tide&weeks=13")
    assert driver.execute_script("return document.getElementById('team').value") == "=tide"
    assert driver.execute_script("return document.getElementById('period').value") == "13"
    opened = driver.execute_script(
        "return document.querySelector('#failed details, #failed .state') !== null"
    )
    assert opened
    visit(driver, site)
    release = wait(driver, "document.querySelector('#failed details').id")
    visit(driver, site, at=f"#release={quote(release.removeprefix('release='))}")
    text = wait(
        driver,
        f"document.getElementById({json.dumps(release)}).open ? "
        f"document.getElementById({json.dumps(release)}).innerText : ''",
    )
    for word in ("Shipped", "Who wrote the lines", "Changes", "Incidents"):
        assert word in text
    assert re.search(r"\b[0-9a-f]{12}( \(request \d+\))?, (AI|human|automation), lines", text)
    assert console(driver) == []


def test_tooltips_say_what_they_mean(driver, site):
    from selenium.webdriver import ActionChains

    visit(driver, site, at="#team=harbor")
    marks = driver.execute_script(
        "return [...document.querySelectorAll('.chart svg')].flatMap((svg) => {"
        " const found = [...svg.querySelectorAll('.mark-symbol path, .mark-rect path')];"
        " return found.length ? [found[Math.floor(found.length / 2)]] : []; })"
    )
    assert len(marks) >= 8
    texts = []
    for mark in marks:
        driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", mark)
        ActionChains(driver, duration=50).move_to_element(mark).perform()
        texts.append(driver.execute_script("return document.getElementById('tip').innerText"))
    shown = [text for text in texts if text]
    assert len(shown) >= len(marks) - 2
    for text in shown:
        for wrong in ("undefined", "NaN", "null", "[object"):
            assert wrong not in text
        assert any(character.isdigit() for character in text)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("at", ["", "#team=harbor"])
def test_nothing_overflows(driver, site, width, at):
    visit(driver, site, at=at, width=width)
    driver.execute_script("document.querySelectorAll('details').forEach((d) => { d.open = true })")
    time.sleep(0.3)
    assert driver.execute_script("return document.documentElement.scrollWidth") <= width
    # Pictures are as wide as their place.
    wide = driver.execute_script(
        "return [...document.querySelectorAll('.chart > *')].filter((item) =>"
        " item.getBoundingClientRect().right > innerWidth + 1).length"
    )
    assert wide == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("at", "width"), [("", 1440), ("#team=harbor", 420), ("#team=anchor", 768)]
)
def test_axe_finds_nothing(driver, site, theme, at, width):
    visit(driver, site, at=at, width=width, theme=theme)
    assert driver.execute_script("return document.documentElement.dataset.theme") == theme
    # Tables of some panels: all of them are made by one function.
    driver.execute_script(
        "document.querySelectorAll('.guide, #shipping .rows, #deciding .rows, #failed details')"
        ".forEach((details) => { details.open = true })"
    )
    time.sleep(0.3)
    package = Path(find_spec("axe_playwright_python").submodule_search_locations[0])
    driver.execute_script((package / "axe.min.js").read_text(encoding="utf-8"))
    found = driver.execute_async_script(
        "axe.run(document, {runOnly: arguments[0]}).then(arguments[1])", WCAG
    )
    assert [
        (item["id"], node["target"], node["failureSummary"])
        for item in found["violations"]
        for node in item["nodes"][:2]
    ] == []
    assert len(found["passes"]) > 15


def test_the_keyboard_reaches_everything(driver, site):
    from selenium.webdriver import ActionChains, Keys

    visit(driver, site)

    def press(*keys):
        ActionChains(driver).send_keys(*keys).perform()
        return driver.switch_to.active_element

    assert press(Keys.TAB).get_attribute("class") == "skip"
    seen = []
    for _ in range(40):
        active = press(Keys.TAB)
        seen.append(active.get_attribute("id") or active.tag_name)
        if active.tag_name == "summary":
            break
    assert {"team", "period", "theme", "print"} <= set(seen)
    driver.execute_script("document.getElementById('team').focus()")
    press("h")
    assert driver.execute_script("return document.getElementById('who').textContent") == "harbor"
    driver.execute_script("document.querySelector('#shipping .rows summary').focus()")
    press(Keys.ENTER)
    assert wait(driver, "document.querySelectorAll('#shipping .rows tbody tr').length") > 5


def test_the_table_behind_a_panel_has_its_rows(driver, site):
    visit(driver, site, at="#team=anchor")
    driver.execute_script("document.querySelector('#deciding .rows').open = true")
    text = wait(driver, "document.querySelector('#deciding .rows table')?.innerText")
    assert "hidden" in text
    assert "fewer people than may be shown" in text
    assert not driver.execute_script("return document.querySelectorAll('#deciding .chart').length")


def test_the_browser_writes_values_as_python_does(driver, site):
    visit(driver, site)
    for value, unit, text in CASES:
        given = number(value)
        shown = driver.execute_script(
            "return window.shipworthy.written(arguments[0], arguments[1])", given, unit
        )
        assert shown == text, (value, unit)


def test_print_draws_everything_on_white(driver, site):
    visit(driver, site, at="#team=harbor")
    printed = driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    assert len(printed["data"]) > 50_000


def test_words_stand_without_scripts(driver, site):
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        driver.get(site[1] + "sample.html")
        text = driver.find_element("tag name", "body").text
    finally:
        driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert "Does it ship?" in text
    assert "normalized deployments a week" in text
    assert "need JavaScript" in text


def test_a_hostile_name_is_only_text(driver, site, tmp_path):
    path = small(
        tmp_path / "w.duckdb",
        HOSTILE,
        normalized_deployments=[
            shipped(team, back) for team in (HOSTILE, "plain") for back in range(9)
        ],
        team_scorecard=[scored(team, back) for team in (HOSTILE, "plain") for back in range(9)],
    )
    write_page(path, site[0] / "hostile.html")
    visit(driver, site, "hostile.html", width=420)
    choose(driver, "team", f"={HOSTILE}")
    assert driver.execute_script("return document.getElementById('who').textContent") == HOSTILE
    assert driver.execute_script("return document.documentElement.scrollWidth") <= 420
    assert driver.execute_script("return document.querySelectorAll('img').length") == 0
    visit(driver, site, "hostile.html", at=f"#team={quote(HOSTILE)}", width=420)
    assert driver.execute_script("return document.getElementById('who').textContent") == HOSTILE
    assert console(driver) == []
