"""Compare the share of AI that aider publishes for each of its releases with the reader's.

    python benchmarks/aider_share.py CLONE

The clone is of github.com/Aider-AI/aider, with its tags. Aider's figures stand in
aider/website/_data/blame.yml: of the lines that `git blame -C -C -C START..END` finds in its code
files at one `.0` release, and that came since the one before, how many aider wrote. Here they are
the births since, less the deaths, in the same files, of which the author or the message says aider.
A tag off the mainline stands for its newest mainline ancestor; git says which commits came since.
"""

import argparse
import os
import subprocess
import tempfile
from pathlib import Path

import duckdb
import yaml

from shipworthy.git.reader import load_git

NAME = "Aider-AI/aider"
PUBLISHED = "aider/website/_data/blame.yml"
# Published and found shares of so many percentage points apart agree.
CLOSE_POINTS = 5

LINES = r"""
    with

    births as (

        select births.* exclude (is_refilled), added.mainline_position as position
        from shipworthy_raw.line_births as births
        inner join shipworthy_raw.commits as added
            on births.repository = added.repository and births.added_sha = added.sha

    ),

    deaths as (

        select
            deaths.added_sha,
            deaths.path,
            deaths.author_sha,
            deaths.authorship,
            deaths.birth_is_moved,
            sum(deaths.lines) as lines
        from shipworthy_raw.line_deaths as deaths
        inner join shipworthy_raw.commits as removed
            on deaths.repository = removed.repository and deaths.removed_sha = removed.sha
        where removed.mainline_position <= $position
        group by all

    )

    select
        coalesce(sum(births.lines - coalesce(deaths.lines, 0)), 0) as lines,
        coalesce(
            sum(births.lines - coalesce(deaths.lines, 0)) filter (births.ai_tool = 'aider'), 0
        ) as ai_lines
    from births
    left join deaths
        on
            births.added_sha = deaths.added_sha
            and births.path = deaths.path
            and births.author_sha = deaths.author_sha
            and births.authorship = deaths.authorship
            and births.is_moved = deaths.birth_is_moved
    where
        births.position <= $position
        and not births.is_moved
        and births.author_sha in (select unnest($commits))
        and (
            births.path in (select unnest($paths))
            -- Its lines live on, so the file has another name by now.
            or (
                births.path not in (select unnest($tree))
                and regexp_matches(
                    births.path,
                    '\.(js|py|scm|sh)$|^\.github/workflows/.*yml$|^tests/fixtures/languages/'
                )
            )
        )
"""


def git(clone, *arguments):
    command = ["git", "-C", os.fspath(clone), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def mainline_position(connection, sha):
    """Return the position of a commit's newest mainline ancestor."""
    return connection.execute(
        "select ancestor.mainline_position from shipworthy_raw.commits as one "
        "inner join shipworthy_raw.commits as ancestor "
        "on one.mainline_ancestor_sha = ancestor.sha where one.sha = ?",
        [sha],
    ).fetchone()[0]


def compare(connection, clone, release):
    """Return published and found lines of one release: lines, and those of aider."""
    tag = release["end_tag"]
    sha = git(clone, "rev-parse", f"{tag}^{{commit}}").strip()
    since = git(clone, "rev-list", f"{release['start_tag']}..{tag}").split()
    found = connection.execute(
        LINES,
        {
            "position": mainline_position(connection, sha),
            "commits": since,
            "paths": sorted(release["file_counts"]),
            "tree": git(clone, "ls-tree", "-r", "--name-only", tag).splitlines(),
        },
    ).fetchone()
    return (release["total_lines"], release["aider_total"]), found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clone", type=Path)
    options = parser.parse_args()
    os.environ["SHIPWORTHY_SALT"] = "a salt for benchmarks only, as long as one has to be"
    releases = yaml.safe_load(git(options.clone, "show", f"HEAD:{PUBLISHED}"))
    with tempfile.TemporaryDirectory() as temporary:
        warehouse = Path(temporary) / "warehouse.duckdb"
        load_git([options.clone], warehouse, repositories=[NAME])
        with duckdb.connect(os.fspath(warehouse), read_only=True) as connection:
            print("| release | lines | found | aider | found | share | found | apart |")
            print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
            close = 0
            for release in releases:
                (lines, ai), (found_lines, found_ai) = compare(connection, options.clone, release)
                share, found = (
                    100 * a / max(n, 1) for a, n in ((ai, lines), (found_ai, found_lines))
                )
                close += abs(share - found) <= CLOSE_POINTS
                print(
                    f"| {release['end_tag']} | {lines:,} | {found_lines:,} | {ai:,} | {found_ai:,} "
                    f"| {share:.1f} % | {found:.1f} % | {found - share:+.1f} |"
                )
    print(f"\n{close} of {len(releases)} releases within {CLOSE_POINTS} points.")


if __name__ == "__main__":
    main()
