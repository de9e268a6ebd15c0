"""What the sources of incidents share."""

import json

import pytest

from shipworthy.contract import text_of_names
from shipworthy.sources.incident_fields import (
    change_in,
    repeat_in,
    services_of,
    severity_in_labels,
    stated_in,
)

SHA = "2d029d503c04bd77c0e4cdbf2d419e083cbc2505"


@pytest.mark.parametrize("name", ["Search+Index", "a, b", "search/index", "x;y", "Suche & Index"])
def test_one_name_stays_as_it_is(name):
    assert services_of([name, None, " ", name], {}) == name


def test_several_names_are_a_json_list_in_their_order():
    assert services_of(["Search+Index", "cart", "Ärger", "cart"], {"cart": "acme/cart"}) == (
        '["Search+Index", "acme/cart", "Ärger"]'
    )


def test_a_name_that_looks_like_a_list_is_read_back_as_itself():
    assert json.loads(text_of_names(["[legacy] shop"])) == ["[legacy] shop"]
    assert text_of_names([]) is None


@pytest.mark.parametrize(
    ("text", "change"),
    [
        (f"see {SHA.upper()}", SHA),
        ("2D029D5", "2d029d5"),
        ("abbreviated: 2d029d503c", "2d029d503c"),
        ("https://github.com/acme/shop/pull/12", "https://github.com/acme/shop/pull/12"),
        (
            "<https://gitlab.com/acme/shop/-/merge_requests/7|!7>",
            "https://gitlab.com/acme/shop/-/merge_requests/7",
        ),
        ("acme/shop#12", "acme/shop#12"),
        ("the change #12 of Ada", "#12"),
        ("!12", "!12"),
        ("1234567", None),  # a number
        ("defaced", None),  # a word
        ("OPS-1234567a", None),
        ("sev1", None),
        ("", None),
        (None, None),
    ],
)
def test_what_a_field_says_of_a_change(text, change):
    assert change_in(text) == change


@pytest.mark.parametrize(
    ("labels", "severity"),
    [
        (["P1 - Critical"], "P1"),
        (["Urgent"], "Urgent"),
        (["sev-1"], "sev-1"),
        (["SEV1", "P3"], "SEV1"),
        (["P0", "high"], "P0"),
        (["priority: P1"], "P1"),
        (["severity: 2"], "severity-2"),
        (["priority/4"], "priority-4"),
        (["severity:critical"], "critical"),
        (["Minor"], "Minor"),
        (["3", "s", "performance", "s3-bucket", "p2p"], None),
    ],
)
def test_severity(labels: list[str], severity: str | None) -> None:
    assert severity_in_labels(labels) == severity


@pytest.mark.parametrize(
    ("text", "caused", "deployment", "fixed"),
    [
        (f"**Caused by:** PR #12\nFixed in {SHA.upper()}.", "#12", None, SHA),
        ("introduced by acme/shop!7, resolved with !9", "acme/shop!7", None, "!9"),
        ("caused by deployment 506", None, "506", None),
        ("caused by deploy of the cart; fixed by Ada in #3", None, None, None),
        ("Caused by the rain.\ncaused by 2d029d5", "2d029d5", None, None),
        (
            "Fixed by https://example.com/acme/shop/pull/4.",
            None,
            None,
            "https://example.com/acme/shop/pull/4",
        ),
        (None, None, None, None),
    ],
)
def test_what_a_description_states(text, caused, deployment, fixed):
    assert stated_in(text) == {
        "caused_by_sha": caused,
        "caused_by_deployment_id": deployment,
        "fixed_by_sha": fixed,
    }


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        (["eu", "merged-into:INC-7"], ("INC-7", True)),
        (["duplicate_of: #12"], ("12", True)),
        (["Duplicate", "merged:9"], ("9", True)),
        (["duplicate"], (None, True)),
        (["duplicates", "merged by hand", "emerged:7"], (None, False)),
        ([], (None, False)),
    ],
)
def test_what_tags_say_of_a_repeat(tags, found):
    assert repeat_in(tags) == found
