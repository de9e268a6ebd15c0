"""Amazon Q Developer's user activity reports."""

from datetime import datetime

import pytest
from file_checks import FileCase, FileChecks, FileLoader, csv_dicts, csv_text
from source_checks import SALT, sample

from shipworthy.errors import ShipworthyError
from shipworthy.sources.vendor import Keys

(DAY,) = csv_dicts(sample("usage_files/amazon_q_by_user_analytic.csv"))
# A day of the features that count both what they suggest and what was taken.
COUNTED = {
    **dict.fromkeys(DAY, "0"),
    "UserId": DAY["UserId"],
    "Date": "05-14-2026",
    "InlineChat_AcceptedLineAdditions": "10",
    "InlineChat_DismissedLineAdditions": "4",
    "InlineChat_RejectedLineAdditions": "1",
    "InlineChat_TotalEventCount": "3",
    "Dev_GeneratedLines": "200",
    "Dev_AcceptedLines": "150",
    "Dev_GenerationEventCount": "2",
    "TestGeneration_GeneratedLines": "30",
    "TestGeneration_AcceptedLines": "25",
    "TestGeneration_EventCount": "1",
    "Transformation_LinesGenerated": "9000",
}


def dated(*dates: str) -> str:
    """Return a report with a row for each date, in the vendor's words."""
    return csv_text([{**DAY, "Date": date} for date in dates])


class TestAmazonQ(FileChecks):
    case = FileCase(
        "amazon-q",
        files={
            "000000000000_by_user_analytic_202605090000.csv": csv_text([DAY]),
            "000000000000_by_user_analytic_202605150000.csv": csv_text([COUNTED]),
        },
        broken="d-9067c2a1-user-abc,05-08-2026\n",
        required={
            "UserId": "is not a user activity report of Amazon Q: it has no column UserId",
            "Date": "no column Date",
            "Chat_AICodeLines": "no column Chat_AICodeLines",
            "Inline_SuggestionsCount": "no column Inline_SuggestionsCount",
        },
        people=("user-abc",),
    )

    def test_rows(self, load: FileLoader) -> None:
        load()
        first, second = sorted(load.rows(), key=lambda row: row["bucket_started_at"])
        assert first["bucket_started_at"] == datetime(2026, 5, 8)
        assert (first["bucket_hours"], first["tool"]) == (24, "amazon-q")
        assert first["person_key"] == Keys(SALT.encode()).alias("kiro", "d-9067c2a1-user-abc")
        # 41 of inline suggestions and 120 of the chat; how many were suggested is not counted.
        assert (first["accepted_lines"], first["suggested_lines"]) == (161, None)
        # 31 messages and 57 suggestions; the 2 findings of reviews are no requests.
        assert first["requests"] == 31 + 57
        # 10 + 150 + 25 of 15 + 200 + 30; lines of transformations are no suggestions.
        assert (second["accepted_lines"], second["suggested_lines"]) == (185, 245)
        assert second["requests"] == 6
        for unknown in ("output_tokens", "billed_usd", "credits", "model", "sessions"):
            assert first[unknown] is None

    @pytest.mark.parametrize(
        ("dates", "days"),
        [
            (("2026-05-08",), [(5, 8)]),
            (("2026/05/08",), [(5, 8)]),
            (("05-08-2026",), [(5, 8)]),
            (("05/08/2026",), [(5, 8)]),
            (("2026-05-08T00:00:00Z",), [(5, 8)]),
            # A day over 12 in one row tells for all rows of the file.
            (("05-08-2026", "05-25-2026"), [(5, 8), (5, 25)]),
            (("05-06-2026", "25-05-2026"), [(5, 25), (6, 5)]),
        ],
    )
    def test_dates(
        self, load: FileLoader, dates: tuple[str, ...], days: list[tuple[int, int]]
    ) -> None:
        load.load_texts(dated(*dates))
        found = sorted(row["bucket_started_at"] for row in load.rows())
        assert found == [datetime(2026, month, day) for month, day in days]

    def test_the_option_settles_dates(self, load: FileLoader) -> None:
        load.load_texts(dated("05-06-2026"), date_format="day-first")
        assert load.rows()[0]["bucket_started_at"] == datetime(2026, 6, 5)
        with pytest.raises(ShipworthyError, match="can be month-first or day-first"):
            load.load_texts(dated("05-06-2026"), date_format="dmy")

    def test_mixed_dates_are_a_sentence(self, load: FileLoader) -> None:
        with pytest.raises(ShipworthyError, match="the day first and dates with the month first"):
            load.load_texts(dated("05-25-2026", "25-05-2026"))

    @pytest.mark.parametrize("date", ["soon", "", "20260508", "13-13-2026", "02-30-2026"])
    def test_other_dates_are_refused(self, load: FileLoader, date: str) -> None:
        load.load_texts(dated("2026-05-08", date), max_rejected=0.5)
        assert len(load.rows()) == 1
        assert "Date is not a " in load.rows("rejected_rows")[0]["reason"]

    def test_older_reports_lack_features(self, load: FileLoader) -> None:
        kept = ("UserId", "Date", "Inline_AICodeLines", "Chat_AICodeLines", "Chat_MessagesSent")
        few = {name: DAY[name] for name in (*kept, "Inline_SuggestionsCount")}
        load.load_texts(csv_text([few]))
        assert load.rows()[0]["accepted_lines"] == 161

    def test_an_open_quote_is_a_sentence(self, load: FileLoader) -> None:
        with pytest.raises(ShipworthyError, match="line 2: a quote is not closed"):
            load.load_texts(csv_text([DAY, COUNTED]).replace("d-9067", '"d-9067', 1))

    def test_blank_lines_before_the_header_are_passed_over(self, load: FileLoader) -> None:
        load.load_texts("\n\n" + csv_text([DAY]))
        assert len(load.rows()) == 1

    def test_a_file_of_blank_lines_is_empty(self, load: FileLoader) -> None:
        with pytest.raises(ShipworthyError, match="is empty: its first line must name the columns"):
            load.load_texts("\n\n")
