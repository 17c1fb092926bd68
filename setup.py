"""One step that pyproject.toml cannot say: the example songs go into the package."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithExamples(build_py):
    """Copy ``examples/*.ogg`` to ``musvid/examples`` of what is built."""

    def run(self) -> None:
        """Build, then copy. An editable install finds the songs in the repository."""
        super().run()
        if self.editable_mode:
            return
        folder = Path(self.build_lib) / "musvid" / "examples"
        folder.mkdir(parents=True, exist_ok=True)
        for song in sorted(Path(__file__).parent.joinpath("examples").glob("*.ogg")):
            self.copy_file(str(song), str(folder / song.name))


setup(cmdclass={"build_py": BuildWithExamples})
