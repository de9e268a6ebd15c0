"""GitHub Copilot's usage reports, against a server that plays GitHub and the store of its files."""

import copy
import json
from datetime import UTC, datetime

import pytest
from source_checks import SALT, Case, Loader, SourceChecks, sample
from vendor_server import Answer, Request

from shipworthy.errors import ShipworthyError
from shipworthy.identity import alias_key
from shipworthy.sources import vendor as find_vendor
from shipworthy.sources.vendor import Keys

KEYS = Keys(SALT.encode())
RUI = alias_key("github", "rui-brandt", SALT.encode())
ALVA = alias_key("github", "alva-holm", SALT.encode())
PATH = "/orgs/acme/copilot/metrics/reports/users-1-day"
LATEST = "/orgs/acme/copilot/metrics/reports/users-28-day/latest"
SIGNATURE = "sig=c2lnbmF0dXJl"

CLI, EDITOR = map(json.loads, sample("usage/copilot_users_1_day.ndjson").splitlines())
AGENT = {
    **copy.deepcopy(EDITOR),
    "user_id": 1003,
    "user_login": "ines-okoye",
    "loc_suggested_to_add_sum": 0,
    "loc_added_sum": 120,
}


def _on(line: dict, day: str, **changes: object) -> dict:
    return {**line, "day": day, "report_start_day": day, "report_end_day": day, **changes}


# Files by day; 2026-06-14 has none, 2026-06-18 and later days are not made yet.
REPORTS: dict[str, list[list[dict]]] = {
    "2026-06-13": [[_on(EDITOR, "2026-06-13")]],
    "2026-06-15": [[CLI], [EDITOR, AGENT]],
    "2026-06-16": [[_on(CLI, "2026-06-16")], []],
    "2026-06-17": [[_on(EDITOR, "2026-06-17")]],
}


class Reports:
    """GitHub with its reports: `links` counts what was asked for, `expired` links answer 403."""

    def __init__(self, url: str, reports: dict[str, list[list[dict]]]) -> None:
        self.url = url
        self.reports = reports
        self.expired: set[str] = set()
        self.asked: list[str] = []

    def routes(self) -> dict:
        files = {
            f"/signed/{day}/{number}.ndjson": self.file
            for day, parts in self.reports.items()
            for number in range(len(parts))
        }
        latest = {"download_links": []} if self.reports else Answer({"message": "Not Found"}, 404)
        return {PATH: self.links, LATEST: latest, **files}

    def links(self, request: Request) -> object:
        day = request.query["day"][0]
        if day not in self.reports:
            return Answer({"message": "Not Found"}, 404)
        self.asked.append(day)
        issue = self.asked.count(day)
        return {
            "download_links": [
                f"{self.url}/signed/{day}/{number}.ndjson?{SIGNATURE}&issue={issue}"
                for number in range(len(self.reports[day]))
            ],
            "report_day": day,
        }

    def file(self, request: Request) -> Answer:
        assert "authorization" not in request.headers
        day, name = request.path.split("/")[2:]
        if f"{day}/{request.query['issue'][0]}" in self.expired:
            return Answer("<Error>expired</Error>", 403, content_type="application/xml")
        lines = self.reports[day][int(name.removesuffix(".ndjson"))]
        body = "".join(json.dumps(line) + "\n" for line in lines)
        return Answer(body, content_type="application/x-ndjson")


class TestCopilot(SourceChecks):
    case = Case(
        "copilot",
        routes=lambda url: Reports(url, REPORTS).routes(),
        given={"organization": "acme"},
        environment={"GITHUB_TOKEN": "ghp-secret-4Tn"},
        since=datetime(2026, 6, 13, tzinfo=UTC),
        people=("rui-brandt", "alva-holm", "ines-okoye", SIGNATURE, "c2lnbmF0dXJl"),
    )

    def serve(self, load: Loader, reports: dict[str, list[list[dict]]]) -> Reports:
        """Let the server play other reports."""
        github = Reports(load.server.url, reports)
        load.server.routes = github.routes()
        return github

    def test_the_command_line_has_tokens_without_a_cache_split(self, load: Loader) -> None:
        load.once()
        row = next(
            row
            for row in load.rows("ai_usage")
            if row["person_key"] == RUI and row["bucket_started_at"] == datetime(2026, 6, 15)
        )
        assert row["source"] == row["tool"] == "copilot"
        assert row["bucket_hours"] == 24
        assert row["sessions"] == 2
        assert row["requests"] == 24
        assert row["output_tokens"] == 121157
        assert row["uncached_input_tokens"] is None
        assert row["cache_read_tokens"] is None
        assert row["cache_write_tokens"] is None
        assert row["credits"] == 2.5
        assert row["billed_usd"] is None
        assert row["model"] is None
        assert row["is_automated"] is False

    def test_the_editor_has_lines_and_no_tokens(self, load: Loader) -> None:
        load.once()
        rows = [row for row in load.rows("ai_usage") if row["person_key"] == ALVA]
        assert len(rows) == 3
        assert {row["suggested_lines"] for row in rows} == {10}
        assert {row["accepted_lines"] for row in rows} == {8}
        assert {row["sessions"] for row in rows} == {None}
        assert {row["output_tokens"] for row in rows} == {None}
        assert {row["credits"] for row in rows} == {None}

    def test_an_agents_lines_were_never_suggested(self, load: Loader) -> None:
        load.once()
        key = alias_key("github", "ines-okoye", SALT.encode())
        (row,) = [row for row in load.rows("ai_usage") if row["person_key"] == key]
        assert row["suggested_lines"] is None
        assert row["accepted_lines"] == 120

    def test_breakdowns_do_not_count_again(self, load: Loader) -> None:
        load.once()
        rows = load.rows("ai_usage")
        # One a person and day: 13th 1, 15th 3, 16th 1, 17th 1. The CLI user's 435 lines stand in
        # the totals, by feature and by language and model, and count once a day.
        assert len(rows) == 6
        assert sum(row["accepted_lines"] for row in rows) == 8 + (435 + 8 + 120) + 435 + 8

    def test_a_gap_is_passed_and_a_report_not_made_yet_ends_what_is_read(
        self, load: Loader
    ) -> None:
        load.once()
        (mark,) = load.rows("load_watermarks")
        assert mark["source"] == "copilot:acme"
        assert mark["loaded_through"] == datetime(2026, 6, 18)

    def test_a_late_revision_and_a_late_report_come_in(self, load: Loader) -> None:
        load.once()
        self.serve(
            load,
            {
                **REPORTS,
                "2026-06-17": [[_on(EDITOR, "2026-06-17", loc_added_sum=9)]],
                "2026-06-18": [[_on(EDITOR, "2026-06-18")]],
            },
        )
        (done,) = load()
        assert (done.tables["ai_usage"].inserted, done.tables["ai_usage"].updated) == (1, 1)
        (mark,) = load.rows("load_watermarks")
        assert mark["loaded_through"] == datetime(2026, 6, 19)

    def test_a_link_that_expired_is_asked_for_again(self, load: Loader) -> None:
        load.once()
        other = load.another("other")
        github = self.serve(load, REPORTS)
        github.expired = {"2026-06-15/1", "2026-06-15/2"}
        other()
        assert other.all_rows() == load.all_rows()
        assert github.asked.count("2026-06-15") == 3

    def test_a_link_that_keeps_expiring_is_a_sentence_without_it(self, load: Loader) -> None:
        github = self.serve(load, REPORTS)
        github.expired = {f"2026-06-15/{issue}" for issue in range(99)}
        with pytest.raises(ShipworthyError, match="2026-06-15 expired 4 times") as caught:
            load()
        assert "sig=" not in str(caught.value)
        assert "signed" not in str(caught.value)
        assert load.rows("ai_usage") == []

    def test_a_file_that_is_cut_off_is_fetched_again(self, load: Loader) -> None:
        load.once()
        other = load.another("other")
        load.server.fail_first_attempts("cut")
        other()
        assert other.all_rows() == load.all_rows()

    def test_a_file_that_stays_cut_off_is_a_sentence(self, load: Loader) -> None:
        github = self.serve(load, REPORTS)
        whole = github.file

        def cut(request: Request) -> Answer:
            answer = whole(request)
            return Answer(answer.body[:-20], content_type=answer.content_type)

        load.server.routes["/signed/2026-06-15/1.ndjson"] = cut
        with pytest.raises(ShipworthyError, match="ended within a line"):
            load()

    def test_repeated_and_reordered_lines_change_nothing(self, load: Loader) -> None:
        load.once()
        other = load.another("other")
        smaller = {**CLI, "loc_added_sum": 434}
        self.serve(load, {**REPORTS, "2026-06-15": [[AGENT, smaller], [CLI, EDITOR], [smaller]]})
        other()
        assert other.all_rows() == load.all_rows()

    def test_unknown_fields_of_a_line_change_nothing(self, load: Loader) -> None:
        load.once()
        other = load.another("other")
        grown = {
            day: [[{"new": {"a": [1]}, **line} for line in part] for part in parts]
            for day, parts in REPORTS.items()
        }
        self.serve(load, grown)
        other()
        assert other.all_rows() == load.all_rows()

    @pytest.mark.parametrize("field", ["user_login", "user_id", "day"])
    def test_a_line_without_a_field_that_it_needs_is_refused(
        self, load: Loader, field: str
    ) -> None:
        without = {name: value for name, value in AGENT.items() if name != field}
        self.serve(load, {**REPORTS, "2026-06-15": [[CLI], [EDITOR, without]]})
        load(max_rejected=0.5)
        (refused,) = load.rows("rejected_rows")
        assert refused["reason"] == f"has no {field}"
        assert len(load.rows("ai_usage")) == 5

    def test_a_line_that_is_not_json_is_refused(self, load: Loader) -> None:
        github = self.serve(load, REPORTS)
        whole = github.file

        def broken(request: Request) -> Answer:
            answer = whole(request)
            return Answer('{"user_id": 9\n' + answer.body, content_type=answer.content_type)

        load.server.routes["/signed/2026-06-15/0.ndjson"] = broken
        load(max_rejected=0.5)
        (refused,) = load.rows("rejected_rows")
        assert refused["reason"] == "is not a line of JSON"

    def test_no_report_at_all_is_a_sentence(self, load: Loader) -> None:
        self.serve(load, {})
        with pytest.raises(ShipworthyError, match="no usage report of Copilot"):
            load()

    def test_a_silent_window_of_a_known_name_is_none(self, load: Loader) -> None:
        self.serve(load, {"2026-05-02": [[_on(EDITOR, "2026-05-02")]]})
        load()
        assert load.rows("ai_usage") == []
        (mark,) = load.rows("load_watermarks")
        assert mark["loaded_through"] == datetime(2026, 6, 13)

    def test_the_app_counts_with_the_command_line(self, load: Loader) -> None:
        app = {"session_count": 3, "token_usage": {"output_tokens_sum": 43}}
        both = {**CLI, "totals_by_copilot_app": app}
        self.serve(load, {**REPORTS, "2026-06-15": [[both]]})
        load()
        assert (5, 121200) in [
            (row["sessions"], row["output_tokens"]) for row in load.rows("ai_usage")
        ]

    @pytest.mark.parametrize(
        "given", [{"organization": None}, {"organization": "acme", "enterprise": "acme-group"}]
    )
    def test_one_of_organization_and_enterprise_is_needed(self, load: Loader, given: dict) -> None:
        with pytest.raises(ShipworthyError, match="--organization NAME or --enterprise NAME"):
            load(**given)

    def test_an_enterprise_has_its_own_path(self, load: Loader) -> None:
        github = Reports(load.server.url, REPORTS)
        path = "/enterprises/acme-group/copilot/metrics/reports/users-1-day"
        load.server.routes = {**github.routes(), path: github.links}
        load(organization=None, enterprise="acme-group")
        assert load.server.requests[0].path == path
        (mark,) = load.rows("load_watermarks")
        assert mark["source"] == "copilot:enterprise:acme-group"

    def test_the_token_goes_to_github_alone(self, load: Loader) -> None:
        load.once()
        first = load.server.requests[0]
        assert first.path == PATH
        assert first.headers["authorization"] == "Bearer ghp-secret-4Tn"

    def test_the_loads_are_one_for_a_place(self) -> None:
        vendor = find_vendor("copilot")
        settings = vendor.settings(
            {"organization": "acme"}, KEYS, lambda title: None, {"GITHUB_TOKEN": "x"}
        )
        assert [load.label for load in vendor.loads(settings)] == ["copilot:acme"]
