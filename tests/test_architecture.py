"""The direction of the imports, and a few words that have no place in the packages."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

#: What each package may import besides itself and the standard library.
PACKAGES = {
    "scratch": {"numpy"},
    "keras_ref": {"numpy", "keras", "tensorflow"},
    "comparisons": {
        "numpy",
        "pandas",
        "click",
        "rich",
        "threadpoolctl",
        "safetensors",
        "jinja2",
        "markupsafe",
        "pytest",
        "scratch",
        "keras_ref",
    },
}

#: What each room of ``comparisons`` may import of the others.
ROOMS: dict[str, set[str]] = {
    "problems": set(),
    "runs": {"problems"},
    "verdicts": set(),
    "rounding": {"problems", "runs", "verdicts"},
    "traces": {"problems", "runs", "verdicts", "rounding"},
    "candidates": {"problems", "runs"},
    "sandbox": {"problems", "runs", "candidates"},
    "causes": {"problems", "runs", "verdicts", "rounding"},
    "comparing": {"problems", "runs", "verdicts", "rounding", "causes"},
    "shuffling": {"problems", "runs", "comparing"},
    "checking": {"problems", "runs", "traces", "verdicts", "causes", "comparing"},
    "replaying": {"problems", "runs", "verdicts", "causes"},
    "reports": {"problems", "verdicts", "causes", "checking", "replaying"},
    "parity": {"problems", "runs", "candidates", "checking", "replaying", "reports"},
    "stories": {"problems", "runs", "verdicts", "causes", "checking", "sandbox", "reports"},
    "pages": {"problems", "reports"},
    "plugin": {"problems", "runs", "checking", "reports", "parity", "stories", "pages"},
    "lessons": {"runs"},
    "cli": {
        "problems",
        "runs",
        "traces",
        "verdicts",
        "causes",
        "comparing",
        "shuffling",
        "checking",
        "candidates",
        "sandbox",
        "submissions",
        "replaying",
        "reports",
        "grading",
        "stories",
        "pages",
        "lessons",
    },
    "submissions": {"runs", "causes", "sandbox", "checking", "replaying"},
    "grading": {
        "problems",
        "runs",
        "traces",
        "verdicts",
        "causes",
        "checking",
        "sandbox",
        "submissions",
        "reports",
    },
    "__init__": {
        "problems",
        "runs",
        "verdicts",
        "comparing",
        "checking",
        "parity",
    },
    "__main__": {"cli"},
}

#: The one module that meets Keras, and the one function that may print.
MEETS_KERAS = Path("comparisons/runs/reference.py")
MAY_PRINT = (Path("scratch/tutorial.py"), "main")

#: Lessons are scripts, as a student types them: they print, and import what a student would.
LESSONS = Path("comparisons/lessons/pages")
IN_LESSONS = {"numpy", "keras", "tensorflow", "scratch", "keras_ref", "comparisons"}


def violations(root: Path) -> list[str]:
    """Return a sentence for each place in the packages under ``root`` that breaks a rule."""
    found = []
    for package in PACKAGES:
        for file in sorted((root / package).rglob("*.py")):
            path, text = file.relative_to(root), file.read_text("utf-8")
            tree = ast.parse(text)
            found += [f"{path}:{n} imports {m}" for m, n in imports(tree) if not may(path, m)]
            found += [f"{path}:{n} has {what}" for what, n in words(path, tree)]
            found += [
                f"{path}:{number} mentions pickle"
                for number, line in enumerate(text.splitlines(), 1)
                if "pickle" in line.lower()
            ]
    return found


def imports(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield every module imported anywhere in a file, dotted, with its line.

    ``from a import b`` is ``a.b``, whether ``b`` is a module or a name in one. A relative import
    begins with its dots, and so is never allowed: one way to write an arrow is enough.
    """
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((alias.name, node.lineno) for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                for alias in names:
                    yield f"{'.' * level}{module or ''}.{alias.name}", node.lineno


def may(path: Path, module: str) -> bool:
    """Return whether the file at ``path`` may import ``module``."""
    package, target = path.parts[0], module.split(".")
    if target[0] in sys.stdlib_module_names:
        return True
    if path.parent == LESSONS:
        return target[0] in IN_LESSONS
    if target[0] != package:
        return target[0] in PACKAGES[package] and (target[0] != "keras_ref" or path == MEETS_KERAS)
    if package != "comparisons":
        return True
    here, there = Path(path.parts[1]).stem, target[1]
    return here == there or there in ROOMS.get(here, set())


def words(path: Path, tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield each ``assert`` and each call of ``print`` with its line."""
    printing = {
        id(inner)
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and (path, node.name) == MAY_PRINT
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Assert():
                yield "an assert", node.lineno
            case ast.Call(func=ast.Name(id="print")) if (
                id(node) not in printing and path.parent != LESSONS
            ):
                yield "a call of print", node.lineno


def test_the_packages_break_no_rule() -> None:
    assert violations(ROOT) == []


def test_every_room_is_there_and_every_file_is_in_one() -> None:
    rooms = {
        Path(file.relative_to(ROOT / "comparisons").parts[0]).stem
        for file in (ROOT / "comparisons").rglob("*.py")
    }
    assert rooms == set(ROOMS)


@pytest.mark.parametrize(
    ("path", "line", "sentence"),
    [
        ("scratch/layers.py", "import keras", "imports keras"),
        ("scratch/layers.py", "from keras_ref import build", "imports keras_ref.build"),
        ("scratch/layers.py", "import comparisons.runs", "imports comparisons.runs"),
        ("scratch/deep/er.py", "import pandas as pd", "imports pandas"),
        ("keras_ref/models.py", "from scratch import Dense", "imports scratch.Dense"),
        ("keras_ref/models.py", "from comparisons import x", "imports comparisons.x"),
        ("comparisons/problems/a.py", "import keras_ref", "imports keras_ref"),
        ("comparisons/runs/twins.py", "import keras", "imports keras"),
        ("comparisons/runs/a.py", "import comparisons.verdicts", "imports comparisons.verdicts"),
        ("comparisons/runs/a.py", "from ..verdicts import b", "imports ..verdicts.b"),
        ("comparisons/verdicts/a.py", "from comparisons import runs", "imports comparisons.runs"),
        (
            "comparisons/reports/a.py",
            "from comparisons.runs import b",
            "imports comparisons.runs.b",
        ),
        ("comparisons/comparing.py", "from comparisons.cli import b", "imports comparisons.cli.b"),
        ("comparisons/problems/a.py", "from comparisons import b", "imports comparisons.b"),
        ("comparisons/attic/a.py", "import comparisons.runs", "imports comparisons.runs"),
        ("keras_ref/models.py", "assert True", "has an assert"),
        ("comparisons/cli.py", "print()", "has a call of print"),
        ("scratch/tutorial.py", "print()", "has a call of print"),
        ("scratch/layers.py", "import pickle", "mentions pickle"),
        ("comparisons/lessons/pages/01-a.py", "import pandas", "imports pandas"),
        ("comparisons/lessons/pages/01-a.py", "assert True", "has an assert"),
        ("comparisons/lessons/a.py", "print()", "has a call of print"),
        ("comparisons/lessons/a.py", "import keras", "imports keras"),
    ],
)
def test_what_breaks_a_rule_is_found_wherever_it_stands(
    tmp_path: Path, path: str, line: str, sentence: str
) -> None:
    file = tmp_path / path
    file.parent.mkdir(parents=True)
    file.write_text(f'"""A module."""\n\n\ndef late():\n    {line}\n')
    assert violations(tmp_path) == [f"{path}:5 {sentence}"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "scratch/layers.py",
            "import os.path\nimport numpy as np\nfrom scratch.arrays import Array",
        ),
        ("keras_ref/models.py", "import numpy, keras, tensorflow as tf"),
        ("comparisons/runs/reference.py", "import keras_ref"),
        ("comparisons/verdicts/a.py", "from comparisons.verdicts.b import c"),
        ("comparisons/cli.py", "from comparisons import problems, reports"),
        ("scratch/tutorial.py", "def main():\n    print()"),
        (
            "comparisons/lessons/pages/01-a.py",
            "import keras\nfrom comparisons import compare\nprint()",
        ),
        ("scratch/sequential.py", "def summary(print_fn=print): print_fn()"),
    ],
)
def test_what_breaks_no_rule_is_left_alone(tmp_path: Path, path: str, text: str) -> None:
    file = tmp_path / path
    file.parent.mkdir(parents=True)
    file.write_text(text)
    assert violations(tmp_path) == []
