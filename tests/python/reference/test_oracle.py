"""The reference implementation against worked examples, scipy and hand-made cases."""

import math
from datetime import date, datetime

import numpy as np
import pytest
from scipy import stats

from reference import formulas
from reference.failures import severity
from reference.oracle import compute
from reference.rows import Tables, at

Z = formulas.quantile(0.95)
AS_OF = datetime(2026, 7, 1)


def run(tables, **variables):
    """The marts of hand-made tables at a fixed as_of."""
    named = {f"shipworthy__{name}": value for name, value in variables.items()}
    for name in ("commits", "deployments", "incidents"):
        if tables.rows[name]:
            tables.add("load_watermarks", input=name, source="files", loaded_through=AS_OF)
    return compute(tables.rows, {"shipworthy__as_of": AS_OF} | named)


def only(rows, **wanted):
    """The one row with these values."""
    found = [r for r in rows if all(r[name] == value for name, value in wanted.items())]
    assert len(found) == 1, found
    return found[0]


# ---------- formulas


@pytest.mark.parametrize("k", [0, 1, 3, 17, 20])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_wilson_is_scipys(k, confidence):
    theirs = stats.binomtest(k, 20).proportion_ci(confidence_level=confidence, method="wilson")
    ours = formulas.wilson(k / 20, 20, formulas.quantile(confidence))
    assert ours == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_wilson_ends_are_exact():
    assert formulas.wilson(0.0, 3.7, Z)[0] == 0.0
    assert formulas.wilson(1.0, 3.7, Z)[1] == 1.0
    assert formulas.wilson(None, 0, Z) == (None, None)


def test_wilson_of_the_worked_example():
    added, removed, n, r = formulas.capped_sample([(100, 40), (50, 5), (50, 15)], 200)
    assert (added, removed, r) == (200, 60, 0.30)
    assert n == pytest.approx(2.6667, abs=5e-5)
    assert formulas.wilson(r, n, Z) == pytest.approx((0.0467, 0.7894), abs=5e-5)


def test_the_cap_scales_lines_added_and_removed_alike():
    added, removed, n, r = formulas.capped_sample([(1000, 500), (200, 20)], 200)
    assert (added, removed, n) == (400, 120, 2)
    assert r == 0.3


def test_kaplan_meier_is_scipys():
    rng = np.random.default_rng(4)
    age = rng.integers(0, 40, 300)
    is_removed = rng.random(300) < 0.5
    sample = stats.CensoredData.right_censored(age.astype(float), ~is_removed)
    theirs = stats.ecdf(sample).sf
    removed = {a: int(((age == a) & is_removed).sum()) for a in range(40)}
    censored = {a: int(((age == a) & ~is_removed).sum()) for a in range(40)}
    ours = formulas.kaplan_meier(removed, censored, 45)
    for t in range(1, 41):
        assert ours[t][1] == pytest.approx(theirs.evaluate(t - 1), abs=1e-12)
    assert ours[0] == (300, 1.0)


def test_ratio_interval_by_hand():
    # Zou and Donner's MOVER with squares, written out: x = 0.06, q = 0.05, p = 0.0275
    low, high = formulas.ratio_interval(0.3, 0.1, 0.6, 0.2, 0.1, 0.35)
    x, q, p = 0.06, 0.1 * 0.5, 0.1 * 0.3
    assert low == pytest.approx(q / (x + math.sqrt(x**2 - q * 0.35 * 0.05)))
    assert high == pytest.approx((x + math.sqrt(x**2 - 0.6 * 0.0 * p)) / p)
    assert low < 0.3 / 0.2 < high


def test_ratio_interval_at_the_ends():
    nothing = formulas.wilson(0.0, 40, Z)
    some = formulas.wilson(0.25, 40, Z)
    assert formulas.ratio_interval(0.0, *nothing, 0.0, *nothing) == (0.0, None)
    low, high = formulas.ratio_interval(0.25, *some, 0.0, *nothing)
    assert low == pytest.approx(math.sqrt(some[0] * (0.5 - some[0])) / nothing[1])
    assert high is None
    low, high = formulas.ratio_interval(0.0, *nothing, 0.25, *some)
    assert low == 0.0
    assert high == pytest.approx(nothing[1] / math.sqrt(some[0] * (0.5 - some[0])))


def test_the_words_of_the_signal():
    assert formulas.signal(2.5, 2.1, 3.0, 29, 99) == "insufficient_data"
    assert formulas.signal(2.5, 2.1, 3.0, 30, 30) == "severe"
    assert formulas.signal(2.5, 1.6, 3.0, 30, 30) == "alarm"
    assert formulas.signal(1.6, 1.1, 3.0, 30, 30) == "watch"
    assert formulas.signal(1.6, 1.0, 3.0, 30, 30) == "inconclusive"
    assert formulas.signal(1.2, 0.9, 1.5, 30, 30) == "healthy"
    assert formulas.signal(None, 0.9, None, 30, 30) == "inconclusive"


@pytest.mark.parametrize(
    ("label", "level"),
    [
        ("SEV-1", "sev1"),
        ("sev2", "sev2"),
        ("P3", "sev3"),
        ("5", "sev5"),
        ("critical", "sev1"),
        ("purple", None),
        (None, None),
        ("SEV-9", None),
    ],
)
def test_severity_labels(label, level):
    assert severity(label) == level


# ---------- worked examples through whole tables


def test_code_turnover_of_the_worked_example():
    tables = Tables()
    for i, (added, removed) in enumerate([(100, 40), (50, 5), (50, 15)]):
        tables.commit("r", f"c{i}", i + 1, at(hours=i))
        tables.birth("r", f"c{i}", added, authorship="ai")
        tables.death("r", f"c{i}", "late", removed, authorship="ai")
    tables.commit("r", "late", 4, at(days=20))
    marts = run(tables)
    row = only(marts["code_turnover"])
    assert (row["lines_added"], row["lines_removed"], row["changes"]) == (200, 60, 3)
    assert row["turnover_rate_low"] == pytest.approx(0.0467, abs=5e-5)
    assert row["turnover_rate_high"] == pytest.approx(0.7894, abs=5e-5)
    assert row["lines_removed_14_days"] == 0
    signals = marts["turnover_signal"]
    assert {r["turnover_signal"] for r in signals} == {"insufficient_data"}
    assert signals[0]["week_start_on"] == date(2026, 1, 5)


def two_releases(tables, incident=True, shape="two"):
    """The worked example of section 2: 88 held lines (18 AI), and 114 (57 AI), five builders."""
    for i in range(5):
        tables.add("people", person_key=f"p{i}", team="t", kind="human")
    tables.add("services", service="s", repository="r", team="t")
    tables.commit("r", "old", 1, at(days=-1))
    tables.deployment("d0", "r", "old", at(days=-1, hours=1), service="s")
    for i, (ai, human) in enumerate([(18, 70), (57, 57)]):
        tables.commit("r", f"c{i}", 2 + i, at(days=i))
        tables.birth("r", f"c{i}", ai, authorship="ai")
        tables.birth("r", f"c{i}", human)
        tables.deployment(f"d{i + 1}", "r", f"c{i}", at(days=i, hours=5), service="s")
    for i in range(5):
        tables.commit("r", f"by{i}", 4 + i, at(days=2), author_key=f"p{i}")
    if incident:
        tables.incident("i", at(days=0, hours=6), caused_by_deployment_id="d1")


def test_normalized_deployments_of_the_worked_example():
    tables = Tables()
    two_releases(tables)
    marts = run(tables)
    week = only(marts["normalized_deployments"], team="t", week_start_on=date(2026, 1, 5))
    assert week["stable_held_lines"] == pytest.approx(149.2)
    assert week["normalized_deployments"] == pytest.approx(4.2097, abs=5e-5)
    assert week["ai_normalized_deployments"] == pytest.approx(0.2031 + 1.6082, abs=1e-4)
    first, second = (
        only(marts["fct_releases"], window_started_at=at(days=i))["normalized_deployments"]
        for i in range(2)
    )
    assert first == pytest.approx(0.9932, abs=5e-5)
    assert second == pytest.approx(3.2165, abs=5e-5)
    parts = sum(week[f"{n}_normalized_deployments"] for n in ("ai", "human", "unknown"))
    assert parts == pytest.approx(week["normalized_deployments"])


def test_normalized_deployments_had_both_been_clean():
    tables = Tables()
    two_releases(tables, incident=False)
    week = only(run(tables)["normalized_deployments"], week_start_on=date(2026, 1, 5))
    assert week["normalized_deployments"] == pytest.approx(4.6570, abs=5e-5)


def test_failure_rate_of_the_worked_example():
    tables = Tables()
    tables.commit("r", "c0", 1, at(days=-7))
    tables.birth("r", "c0", 10)
    tables.deployment("d0", "r", "c0", at(days=-7))
    for i in range(8):
        hours = 18 * i
        tables.commit("r", f"c{i + 1}", i + 2, at(hours=hours))
        tables.birth("r", f"c{i + 1}", 10)
        tables.deployment(f"d{i + 1}", "r", f"c{i + 1}", at(hours=hours + 1))
    tables.incident("a", at(hours=2), "SEV-1", caused_by_deployment_id="d1")
    tables.incident("b", at(hours=2), "SEV-3", caused_by_deployment_id="d1")
    tables.incident("c", at(hours=70), "SEV-3", caused_by_deployment_id="d3")
    tables.commit("r", "revert", 20, at(hours=143), reverts_sha="c6")
    row = only(
        run(tables, release_window_hours=6)["severity_weighted_failure_rate"],
        week_start_on=date(2026, 1, 5),
    )
    assert (row["closed_windows"], row["failed_windows"]) == (8, 3)
    assert row["severity_weighted_failure_rate"] == pytest.approx(0.20)
    assert row["change_failure_rate"] == pytest.approx(3 / 8)


@pytest.mark.parametrize("weights", [[1.0], [0.3] * 5, [1.0, 0.6, 0.3, 0.3, 0.1], [0.6, 0.1] * 30])
def test_the_interval_of_a_weighted_count_is_fay_and_feuers(weights):
    total, squares = sum(weights), sum(weight**2 for weight in weights)
    low, high = formulas.weighted_count(total, squares, Z)
    cases, more = total**2 / squares, (total + 1) ** 2 / (squares + 1)
    exact = (
        stats.gamma.ppf(0.025, cases, scale=total / cases),
        stats.gamma.ppf(0.975, more, scale=(total + 1) / more),
    )
    # The cube root is a little low where there is but one case.
    assert exact[0] - 0.02 <= low <= exact[0]
    assert high == pytest.approx(exact[1], rel=0.01)


def test_no_harm_still_leaves_doubt():
    low, high = formulas.weighted_count(0.0, 0.0, Z)
    assert low == 0
    assert high == pytest.approx(stats.gamma.ppf(0.975, 1), rel=0.01)


# ---------- rules that a reader would ask about


def three_deployments():
    """One change a deployment, five days apart."""
    tables = Tables()
    for i in range(1, 4):
        tables.commit("r", f"c{i}", i, at(days=5 * i))
        tables.birth("r", f"c{i}", 100 * i, path=f"src/{i}.py")
        tables.deployment(f"d{i}", "r", f"c{i}", at(days=5 * i, hours=1))
    return tables


def test_a_rollback_takes_off_and_what_ships_again_ships_with_the_later_deployment():
    tables = three_deployments()
    tables.deployment("back", "r", "c1", at(days=16))
    tables.deployment("again", "r", "c2", at(days=17))
    marts = run(tables)
    live = {r["deployment_id"]: r for r in marts["fct_deployments"]}
    assert [live[d]["changes_put_live"] for d in ("d1", "d2", "d3", "back", "again")] == [
        1, 1, 1, 0, 1,
    ]  # fmt: skip
    assert [live[d]["changes_shipped"] for d in ("d1", "d2", "d3", "back", "again")] == [
        1, 0, 0, 0, 1,
    ]  # fmt: skip
    assert live["back"]["is_rollback"]
    failed = [r["window_started_at"] for r in marts["fct_releases"] if r["is_failed"]]
    assert failed == [at(days=15)]


def test_an_explicit_list_leaves_the_rest_behind():
    tables = three_deployments()
    tables.add("deployment_commits", deployment_id="d3", repository="r", sha="c3")
    tables.rows["deployments"].pop(1)
    live = {r["deployment_id"]: r for r in run(tables)["fct_deployments"]}
    assert live["d3"]["changes_put_live"] == 1


def test_attribution_takes_the_best_evidence():
    tables = three_deployments()
    tables.commit("r", "fix", 4, at(days=17), is_fix=True)
    tables.death("r", "c2", "fix", 30, path="src/2.py")
    tables.death("r", "c3", "fix", 10, path="src/3.py")
    tables.incident("explicit", at(days=16), caused_by_sha="c1", fixed_by_sha="fix")
    tables.incident("fix", at(days=16), fixed_by_sha="fix")
    tables.incident("time", at(days=16), service="r")
    tables.incident("none", at(days=30), service="r", severity_label="purple")
    tables.incident("false", at(days=16), service="r", is_false_alarm=True)
    found = {r["incident_id"]: r for r in run(tables)["fct_incidents"]}
    got = {name: (r["attribution_method"], r["deployment_id"]) for name, r in found.items()}
    assert got == {
        "explicit": ("explicit", "d1"),
        "fix": ("fix", "d2"),
        "time": ("time", "d3"),
        "none": ("unattributed", None),
    }
    assert found["none"]["is_severity_unknown"]
    assert found["none"]["severity_weight"] == 0.3


def test_the_named_fix_of_a_counted_incident_weighs_nothing_but_the_release_failed():
    tables = three_deployments()
    tables.commit("r", "fix", 4, at(days=17), is_fix=True, fixes_incident_id="i")
    tables.death("r", "c3", "fix", 10, path="src/3.py")
    tables.incident("i", at(days=-3))
    marts = run(tables)
    release = only(marts["fct_releases"], window_started_at=at(days=15))
    assert release["is_failed"]
    assert release["failure_weight"] == 0


def test_held_lines_leave_with_turnover_come_with_retirement_and_are_capped():
    tables = Tables()
    tables.commit("r", "a", 1, at())
    tables.birth("r", "a", 3000)
    tables.birth("r", "a", 400, path="README.md", path_class="docs")
    tables.commit("r", "b", 2, at(days=29))
    tables.commit("r", "c", 3, at(days=92))
    tables.death("r", "a", "b", 1400)
    tables.death("r", "a", "c", 300)
    tables.deployment("d1", "r", "a", at(hours=1))
    tables.deployment("d3", "r", "c", at(days=93))
    releases = run(tables, change_line_cap=1000)["fct_releases"]
    assert releases[0]["held_lines"] == pytest.approx(1600 / 2 + 400 / 2 * 0.25)
    assert releases[1]["held_lines"] == 300


def test_untagged_lines_are_read_by_usage():
    tables = Tables()
    for key in ("user", "abstainer"):
        tables.commit("r", key, 1 + (key == "user"), at(days=10), author_key=key)
        tables.birth("r", key, 10, authorship="untagged")
    tables.commit("r", "long ago", 3, datetime(2020, 1, 1))
    tables.birth("r", "long ago", 10, authorship="ai")
    tables.add(
        "ai_usage",
        usage_id="u",
        person_key="user",
        bucket_started_at=at(days=3, hours=-1),
        bucket_hours=24,
    )
    rows = run(tables)["code_turnover"]
    assert [(r["authorship"], r["lines_added"]) for r in rows] == [
        ("human", 10),
        ("human", 10),
        ("unknown", 10),
    ]


def test_survival_at_the_window_is_the_turnover():
    tables = Tables()
    tables.commit("r", "a", 1, at())
    tables.birth("r", "a", 100)
    for i, days in enumerate((3, 29, 30, 60)):
        tables.commit("r", f"x{i}", 2 + i, at(days=days))
        tables.death("r", "a", f"x{i}", 10)
    marts = run(tables)
    at_30 = only(marts["line_survival"], age_days=30)
    assert 1 - at_30["survival"] == pytest.approx(only(marts["code_turnover"])["turnover_rate"])
    assert max(r["age_days"] for r in marts["line_survival"]) == 177


def test_as_of_is_the_newest_that_commits_were_read_and_its_instant_counts():
    tables = three_deployments()
    tables.incident("i", at(days=10, hours=1), service="r")
    tables.add("load_watermarks", input="incidents", source="x", loaded_through=at(days=1))
    tables.add("load_watermarks", input="deployments", source="x", loaded_through=at(days=40))
    as_of = max(row["landed_at"] for row in tables.rows["commits"])
    found = compute(tables.rows, {})["fct_deployments"]
    assert len(found) == sum(row["finished_at"] <= as_of for row in tables.rows["deployments"])
    tables.add("load_watermarks", input="commits", source="git:r", loaded_through=at(days=16))
    assert len(compute(tables.rows, {})["fct_deployments"]) == 3
    tables.add("load_watermarks", input="commits", source="git:stale", loaded_through=at(days=1))
    assert len(compute(tables.rows, {})["fct_deployments"]) == 3


def test_a_stale_incident_feed_closes_nothing_and_says_why():
    tables = three_deployments()
    tables.incident("i", at(days=10, hours=1), service="r")
    for name, moment in (("commits", 90), ("deployments", 90), ("incidents", 8)):
        tables.add("load_watermarks", input=name, source="x", loaded_through=at(days=moment))
    marts = compute(tables.rows, {})
    assert not any(row["is_closed"] for row in marts["fct_releases"])
    reasons = [r["immature_reason"] for r in marts["severity_weighted_failure_rate"]]
    assert set(reasons) == {"source_lags", "window_open"}
    assert reasons.count("window_open") == 1  # the week of as_of
    assert compute(tables.rows, {"shipworthy__ended_sources": ["x"]})["fct_releases"][0][
        "is_closed"
    ]


def test_without_incidents_failures_are_null_and_what_is_closed_is_counted():
    rows = run(three_deployments())["severity_weighted_failure_rate"]
    assert {r["severity_weighted_failure_rate"] for r in rows} == {None}
    assert {r["failed_windows"] for r in rows} == {None}
    assert {r["closed_windows"] for r in rows} == {0, 1}
