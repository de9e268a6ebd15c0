"""What goes to vendors and what their answers may take: credentials, redirects, bounds."""

import gzip
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from vendor_server import Answer, Request, VendorServer

from shipworthy.errors import ShipworthyError
from shipworthy.sources import SUMMARIES, http
from shipworthy.sources import vendor as find_vendor
from shipworthy.sources.http import Session
from shipworthy.sources.landing import load_vendor
from shipworthy.sources.rows import BadRowError, contract_resource, decimal, utc
from shipworthy.sources.vendor import Keys

SECRETS = {
    "Authorization": "Bearer of-github",
    "PRIVATE-TOKEN": "of-gitlab",
    "x-api-key": "of-anthropic",
    "DD-API-KEY": "of-datadog",
}


@pytest.fixture
def home() -> Iterator[VendorServer]:
    """The vendor."""
    with VendorServer({}) as server:
        yield server


@pytest.fixture
def elsewhere() -> Iterator[VendorServer]:
    """Another host: another port of this one is another origin too."""
    with VendorServer({"/taken": {"taken": True}}) as server:
        yield server


def session(server: VendorServer, **options: Any) -> Session:
    """Return a session with every kind of credential, that never sleeps."""
    made = Session("X", sleep=lambda seconds: None, origin=server.url, **options)
    made.headers.update(SECRETS)
    return made


def seen_by(server: VendorServer) -> str:
    """Return all that a server was sent in headers."""
    return json.dumps([request.headers for request in server.requests])


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_leave_credentials_behind(
    home: VendorServer, elsewhere: VendorServer, status: int
) -> None:
    home.routes["/moved"] = Answer(status=status, headers={"Location": f"{elsewhere.url}/taken"})
    assert session(home).get(f"{home.url}/moved").json() == {"taken": True}
    assert len(elsewhere.requests) == 1
    assert not any(secret in seen_by(elsewhere) for secret in SECRETS.values())
    assert all(secret in seen_by(home) for secret in SECRETS.values())


@pytest.mark.parametrize("status", [307, 308])
def test_no_body_is_sent_elsewhere(
    home: VendorServer, elsewhere: VendorServer, status: int
) -> None:
    """Some vendors' keys stand in it."""
    home.routes["/moved"] = Answer(status=status, headers={"Location": f"{elsewhere.url}/taken"})
    bare = Session("X", sleep=lambda seconds: None, origin=home.url)
    with pytest.raises(ShipworthyError, match=r"credentials go to .* alone"):
        bare.post(f"{home.url}/moved", json={"service_key": "of-windsurf"})
    with pytest.raises(ShipworthyError, match=r"credentials go to .* alone"):
        bare.post(f"{elsewhere.url}/taken", json={"service_key": "of-windsurf"})
    assert elsewhere.requests == []


def test_redirects_at_home_keep_credentials(home: VendorServer) -> None:
    home.routes["/moved"] = Answer(status=307, headers={"Location": "/here"})
    home.routes["/here"] = {}
    session(home).get(f"{home.url}/moved")
    assert all(secret in json.dumps(home.requests[-1].headers) for secret in SECRETS.values())


def test_a_next_page_elsewhere_is_refused(home: VendorServer, elsewhere: VendorServer) -> None:
    with pytest.raises(ShipworthyError, match=r"credentials go to .* alone.*set base_url"):
        session(home).get(f"{elsewhere.url}/taken")
    assert elsewhere.requests == []


def test_netrc_replaces_no_credential(
    home: VendorServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login eve password of-netrc\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    home.routes["/"] = {}
    home.routes["/moved"] = Answer(status=302, headers={"Location": "/"})
    session(home).get(f"{home.url}/moved")
    sent = [request.headers["authorization"] for request in home.requests]
    assert sent == [SECRETS["Authorization"]] * 2


@pytest.mark.parametrize("name", [name for name in SUMMARIES if find_vendor(name).has_interface])
def test_no_vendor_sends_credentials_in_clear_text(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = find_vendor(name)
    environment = {secret.variable: "of-the-vendor" for secret in vendor.secrets}
    given = {option.name: ["x"] if option.kind == "texts" else "x" for option in vendor.options
             if option.is_required}  # fmt: skip

    def settings(base_url: str, **more: str) -> Any:
        return vendor.settings(
            {**given, "base_url": base_url}, Keys(b""), Session, {**environment, **more}
        )

    with pytest.raises(ShipworthyError, match="anybody on the way reads"):
        settings("http://vendor.example.com")
    for wrong in ("https://user:word@vendor.example.com", "ftp://vendor.example.com", "https://["):
        with pytest.raises(ShipworthyError, match="base_url") as caught:
            settings(wrong)
        assert "word@" not in str(caught.value)
    assert settings("http://vendor.example.com", SHIPWORTHY_ALLOW_HTTP="1")
    for loopback in ("http://127.0.0.1:8080", "http://localhost", "http://[::1]:80"):
        assert settings(loopback)["base_url"] == loopback


def test_a_preset_log_level_prints_no_credential(home: VendorServer, tmp_path: Path) -> None:
    home.routes["/incidents"] = {"incidents": [], "more": False}
    outcome = subprocess.run(
        [
            *(sys.executable, "-c", "from shipworthy.cli import main; main()"),
            *("load", "pagerduty", "--base-url", home.url, "--since", "2026-06-01"),
        ],
        env={
            **os.environ,
            "SHIPWORTHY_WAREHOUSE": str(tmp_path / "warehouse.duckdb"),
            "PAGERDUTY_TOKEN": "of-pagerduty",
            "RUNTIME__LOG_LEVEL": "DEBUG",
            "RUNTIME__DLTHUB_TELEMETRY": "true",
        },
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert outcome.returncode == 0, outcome.stderr
    assert "of-pagerduty" in seen_by(home)
    assert "of-pagerduty" not in outcome.stdout + outcome.stderr


def test_what_unpacks_to_too_much_is_a_sentence(
    home: VendorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "_LARGEST_ANSWER_BYTES", 1024 * 1024)
    bomb = gzip.compress(b'{"items": [' + b" " * 8 * 1024 * 1024 + b"]}")
    home.routes["/bomb"] = Answer(bomb, headers={"Content-Encoding": "gzip"})
    home.routes["/moved"] = Answer(
        bomb, 302, headers={"Content-Encoding": "gzip", "Location": "/bomb"}
    )
    for path in ("/bomb", "/moved"):
        with pytest.raises(ShipworthyError, match="with more than 1 MB"):
            session(home).get(home.url + path)


def test_a_body_that_drips_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_LONGEST_ANSWER_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                for _ in range(200):
                    try:
                        connection.sendall(b" ")
                    except OSError:
                        return
                    time.sleep(0.05)

        threading.Thread(target=drip, daemon=True).start()
        port = listener.getsockname()[1]
        with pytest.raises(ShipworthyError, match="was still answering"):
            Session("X").get(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    ("headers", "waits"),
    [
        ({"Retry-After": "7"}, [7.0]),
        ({"Retry-After": "-7"}, [0.0]),
        ({"Retry-After": "1e999"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "Sat, 32 Foo 2026 25:00:00"}, None),
        ({"Retry-After": "Sat, 20 Jun 2026 12:00:00 -0000"}, [0.0]),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "\u00b2"}, None),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9" * 400}, None),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "30"}, [31.0]),
    ],
)
def test_what_servers_ask_to_wait(headers: dict, waits: list[float] | None) -> None:
    response = requests.Response()
    response.headers.update(headers)
    asked = http._asked_wait(response)
    assert asked == (waits[0] if waits else None)


@pytest.mark.parametrize("after", ["94608000", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_wait_of_years_is_a_sentence(home: VendorServer, after: str) -> None:
    home.routes["/"] = Answer({}, 429, headers={"Retry-After": after})
    with pytest.raises(ShipworthyError, match=r"asks to wait .* hours"):
        session(home).get(home.url + "/")
    assert len(home.requests) == 1


def follow(asking: Session, url: str) -> None:
    """Ask for page after page, at most a thousand."""
    page = 0
    for _ in range(1000):
        page = asking.get(f"{url}/pages?page={page}").json()["next"]


def test_a_cursor_that_repeats_is_a_sentence(home: VendorServer) -> None:
    home.routes["/pages"] = lambda request: {"next": str(1 - int(request.query["page"][0]))}
    with pytest.raises(ShipworthyError, match="again and again"):
        follow(session(home), home.url)


def test_the_same_rows_under_new_cursors_are_a_sentence(home: VendorServer) -> None:
    home.routes["/pages"] = lambda request: {
        "items": [{"id": 1}], "next": int(request.query["page"][0]) + 1
    }  # fmt: skip
    with pytest.raises(ShipworthyError, match="again and again"):
        follow(session(home), home.url)


def test_days_without_rows_are_no_circle(home: VendorServer) -> None:
    home.routes["/days"] = {"data": []}
    asking = session(home)
    for day in range(100):
        asking.get(f"{home.url}/days?day={day}")
    assert len(home.requests) == 100


@pytest.mark.parametrize("value", ["1e999", 1e999, float("nan"), "9" * 400, 10**400, "-inf"])
def test_numbers_that_are_no_times_end(value: Any) -> None:
    with pytest.raises(BadRowError, match="is not a time"):
        utc(value)


@pytest.mark.parametrize(
    "value", ["2026-01-01T00:00:00+99:99", "2026-01-01T00:00:00+23:59", "0001-01-01T00:00:00+05:00"]
)
def test_offsets_that_no_place_has_are_no_times(value: str) -> None:
    with pytest.raises(BadRowError, match="is not a time"):
        utc(value)
    assert utc("2026-01-01T14:00:00+14:00") == datetime(2026, 1, 1, tzinfo=UTC)


def test_numbers_beyond_a_double_are_no_numbers() -> None:
    with pytest.raises(BadRowError, match="is not a number"):
        decimal(10**400)


@pytest.mark.parametrize("error", [RecursionError, OverflowError, StopIteration, TypeError])
def test_whatever_a_payload_makes_fail_costs_its_row_alone(error: type[Exception]) -> None:
    def shape(payload: dict) -> dict:
        if payload["id"] == "bad":
            raise error
        return {"incident_id": payload["id"]}

    resource = contract_resource("incidents", [[{"id": "a"}, {"id": "bad"}, {"id": "b"}]], shape)
    rows = list(resource)
    assert [row["incident_id"] for row in rows if "incident_id" in row] == ["a", "b"]
    assert [row["reason"] for row in rows if "reason" in row] == ["has another shape than expected"]


def test_an_answer_of_another_shape_is_a_sentence(
    home: VendorServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAGERDUTY_TOKEN", "of-pagerduty")
    for body in ([], {"incidents": None}, {"incidents": "none"}, {"incidents": [[], None, 7]}):
        home.routes["/incidents"] = body
        with pytest.raises(ShipworthyError):
            load_vendor(
                find_vendor("pagerduty"),
                {"base_url": home.url},
                tmp_path / "warehouse.duckdb",
                since=datetime(2026, 6, 1, tzinfo=UTC),
                sleep=lambda seconds: None,
            )


def test_requests_say_what_they_ask_for(home: VendorServer) -> None:
    def answer(request: Request) -> dict:
        return {"agent": request.headers["user-agent"]}

    home.routes["/"] = answer
    assert session(home).get(home.url + "/").json()["agent"].startswith("shipworthy/")


def test_sentences_hold_no_commands_to_the_terminal() -> None:
    hostile = "acme/\x1b]0;owned\x07shop \u202eevil \ud800\r"
    assert str(ShipworthyError(hostile)) == ("acme/\\x1b]0;owned\\x07shop \\u202eevil \\ud800\\x0d")


def endless(server: VendorServer, is_empty: bool) -> None:
    """Follow next pages, each with other rows or with none."""
    asking = session(server)
    for number in range(1000):
        server.routes["/list"] = {"rows": [] if is_empty else [{"id": number}]}
        asking.get(f"{server.url}/list", params={"cursor": number})


def test_empty_pages_do_not_go_on_for_ever(
    home: VendorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "_MOST_EMPTY_PAGES", 30)
    with pytest.raises(ShipworthyError, match="next page after 30 pages without a row"):
        endless(home, is_empty=True)
    assert len(home.requests) == 31


def test_pages_do_not_go_on_for_ever(home: VendorServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_MOST_EMPTY_PAGES", 10)
    monkeypatch.setattr(http, "_MOST_REQUESTS", 50)
    with pytest.raises(ShipworthyError, match="next page after 50 requests"):
        endless(home, is_empty=False)
    assert len(home.requests) == 51


def test_empty_answers_of_many_questions_are_no_pages(
    home: VendorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each request of a repository may have no review."""
    monkeypatch.setattr(http, "_MOST_EMPTY_PAGES", 10)
    asking = session(home)
    for number in range(40):
        home.routes[f"/pulls/{number}/reviews"] = []
        assert asking.get(f"{home.url}/pulls/{number}/reviews").json() == []
