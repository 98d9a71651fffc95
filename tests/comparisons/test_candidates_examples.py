"""The examples of the documentation run, and the documentation shows what they print."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLES = sorted((DOCS / "examples").glob("my_*.py"))


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_runs_and_passes(file: Path) -> None:
    done = subprocess.run(  # noqa: S603  our own file
        [sys.executable, str(file)], capture_output=True, text=True, check=True, timeout=60
    )
    *_, free, locked = done.stdout.splitlines()
    assert free.startswith("free: no difference found in ")
    assert locked.startswith("locked: no difference found in ")
    assert done.stderr == ""
    if file.stem == "my_functions":
        binding = "\n".join(done.stdout.splitlines()[:-2])
        assert binding in (DOCS / "candidates.md").read_text("utf-8")


def test_every_example_is_in_the_documentation() -> None:
    text = (DOCS / "candidates.md").read_text("utf-8")
    assert len(EXAMPLES) == 3
    assert all(f"(examples/{file.name})" in text for file in EXAMPLES)


def test_the_room_is_light() -> None:
    package = importlib.import_module("comparisons.candidates")
    heavy = {"pandas", "rich", "click", "tensorflow", "keras"}
    for file in Path(str(package.__file__)).parent.glob("*.py"):
        imported = {line.split()[1].split(".")[0] for line in file.read_text("utf-8").splitlines()
                    if line.startswith(("import ", "from "))}  # fmt: skip
        assert not imported & heavy
