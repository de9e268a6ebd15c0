"""How often the intervals of harm cover the truth, and how often a verdict on AI code is wrong.

    python benchmarks/harm_intervals.py [RUNS]

Of `harm_per_builder_week`: windows with harm come as a Poisson process, whose rate may differ from
week to week, one in five with a second incident; severities as of the demo. Coverage of the nominal
95 % by how many such windows are expected.

Of `harm_by_authorship`, both measures as docs/metrics.md defines them:

- fixed lines: a fix removes a log-normal number of lines (median 15), four in five from code of
  one authorship, written by one of so many authors a side who hold unequal shares and differ in
  how often their lines are fixed (variation); or the same people write both sides
- failed releases: a release fails with a hazard in proportion to its human lines and, times the
  ratio, its AI lines; each has its own mixture of both (beta)

Coverage and wrong verdicts at a true ratio of 1, and what a true ratio of 2 looks like. Sources of
the methods: the page.
"""

import sys

import numpy as np
from scipy import stats

Z = stats.norm.ppf(0.975)
WEIGHTS, SHARES = (1.0, 0.6, 0.3, 0.1), (0.1, 0.25, 0.4, 0.25)
CAP, CASES = 200, 10
AI_LINES, HUMAN_LINES = 0.4, 0.6


def weighted_count(total, squares):
    """Return both limits of sums of weights, as the page defines them."""

    def scaled(total, squares, z):
        cases = total**2 / squares
        return total * np.maximum(0, 1 - 1 / (9 * cases) + z / (3 * np.sqrt(cases))) ** 3

    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.where(total > 0, scaled(total, squares, -Z), 0)
    return low, scaled(total + 1, squares + 1, Z)


def harm_of_windows(rng, expected, runs, variation, weeks=12):
    """Return sums of harm, and of its squares by window or by week, and the true mean of harm."""
    rate = np.full((runs, weeks), expected / weeks)
    if variation:
        shape = variation**-2
        rate = rate * rng.gamma(shape, 1 / shape, (runs, weeks))
    windows = rng.poisson(rate).ravel()
    week = np.repeat(np.arange(runs * weeks), windows)
    harm = rng.choice(WEIGHTS, len(week), p=SHARES)
    harm = harm + (rng.random(len(week)) < 0.2) * rng.choice(WEIGHTS, len(week), p=SHARES)
    truth = expected * 1.2 * np.dot(WEIGHTS, SHARES)
    weekly = np.bincount(week, harm, runs * weeks).reshape(runs, weeks)
    squares = np.bincount(week // weeks, harm**2, runs)
    between = ((weekly - weekly.mean(1, keepdims=True)) ** 2).sum(1) * weeks / (weeks - 1)
    return weekly.sum(1), np.maximum(squares, between), truth


def wilson(share, cases):
    """Return both limits."""
    centre = (share + Z * Z / (2 * cases)) / (1 + Z * Z / cases)
    half = Z / (1 + Z * Z / cases)
    half = half * np.sqrt(np.maximum(share * (1 - share), 0) / cases + Z * Z / 4 / cases**2)
    return np.maximum(0, centre - half), np.minimum(1, centre + half)


def odds(share):
    """Return the ratio of the rates that a share of AI code among cases means."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(share < 1, share / (1 - share), np.inf) * HUMAN_LINES / AI_LINES


def fixed_lines(rng, expected, ratio, authors, variation, same_people=False):
    """Return the share of AI lines among those that fixes removed, effective fixes, the sample."""
    fixes = max(1, rng.poisson(expected))
    skill = np.ones((2, authors))
    if variation:
        skill = rng.gamma(variation**-2, variation**2, (2, authors))
    if same_people:
        skill[1] = skill[0]
    written = 1 / np.arange(1, authors + 1) ** 0.7
    written /= written.sum()
    chances = skill * written * [[ratio * AI_LINES], [HUMAN_LINES]]
    # The second half of the authors are the humans.
    who = rng.choice(2 * authors, fixes, p=chances.ravel() / chances.sum())
    beside = rng.choice(authors, fixes, p=written) + np.where(who < authors, authors, 0)
    lines = np.minimum(np.ceil(rng.lognormal(np.log(15), 1.2, fixes)), CAP)
    mixed = rng.random(fixes) < 0.2
    own = np.where(mixed, 0.5 + rng.random(fixes) / 2, 1)
    removed = np.bincount(who, lines * own, 2 * authors)
    removed = (removed + np.bincount(beside, lines * (1 - own), 2 * authors)).reshape(2, authors)
    share = removed[0].sum() / removed.sum()
    kish = lines.sum() ** 2 / (lines**2).sum()
    return share, kish, min(kish, sample_of_authors(removed, written, share, same_people))


def sample_of_authors(removed, written, share, same_people):
    """Return the sample that the differences between authors leave, as the page defines it."""
    if not 0 < share < 1:
        return np.inf
    people = len(written)
    changes = (removed / removed.sum(1, keepdims=True) - written) / (1 - written)
    changes *= np.sqrt((people - 1) / people)
    of_side = (changes**2).sum(1)
    variance = ((changes[0] - changes[1]) ** 2).sum() if same_people else of_side.sum()
    degrees = of_side.sum() ** 2 / (of_side**2 / (people - 1)).sum()
    t = stats.t.ppf(stats.norm.cdf(Z), degrees)
    return (Z / t) ** 2 / (share * (1 - share) * variance)


def failed_releases(rng, expected, ratio, mixture):
    """Return the mean share of AI lines of releases that failed, and how many did."""
    releases = int(expected * 10)
    share = rng.beta(AI_LINES * mixture, HUMAN_LINES * mixture, releases)
    hazard = ratio * share + 1 - share
    failed = rng.random(releases) < 0.1 * hazard / (ratio * AI_LINES + HUMAN_LINES)
    failures = failed.sum()
    return (share[failed].mean(), failures, failures) if failures else (np.nan, 0, 0)


def judged(draw, runs, ratio):
    """Return coverage, verdicts that code does more and less harm, and the median ratio."""
    share, cases, sample = np.array([draw() for _ in range(runs)]).T
    enough = cases >= CASES
    low, high = (odds(limit) for limit in wilson(share[enough], sample[enough]))
    covered = ((low <= ratio) & (ratio <= high)).mean()
    return covered, (low > 1).mean(), (high < 1).mean(), np.median(odds(share[enough]))


def main(runs):
    """Print the tables."""
    rng = np.random.default_rng(12)
    print("| windows with harm expected | rate differs by week (variation) | coverage |")
    print("| ---: | ---: | ---: |")
    for variation in (0, 0.5, 1):
        for expected in (1, 3, 10, 30, 100):
            total, squares, truth = harm_of_windows(rng, expected, runs * 5, variation)
            low, high = weighted_count(total, squares)
            print(f"| {expected} | {variation} | {((low <= truth) & (truth <= high)).mean():.1%} |")
    head = "| measure | case | coverage at 1 | says more at 1 | says less at 1 | ratio seen at 2 | says more at 2 |"  # noqa: E501  # fmt: skip
    print(f"\n{head}\n| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    cases = [
        ("fixed lines", f"{fixes} fixes, {who} authors{words}, variation {variation:.2f}",
         lambda ratio, f=fixes, w=who, v=variation, s=same: fixed_lines(rng, f, ratio, w, v, s))
        for who, variation, same, words in (
            (20, 0, False, ""), (20, 0.4**0.5, False, ""), (8, 0, False, ""),
            (8, 0.4**0.5, False, ""), (4, 0.4**0.5, False, ""),
            (8, 0.4**0.5, True, " of both sides"),
        )
        for fixes in (20, 50, 150, 400)
    ] + [
        ("failed releases", f"{failures} failures, {words}",
         lambda ratio, f=failures, m=mixture: failed_releases(rng, f, ratio, m))
        for words, mixture in (("nearly pure", 0.2), ("mixed", 2))
        for failures in (20, 50, 150)
    ]  # fmt: skip
    for measure, words, draw in cases:
        covered, more, less, _ = judged(lambda draw=draw: draw(1), runs, 1)
        _, power, _, seen = judged(lambda draw=draw: draw(2), runs, 2)
        print(
            f"| {measure} | {words} | {covered:.1%} | {more:.1%} | {less:.1%} | {seen:.2f} "
            f"| {power:.0%} |",
            flush=True,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4000)
