"""Line lifetimes: which lines each change adds, and which it removes.

Every line gets its fate when it is born: removed at some age, or living on. The next change of the
same service that lands after that age does the removing, so deaths have real causes, and a line
dies at most once because a block never gives out more lines than it still has.
"""

import heapq
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from shipworthy.simulate.dice import Dice
from shipworthy.simulate.model import BranchCommit, Change
from shipworthy.simulate.organisation import Service
from shipworthy.simulate.parameters import Parameters

# The directories of each service; all but the first can become services of their own.
MODULES = ("api", "core", "store", "jobs")
_FILES = ("handlers", "models", "client", "queue", "rules", "format", "session")
UNCOUNTED = ("generated", "vendored")
# Code that was replaced and is taken back within so many days counts as refilled.
_REFILL_DAYS = 84
_OLD_DAYS = 91


@dataclass(eq=False)
class Block:
    """Lines that were born together; `lines` of them still live."""

    repository: str
    added_sha: str
    path: str
    path_class: str
    author_sha: str
    authorship: str
    tool: str | None
    method: str | None
    is_moved: bool
    is_refilled: bool
    born: int
    lines: int
    born_at: datetime

    def death(self, change: Change, is_moved: bool) -> tuple:
        """Return the key of its lines' removal by a change."""
        return (
            self.repository, self.added_sha, self.path, self.path_class, self.author_sha,
            self.authorship, self.tool, self.is_moved, change.sha, is_moved,
        )  # fmt: skip


class ServiceCode:
    """The living lines of one service."""

    def __init__(self, parameters: Parameters, service: Service) -> None:
        self.parameters = parameters
        self.service = service
        self.dice = Dice(parameters.seed, "code", service.name)
        self.blocks: list[Block] = []
        self.by_change: dict[str, list[Block]] = {}
        self.removed_by: dict[str, list[tuple[str, str, int]]] = {}
        self.removed_lately: list[tuple[datetime, str, str, int]] = []
        self._due: list[tuple[datetime, int, Block, int]] = []
        self._serial = count()
        self.births: list[Block] = []
        self.deaths: dict[tuple, int] = {}

    # Removing ------------------------------------------------------------------------------------

    def remove(self, change: Change, block: Block, lines: int, is_moved: bool = False) -> int:
        """Remove up to so many lines of a block; returns how many there were."""
        lines = min(lines, block.lines)
        if lines <= 0:
            return 0
        block.lines -= lines
        key = block.death(change, is_moved)
        self.deaths[key] = self.deaths.get(key, 0) + lines
        change.paths.append(block.path)
        if block.path_class not in UNCOUNTED:
            change.lines_removed += lines
        if not is_moved:
            self.removed_by.setdefault(change.sha, []).append((block.path, block.path_class, lines))
            self.removed_lately.append((change.landed_at, block.path, block.path_class, lines))
        return lines

    def remove_due(self, change: Change, most: int) -> None:
        """Remove the lines whose time has come, but not more blocks than one change would."""
        while most and self._due and self._due[0][0] <= change.landed_at:
            _, _, block, lines = heapq.heappop(self._due)
            most -= bool(self.remove(change, block, lines))

    def remove_old(self, change: Change) -> None:
        """Retire the oldest code."""
        old = change.landed_at - timedelta(days=_OLD_DAYS)
        left = self.dice.integer(30, 110)
        for block in self.blocks:
            if left and block.lines and block.path_class == "code" and block.born_at < old:
                left -= self.remove(change, block, min(left, self.dice.integer(20, 60)))

    def replace(self, change: Change, path: str, path_class: str, lines: int) -> None:
        """Replace lines of a file that a tool writes."""
        left = lines
        for block in self.blocks:
            if left and block.path == path:
                left -= self.remove(change, block, left)
        self.add(change, path, path_class, lines)

    # Adding --------------------------------------------------------------------------------------

    def add(
        self,
        change: Change,
        path: str,
        path_class: str,
        lines: int,
        is_moved: bool = False,
        is_refilled: bool = False,
    ) -> None:
        """Add lines to a file, in one block or, where line ranges are known, in two."""
        if lines <= 0:
            return
        author = self._author(change)
        parts = [(author.authorship, author.tool, author.method, lines)]
        if author.authorship == "ai" and author.method == "line_ranges" and lines >= 10:
            by_human = round(lines * self.dice.between(0.1, 0.3)) if self.dice.chance(0.3) else 0
            if by_human:
                parts = [
                    ("ai", author.tool, author.method, lines - by_human),
                    ("human", None, author.method, by_human),
                ]
        for authorship, tool, method, part in parts:
            self._add_block(
                change, author.sha, path, path_class, authorship, tool, method,
                is_moved, is_refilled, part,
            )  # fmt: skip

    def _author(self, change: Change) -> BranchCommit:
        """Return the commit that wrote the lines: a branch commit where merges keep them."""
        if change.repository.workflow == "merge" and change.branch:
            return self.dice.pick(change.branch)
        return BranchCommit(
            change.sha, change.author_key, change.author_kind, change.authorship, change.tool,
            change.method, change.committed_at,
        )  # fmt: skip

    def _add_block(
        self, change: Change, author_sha: str, path: str, path_class: str, authorship: str,
        tool: str | None, method: str | None, is_moved: bool, is_refilled: bool, lines: int,
    ) -> None:  # fmt: skip
        change.paths.append(path)
        if path_class not in UNCOUNTED:
            change.lines_added += lines
        own = self.by_change.setdefault(change.sha, [])
        for block in own:
            # One row a key: a second block of the same file and author joins the first.
            if (block.path, block.author_sha, block.authorship, block.is_moved) == (
                path, author_sha, authorship, is_moved,
            ):  # fmt: skip
                block.born += lines
                block.lines += lines
                return
        block = Block(
            change.repository.name, change.sha, path, path_class, author_sha, authorship, tool,
            method, is_moved, is_refilled, lines, lines, change.landed_at,
        )  # fmt: skip
        own.append(block)
        self.blocks.append(block)
        self.births.append(block)

    # Fate ----------------------------------------------------------------------------------------

    def decide_fate(self, change: Change) -> None:
        """Decide when the lines of a change will be removed.

        Lines of one change live and die together, so a change is rewritten as a whole, or nearly
        untouched; either way the first days are the most dangerous.
        """
        dice = self.dice
        share = dice.between(0.6, 1.0)
        for block in self.by_change.get(change.sha, ()):
            if change.kind == "base":
                for _ in range(3):
                    self._schedule(
                        block,
                        round(block.born * dice.between(0.04, 0.14)),
                        self.parameters.start
                        + timedelta(days=dice.between(0, 7 * self.parameters.weeks)),
                    )
                continue
            left = block.born
            if change.is_rewritten and not block.is_moved:
                early = min(left, round(block.born * share))
                if early >= 30 and dice.chance(0.5):
                    first = round(early * dice.between(0.3, 0.7))
                    self._age(block, first, dice.early(24))
                    self._age(block, early - first, dice.early(26))
                else:
                    self._age(block, early, dice.early(26))
                left -= early
            elif dice.chance(0.15):
                trimmed = min(left, dice.integer(1, 4))
                self._age(block, trimmed, dice.early(27))
                left -= trimmed
            if dice.chance(0.40):
                self._age(block, round(left * dice.between(0.15, 0.7)), dice.between(31, 280))

    def _age(self, block: Block, lines: int, days: float) -> None:
        self._schedule(block, lines, block.born_at + timedelta(minutes=30 + round(days * 1440)))

    def _schedule(self, block: Block, lines: int, at: datetime) -> None:
        if lines > 0:
            heapq.heappush(self._due, (at, next(self._serial), block, lines))

    # Kinds of change -----------------------------------------------------------------------------

    def apply(self, change: Change) -> None:
        """Add and remove the lines of one change."""
        if change.kind == "base":
            self._base(change)
        elif change.kind == "bump":
            self.replace(change, self.service.path("pyproject.toml"), "config", change.lines)
            self.replace(change, self.service.path("uv.lock"), "generated", 9 * change.lines)
        elif change.kind == "docs":
            self.add(change, self._docs(), "docs", change.lines)
        elif change.kind == "revert":
            self._revert(change)
        elif change.kind == "fix" and change.target:
            for block in list(self.by_change[change.target.sha]):
                self.remove(change, block, round(block.lines * self.dice.between(0.5, 0.8)))
            self.add(change, self._file(), "code", change.lines)
        else:
            self.remove_due(change, 6)
            if change.kind == "cleanup":
                self.remove_old(change)
            elif change.kind == "move":
                self._move(change)
            elif change.kind == "restore":
                self._restore(change)
            self._feature(change)
        if not change.paths:
            # There was nothing to remove after all; a commit changes something.
            self.add(change, self._file(), "code", 1)
        self.decide_fate(change)

    def _base(self, change: Change) -> None:
        parts = self.dice.integer(4, 7)
        for _ in range(parts):
            self.add(change, self._file(), "code", change.lines // parts)
        self.add(change, self.service.path("pyproject.toml"), "config", 12)
        self.add(change, self.service.path("uv.lock"), "generated", 240)
        self.add(change, self.service.path("README.md"), "docs", 25)

    def _feature(self, change: Change) -> None:
        dice, lines = self.dice, change.lines
        in_tests = 0
        if change.kind == "feature":
            if lines >= 20 and dice.chance(0.30):
                in_tests = round(lines * dice.between(0.2, 0.45))
            if dice.chance(0.05):
                self.add(
                    change, self.service.path("deploy/values.yaml"), "config", dice.integer(1, 6)
                )
            if self.service.path_prefix and change.author_kind == "human" and dice.chance(0.03):
                # Outside of every service's directory: the line has an author, but no service.
                self.add(change, ".github/workflows/ci.yaml", "config", dice.integer(2, 9))
            if dice.chance(0.03):
                self.add(
                    change, self.service.path("fixtures/sample.json"), "data", dice.integer(10, 120)
                )
            if dice.chance(0.02):
                self.replace(
                    change, self.service.path("src/api/schema_gen.py"), "generated",
                    dice.integer(40, 220),
                )  # fmt: skip
            if dice.chance(0.004):
                self.add(
                    change,
                    self.service.path("vendor/tables.py"),
                    "vendored",
                    dice.integer(200, 500),
                )
        in_code = lines - in_tests
        path = self._file()
        if in_code >= 40 and dice.chance(0.35):
            second = round(in_code * dice.between(0.2, 0.5))
            self.add(change, self._file(), "code", second)
            in_code -= second
        self.add(change, path, "code", in_code)
        if in_tests:
            module, name = path.split("/")[-2:]
            self.add(change, self.service.path(f"tests/{module}/test_{name}"), "test", in_tests)

    def _move(self, change: Change) -> None:
        """Move a block of three or more lines to another file."""
        candidates = [
            block for block in self.blocks[-120:] if block.lines >= 6 and block.path_class == "code"
        ]
        if not candidates:
            return
        block = self.dice.pick(candidates)
        target = self._file()
        if target == block.path:
            target = self.service.path("src/core/shared.py")
        moved = self.remove(change, block, self.dice.integer(3, block.lines), is_moved=True)
        self.add(change, target, "code", moved, is_moved=True)

    def _restore(self, change: Change) -> None:
        """Take back lines that were removed a while ago."""
        since = change.landed_at - timedelta(days=_REFILL_DAYS)
        candidates = [
            removed
            for removed in self.removed_lately
            if removed[0] >= since and removed[2] == "code" and removed[3] >= 4
        ]
        if candidates:
            _, path, path_class, lines = self.dice.pick(candidates)
            self.add(change, path, path_class, min(lines, 40), is_refilled=True)

    def _revert(self, change: Change) -> None:
        """Undo a change: its living lines go, what it had removed comes back."""
        for block in list(self.by_change[change.target.sha]):
            self.remove(change, block, block.lines)
        for path, path_class, lines in self.removed_by.get(change.target.sha, ()):
            self.add(change, path, path_class, lines, is_refilled=True)

    def _file(self) -> str:
        extension = "ts" if self.service.name == "storefront" else "py"
        module, name = self.dice.pick(MODULES), self.dice.pick(_FILES)
        return self.service.path(f"src/{module}/{name}.{extension}")

    def _docs(self) -> str:
        # A name with a comma, a quote and a letter beyond ASCII: loaders must survive them.
        return self.service.path(
            self.dice.weighted({
                "README.md": 5, "docs/operations.md": 5, "docs/architecture.md": 4,
                'docs/why "retry", and when: a café note.md': 1,
            })
        )  # fmt: skip
