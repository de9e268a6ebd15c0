"""Put what stands elsewhere in the repository into the wheel: the seeds and the marts' pages."""

from pathlib import Path
from shutil import copyfile

from setuptools import setup
from setuptools.command.build_py import build_py

# Python and dbt read one list; the report and the docs one page.
COPIED = {"reference": "seeds/reference/*.csv", "pages": "docs/marts/*.md"}


class BuildWithCopies(build_py):
    """Copy the files where the package is built."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        for directory, pattern in COPIED.items():
            target = Path(self.build_lib) / "shipworthy" / directory
            target.mkdir(parents=True, exist_ok=True)
            for file in sorted(Path().glob(pattern)):
                copyfile(file, target / file.name)


setup(cmdclass={"build_py": BuildWithCopies})
