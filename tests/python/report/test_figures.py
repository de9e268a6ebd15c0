"""How values are written, and what the page's rounding keeps of them."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipworthy.report.figures import NONE, interval, rounded, words, written

TIMES = "\N{MULTIPLICATION SIGN}"
CASES = [
    (None, "count", NONE),
    (0, "count", "0"),
    (1234567, "count", "1,234,567"),
    (515.0, "count", "515"),
    (18.25, "count", "18.2"),
    (0.3769, "share", "38 %"),
    (0.0321, "share", "3.2 %"),
    (1, "share", "100 %"),
    (0.0169279, "rate", "0.017"),
    (2.2136, "ratio", f"2.21{TIMES}"),
    (12.64, "ratio", f"12.6{TIMES}"),
    (0.0834, "number", "0.083"),
    (-0.0001, "number", "0.00"),
    (0.0996, "share", "10 %"),
    (9.996, "number", "10.0"),
    (99.999, "usd", "$100"),
    (0.0996, "number", "0.10"),
    (0.0349999, "rate", "0.035"),
    (514.96, "count", "515"),
    (-2.744, "number", "-2.74"),
    (100.8, "hours", "100.8 h"),
    (2317.14, "usd", "$2,317"),
    (85.7286, "usd", "$85.73"),
    (Decimal("1.5"), "number", "1.50"),
    (date(2026, 8, 31), "date", "31 Aug 2026"),
    (datetime(2026, 8, 31, 7, 5), "time", "31 Aug 2026, 07:05 UTC"),
    (True, "flag", "yes"),
    ("no_ai_lines", "word", "no AI lines"),
    ("group_too_small", "word", "hidden: fewer people than may be shown"),
    ("payment_success_rate", "text", "payment_success_rate"),
    (float("nan"), "number", NONE),
]


@pytest.mark.parametrize(("value", "unit", "text"), CASES)
def test_a_value_is_written(value, unit, text):
    assert written(value, unit) == text


@pytest.mark.parametrize(("value", "unit", "text"), CASES)
def test_what_the_page_carries_is_written_the_same(value, unit, text):
    assert written(rounded(value, unit), unit) == text


@given(
    st.floats(-1e9, 1e9) | st.floats(-12, 12) | st.floats(0, 1),
    st.sampled_from(["count", "number", "rate", "share", "ratio", "usd", "hours"]),
)
def test_rounding_changes_no_digit_that_is_shown(value, unit):
    kept = rounded(value, unit)
    assert written(kept, unit) == written(value, unit)
    assert rounded(kept, unit) == kept


def test_intervals():
    assert interval(0.0074755, 0.0378764, "rate") == "[0.007, 0.038]"
    assert interval(1.53, None, "ratio") == "[1.53, unbounded]"
    assert interval(None, None, "rate") == ""
    assert interval(0.07, 0.25, "share") == "[7.0 %, 25 %]"


def test_a_word_without_an_explanation_is_still_words():
    assert words("some_new_reason") == "some new reason"
