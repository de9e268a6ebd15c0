"""Put the reference seeds into the wheel: Python and dbt read one list, which stands in seeds/."""

from pathlib import Path
from shutil import copyfile

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithSeeds(build_py):
    """Copy seeds/reference/*.csv to shipworthy/reference/ where the package is built."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib) / "shipworthy" / "reference"
            target.mkdir(parents=True, exist_ok=True)
            for seed in sorted(Path("seeds/reference").glob("*.csv")):
                copyfile(seed, target / seed.name)


setup(cmdclass={"build_py": BuildWithSeeds})
