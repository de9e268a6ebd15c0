"""What day-by-day sources share: windows, repeated payloads, answers without their list."""

from datetime import UTC, date, datetime, timedelta

import pytest
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.paginators import SinglePagePaginator
from vendor_server import VendorServer

from shipworthy.errors import ShipworthyError
from shipworthy.sources.http import Session, read_pages
from shipworthy.sources.rows import one_of_each
from shipworthy.sources.vendor import Window

NOON = datetime(2026, 6, 17, 12, tzinfo=UTC)


def test_a_window_touches_its_first_and_its_last_day() -> None:
    window = Window(NOON - timedelta(days=2), NOON)
    assert list(window.days()) == [date(2026, 6, 15), date(2026, 6, 16), date(2026, 6, 17)]


def test_a_window_ends_before_its_end() -> None:
    midnight = datetime(2026, 6, 17, tzinfo=UTC)
    assert list(Window(midnight - timedelta(days=1), midnight).days()) == [date(2026, 6, 16)]


def test_a_window_without_a_start_has_no_days() -> None:
    with pytest.raises(ShipworthyError, match="needs a window with a start"):
        next(Window(None, NOON).days())


def test_completeness_is_only_lowered() -> None:
    window = Window(None, NOON)
    window.lower_through(NOON + timedelta(days=1))
    assert window.through == NOON
    window.lower_through(NOON - timedelta(days=1))
    window.lower_through(NOON)
    assert window.through == NOON - timedelta(days=1)


@pytest.mark.parametrize("order", [1, -1])
def test_the_largest_of_each_key_is_kept(order: int) -> None:
    payloads = [
        {"id": "a", "tokens": {"in": 9}},
        {"id": "a", "tokens": {"in": 10}},
        {"id": "b", "parts": [1, 2], "flag": True},
        {"id": "b", "parts": [1, 2], "flag": True},
        {"id": "c", "text": "x"},
        {"id": "c", "text": "y"},
    ][::order]
    kept = one_of_each(payloads, lambda payload: payload["id"])
    assert sorted(kept, key=lambda payload: payload["id"]) == [
        {"id": "a", "tokens": {"in": 10}},
        {"id": "b", "parts": [1, 2], "flag": True},
        {"id": "c", "text": "y"},
    ]


def test_payloads_without_a_key_are_all_kept() -> None:
    assert one_of_each([{"n": 1}, {"n": 1}, "no JSON"], lambda payload: None) == [
        {"n": 1},
        {"n": 1},
        "no JSON",
    ]


@pytest.mark.parametrize("answer", [{"rows": []}, {"data": None}, {"data": {"a": 1}}, []])
def test_an_answer_without_its_list_is_refused(answer: object) -> None:
    with VendorServer({"/things": answer}) as server:
        client = RESTClient(server.url, session=Session("X"), paginator=SinglePagePaginator())
        with pytest.raises(ShipworthyError, match="/things answered without the list 'data'"):
            list(read_pages(client, "things", "data", params={"secret": "hush"}))
