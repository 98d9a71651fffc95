"""A spreadsheet: one row a submission."""

import csv
import io
from collections.abc import Sequence

from comparisons.grading.graded import INTERNAL, Graded
from comparisons.grading.scoring import PHASES, Scheme

#: A cell that begins with one of these is a formula to a spreadsheet.
_FORMULA = ("=", "+", "-", "@")


def to_csv(class_: Sequence[Graded], scheme: Scheme) -> str:
    """Return a table with name, score, the points of each phase, and what was found.

    A phase is empty where nothing of it was shown, it has no weight, or the file did not run; and
    the score is where the mistake is ours. Text that a spreadsheet would compute gets an
    apostrophe in front.
    """
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(["name", "score", "points", *PHASES, "outcome", "kind", "sentence", "seconds"])
    for graded in class_:
        phases = scheme.by_phase(graded).values()
        worst = graded.worst
        table.writerow(
            [
                _text(graded.name),
                "" if worst.outcome == INTERNAL else f"{scheme.score(graded):g}",
                f"{scheme.points:g}",
                *("" if points is None else f"{points[0]:.2f}" for points in phases),
                *map(_text, (worst.outcome, worst.kind, worst.sentence)),
                f"{graded.seconds:.2f}",
            ]
        )
    return file.getvalue()


def _text(text: str) -> str:
    line = " ".join(text.split())
    return f"'{line}" if line.startswith(_FORMULA) else line
