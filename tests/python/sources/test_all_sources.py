"""What holds for each source by its name alone."""

import re
from pathlib import Path

import pytest

from shipworthy.contract import TABLES
from shipworthy.sources import SUMMARIES, vendor
from shipworthy.sources.config import OWN_LOADERS

DOCS = Path(__file__).parents[3] / "docs" / "sources"
MODULES = Path(__file__).parents[3] / "python" / "shipworthy" / "sources" / "vendors"


@pytest.mark.parametrize("name", SUMMARIES)
def test_a_source_is_what_its_name_says(name):
    found = vendor(name)
    assert found.name == name
    assert found.title
    assert set(found.inputs) <= TABLES.keys()
    names = [option.name for option in found.all_options()]
    assert len(names) == len(set(names))
    assert not {"since", "max_rejected", "config"} & set(names)
    if found.has_interface and found.secrets:
        assert found.probe, "doctor has nothing to ask"
        assert found.authenticate, "doctor cannot ask with the credential"


@pytest.mark.parametrize("name", SUMMARIES)
def test_the_page_names_credentials_options_and_inputs(name):
    found = vendor(name)
    page = (DOCS / f"{name}.md").read_text()
    if name == "people":
        page += (DOCS / "identities.md").read_text()
    for secret in found.secrets:
        assert secret.variable in page
    for option in found.options:
        spelling = option.spelling
        assert spelling in page or option.kind == "paths", f"{spelling} is not in {name}.md"
    for table in found.inputs:
        assert table in page, f"{table} is not in {name}.md"


def test_credentials_name_what_they_must_be_allowed():
    for name in SUMMARIES:
        for secret in vendor(name).secrets:
            assert secret.scopes, f"{name}: {secret.variable}"
            assert re.fullmatch(r"[A-Z][A-Z0-9_]+", secret.variable)


def test_the_index_links_every_page():
    index = (DOCS / "README.md").read_text()
    readme = (DOCS.parents[1] / "README.md").read_text()
    for name in SUMMARIES:
        assert f"({name}.md)" in index, name
        assert f"(docs/sources/{name}.md)" in readme, name
    assert set(OWN_LOADERS) == {"git", "files"}


def test_every_module_with_a_vendor_is_listed():
    with_vendor = {
        path.relative_to(MODULES).parts[0].removesuffix(".py").replace("_", "-")
        for path in MODULES.rglob("*.py")
        if re.search(r"^VENDOR = ", path.read_text(), flags=re.MULTILINE)
    }
    assert with_vendor == set(SUMMARIES)
