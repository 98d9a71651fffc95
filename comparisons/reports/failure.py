"""A failure, told in plain lines: where, how much, why, and compared with what."""

from collections.abc import Iterator

from comparisons.causes import Explanation
from comparisons.checking import Checked
from comparisons.problems import names
from comparisons.reports.text import bound, index_of, source
from comparisons.verdicts import Divergence, Verdict

#: What no check can see, since it hands out the batches itself.
NOT_RUN = "your own training loop is not run: its epochs and the order of its rows are not checked"


def failure(checked: Checked, replay: str | None = None) -> str:
    """Return what to tell of a candidate that failed, in lines.

    In this order: the site and step where the two sides first part; what agreed before it; how
    many values are out of bounds and the worst few; the smallest relative tolerance that would
    have passed; the tested cause; what the reference is; how to ``replay`` just that step; what
    of the candidate was taken for what. Where nothing was compared, that.
    """
    parted = checked.parted
    if parted is None:
        return "\n".join(
            f"{v.problem}, {v.dtype}, {v.mode}: {v.sentence}" for v in checked.verdicts
        )
    verdict, first = parted
    run = f"{verdict.problem}, {verdict.dtype}, {verdict.mode} run"
    lines = [
        f"{run}: step {first.step}, {first.site}: {first.outcome.name} (first; its inputs agree)",
        f"  shape {first.shape}, {first.dtype}",
        f"  agreed before it: {', '.join(first.agreed) or 'nothing: it is the first site'}",
        *_values(verdict, first),
        *_causes(checked, first),
        f"  reference: {source(verdict.environment)}",
        f"  replay that step: {replay or _call(verdict, first)}",
        *understood(checked),
    ]
    return "\n".join(lines)


def understood(checked: Checked) -> Iterator[str]:
    """Yield lines that say what of a candidate was taken for what; none of a plain trainer."""
    if checked.binding:
        yield "  how it was understood:"
        yield from (f"    {line}" for line in (*checked.binding, *checked.notes))
        yield f"    {NOT_RUN}"


def _call(verdict: Verdict, first: Divergence) -> str:
    run = f'"{verdict.problem}", dtype="{verdict.dtype}"'
    if verdict.problem not in names():
        run = "problem"
    return f"comparisons.replay(candidate, {run}, step={first.step})"


def _values(verdict: Verdict, first: Divergence) -> Iterator[str]:
    if first.reason is not None:
        yield f"  cannot be compared: {first.reason}"
        return
    yield f"  {first.beyond} of {first.size} values beyond {bound(verdict.tolerance)}; worst:"
    yield f"  {'index':>10}{'yours':>17}{'keras':>17}{'difference':>12}{'× budget':>11}"
    for row in first.rows:
        yield (
            f"  {index_of(row.index) or '-':>10}{row.candidate:>17.9g}{row.reference:>17.9g}"
            f"{row.difference:>12.3g}{row.multiple:>11.2g}"
        )
    yield f"  smallest rtol that would pass: {first.smallest_rtol:.2g}"


def _causes(checked: Checked, first: Divergence) -> Iterator[str]:
    if first.reason is not None and first.reason.startswith("dtype "):
        yield (
            f"  cause: an array that is not {first.dtype}, in a run in {first.dtype}: make arrays "
            "with np.zeros_like(w), and keep numbers of NumPy's, such as np.float64(0.1), out"
        )
        return
    if not checked.explanations:
        yield "  cause: no known mistake, nor a few of them together, gives these numbers"
        return
    several = len(checked.explanations) > 1
    for number, explanation in enumerate(checked.explanations, 1):
        which = f" {number} of {len(checked.explanations)}, any of which fits" if several else ""
        yield f"  cause{which} {_planted(explanation)}"
        yield from (f"    {sentence}" for sentence in explanation.sentences)
    if checked.separated_by is not None:
        yield f"  the problem {checked.separated_by!r} tells these causes apart"


def _planted(explanation: Explanation) -> str:
    them = "together they give" if len(explanation.faults) > 1 else "it gives"
    return f"(planted, {them} these numbers at every step):"
