"""Measure what is lost by not searching for the very commit of each line in long histories.

    python benchmarks/git_authors.py REPOSITORY [REPOSITORY ...]

Each repository is loaded twice: with the exact search up to its usual limit, and with the exact
search throughout. Of the lines that merges brought in, the share with the same authorship and the
share with the same person is printed.
"""

import argparse
import os
import tempfile
from pathlib import Path

import duckdb

from shipworthy.git import ledger
from shipworthy.git.reader import load_git

BIRTHS = """
    select
        births.added_sha,
        births.path,
        births.is_moved,
        births.authorship,
        {person} as person,
        sum(births.lines) as lines
    from {warehouse}.shipworthy_raw.line_births as births
    inner join {warehouse}.shipworthy_raw.commits as commits on births.author_sha = commits.sha
    where births.added_sha in (
        select added_sha from exact.shipworthy_raw.line_births where author_sha != added_sha
    )
    group by all
"""


def shared(connection, person):
    """Return the share of lines that agree in all columns of `BIRTHS`."""
    exact, usual = (
        BIRTHS.format(person=person, warehouse=warehouse) for warehouse in ("exact", "usual")
    )
    same = "exact.{0} is not distinct from usual.{0}"
    condition = " and ".join(
        same.format(column) for column in ("added_sha", "path", "is_moved", "authorship", "person")
    )
    return connection.execute(
        "select sum(least(exact.lines, coalesce(usual.lines, 0))) / sum(exact.lines) "
        f"from ({exact}) as exact left join ({usual}) as usual on {condition}"
    ).fetchone()[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repositories", nargs="+", type=Path)
    options = parser.parse_args()
    os.environ["SHIPWORTHY_SALT"] = "a salt for benchmarks only"
    print("| repository | same authorship | same person |\n| --- | ---: | ---: |")
    for repository in options.repositories:
        with tempfile.TemporaryDirectory() as temporary, duckdb.connect() as connection:
            for name, limit in (("usual", ledger.EXACT_BRANCH_COMMITS), ("exact", float("inf"))):
                ledger.EXACT_BRANCH_COMMITS, usual = limit, ledger.EXACT_BRANCH_COMMITS
                try:
                    load_git([repository], Path(temporary) / f"{name}.duckdb")
                finally:
                    ledger.EXACT_BRANCH_COMMITS = usual
                connection.execute(f"attach '{temporary}/{name}.duckdb' as {name} (read_only)")
            shares = [shared(connection, person) for person in ("null", "commits.author_key")]
        name = "/".join(repository.resolve().parts[-2:])
        print(f"| {name} | {shares[0]:.4%} | {shares[1]:.4%} |", flush=True)


if __name__ == "__main__":
    main()
