"""A stale clone and a stale incident feed beside a busy and a dormant repository, to headline."""

import csv
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from dbt_runs import run_dbt
from shipworthy.cli import cli
from shipworthy.headline import headline

sys.path.insert(0, str(Path(__file__).parent / "git"))
from histories import Builder, git, text_tree

DAY = 86_400
WEEKS = 20
FETCHED_DAYS_AGO = 60
FEED_ENDS_DAYS_AGO = 75
MODELS = (
    *("shipworthy__headline", "shipworthy__data_quality", "shipworthy__code_turnover"),
    "fct_shipworthy__releases",
)


class Company:
    """Three repositories and a pager; what is a day old or a month old is so by the real clock."""

    def __init__(self, directory):
        self.directory = directory
        self.warehouse = directory / "company.duckdb"
        self.now = int(time.time())
        self.active = self._history("active", range(WEEKS, -1, -1))
        self.origin = self._history("origin", range(WEEKS, 8, -1))
        self.dormant = self._history("dormant", [52 * 6])
        self.stale = directory / "stale"
        git(directory, "clone", "--quiet", str(self.origin), str(self.stale))
        self.fetch(FETCHED_DAYS_AGO)

    def _history(self, name, weeks_ago):
        """A change of 30 lines a week, which takes ten of the week before's; each is released."""
        builder = Builder(self.directory / name)
        lines = []
        numbers = list(weeks_ago)
        for week in numbers:
            lines = [*lines[10:], *(f"{name} {week} {line}" for line in range(30))]
            moment = self.now - week * 7 * DAY - 3600
            builder.commit(text_tree(a_py="\n".join(lines) + "\n"), time=moment)
        path = builder.write()
        shas = git(path, "rev-list", "--reverse", "main").decode().split()
        for number, sha in enumerate(shas):
            git(path, "tag", f"v{number}", sha)
        return path

    def fetch(self, days_ago):
        """Fetch the clone, so many days ago."""
        git(self.stale, "fetch", "--quiet", "origin")
        moment = self.now - days_ago * DAY
        os.utime(self.stale / ".git" / "FETCH_HEAD", (moment, moment))

    def load(self, feed_ends_days_ago):
        """Load all of it; the feed of incidents was read up to some days ago."""
        through = datetime.fromtimestamp(self.now, UTC) - timedelta(days=feed_ends_days_ago)
        # An hour after one of the releases.
        opened = datetime.fromtimestamp(self.now, UTC) - timedelta(weeks=14)
        exports = self.directory / f"exports-{feed_ends_days_ago}"
        exports.mkdir()
        tables = {
            "incidents": {
                "incident_id": "i1",
                "service": "acme/active",
                "severity_label": "sev2",
                "opened_at": f"{opened:%Y-%m-%d %H:%M:%S}",
                "source": "pagerduty",
            },
            "load_watermarks": {
                "input": "incidents",
                "source": "pagerduty",
                "loaded_through": f"{through:%Y-%m-%d %H:%M:%S}",
            },
        }
        for name, row in tables.items():
            with (exports / f"{name}.csv").open("w", newline="") as file:
                writer = csv.DictWriter(file, row)
                writer.writeheader()
                writer.writerow(row)
        paths = [str(path) for path in (self.active, self.stale, self.dormant)]
        names = ("acme/active", "acme/stale", "acme/dormant")
        repositories = [word for name in names for word in ("--repository", name)]
        for command in (
            ["load", "git", *paths, *repositories, "--releases", "v*"],
            ["load", "files", str(exports)],
        ):
            done = CliRunner().invoke(cli, command)
            assert done.exit_code == 0, done.output
        run_dbt(
            "build",
            self.warehouse,
            *("--select", *(f"+{name}" for name in MODELS)),
            *("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"),
            variables={"demo": False},
        )

    def ask(self, query):
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        company = Company(tmp_path_factory.mktemp("company"))
        patch.setenv("SHIPWORTHY_WAREHOUSE", str(company.warehouse))
        patch.setenv("SHIPWORTHY_SALT", "a salt of the tests, longer than 16 bytes")
        company.load(FEED_ENDS_DAYS_AGO)
        yield company


@pytest.mark.slow
def test_a_stale_clone_and_a_stale_feed_hold_back_their_own_rows_until_they_are_read(company):
    """First stale, then fetched and loaded again; a repository nobody commits to never lags."""
    now = datetime.fromtimestamp(company.now, UTC).replace(tzinfo=None)
    day = f"timestamp '{now}'"
    [(as_of,)] = company.ask("select as_of_at from shipworthy.headline")
    assert as_of >= now

    # Lines rest on their own repository: 30 days after a week is over, the busy one's are final.
    reasons = company.ask(
        f"""
        select repository, array_agg(distinct coalesce(immature_reason, 'final'))
        from shipworthy.code_turnover
        where week_start_on + interval 37 day
            between {day} - interval {FETCHED_DAYS_AGO} day and {day}
        group by all order by all
        """
    )
    assert reasons == [("acme/active", ["final"]), ("acme/stale", ["source_lags"])]

    # No release is clean beyond what the pager is known to have said, and the failed one failed.
    newest = company.ask("select max(window_ended_at) from shipworthy.fct_releases where is_closed")
    assert newest[0][0] <= as_of - timedelta(days=FEED_ENDS_DAYS_AGO + 2)
    assert company.ask("select count(*) from shipworthy.fct_releases where failures > 0") == [(1,)]

    lagging = company.ask(
        "select input_name, row_count, example_key from shipworthy.data_quality "
        "where reason = 'source_lags' and row_count > 0 order by 1"
    )
    assert [one[0] for one in lagging] == ["commits", "deployments", "incidents"]
    assert [one[2] for one in lagging][::2] == ["git:acme/stale", "pagerduty"]

    said = headline(company.warehouse)
    # The oldest of what a number rests on is named.
    assert "Held back by pagerduty, known only through" in said
    assert "Held back by git:acme/stale, known only through" in said
    assert "Load it again: shipworthy load pagerduty" in said
    assert "git fetch; shipworthy load git PATH" in said
    assert "acme/dormant" not in said

    company.fetch(0)
    company.load(0)
    rest = company.ask(
        "select count(*) from shipworthy.data_quality "
        "where reason = 'source_lags' and row_count > 0"
    )
    assert rest == [(0,)]
    assert "Held back" not in headline(company.warehouse)
    newest = company.ask("select max(window_ended_at) from shipworthy.fct_releases where is_closed")
    assert newest[0][0] >= as_of - timedelta(days=14)
