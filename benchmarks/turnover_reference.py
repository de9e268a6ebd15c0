"""The interval of the turnover ratio against models and a bootstrap of authors, on the same data.

    python -m pip install lifelines pandas statsmodels
    python benchmarks/turnover_reference.py [SEEDS]

None of these packages is one that shipworthy needs. For each seed it simulates two repositories by
authors who differ, AI mostly in the quiet one, at a true ratio of 2.5, and prints four ratios with
their intervals: ours; that of a log-linear model (Poisson, a factor for the repository, robust by
author, fitted by generalized estimating equations); the hazard ratio of a proportional hazards
model (Cox, lines weighted, repositories as strata, cluster-robust by author), lines that live being
censored on day 30; and percentiles of a bootstrap that draws authors. Below, how often each of the
first three and the last holds the true ratio.

A hazard ratio h is no ratio of shares: where a share r of human lines is removed in 30 days, one of
AI is 1 - (1 - r)^h. So h is printed as the ratio of shares that it means at the human rate.
"""

import sys

import numpy as np
import pandas as pd
import statsmodels.api as sm
from lifelines import CoxPHFitter

from turnover_interval import CAP, changes, compare

RATIO, AUTHORS, RATE, DAYS = 2.5, 25, 0.06, 30


def model_of(sides):
    """Return ratio and limits of the log-linear model."""
    frames = []
    for name, (lines, died, who, repository) in zip(("ai", "human"), sides, strict=True):
        frames.append(
            pd.DataFrame(
                {
                    "lines": lines.ravel(),
                    "rate": died.ravel() / lines.ravel(),
                    "author": [f"{name}{author}" for author in who.ravel()],
                    "one": 1.0,
                    "ai": float(name == "ai"),
                    "busy": repository.ravel().astype(float),
                }
            )
        )
    rows = pd.concat(frames, ignore_index=True)
    model = sm.GEE(
        rows["rate"],
        rows[["one", "ai", "busy"]],
        groups=rows["author"],
        family=sm.families.Poisson(),
        weights=rows["lines"].to_numpy(),
    ).fit()
    return np.exp([model.params["ai"], *model.conf_int().loc["ai"]])


def hazards_of(rng, sides):
    """Return ratio and limits of the model of proportional hazards."""
    frames = []
    for name, (lines, died, who, repository) in zip(("ai", "human"), sides, strict=True):
        for gone, count in ((1, died), (0, lines - died)):
            kept = count.ravel() > 0
            frames.append(
                pd.DataFrame(
                    {
                        # Hazards are constant: what goes, goes on a day that was drawn evenly.
                        "days": rng.uniform(0, DAYS, kept.sum()) if gone else float(DAYS),
                        "gone": gone,
                        "lines": count.ravel()[kept],
                        "author": [f"{name}{author}" for author in who.ravel()[kept]],
                        "ai": float(name == "ai"),
                        "repository": repository.ravel()[kept],
                    }
                )
            )
    fitted = CoxPHFitter().fit(
        pd.concat(frames, ignore_index=True), "days", "gone", strata=["repository"],
        weights_col="lines", cluster_col="author", robust=True,
    )  # fmt: skip
    low, high = fitted.confidence_intervals_.loc["ai"]
    rate = sides[1][1].sum() / sides[1][0].sum()
    return (1 - (1 - rate) ** np.exp([fitted.params_["ai"], low, high])) / rate


def bootstrap_of(rng, sides, draws=1000):
    """Return the median and the percentiles of the ratio over draws of authors."""
    sums = np.zeros((2, AUTHORS, 2, 2))
    for side, (lines, died, who, repository) in enumerate(sides):
        np.add.at(sums[side, :, :, 0], (who.ravel(), repository.ravel()), lines.ravel())
        np.add.at(sums[side, :, :, 1], (who.ravel(), repository.ravel()), died.ravel())
    drawn = rng.integers(0, AUTHORS, (2, draws, AUTHORS))
    (ai, human) = (sums[side][drawn[side]].sum(1) for side in (0, 1))
    both = ai[:, :, 0] + human[:, :, 0]
    ratio = (ai[:, :, 1] * human[:, :, 0] / both).sum(1)
    ratio /= (human[:, :, 1] * ai[:, :, 0] / both).sum(1)
    return np.quantile(ratio, [0.5, 0.025, 0.975])


def main(seeds):
    """Print one row a seed."""
    print(f"at most {CAP} lines a change\n")
    print("| seed | ours | GEE | Cox | bootstrap |\n| ---: | --- | --- | --- | --- |")
    held = np.zeros(4)
    for seed in range(1, seeds + 1):
        rng = np.random.default_rng(seed)
        sides = [
            changes(rng, 1, 12, 50, rate, AUTHORS, 0.05, 0.5, share)
            for rate, share in ((RATE * RATIO, 0.8), (RATE, 0.2))
        ]
        ours = [values[0] for values in compare(*sides, AUTHORS)[:3]]
        found = [ours, model_of(sides), hazards_of(rng, sides), bootstrap_of(rng, sides)]
        held += [low <= RATIO <= high for _, low, high in found]
        cells = (f"{ratio:.2f} [{low:.2f}, {high:.2f}]" for ratio, low, high in found)
        print(f"| {seed} | {' | '.join(cells)} |", flush=True)
    print(f"| hold {RATIO} | {' | '.join(f'{share:.0%}' for share in held / seeds)} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8)
