"""Whether honest teams keep their order under definitions that withstand gaming.

    python benchmarks/same_order.py [ORGANISATIONS] [TEAMS]

Simulates organisations whose teams play nothing, builds them, and ranks the teams of each by four
numbers of docs/metrics.md and by what an earlier edition of that page had in their place:

- normalized deployments, then the square root of held lines under a cap of 1,000 a change and
  service, lines that return counted anew, retired ones added to new ones, by all members
- normalized deployments per builder, then per member
- severity-weighted failure rate, then per closed release that put a change live or failed
- turnover ratio, then pooled over repositories

Prints Spearman's rank correlation for each organisation and the median. Needs scipy, which `make
setup` installs.
"""

import sys
import tempfile
from pathlib import Path
from statistics import mean, median, pstdev

import duckdb
from scipy.stats import spearmanr

from shipworthy.gauntlet.run import build, own_project
from shipworthy.gauntlet.worlds import SHARED, prefix, write_worlds
from shipworthy.simulate import company, simulate

WEEKS = 52

SHIPPED = """
with shipped as (
    select service, repository, sha, release_id, deployed_at
    from shipworthy_intermediate.int_shipworthy__changes_put_live where is_shipped
),
parts as (
    select s.service, s.repository, s.sha, held_line_weight, b.lines
    from shipped as s join shipworthy_intermediate.int_shipworthy__lines_born as b
        on s.service = b.service and s.repository = b.repository and s.sha = b.added_sha
    where b.is_counted and not b.is_moved
    union all
    select s.service, s.repository, s.sha, held_line_weight, -d.lines
    from shipped as s join shipworthy_intermediate.int_shipworthy__lines_died as d
        on s.service = d.birth_service and s.repository = d.repository and s.sha = d.added_sha
    where d.is_counted and not d.birth_is_moved and not d.is_moved
        and d.removed_at < s.deployed_at + interval 30 days
    union all
    select s.service, s.repository, s.sha, held_line_weight, d.lines
    from shipped as s join shipworthy_intermediate.int_shipworthy__lines_died as d
        on s.service = d.removal_service and s.repository = d.repository
        and s.sha = d.removed_sha
    where d.is_counted and not d.is_moved and d.age_days >= 91
),
held as (
    select service, repository, sha,
        sum(lines * held_line_weight) * least(1, 1000 / nullif(sum(lines), 0)) as lines
    from parts group by all
),
weeks as (
    select r.team, r.week_start_on, sum(h.lines * r.stability) as lines
    from shipped as s
    join held as h using (service, repository, sha)
    join shipworthy.fct_releases as r using (release_id)
    group by all
)
select n.team,
    sum(n.normalized_deployments) as now,
    sum(sqrt(coalesce(w.lines, 0) * m.builders / 50)) as earlier,
    sum(n.normalized_deployments) / sum(n.builders) as now_each,
    sum(sqrt(coalesce(w.lines, 0) * m.builders / 50)) / sum(m.builders) as earlier_each
from shipworthy.normalized_deployments as n
join shipworthy_intermediate.int_shipworthy__members_counted as m using (team, week_start_on)
left join weeks as w using (team, week_start_on)
where n.is_mature
group by n.team
"""

FAILED = """
select f.team, f.now, r.earlier
from (
    select team, sum(failure_weight) / sum(closed_windows) as now
    from shipworthy.severity_weighted_failure_rate where is_mature group by team
) as f
join (
    select team, sum(failure_weight) / count(*) as earlier
    from shipworthy.fct_releases where is_closed and (changes_put_live > 0 or is_failed)
    group by team
) as r using (team)
"""

REWRITTEN = """
with newest as (
    select team, week_start_on, window_weeks, turnover_ratio as now
    from shipworthy.turnover_signal where not is_organisation
    qualify week_start_on = max(week_start_on) over ()
),
changes as (
    select c.team, c.authorship, sum(c.lines_added) as added, sum(c.lines_removed) as removed
    from shipworthy_intermediate.int_shipworthy__turnover_by_change as c
    join newest as n on c.team = n.team and c.week_start_on <= n.week_start_on
        and c.week_start_on > n.week_start_on - 7 * cast(n.window_weeks as integer)
    group by c.team, c.authorship, c.repository, c.added_sha
),
rates as (
    select team, authorship,
        sum(removed * least(1, 200 / added)) / sum(least(added, 200)) as rate
    from changes where added > 0 group by all
)
select n.team, n.now, a.rate / h.rate as earlier
from newest as n
join rates as a on n.team = a.team and a.authorship = 'ai'
join rates as h on n.team = h.team and h.authorship = 'human'
where n.now is not null
"""


def measured(warehouse, organisations):
    """Return, by number and organisation, the rank correlation of its teams, how much they differ
    (standard deviation over mean, of the earlier number) and how many they are."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        shipped = connection.execute(SHIPPED).fetchall()
        failed = connection.execute(FAILED).fetchall()
        rewritten = connection.execute(REWRITTEN).fetchall()
    numbers = {
        "normalized deployments": [(row[0], row[1], row[2]) for row in shipped],
        "the same per builder": [(row[0], row[3], row[4]) for row in shipped],
        "severity-weighted failure rate": failed,
        "turnover ratio": rewritten,
    }
    found = {}
    for name, rows in numbers.items():
        found[name] = []
        for number in range(organisations):
            pairs = [row[1:] for row in rows if row[0].startswith(prefix(number))]
            earlier = [pair[1] for pair in pairs]
            spread = pstdev(earlier) / mean(earlier)
            found[name].append((spearmanr(pairs).statistic, spread, len(pairs)))
    return found


def main(organisations, teams):
    """Simulate, build and print a row a number."""
    worlds = {seed: simulate(company(teams, WEEKS, seed + 1)) for seed in range(organisations)}
    shared = {name: worlds[0][name] for name in SHARED}
    with tempfile.TemporaryDirectory(prefix="shipworthy-order-") as directory:
        warehouse = Path(directory) / "order.duckdb"
        write_worlds(warehouse, worlds, shared)
        build(own_project(), warehouse, Path(directory))
        found = measured(warehouse, organisations)
    print(f"{organisations} organisations of {teams} teams, {WEEKS} weeks\n")
    print("| number | teams compared | they differ by | rank correlation, median | lowest |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, values in found.items():
        correlations, spreads, teams = zip(*values, strict=True)
        print(
            f"| {name} | {sum(teams)} | {median(spreads):.0%} "
            f"| {median(correlations):.2f} | {min(correlations):.2f} |"
        )


if __name__ == "__main__":
    main(*(int(text) for text in (sys.argv[1:] + ["4", "12"][len(sys.argv) - 1 :])))
