"""Read a history some of whose files are lost, as long as no line that counts lived in them.

Copies leave out big files, and disks lose objects: a film or a vendored library that is gone should
not keep a repository from being read. In the shadow, a small binary file stands in for each such
file; where a text that counts is lost, nothing can stand in for it.
"""

from collections import Counter
from collections.abc import Iterable

from shipworthy.git.diffs import UNCOUNTED_CLASSES, Attributes, parse_raw, unquote
from shipworthy.git.paths import PathClassifier
from shipworthy.git.processes import ObjectReader
from shipworthy.git.repository import Repository

# Files that have no lines, by the ends of their names.
_BINARY_SUFFIXES = (
    b".7z", b".a", b".aac", b".apk", b".avi", b".avif", b".bin", b".bmp", b".bz2", b".class",
    b".dll", b".dmg", b".doc", b".docx", b".eot", b".exe", b".flac", b".gif", b".gz", b".h5",
    b".heic", b".ico", b".icns", b".iso", b".jar", b".jpeg", b".jpg", b".m4a", b".m4v", b".mkv",
    b".mov", b".mp3", b".mp4", b".mpeg", b".mpg", b".npy", b".npz", b".o", b".odp", b".ods",
    b".odt", b".ogg", b".onnx", b".otf", b".parquet", b".pdf", b".pickle", b".pkl", b".png",
    b".ppt", b".pptx", b".psd", b".pt", b".pyc", b".rar", b".safetensors", b".so", b".sqlite",
    b".tar", b".tgz", b".tif", b".tiff", b".ttf", b".wav", b".webm", b".webp", b".whl", b".wmv",
    b".woff", b".woff2", b".xls", b".xlsx", b".xz", b".zip", b".zst",
)  # fmt: skip
_MEDIA = "media"
_RAW_DIFF = (
    "diff-tree", "--stdin", "--root", "-r", "-m", "--raw", "--no-renames", "--full-index",
    "--no-commit-id", "--no-ext-diff", "--no-relative",
)  # fmt: skip


def stand_in(repository: Repository, object_ids: Iterable[str]) -> Counter[str] | None:
    """Let something stand in for lost files.

    Parameters
    ----------
    repository : Repository
    object_ids : iterable of str
        The lost objects.

    Returns
    -------
    Counter or None
        How many files each class lacks (`media`, or as in the seed of path patterns); None if what
        is lost is needed.

    Raises
    ------
    ShipworthyError
        If trees or commits are lost.
    """
    lost = set(object_ids)
    places = _find_places(repository, lost)
    classifier = PathClassifier.load()
    counts: Counter[str] = Counter()
    with ObjectReader(repository) as objects:
        attributes = Attributes.at(repository, objects, repository.head)
        for paths in places.values():
            classes = {
                _MEDIA
                if path.lower().endswith(_BINARY_SUFFIXES)
                else classifier.classify(path, attributes.of(path))
                for path in paths
            }
            if not classes <= {*UNCOUNTED_CLASSES, _MEDIA}:
                return None
            counts[min(classes)] += 1
    if not places:
        return None
    _replace(repository, sorted(places))
    return counts


def _find_places(repository: Repository, lost: set[str]) -> dict[str, set[bytes]]:
    """Return the paths at which the mainline's history has each lost file."""
    commits = repository.run("rev-list", repository.head)
    places: dict[str, set[bytes]] = {}
    rest = b""
    with repository.stream(*_RAW_DIFF, stdin=[commits]) as output:
        while block := output.read():
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                if not line.startswith(b":"):
                    continue
                entry = parse_raw(line)
                for object_id in lost.intersection((entry.old_id, entry.new_id)):
                    places.setdefault(object_id, set()).add(unquote(entry.new_name))
    return places


def _replace(repository: Repository, object_ids: list[str]) -> None:
    directory = repository.shadow / "stand-ins"
    directory.mkdir(exist_ok=True)
    files = []
    for object_id in object_ids:
        files.append(directory / object_id)
        # A zero makes it binary, the id makes it unlike all others.
        files[-1].write_bytes(b"\0" + object_id.encode())
    feed = "".join(f"{file}\n" for file in files).encode()
    made = repository.run("hash-object", "-w", "--no-filters", "--stdin-paths", stdin=feed)
    refs = "".join(
        f"update refs/replace/{old} {new}\n"
        for old, new in zip(object_ids, made.decode().split(), strict=True)
    )
    repository.run("update-ref", "--stdin", stdin=refs.encode())
    # The shadow has no replacements but these.
    repository.environment.pop("GIT_NO_REPLACE_OBJECTS", None)
