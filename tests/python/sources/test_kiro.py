"""Kiro's user reports."""

from datetime import datetime

import pytest
from file_checks import FileCase, FileChecks, FileLoader, csv_dicts, csv_text
from source_checks import SALT, sample

from shipworthy.sources.vendor import Keys

FEW = csv_dicts(sample("usage_files/kiro_user_report.csv"))
# Another order of columns, as another day's file has it, and a part of a big one.
OTHER = [
    {**dict(reversed(FEW[0].items())), "UserId": "d-9067c2a1.other-user-def", "Credits_Used": "1"}
]


class TestKiro(FileChecks):
    case = FileCase(
        "kiro",
        files={
            "KIRO_IDE_000000000000_user_report_202605090000.csv": csv_text(FEW),
            "KIRO_IDE_000000000000_user_report_202605090000_part_2.csv": csv_text(OTHER),
        },
        broken="d-9067c2a1-user-abc,2026-05-08\n",
        required={
            "UserId": "is not a user report of Kiro: it has no column UserId",
            "Date": "no column Date",
            "Client_Type": "no column Client_Type",
            "Credits_Used": "no column Credits_Used",
        },
        people=("user-abc", "other-user-def"),
    )

    def test_rows(self, load: FileLoader) -> None:
        load()
        rows = sorted(load.rows(), key=lambda row: row["credits"])
        assert [row["credits"] for row in rows] == [1, 3, 45.5]
        ide = rows[2]
        assert ide["person_key"] == Keys(SALT.encode()).alias("kiro", "d-9067c2a1-user-abc")
        assert (ide["sessions"], ide["requests"]) == (12, 87)
        assert (ide["bucket_started_at"], ide["bucket_hours"]) == (datetime(2026, 5, 8), 24)
        assert (ide["tool"], ide["source"], ide["is_automated"]) == ("kiro", "kiro", False)
        for unknown in ("output_tokens", "uncached_input_tokens", "billed_usd", "model"):
            assert ide[unknown] is None

    def test_the_directorys_id_is_no_part_of_the_user(self, load: FileLoader) -> None:
        load()
        keys = {row["person_key"] for row in load.rows()}
        assert Keys(SALT.encode()).alias("kiro", "other-user-def") in keys

    def test_a_report_of_a_day_that_went_on_replaces_the_earlier(self, load: FileLoader) -> None:
        early = csv_text([{**FEW[0], "Credits_Used": "12.5", "Total_Messages": "20"}])
        late = csv_text([FEW[0]])
        for name, turns in (("rising", [early, late]), ("falling", [late, early])):
            other = load.another(name)
            for text in turns:
                other.load_texts(text)
            together = load.another(f"{name} together")
            together.load_texts(*turns)
            for loader in (other, together):
                (row,) = loader.rows()
                assert (row["credits"], row["requests"]) == (45.5, 87)

    @pytest.mark.parametrize(
        ("column", "value", "reason"),
        [
            ("Date", "soon", "Date is not a time"),
            ("Date", "", "Date is not a date"),
            ("UserId", " ", "has no UserId"),
            ("Credits_Used", "-1", "Credits_Used is negative"),
            ("Credits_Used", "many", "Credits_Used is not a number"),
            ("Total_Messages", "-3", "requests is negative"),
            ("Total_Messages", "3.5", "Total_Messages is not a whole number"),
        ],
    )
    def test_bad_values_are_refused(
        self, load: FileLoader, column: str, value: str, reason: str
    ) -> None:
        load.load_texts(csv_text([FEW[1], {**FEW[0], column: value}]), max_rejected=0.5)
        refused = [row["reason"] for row in load.rows("rejected_rows")]
        assert refused == [reason]
