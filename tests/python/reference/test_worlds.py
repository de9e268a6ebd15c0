"""The random worlds are sound, the same for the same seed, and visit the corners they are for."""

from collections import Counter
from itertools import pairwise

import pytest

from reference.facts import Facts
from reference.failures import Failures
from reference.oracle import compute
from reference.references import Reverts
from reference.shipping import ship
from reference.test_models_equal_the_oracle import SETTINGS
from reference.worlds import AS_OF, World, worlds
from shipworthy.contract import TABLES, VOCABULARY


@pytest.fixture(scope="module")
def rows():
    return worlds(14, 1)


def test_a_seed_gives_the_same_world():
    assert World("w", 3).tables.rows == World("w", 3).tables.rows
    assert World("w", 3).tables.rows != World("w", 4).tables.rows


def test_keys_are_unique_and_words_are_the_contracts(rows):
    for name, table in TABLES.items():
        keys = Counter(tuple(row[column] for column in table.key) for row in rows[name])
        assert set(keys.values()) <= {1}, (name, keys.most_common(2))
    for (name, column), words in VOCABULARY.items():
        assert {str(row[column]) for row in rows[name]} <= {*words, "None"}


def test_no_line_dies_twice(rows):
    living = Counter()
    key = ("repository", "added_sha", "path", "author_sha", "authorship")
    for birth in rows["line_births"]:
        living[(*(birth[c] for c in key), birth["is_moved"])] += birth["lines"]
    for death in rows["line_deaths"]:
        living[(*(death[c] for c in key), death["birth_is_moved"])] -= death["lines"]
    assert min(living.values()) >= 0


def test_the_corners_are_visited(rows):
    marts = compute(rows, {"shipworthy__as_of": AS_OF})
    facts = Facts(rows, {"shipworthy__as_of": AS_OF})
    streams, releases = ship(facts)
    failures = Failures(facts, streams)
    deployments = [d for stream in streams.values() for d in stream]

    def seen(mart, column):
        return Counter(row[column] for row in marts[mart])

    assert set(seen("fct_deployments", "basis")) == {
        "position", "no_sha", "off_mainline", "flag", "commit_delivery", "superseded_by_source",
    }  # fmt: skip
    assert set(seen("fct_incidents", "attribution_method")) == {
        "explicit", "fix", "time", "unattributed",
    }  # fmt: skip
    assert min(seen("fct_incidents", "attribution_method").values()) >= 5
    assert set(seen("fct_incidents", "is_severity_unknown")) == {True, False}
    assert set(seen("code_turnover", "authorship")) == {"ai", "human", "automation", "unknown"}
    assert "unassigned" in seen("code_turnover", "service")
    assert set(seen("code_turnover", "is_mature")) == {True, False}
    assert set(seen("normalized_deployments", "basis")) == {"held_lines", "shipped_lines"}
    assert set(seen("turnover_signal", "turnover_signal")) == {
        "insufficient_data", "severe", "alarm", "watch", "healthy", "inconclusive",
    }  # fmt: skip
    assert any(r["normalized_deployments_index"] for r in marts["normalized_deployments"])
    assert any(r["lines_removed_by_other_team"] for r in marts["code_turnover"])
    assert any(r["capped_lines_added"] < r["lines_added"] for r in marts["code_turnover"])
    assert any(d.is_redeployment for d in deployments)
    assert any(d.explicit and d.put_live for d in deployments)
    assert any(d.marked_rollback and not d.moved_down for d in deployments)
    assert any(set(d.put_live) - set(d.shipped) for d in deployments), "nothing was taken off"
    shipped_again = Counter((d.service, sha) for d in deployments for sha in d.put_live)
    assert max(shipped_again.values()) >= 3, "nothing shipped again twice"
    assert seen("fct_deployments", "environment").keys() == {"production", "live", "prod-eu2"}
    assert any("@" in d.deployment_id and d.recorded_id for d in deployments), "no tag of several"
    assert any(d.moves and d.basis == "off_mainline" for d in deployments)
    behind = [d for d in deployments if d.moves and not d.put_live and not d.is_redeployment]
    assert any(not d.moved_down for d in behind), "no environment follows another"
    assert any(d.moved_down and not d.taken_off_from for d in behind), "no other one had it live"
    reverts = Reverts(facts)
    assert any(reverts.all[change] - reverts.of[change] for change in reverts.all), "no reapply"
    assert any(k != n for n, k in facts.kept_incident.items()), "nothing was merged"
    assert failures.counting_from_zero
    downs = [[d.moved_down for d in s if d.basis == "position"] for s in streams.values()]
    assert any(a and b for s in downs for a, b in pairwise(s)), "no double rollback"
    assert any(r.is_failed and r.weight == 0 for r in releases) or any(
        0.0 in weights for weights in failures.weights.values()
    )
    assert any(change["landed_at"].year == 2021 for change in facts.changes.values())


def test_worlds_land_requests_in_every_way():
    facts = Facts(worlds(24, seed=1), {"shipworthy__as_of": AS_OF})
    landings = facts.landings
    ways = Counter()
    for key, request in landings.requests.items():
        changes, merge_sha = landings.changes_of[key], request["merge_sha"]
        known = landings.shas[key[0]]
        pushed = {row["sha"] for row in landings.commits_of[key]}
        landing = landings.landing[key]
        if landing is not None:
            ways["abbreviated"] += merge_sha not in known
            ways["of a branch"] += landing[1] != merge_sha
            ways["rebased"] += any(c != landing and c[1] not in pushed for c in changes)
            ways["forwarded"] += any(c != landing and c[1] in pushed for c in changes)
        elif merge_sha is None and request["merged_at"] is not None:
            ways["brought"] += any(landings._brought_by(key[0], sha) in changes for sha in pushed)
        ways["several by number"] += landing is None and len(changes) > 1
    for (repository, _), change in facts.changes.items():
        number = change["pull_request_number"]
        ways["an issue"] += number is not None and (repository, number) not in landings.requests
    for change, found in landings.requests_of.items():
        named = (change[0], facts.changes[change]["pull_request_number"])
        ways["another's number"] += named in landings.requests and named not in found
        ways["shared"] += len(found) > 1
    assert min(ways.values()) >= 3, ways
    assert len(ways) == 9


@pytest.mark.slow
@pytest.mark.parametrize("setting", SETTINGS)
def test_every_setting_computes(setting):
    arguments, given = SETTINGS[setting]
    marts = compute(
        worlds(**arguments), {f"shipworthy__{name}": value for name, value in given.items()}
    )
    for row in marts["normalized_deployments"]:
        parts = [row[f"{n}_normalized_deployments"] for n in ("ai", "human", "automation")]
        if row["normalized_deployments"] is None:
            assert parts == [None] * 3
        else:
            total = sum(parts) + row["unknown_normalized_deployments"]
            assert total == pytest.approx(row["normalized_deployments"])
    for row in marts["severity_weighted_failure_rate"]:
        rate = row["severity_weighted_failure_rate"]
        assert rate is None or 0 <= rate <= 1
    for row in marts["code_turnover"]:
        assert row["lines_removed"] <= row["lines_added"]
        assert row["turnover_rate_low"] <= row["turnover_rate_capped"] <= row["turnover_rate_high"]
    assert sum(r["changes_shipped"] for r in marts["fct_releases"]) == sum(
        r["changes_shipped"] for r in marts["fct_deployments"]
    )
