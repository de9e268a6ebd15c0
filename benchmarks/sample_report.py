"""Make docs/sample-report.html and its two pictures from the demo.

The page is of the warehouse that SHIPWORTHY_WAREHOUSE names, which must be the demo's; the pictures
need chromium and chromium-driver. `make sample-report` builds the demo and runs this.
"""

import base64
import os
import sys
import time
from pathlib import Path

import duckdb
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from shipworthy.report import write_page
from shipworthy.warehouse import warehouse_path

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "sample-report.html"
# Picture, width and height in pixels, theme, and what of the page.
PICTURES = (
    ("sample-report-light.png", 1280, 1150, "light", ""),
    ("sample-report-dark.png", 1280, 1150, "dark", "#team=harbor"),
)


def main() -> None:
    """Write the page, then the pictures."""
    warehouse = warehouse_path()
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        ((as_of, source),) = connection.execute(
            "select as_of_at, data_source from shipworthy.headline"
        ).fetchall()
    if source != "DEMO":
        sys.exit(f"{warehouse} is not built from the demo.")
    # The same demo gives the same bytes.
    os.environ["SOURCE_DATE_EPOCH"] = str(
        int((as_of - as_of.min.replace(year=1970)).total_seconds())
    )
    write_page(warehouse, PAGE)
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"):
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    try:
        for name, width, height, theme, place in PICTURES:
            _picture(driver, name, width, height, theme, place)
    finally:
        driver.quit()
    print(f"Wrote {PAGE} and {len(PICTURES)} pictures.")


def _picture(driver, name, width, height, theme, place) -> None:
    driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": theme}]},
    )
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
    )
    driver.get("about:blank")
    driver.get(f"{PAGE.as_uri()}{place}")
    for _ in range(100):
        if driver.execute_script("return document.documentElement.dataset.ready"):
            break
        time.sleep(0.1)
    driver.execute_async_script("window.shipworthy.drawAll().then(arguments[0])")
    if place:
        # A team's page from its panels on: the head stands in the other picture.
        driver.execute_script("document.getElementById('shipping').scrollIntoView()")
    time.sleep(0.5)
    taken = driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    (DOCS / name).write_bytes(base64.b64decode(taken["data"]))


if __name__ == "__main__":
    main()
