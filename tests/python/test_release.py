"""One version, one changelog, one list of extras."""

import re
import tomllib
from pathlib import Path

import yaml

import shipworthy
from dbt_runs import ROOT

SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_the_dbt_package_and_the_python_package_are_one_version():
    assert SETTINGS["project"]["dynamic"] == ["version"]
    attribute = SETTINGS["tool"]["setuptools"]["dynamic"]["version"]["attr"]
    assert attribute == "shipworthy.__version__"
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text())
    assert project["version"] == shipworthy.__version__
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert newest[1] == shipworthy.__version__


def test_types_are_published():
    assert (Path(shipworthy.__file__).parent / "py.typed").is_file()
    assert "py.typed" in SETTINGS["tool"]["setuptools"]["package-data"]["shipworthy"]


def test_every_extra_is_documented():
    page = (ROOT / "docs" / "install.md").read_text()
    for extra in SETTINGS["project"]["optional-dependencies"].keys() - {"dev"}:
        assert f"`{extra}`" in page
