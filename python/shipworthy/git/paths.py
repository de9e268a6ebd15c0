"""Say what kind of file a path is: code, test, config, docs, data, generated or vendored.

Which files count moves a turnover rate more than anything else (one real history: 84 % with its
golden files, 16 % without), so the kinds are data: the seed `shipworthy__path_patterns`, which
users can replace. A repository's own `linguist-*` attributes come before the seed. They are read
here, not by git, whose answer would depend on the work tree and its settings.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from shipworthy.contract import VOCABULARY
from shipworthy.errors import ShipworthyError
from shipworthy.git.reference import read_seed, seed_path

PATTERN_SEED = "shipworthy__path_patterns"
PATTERN_VARIABLE = "SHIPWORTHY_PATH_PATTERNS"

PATH_CLASSES = VOCABULARY["line_births", "path_class"]
LINGUIST_ATTRIBUTES = ("linguist-vendored", "linguist-generated", "linguist-documentation")

# What a set attribute makes of a path, best first; unset, it rules that class out.
_CLASS_OF_ATTRIBUTE = {
    "linguist-vendored": "vendored",
    "linguist-generated": "generated",
    "linguist-documentation": "docs",
}
_COLUMNS = ("pattern", "path_class", "note")
_NO_CLASSES: frozenset[str] = frozenset()


class PathClassifier:
    """Classifies paths, each once. Get one from `load`."""

    def __init__(self, rows: list[tuple[bytes, str]]) -> None:
        self._rows = rows
        self._rules: dict[frozenset[str], _Rules] = {}
        self._known: dict[bytes, str] = {}

    @staticmethod
    def load(path: Path | None = None) -> "PathClassifier":
        """Load the patterns.

        A pattern with a slash at its end is a directory, anywhere (`vendor/`) or from the root
        (`/vendor/`, `a/b/`). Any other one is a file: by its name alone (`*.lock`), or with slashes
        inside by its path from the root (`assets/**/*.js`). Wildcards are git's. The first row that
        matches wins; what no row matches is code.

        Parameters
        ----------
        path : Path, optional
            A CSV file with the seed's columns; by default what the environment variable
            `SHIPWORTHY_PATH_PATTERNS` names, else the seed itself.

        Raises
        ------
        ShipworthyError
            If the file cannot be read or a row makes no sense.
        """
        path = path or seed_path(PATTERN_SEED, PATTERN_VARIABLE)
        rows = []
        for line, row in read_seed(path, _COLUMNS):
            if row["path_class"] not in PATH_CLASSES:
                raise ShipworthyError(
                    f"{path}, line {line}: path_class is {row['path_class']!r}, "
                    f"not one of {', '.join(PATH_CLASSES)}."
                )
            pattern = row["pattern"].encode()
            if not pattern.strip(b"/") or pattern.startswith(b"!"):
                raise ShipworthyError(
                    f"{path}, line {line}: the pattern {row['pattern']!r} matches no path; "
                    "patterns are not empty and do not start with an exclamation mark."
                )
            if _translate(pattern.strip(b"/")) is None:
                raise ShipworthyError(
                    f"{path}, line {line}: the pattern {row['pattern']!r} is not closed."
                )
            rows.append((pattern, row["path_class"]))
        return PathClassifier(rows)

    def classify(self, path: bytes, attributes: Mapping[str, str | bool] | None = None) -> str:
        """Return the class of a path.

        Parameters
        ----------
        path : bytes
            Path from the root of the repository, as git stores it.
        attributes : mapping, optional
            The path's attributes, from `GitAttributes.attributes`; only `linguist-*` ones count.
        """
        if not attributes:
            found = self._known.get(path)
            if found is None:
                found = self._known[path] = self._match(path, _NO_CLASSES)
            return found
        ruled_out = []
        for name, path_class in _CLASS_OF_ATTRIBUTE.items():
            value = attributes.get(name)
            if value is None:
                continue
            if value not in (False, "false"):
                return path_class
            ruled_out.append(path_class)
        return self._match(path, frozenset(ruled_out)) if ruled_out else self.classify(path)

    def _match(self, path: bytes, ruled_out: frozenset[str]) -> str:
        rules = self._rules.get(ruled_out)
        if rules is None:
            rows = [row for row in self._rows if row[1] not in ruled_out]
            rules = self._rules[ruled_out] = _Rules(rows)
        return rules.match(path)


class _Rules:
    """Rows sorted by how they can be looked up, so that few patterns are tried one by one."""

    def __init__(self, rows: list[tuple[bytes, str]]) -> None:
        self._classes = [path_class for _, path_class in rows] + ["code"]
        self._names: dict[bytes, int] = {}
        self._suffixes: dict[bytes, int] = {}
        self._directories: dict[bytes, int] = {}
        self._patterns: list[tuple[int, re.Pattern[bytes], bool]] = []
        for rank, (pattern, _) in enumerate(rows):
            body = pattern.removesuffix(b"/")
            is_directory = body != pattern
            is_literal = not re.search(rb"[*?\[\\]", body)
            if b"/" in body:
                ending = rb"/.*" if is_directory else b""
                regex = _compile((_translate(body.lstrip(b"/")) or b"(?!)") + ending)
                self._patterns.append((rank, regex, False))
            elif is_directory:
                if is_literal:
                    self._directories.setdefault(body, rank)
                else:
                    # Any part of the path but the last, which is the file.
                    inside = rb"(?:[^/]+/)*" + (_translate(body) or b"(?!)") + rb"/.*"
                    self._patterns.append((rank, _compile(inside), False))
            elif is_literal:
                self._names.setdefault(body, rank)
            elif body[:1] == b"*" and not re.search(rb"[*?\[\\]", body[1:]):
                self._suffixes.setdefault(body[1:], rank)
            else:
                self._patterns.append((rank, _compile(_translate(body) or b"(?!)"), True))

    def match(self, path: bytes) -> str:
        none = len(self._classes) - 1
        *directories, name = path.split(b"/")
        best = self._names.get(name, none)
        for directory in directories:
            best = min(best, self._directories.get(directory, none))
        for start in range(len(name) + 1):
            best = min(best, self._suffixes.get(name[start:], none))
        for rank, regex, is_name in self._patterns:
            if rank >= best:
                break
            if regex.fullmatch(name if is_name else path):
                best = rank
                break
        return self._classes[best]


# ---------------------------------------------------------------------------- .gitattributes

_BLANKS = b" \t\r"
_MACRO = b"[attr]"
_ATTRIBUTE_NAME = re.compile(rb"[A-Za-z0-9_.][-A-Za-z0-9_.]*")
# Git passes over longer lines.
_LONGEST_LINE = 2047
# So many lines of all files that say something about classes count, and so much of each file:
# more than anybody writes by hand, and few enough to be tried on every path.
_MOST_RULES = 1_000
_MOST_BYTES = 1 << 20
_UTF8_MARK = b"\xef\xbb\xbf"

# True: set. False: unset. None: back to unspecified. Text: a value.
_State = str | bool | None
_States = list[tuple[str, _State]]

_BUILT_IN_MACROS: dict[str, _States] = {
    "binary": [("diff", False), ("merge", False), ("text", False)]
}


class GitAttributes:
    """The `.gitattributes` files of one tree, as gitattributes(5) reads them.

    Parameters
    ----------
    files : mapping of bytes to bytes
        Content of each `.gitattributes` file by its directory: `b""` is the root, `b"src/lib"` one
        below.
    names : iterable of str
        Attributes to look up; all others are passed over.

    Attributes
    ----------
    passed_over : int
        Lines that are not used, because there are too many.
    """

    def __init__(
        self, files: Mapping[bytes, bytes], names: Iterable[str] = LINGUIST_ATTRIBUTES
    ) -> None:
        self._names = tuple(names)
        self._macros = dict(_BUILT_IN_MACROS)
        # From the weakest to the strongest: deeper directories, later lines.
        rules: list[tuple[bytes, bytes, _States]] = []
        for directory in sorted(files, key=lambda directory: directory.strip(b"/").count(b"/")):
            base = directory.strip(b"/")
            prefix = base + b"/" if base else b""
            for pattern, states in _parse_lines(files[directory]):
                if pattern.startswith(_MACRO) and len(pattern) > len(_MACRO):
                    # Macros can be defined at the root only, and hold for the whole tree.
                    if not prefix:
                        self._macros[pattern[len(_MACRO) :].decode()] = states
                    continue
                rules.append((prefix, pattern, states))
        relevant = self._relevant_names()
        self._rules: list[tuple[bytes, re.Pattern[bytes], bool, _States]] = []
        rules = [rule for rule in rules if not relevant.isdisjoint(name for name, _ in rule[2])]
        # The strongest come last.
        self.passed_over = max(0, len(rules) - _MOST_RULES)
        for prefix, pattern, states in rules[self.passed_over :]:
            regex = _translate(pattern.removeprefix(b"/"))
            # A pattern for a directory never holds for the files in it.
            if regex is not None and not pattern.endswith(b"/"):
                self._rules.append((prefix, _compile(regex), b"/" not in pattern, states))
        self._known: dict[bytes, dict[str, str | bool]] = {}

    def attributes(self, path: bytes) -> dict[str, str | bool]:
        """Return what is specified for a path: True (set), False (unset) or a value, by name.

        Parameters
        ----------
        path : bytes
            Path of a file from the root of the repository.
        """
        if not self._rules:
            return {}
        found = self._known.get(path)
        if found is None:
            found = self._known[path] = self._look_up(path)
        return found

    def _relevant_names(self) -> set[str]:
        """Return the names asked for and every macro that can set one of them."""
        setting: dict[str, list[str]] = {}
        for macro, states in self._macros.items():
            for name, _ in states:
                setting.setdefault(name, []).append(macro)
        relevant: set[str] = set()
        waiting = list(self._names)
        while waiting:
            name = waiting.pop()
            if name not in relevant:
                relevant.add(name)
                waiting += setting.get(name, ())
        return relevant

    def _look_up(self, path: bytes) -> dict[str, str | bool]:
        name = path.rpartition(b"/")[2]
        found: dict[str, _State] = {}
        for prefix, regex, is_name, states in reversed(self._rules):
            if not path.startswith(prefix):
                continue
            if regex.fullmatch(name if is_name else path[len(prefix) :]):
                self._settle(states, found)
        return {name: found[name] for name in self._names if found.get(name) is not None}

    def _settle(self, states: _States, found: dict[str, _State]) -> None:
        """Settle what stronger lines have left open; in a line, the last word counts."""
        # A stack of its own: macros may set macros, thousands deep.
        waiting = [reversed(states)]
        while waiting:
            name, state = next(waiting[-1], (None, None))
            if name is None:
                waiting.pop()
            elif name not in found:
                found[name] = state
                if state is True and name in self._macros:
                    waiting.append(reversed(self._macros[name]))


def _parse_lines(text: bytes) -> list[tuple[bytes, _States]]:
    """Read the lines of one file; those that git refuses with a warning are passed over."""
    parsed = []
    for raw_line in text[:_MOST_BYTES].removeprefix(_UTF8_MARK).split(b"\n"):
        line = raw_line.strip(_BLANKS)
        if not line or line[:1] == b"#" or len(raw_line) > _LONGEST_LINE:
            continue
        quoted = _unquote(line) if line[:1] == b'"' else None
        pattern, rest = quoted or _split_word(line)
        if pattern.startswith(_MACRO) and len(pattern) > len(_MACRO):
            if not _ATTRIBUTE_NAME.fullmatch(pattern[len(_MACRO) :]):
                continue
        elif pattern.startswith(b"!"):
            continue
        states = _parse_states(rest)
        if states is not None:
            parsed.append((pattern, states))
    return parsed


def _split_word(line: bytes) -> tuple[bytes, bytes]:
    end = re.search(rb"[ \t\r]|$", line).start()
    return line[:end], line[end:]


def _parse_states(text: bytes) -> _States | None:
    """Read `set -unset !unspecified name=value`; None if a name breaks the rules."""
    states: _States = []
    for word in text.split():
        name, equals, value = word.partition(b"=")
        state: _State = value.decode("utf-8", "surrogateescape") if equals else True
        if word[:1] in (b"-", b"!"):
            state = False if word[:1] == b"-" else None
            name = name[1:]
        if not _ATTRIBUTE_NAME.fullmatch(name):
            return None
        states.append((name.decode(), state))
    return states


_ESCAPES = {
    b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v",
    b"\\": b"\\", b'"': b'"',
}  # fmt: skip


def _unquote(line: bytes) -> tuple[bytes, bytes] | None:
    """Read a pattern in C quotes and what follows it; None if the quotes make no sense."""
    match = re.match(rb'"((?:[^"\\]|\\[abfnrtv\\"]|\\[0-3][0-7]{2})*)"', line)
    if match is None:
        return None

    def unescape(escape: re.Match[bytes]) -> bytes:
        word = escape[1]
        return _ESCAPES.get(word) or bytes([int(word, 8)])

    pattern = re.sub(rb"\\([0-3][0-7]{2}|.)", unescape, match[1])
    return pattern, line[match.end() :]


# --------------------------------------------------------------------------------- wildcards

_POSIX_CLASSES = {
    b"alnum": rb"a-zA-Z0-9", b"alpha": rb"a-zA-Z", b"blank": rb" \t", b"cntrl": rb"\x00-\x1f\x7f",
    b"digit": rb"0-9", b"graph": rb"\x21-\x7e", b"lower": rb"a-z", b"print": rb"\x20-\x7e",
    b"punct": rb"\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e", b"space": rb" \t\n\r\f\v",
    b"upper": rb"A-Z", b"xdigit": rb"0-9A-Fa-f",
}  # fmt: skip


@lru_cache(maxsize=4096)
def _compile(regex: bytes) -> re.Pattern[bytes]:
    return re.compile(regex, re.DOTALL)


def _translate(pattern: bytes) -> bytes | None:
    """Turn git's wildcards for paths into a regular expression; None if nothing can match.

    `*`, `?` and brackets stop at slashes; `**` between slashes is any number of directories.
    """
    parts: list[bytes] = []
    # Where the current part of the path has its last star. What lies between two stars may be
    # matched once and for all at the first place it fits (an atomic group), so that no pattern in
    # somebody's repository takes exponential time.
    star: int | None = None
    # The same for the last stars that span directories.
    span: int | None = None
    position, end = 0, len(pattern)
    literal = len(re.match(rb"[^*?\[\\]*", pattern)[0])
    while position < end:
        char = pattern[position : position + 1]
        if char == b"*":
            after = position
            while pattern[after : after + 1] == b"*":
                after += 1
            starts_part = position == 0 or pattern[position - 1 : position] == b"/"
            # Git cuts off what is literal before it looks at the wildcards, so that in `a/gen**`
            # the stars begin the pattern.
            spans = after - position > 1 and (starts_part or position == literal)
            if spans and (after == end or pattern[after : after + 1] == b"/"):
                if span is not None:
                    parts[span] = rb"(?>(?:[^/]+/)*?"
                    parts.append(b")")
                # Those in `a/gen**` may end anywhere.
                span = len(parts) if starts_part else None
                if after == end:
                    parts.append(rb".*")
                else:
                    parts.append(rb"(?:[^/]+/)*" if starts_part else rb"(?:.*/)?")
                    after += 1
            else:
                if star is not None:
                    parts[star] = rb"(?>[^/]*?"
                    parts.append(b")")
                star = len(parts)
                parts.append(rb"[^/]*")
            position = after
            continue
        if char == b"?":
            parts.append(rb"[^/]")
        elif char == b"[":
            bracket = _translate_bracket(pattern, position + 1)
            if bracket is None:
                return None
            regex, position = bracket
            parts.append(regex)
            continue
        elif char == b"\\":
            position += 1
            if position == end:
                return None
            parts.append(re.escape(pattern[position : position + 1]))
        else:
            parts.append(re.escape(char))
            if char == b"/":
                star = None
        position += 1
    return b"".join(parts)


def _translate_bracket(pattern: bytes, position: int) -> tuple[bytes, int] | None:
    """Translate a bracket from behind its `[`; return it and where it ends, None if it does not."""
    is_negated = pattern[position : position + 1] in (b"!", b"^")
    position += is_negated
    members: list[bytes] = []
    # The character that a following `-` would make a range of; none after a range or a class.
    low: int | None = None
    is_first = True
    while True:
        char = pattern[position : position + 1]
        if not char:
            return None
        if char == b"]" and not is_first:
            break
        is_first = False
        following = pattern[position + 1 : position + 2]
        if char == b"-" and low is not None and following not in (b"", b"]"):
            position += 1
            if following == b"\\":
                position += 1
                following = pattern[position : position + 1]
                if not following:
                    return None
            high = following[0]
            if low <= high:
                members.append(rb"\x%02x-\x%02x" % (low, high))
            low = None
            position += 1
            continue
        if char == b"[" and following == b":":
            close = pattern.find(b"]", position + 2)
            if close < 0:
                return None
            if pattern[close - 1 : close] == b":" and close - 1 >= position + 2:
                known = _POSIX_CLASSES.get(pattern[position + 2 : close - 1])
                if known is None:
                    return None
                members.append(known)
                low = None
                position = close + 1
                continue
            # No `:]`: the bracket is a member like any other.
        if char == b"\\":
            position += 1
            char = following
            if not char:
                return None
        members.append(rb"\x%02x" % char[0])
        low = char[0]
        position += 1
    inside = b"".join(members)
    if is_negated:
        return rb"[^/" + inside + b"]", position + 1
    return (rb"(?!/)[" + inside + b"]" if inside else rb"(?!)"), position + 1
