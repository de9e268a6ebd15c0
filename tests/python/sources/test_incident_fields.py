"""What the sources of incidents share."""

import json

import pytest

from shipworthy.contract import text_of_names
from shipworthy.sources.incident_fields import change_in, services_of

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
