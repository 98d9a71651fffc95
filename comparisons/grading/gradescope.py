"""Gradescope's ``results.json``: what it shows a student, and what it takes as the score.

Its fields are those of https://gradescope-autograders.readthedocs.io/en/latest/specs/.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from comparisons.grading.graded import EXCUSED, FAULTY, FOLLOWS, STOPPED, Graded, Item
from comparisons.grading.scoring import Scheme
from comparisons.grading.telling import NOTE, Reveal
from comparisons.reports import as_json


def to_gradescope(graded: Graded, scheme: Scheme, reveal: Reveal) -> str:
    """Return one submission as ``results.json``.

    There is a test for each quantity or, where nothing else is revealed, for each phase. All
    texts are marked as plain: what comes from a file is shown and not rendered.
    """
    tests = _by_phase(graded, scheme) if reveal == "none" else _by_quantity(graded, scheme)
    return as_json(
        {
            "score": scheme.score(graded),
            "execution_time": round(graded.seconds, 2),
            "output": told_of_all(graded),
            "output_format": "text",
            "test_output_format": "text",
            "test_name_format": "text",
            "visibility": "visible",
            "stdout_visibility": "hidden",
            "extra_data": {
                "submission": graded.name,
                "outcome": graded.worst.outcome,
                "kind": graded.worst.kind,
            },
            "tests": [*tests, *_not_run(graded, scheme)],
        }
    )


def told_of_all(graded: Graded) -> str:
    """Return what a student reads of all problems together."""
    return "\n\n".join(f"{p.problem}, {p.dtype}:\n{p.told}" for p in graded.parts)


def said_of(item: Item) -> str:
    """Say in a few words what was found of one quantity."""
    if item.state == FAULTY:
        return f"differs by itself, first at step {item.step}"
    if item.state == EXCUSED:
        return f"{NOTE}; counts in full"
    if item.state == FOLLOWS:
        counts = {
            0.0: "counts nothing: nothing that is shown agrees",
            1.0: "counts in full: the mistake before it explains it",
        }.get(item.credit, "counts half: nothing shows whether it is right")
        return f"differs from step {item.step} on, as does what it is computed from; {counts}"
    return item.state


def _by_quantity(graded: Graded, scheme: Scheme) -> Iterator[dict[str, Any]]:
    for part, item, earned, most in scheme.entries(graded):
        name = f"{part.problem}, {part.dtype}: {item.site}"
        yield _test(name, earned, most, said_of(item), item.phase, passed=item.credit == 1)


def _by_phase(graded: Graded, scheme: Scheme) -> Iterator[dict[str, Any]]:
    for phase, points in scheme.by_phase(graded).items():
        if points is not None:
            earned, most = points
            yield _test(phase, earned, most, "", phase, passed=earned == most)


def _not_run(graded: Graded, scheme: Scheme) -> Iterator[dict[str, Any]]:
    """Yield a failed test for each part that has no quantities to show."""
    most = Fraction(scheme.points, len(graded.parts))
    for part in graded.parts:
        if not part.items:
            what = "it runs" if part.outcome == STOPPED else "it was graded"
            name = f"{part.problem}, {part.dtype}: {what}"
            yield _test(name, 0, most, part.sentence, part.kind, passed=False)


def _test(
    name: str,
    earned: float | Fraction,
    most: float | Fraction,
    output: str,
    tag: str,
    *,
    passed: bool,
) -> dict[str, Any]:
    return {
        "score": round(float(earned), 2),
        "max_score": round(float(most), 2),
        "status": "passed" if passed else "failed",
        "name": name,
        "name_format": "text",
        "output": output,
        "output_format": "text",
        "tags": [tag],
        "visibility": "visible",
    }
