"""The turnover ratio and its interval against a bootstrap of authors on the same simulated data."""

import numpy as np
import pytest

from reference.formulas import quantile, ratio_interval, standardised, wilson

RATIO, CAP = 2.5, 200
AUTHORS, EACH = 25, 24
FACTORS = (1.0, 2.5)
Z = quantile(0.95)


def simulated(correlation):
    """Changes of two repositories by authors who differ; AI mostly in the quiet repository."""
    rng = np.random.default_rng(5)
    strata = {0: ([], []), 1: ([], [])}
    size = 1 / correlation - 1
    for side, (mean, quiet) in enumerate(((0.06 * RATIO, 0.8), (0.06, 0.2))):
        for author in range(AUTHORS):
            skill = rng.beta(mean * size, (1 - mean) * size)
            for number in range(EACH):
                repository = int(rng.random() > quiet)
                added = int(min(CAP, np.ceil(rng.lognormal(3, 1))))
                rate = np.clip(skill * FACTORS[repository], 0.001, 0.95)
                removed = int(rng.binomial(added, rng.beta(rate * 2, (1 - rate) * 2)))
                name = f"{side}.{author}"
                strata[repository][side].append(((name, number), name, added, removed))
    return strata


def ours(strata):
    """Ratio, limits, and both sides."""
    sides = standardised(strata, CAP, Z, 0.95)
    limits = [(side["rate"], *wilson(side["rate"], side["sample"], Z)) for side in sides]
    return sides[0]["rate"] / sides[1]["rate"], *ratio_interval(*limits[0], *limits[1]), sides


def drawn(strata, draws):
    """Mantel-Haenszel ratios of so many draws of authors."""
    rng = np.random.default_rng(7)
    sums = np.zeros((2, AUTHORS, 2, 2))
    for repository, sides in strata.items():
        for side, rows in enumerate(sides):
            for _, name, added, removed in rows:
                sums[side, int(name.split(".")[1]), repository] += (added, removed)
    ai, human = (sums[side][rng.integers(0, AUTHORS, (draws, AUTHORS))].sum(1) for side in (0, 1))
    both = ai[:, :, 0] + human[:, :, 0]
    top = (ai[:, :, 1] * human[:, :, 0] / both).sum(1)
    return top / (human[:, :, 1] * ai[:, :, 0] / both).sum(1)


def test_pooling_would_hide_what_each_repository_shows():
    strata = simulated(0.05)
    ratio, low, _, _ = ours(strata)
    sums = [
        np.sum([row[2:] for sides in strata.values() for row in sides[side]], axis=0)
        for side in (0, 1)
    ]
    pooled = (sums[0][1] / sums[0][0]) / (sums[1][1] / sums[1][0])
    assert pooled < 0.8 * ratio
    assert low > 1


@pytest.mark.parametrize("correlation", [0.05, 0.15])
def test_a_bootstrap_of_authors_agrees(correlation):
    strata = simulated(correlation)
    ratio, low, high, _ = ours(strata)
    theirs = drawn(strata, 1000)
    their_low, their_high = np.quantile(theirs, [0.025, 0.975])
    assert np.median(theirs) == pytest.approx(ratio, rel=0.08)
    assert np.log(high / low) == pytest.approx(np.log(their_high / their_low), rel=0.35)


def test_people_who_differ_make_the_sample_smaller():
    *_, sides = ours(simulated(0.3))
    for side in sides:
        assert side["authors"] == AUTHORS
        assert side["sample"] < 0.8 * side["changes"]


def test_one_author_against_several_has_no_sample_and_one_alone_has():
    row = [((0, n), "ada", 10, n % 3) for n in range(20)]
    other = [((1, n), "bob", 10, 1) for n in range(20)]
    alone = standardised({"r": (row, row)}, CAP, Z, 0.95)
    assert [side["sample"] for side in alone] == pytest.approx([20, 20])
    several = standardised({"r": (row, row + other)}, CAP, Z, 0.95)
    assert several[0]["sample"] is None
    assert several[1]["authors"] == 2
