"""One version, one changelog, one list of extras."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
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


def call_the_newest(changelog, day):
    text = changelog.read_text()
    heading = re.search(r"^## (\S+) \(.*\)$", text, re.M)
    changelog.write_text(text.replace(heading[0], f"## {heading[1]} ({day})"))


@pytest.fixture
def release_check(tmp_path):
    """Run `make release-check` in a repository of its own, whose tests are only named."""
    for name in ("Makefile", "CHANGELOG.md"):
        shutil.copy(ROOT / name, tmp_path)
    call_the_newest(tmp_path / "CHANGELOG.md", "2026-12-01")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}

    def git(*arguments):
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True)

    def check():
        environment = Path(sys.prefix)
        done = subprocess.run(
            [
                "make",
                "release-check",
                f"VENV={environment}",
                "-o",
                environment / "ready",
                "MAKE=echo",
            ],
            cwd=tmp_path,
            env=kept | {"LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    git("init", "--quiet")
    git("add", "--all")
    git("commit", "--quiet", "--message", "A release")
    return tmp_path, git, check


def test_a_release_that_may_be_is_tested(release_check):
    _, _, check = release_check
    code, said = check()
    assert code == 0, said
    assert "echo test test-all test-browser test-installs" in said


def test_what_is_not_committed_is_no_release(release_check):
    directory, _, check = release_check
    (directory / "new.sql").write_text("select 1")
    code, said = check()
    assert code == 2
    assert "make: commit or remove what git status lists" in said
    assert "test-all" not in said


def test_a_version_is_tagged_once(release_check):
    _, git, check = release_check
    version = shipworthy.__version__
    git("tag", f"v{version}")
    code, said = check()
    assert code == 2
    assert f"make: v{version} is tagged already; raise __version__" in said
    assert "test-all" not in said


def test_a_release_has_its_day_in_the_changelog(release_check):
    directory, git, check = release_check
    version = shipworthy.__version__
    call_the_newest(directory / "CHANGELOG.md", "unreleased")
    git("commit", "--quiet", "--all", "--message", "Not yet")
    code, said = check()
    assert code == 2
    assert f"make: CHANGELOG.md calls {version} unreleased; write the day there" in said
    assert "test-all" not in said
