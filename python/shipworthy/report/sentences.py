"""Sentences from rows: clauses with the names of columns, filled with what a row says."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from shipworthy.report.figures import interval, number, words, written
from shipworthy.report.marts import Row
from shipworthy.report.panels import Measure

# `{+column}` stands in a clause that is said only where the value is not 0.
_NAMED = re.compile(r"{(\+?)(\w+)}")
# Columns that stand in sentences and in no table.
_ALWAYS = {
    "week_start_on": Measure("week_start_on", "week", "date"),
    "quarter_start_on": Measure("quarter_start_on", "quarter", "date"),
    "released_on": Measure("released_on", "release", "date"),
}


@dataclass(frozen=True)
class Figure:
    """A value that a sentence shows, and where it stands.

    Parameters
    ----------
    mart : str
        Relation in the marts' schema.
    row : dict
        Values of the columns that say which row.
    column : str
        Which column.
    value
        What stands there.
    shown : str
        How the sentence writes it.
    """

    mart: str
    row: dict[str, Any]
    column: str
    value: Any
    shown: str


@dataclass
class Said:
    """A sentence with the figures in it."""

    text: str = ""
    figures: list[Figure] = field(default_factory=list)

    def add(self, other: "Said", between: str = " ") -> "Said":
        """Return this sentence and another behind it."""
        texts = [text for text in (self.text, other.text) if text]
        return Said(between.join(texts), self.figures + other.figures)


def say(
    clauses: Sequence[str],
    row: Row,
    measures: Iterable[Measure],
    mart: str,
    key: Iterable[str] = (),
) -> Said:
    """Fill clauses with what a row says.

    Parameters
    ----------
    clauses : sequence of str
        With `{column}`; one whose column is null is left out, one with `{+column}` also where it
        is 0.
    row : dict
        A row of the mart.
    measures : iterable of Measure
        How columns are written.
    mart : str
        The mart's relation.
    key : iterable of str
        Columns that say which row it is.

    Returns
    -------
    Said
        Empty where the first clause cannot be said.
    """
    known = _ALWAYS | {measure.column: measure for measure in reversed(list(measures))}
    which = {name: number(row[name]) for name in key if name in row}
    told: list[str] = []
    figures: list[Figure] = []
    for clause in clauses:
        named = _NAMED.findall(clause)
        if any(row.get(name) is None or (more and not row[name]) for more, name in named):
            if not told:
                return Said()
            continue
        for more, name in named:
            measure = known.get(name, Measure(name, name, "text"))
            shown, parts = write_measure(row, measure)
            figures += [
                Figure(mart, which, column, number(row[column]), text) for column, text in parts
            ]
            place = f"{{{more}{name}}}"
            if shown == "1":
                clause = re.sub(rf"{re.escape(place)} (\w+)s\b", rf"{place} \1", clause)
            clause = clause.replace(place, isolated(shown) if measure.unit == "text" else shown)
        told.append(clause)
    text = "; ".join(told)
    return Said(f"{text}." if text else "", figures)


def write_measure(row: Row, measure: Measure) -> tuple[str, list[tuple[str, str]]]:
    """Write a measure with its interval, and list each column with how it is written."""
    shown = written(row[measure.column], measure.unit)
    parts = [(measure.column, shown)]
    low, high = (row.get(name) if name else None for name in (measure.low, measure.high))
    if low is not None or high is not None:
        limits = interval(low, high, measure.unit)
        shown = f"{shown} {limits}"
        ends = limits.strip("[]").split(", ")
        parts += [
            (str(name), text)
            for name, value, text in zip(
                (measure.low, measure.high), (low, high), ends, strict=True
            )
            if value is not None
        ]
    return shown, parts


def isolated(text: str) -> str:
    """Return somebody's name fit for a sentence: one written from right to left turns nothing."""
    return text if text.isascii() else f"\N{FIRST STRONG ISOLATE}{text}\N{POP DIRECTIONAL ISOLATE}"


def say_why(reason: Any, needs: str) -> str:
    """Say why there is no number, and what to load.

    Parameters
    ----------
    reason
        The mart's reason; None where the mart has no row at all.
    needs : str
        What the panel asks for.
    """
    if reason is None:
        return f"Nothing to show: the mart has no final row with a value. {needs}"
    is_mendable = str(reason).endswith(("_loaded", "no_rows")) or str(reason).startswith("before_")
    return f"No number: {words(str(reason))}.{f' {needs}' if is_mendable else ''}"
