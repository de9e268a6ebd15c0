"""Chance that falls the same way on every machine.

Python promises only that `random.Random.random()` keeps its sequence for a seed: its other methods,
and numpy's distributions, may change between versions, and `exp` or `log` differ in the last digit
between C libraries. Everything here is therefore made from `random()` and the four operations.
"""

import hashlib
import random
from collections.abc import Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """A stream of chance of its own for every topic.

    Streams do not disturb each other: one more throw for reviews changes no line of code.

    Parameters
    ----------
    *topic : object
        What the stream is for, the seed first. Equal topics give equal streams.
    """

    def __init__(self, *topic: object) -> None:
        digest = hashlib.sha256("|".join(map(str, topic)).encode()).digest()
        self._random = random.Random(int.from_bytes(digest[:8], "big")).random

    def chance(self, probability: float) -> bool:
        """Return true with the given probability."""
        return self._random() < probability

    def between(self, low: float, high: float) -> float:
        """Return a number spread evenly from `low` to `high`."""
        return low + (high - low) * self._random()

    def integer(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both included."""
        return low + int((high - low + 1) * self._random())

    def early(self, high: float) -> float:
        """Return a number from 0 to `high`, most often a small one (median an eighth of `high`)."""
        u = self._random()
        return high * u * u * u

    def rounded(self, mean: float) -> int:
        """Return one of the two whole numbers around `mean`, so that the average is `mean`."""
        return int(mean) + self.chance(mean - int(mean))

    def pick(self, choices: Sequence[T]) -> T:
        """Return one of the choices, all equally likely."""
        return choices[int(len(choices) * self._random())]

    def weighted(self, weights: Mapping[T, float]) -> T:
        """Return a key of `weights`, as often as its weight says."""
        left = sum(weights.values()) * self._random()
        for choice, weight in weights.items():
            left -= weight
            if left < 0:
                return choice
        return choice

    def quantile(self, points: Sequence[float]) -> float:
        """Return a number from the distribution that has `points` as evenly spaced quantiles."""
        at = (len(points) - 1) * self._random()
        step = int(at)
        return points[step] + (at - step) * (points[step + 1] - points[step])


def hashed(length: int, *parts: object) -> str:
    """Return the first `length` hex digits of a hash: a made-up sha (40) or person key (32)."""
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:length]
