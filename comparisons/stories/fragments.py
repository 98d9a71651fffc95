"""Runs on their way from the tests that made them to the one page: a file for each test.

The workers of pytest-xdist are processes of their own; what they have in common is a directory.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from comparisons.reports import write
from comparisons.stories.errors import StoryError
from comparisons.stories.telling import Run

_SUFFIX = ".story.json"


def write_fragment(directory: Path, test: str, runs: Sequence[Run]) -> None:
    """Write the runs of one check, made by the test of that name."""
    text = json.dumps({"test": test, "runs": list(runs)}, allow_nan=False)
    write(directory / f"{uuid4().hex}{_SUFFIX}", text)


def read_fragments(directory: Path) -> list[Run]:
    """Return all runs that were written to a directory, those of one test together.

    Raises ``StoryError`` for a fragment that is not whole.
    """
    fragments = []
    for path in directory.glob(f"*{_SUFFIX}"):
        try:
            fragment = json.loads(path.read_text(encoding="utf-8"))
            fragments.append((fragment["test"], path.name, fragment["runs"]))
        except (ValueError, TypeError, KeyError) as error:
            message = f"{path} is not what a test has written: run the tests again"
            raise StoryError(message) from error
    ordered = sorted(fragments, key=lambda fragment: fragment[:2])
    return [{**run, "test": test} for test, _, runs in ordered for run in runs]
