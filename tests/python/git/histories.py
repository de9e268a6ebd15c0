"""Make git histories for tests, and ask git who wrote their lines."""

import os
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

FIRST_TIME = 1_700_000_000
HOUR = 3600

# What git gets here: nobody's settings, fixed people.
ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")} | {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ada Author",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada Author",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "LC_ALL": "C",
}


def git(directory: Path, *arguments: str | bytes, stdin: bytes | None = None) -> bytes:
    """Run git in a directory and return what it prints."""
    command = ["git", *arguments]
    result = subprocess.run(
        command, cwd=directory, env=ENVIRONMENT, input=stdin, capture_output=True, check=False
    )
    assert result.returncode == 0, (arguments, result.stderr)
    return result.stdout


@dataclass
class Entry:
    """A file of a tree: `100644`, `100755`, `120000` (link) or `160000` (submodule)."""

    mode: str
    content: bytes


Tree = dict[bytes, Entry]


@dataclass
class Builder:
    """Collects commits and writes them with one `git fast-import`.

    Parameters
    ----------
    directory : Path
        A bare repository is made in it, or added to.
    """

    directory: Path
    trees: list[Tree] = field(default_factory=list)
    parents: list[list[int]] = field(default_factory=list)
    tip: int | None = None
    _stream: list[bytes] = field(default_factory=list)

    def commit(
        self,
        tree: Tree,
        parents: list[int] | None = None,
        *,
        message: str = "change",
        author: str = "Ada Author <ada@example.com>",
        time: int | None = None,
        is_mainline: bool = True,
    ) -> int:
        """Add a commit on top of the tip, or of the given parents; return its number."""
        if parents is None:
            parents = [] if self.tip is None else [self.tip]
        number = len(self.trees)
        self.trees.append(dict(tree))
        self.parents.append(parents)
        if time is None:
            time = FIRST_TIME + HOUR * number
        lines = [
            b"commit refs/heads/work",
            b"mark :%d" % (number + 1),
            b"author %s %d +0000" % (author.encode(), time),
            b"committer %s %d +0000" % (author.encode(), time),
            b"data %d\n%s" % (len(message.encode()), message.encode()),
        ]
        lines += [
            b"%s :%d" % (b"merge" if place else b"from", parent + 1)
            for place, parent in enumerate(parents)
        ]
        lines.append(b"deleteall")
        for path, entry in tree.items():
            quoted = b'"' + b"".join(b"\\%03o" % byte for byte in path) + b'"'
            if entry.mode == "160000":
                lines.append(b"M 160000 %s %s" % (entry.content, quoted))
            else:
                lines.append(b"M %s inline %s" % (entry.mode.encode(), quoted))
                lines.append(b"data %d\n%s" % (len(entry.content), entry.content))
        if not parents:
            lines.insert(0, b"reset refs/heads/work")
        self._stream.append(b"\n".join(lines) + b"\n")
        if is_mainline:
            self.tip = number
        return number

    def write(self) -> Path:
        """Write the commits; the mainline is the branch `main`."""
        self.directory.mkdir(exist_ok=True)
        if not (self.directory / "HEAD").exists():
            git(self.directory, "init", "--quiet", "--bare", "--initial-branch=main", ".")
        stream = b"".join(self._stream) + b"reset refs/heads/main\nfrom :%d\n" % (self.tip + 1)
        git(self.directory, "fast-import", "--quiet", "--force", stdin=stream)
        return self.directory


def text_tree(**files: str) -> Tree:
    """Return a tree of plain files; in the names, `__` stands for a slash and `_` for a dot."""
    return {
        name.replace("__", "/").replace("_", ".").encode(): Entry("100644", content.encode())
        for name, content in files.items()
    }


@dataclass(frozen=True)
class BlamedLine:
    """What blame says of a line."""

    sha: str
    path: bytes
    is_boundary: bool


def blame(directory: Path, path: bytes, *options: str) -> list[BlamedLine]:
    """Return what `git blame` says of each line of a file."""
    text = git(directory, "blame", "--porcelain", *options, "--", path)
    facts: dict[str, dict[bytes, bytes]] = {}
    lines: list[tuple[str, bytes]] = []
    sha = ""
    for line in text.split(b"\n"):
        if line.startswith(b"\t"):
            lines.append((sha, facts[sha][b"filename"]))
            continue
        key, _, value = line.partition(b" ")
        if len(key) == 40 and key.strip(b"0123456789abcdef") == b"":
            sha = key.decode()
            facts.setdefault(sha, {})
        elif key:
            facts[sha][key] = value
    return [BlamedLine(sha, _unquoted(name), b"boundary" in facts[sha]) for sha, name in lines]


def _unquoted(name: bytes) -> bytes:
    from shipworthy.git.diffs import unquote

    return unquote(name)


def counted(lines: list[BlamedLine]) -> Counter[tuple[str, bytes]]:
    """Count lines by commit and path."""
    return Counter((line.sha, line.path) for line in lines)
