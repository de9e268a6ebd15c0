"""How often the interval of the turnover ratio covers the truth, and how often its signal is wrong.

    python benchmarks/turnover_interval.py [RUNS]

Simulates changes whose lines live and die together (intra-class correlation within a change), by
authors who differ (within an author) and write unequal shares, half of the AI's in one of two
repositories and half of the humans' in the other, where twice as much is rewritten. Then it asks,
as docs/metrics.md defines: how often does the interval hold the true ratio; how often does a look
alarm at a true ratio of 1.5, where it should not; how often in any of 15 weekly looks, each the
shortest of 12, 26 and 52 weeks that decides; and how often does it alarm at 2.5, where it should.

Sizes of changes are log-normal (median 20 lines), rates are beta, removals binomial.
"""

import sys

import numpy as np
from scipy import stats

CAP = 200
CONFIDENCE = 0.95
Z = stats.norm.ppf((1 + CONFIDENCE) / 2)
HUMAN_RATE = 0.08
REPOSITORY_FACTORS = (1.0, 2.0)
LOOKS = (12, 26, 52)
WORDS = ("insufficient_data", "healthy", "watch", "alarm", "severe", "inconclusive")


def beta(rng, rates, correlation):
    """Draw rates around means with an intra-class correlation."""
    if correlation == 0:
        return rates
    size = 1 / correlation - 1
    return rng.beta(rates * size, (1 - rates) * size)


def changes(rng, runs, weeks, each_week, rate, authors, by_author, by_change, first_share):
    """Simulate one side, by run and week: capped lines, removals, authors, repositories."""
    shape = (runs, weeks, each_week)
    lines = np.minimum(np.ceil(rng.lognormal(3, 1.3, shape)), 10_000).astype(int)
    shares = 1 / np.arange(1, authors + 1) ** 0.7
    who = rng.choice(authors, shape, p=shares / shares.sum())
    repository = (rng.random(shape) >= first_share).astype(int)
    factor = np.array(REPOSITORY_FACTORS)[repository]
    skill = beta(rng, np.full((runs, authors), rate), by_author)
    own = np.take_along_axis(skill, who.reshape(runs, -1), 1).reshape(shape)
    died = rng.binomial(lines, beta(rng, np.clip(own * factor, 1e-9, 1 - 1e-9), by_change))
    scale = np.minimum(1, CAP / lines)
    return lines * scale, died * scale, who, repository


def compare(ai, human, authors):
    """Return ratio, limits, effective changes of both sides, for each run."""
    sides = []
    for lines, died, who, repository in (ai, human):
        runs = len(lines)
        flat = [part.reshape(runs, -1) for part in (lines, died, who, repository)]
        stratum = (flat[3] + 2 * np.arange(runs)[:, None]).ravel()

        def total(values, stratum=stratum, runs=runs):
            return np.bincount(stratum, values.ravel(), 2 * runs).reshape(runs, 2)

        sides.append((flat, total(flat[0]), total(flat[1])))
    added = [side[1] for side in sides]
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = np.where(
            (added[0] > 0) & (added[1] > 0), added[0] * added[1] / (added[0] + added[1]), 0
        )
        weights /= weights.sum(1, keepdims=True)
        judged = [_side(*side, weights, authors) for side in sides]
        (rate_ai, low_ai, high_ai, kish_ai), (rate, low, high, kish) = judged
        x, q, p = rate_ai * rate, low_ai * (2 * rate_ai - low_ai), low * (2 * rate - low)
        bottom = q / (x + np.sqrt(np.maximum(x * x - q * high * (2 * rate - high), 0)))
        top = (x + np.sqrt(np.maximum(x * x - high_ai * (2 * rate_ai - high_ai) * p, 0))) / p
    return (
        rate_ai / rate,
        np.where(rate_ai > 0, bottom, 0),
        np.where(p > 0, top, np.inf),
        kish_ai,
        kish,
    )


def _side(flat, added, died, weights, authors):
    lines, removed, who, repository = flat
    runs = len(lines)
    rates = np.where(added > 0, died / added, 0)
    rate = (weights * rates).sum(1)
    line_weight = np.take_along_axis(np.where(added > 0, weights / added, 0), repository, 1)
    expected = np.take_along_axis(rates, repository, 1) * lines
    cell = (who + authors * np.arange(runs)[:, None]).ravel()

    def by_author(values):
        return np.bincount(cell, values.ravel(), authors * runs).reshape(runs, authors)

    share = by_author(line_weight * lines)
    people = (share > 0).sum(1)
    variance = (
        ((by_author(line_weight * (removed - expected)) / np.maximum(1 - share, 1e-9)) ** 2).sum(1)
        * (people - 1)
        / people
    )
    kish = 1 / ((line_weight * lines) ** 2).sum(1)
    t = stats.t.ppf((1 + CONFIDENCE) / 2, np.maximum(people - 1, 1))
    by_people = rate * (1 - rate) / variance * (Z / t) ** 2
    use_people = (rate > 0) & (rate < 1) & (variance > 0)
    sample = np.where(use_people, np.minimum(kish, by_people), kish)
    centre = (rate + Z * Z / (2 * sample)) / (1 + Z * Z / sample)
    half = Z / (1 + Z * Z / sample)
    half = half * np.sqrt(np.maximum(rate * (1 - rate), 0) / sample + Z * Z / 4 / sample**2)
    return rate, np.maximum(0, centre - half), np.minimum(1, centre + half), kish


def signal(ratio, low, high, kish_ai, kish):
    """Return the place in WORDS of each run's signal."""
    return np.select(
        [
            np.minimum(kish_ai, kish) < 30,
            low > 2,
            low > 1.5,
            (ratio > 1.5) & (low > 1),
            high <= 1.5,
        ],
        [0, 4, 3, 2, 1],
        5,
    )


def simulate(seed, runs, each_week, authors, by_author, by_change, ratio, looks=1):
    """Return (coverage of 12 weeks, alarms a look, alarms in any look) of so many weekly looks."""
    rng = np.random.default_rng(seed)
    weeks = max(LOOKS) + looks - 1 if looks > 1 else LOOKS[0]
    common = (authors, by_author, by_change)
    ai = changes(rng, runs, weeks, each_week, HUMAN_RATE * ratio, *common, 0.7)
    human = changes(rng, runs, weeks, each_week, HUMAN_RATE, *common, 0.3)
    covered, alarms = [], []
    for end in range(weeks - looks + 1, weeks + 1):
        verdict = None
        for length in LOOKS if looks > 1 else LOOKS[:1]:
            seen = [[part[:, end - length : end] for part in side] for side in (ai, human)]
            found = compare(*seen, authors)
            word = signal(*found)
            if length == LOOKS[0]:
                covered.append((found[1] <= ratio) & (ratio <= found[2]))
                verdict = word
            verdict = np.where((verdict == 0) | (verdict == 5), word, verdict)
        alarms.append((verdict == 3) | (verdict == 4))
    alarms = np.array(alarms)
    return np.mean(covered), alarms.mean(), alarms.any(0).mean()


CLUSTERINGS = ((8, 0.15, 0.5), (8, 0.15, 0.2), (20, 0.15, 0.5), (8, 0.05, 0.5), (4, 0.15, 0.5))


def main(runs):
    """Print the tables."""
    print("| authors | correlation by author | by change | changes a week | coverage | false alarms a look | power at 2.5 |")  # noqa: E501  # fmt: skip
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for clustering in CLUSTERINGS:
        for each_week in (5, 10, 20, 40):
            covered, alarm, _ = simulate(1, runs, each_week, *clustering, 1.5)
            covered_too, power, _ = simulate(2, runs, each_week, *clustering, 2.5)
            coverage = (covered + covered_too) / 2
            people, by_author, by_change = clustering
            print(
                f"| {people} | {by_author} | {by_change} | {each_week} | {coverage:.1%} "
                f"| {alarm:.1%} | {power:.1%} |",
                flush=True,
            )
    print("\n| authors | correlation by author | by change | false alarms a look | in any of 15 looks | power at 2.5 a look | in any |")  # noqa: E501  # fmt: skip
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for clustering in CLUSTERINGS[:3]:
        _, alarm, any_alarm = simulate(3, runs // 5, 10, *clustering, 1.5, looks=15)
        _, power, any_power = simulate(4, runs // 5, 10, *clustering, 2.5, looks=15)
        people, by_author, by_change = clustering
        print(
            f"| {people} | {by_author} | {by_change} | {alarm:.1%} | {any_alarm:.1%} "
            f"| {power:.1%} | {any_power:.1%} |",
            flush=True,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1500)
