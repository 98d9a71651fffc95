"""What may be told of a submission: all of it, a hint, or no more than the score."""

import re
import shlex
from collections.abc import Iterable, Iterator
from typing import Literal, get_args

from comparisons import reports
from comparisons.causes import Explanation
from comparisons.checking import Checked
from comparisons.grading.credit import mistakes_of, without_mistake
from comparisons.reports.text import source
from comparisons.sandbox import SandboxError
from comparisons.submissions import CheckedFile, as_options
from comparisons.verdicts import Divergence, Sensitivity, Verdict

#: ``full`` tells numbers, cause and how to mend it; ``hint`` the place and the kind of mistake,
#: and no number of the reference; ``none`` only that there is a difference.
Reveal = Literal["full", "hint", "none"]
REVEALS: tuple[Reveal, ...] = get_args(Reveal)

#: A number that is more than a count: it may be one of the reference.
_TELLING = re.compile(
    r"[-+]?\d+[.,]\d+(?:[eE][-+]?\d+)?|[-+]?\.\d+|\d+[eE][-+]?\d+|\d{5,}|0[xX]\S+"
)
_MASK = "…"
#: What is said of a submission, or of a quantity, that differs by no mistake of its author's.
NOTE = "agrees but for constants that Keras rounds to float32: no mistake"

#: Kinds of a ``SandboxError`` whose sentences have no words of the file in them.
_OUR_WORDS = {"missing", "not python", "timeout", "memory", "output", "platform"}


def sentence_of(checked: Checked, reveal: Reveal) -> str:
    """Return one sentence for a submission that was compared."""
    if checked.passed:
        compared = sum(verdict.comparisons for verdict in checked.verdicts)
        seen = _sensitivity(checked.verdicts)
        would = "" if seen is None else f"; it {seen.share}"
        return f"no difference found in {compared:,} comparisons{would}"
    if without_mistake(checked):
        return NOTE
    if reveal == "none":
        return "differs from Keras"
    parted = checked.parted
    if parted is None:
        return "; ".join(dict.fromkeys(verdict.sentence for verdict in checked.verdicts))
    verdict, first = parted
    return f"differs first {_place(verdict, first)}: {_kinds(checked)}"


def told_of(found: CheckedFile, file: str, reveal: Reveal) -> str:
    """Return what the author of a file that was compared reads, in lines."""
    checked = found.checked
    if reveal == "full" and not checked.passed:
        note = [f"It {NOTE}."] if without_mistake(checked) else []
        lines = [*note, reports.failure(checked, _replay(checked, file))]
    else:
        lines = [*_hint(checked, reveal), "How the file was understood:"]
        lines += [f"  {line}" for line in (*found.binding, *found.notes)]
        lines.append(f"Compared with {source_of(checked)}.")
    if reveal == "full" and found.output:
        # Only here: in its locked run a file is handed Keras's numbers, and it may print them.
        lines += ["It printed:", *(f"  {line}" for line in found.output.splitlines())]
    return "\n".join(lines)


def stopped(error: SandboxError, reveal: Reveal) -> str:
    """Return the sentence for a file that could not be run to its end.

    It may have words of the file's own, and these may have numbers that the file was handed in
    its locked run: unless all is revealed, they are taken out.
    """
    sentence = as_options(str(error))
    if reveal == "full" or error.kind in _OUR_WORDS:
        return sentence
    return _TELLING.sub(_MASK, sentence)


def _hint(checked: Checked, reveal: Reveal) -> Iterator[str]:
    """Say where and what kind of mistake, without a number of the reference."""
    parted = checked.parted
    if checked.passed or reveal == "none" or parted is None:
        yield f"{sentence_of(checked, reveal)}."
        return
    verdict, first = parted
    if without_mistake(checked):
        yield f"It {NOTE}."
        yield f"They show first {_place(verdict, first)}."
        alone = next(each for each in checked.explanations if not mistakes_of(each))
        yield from (f"  {fault.wrong}" for fault in alone.faults)
        return
    yield f"It differs from Keras first {_place(verdict, first)}."
    yield f"Before it there agree: {', '.join(first.agreed) or 'nothing, it is the first'}."
    if first.reason is not None:
        yield f"It cannot be compared: {first.reason}."
    elif not checked.explanations:
        yield "No known mistake gives its numbers."
    else:
        yield f"The kind of mistake: {_kinds(checked)}."
    if len(checked.explanations) == 1:
        mistakes = mistakes_of(checked.explanations[0])
        for fault in checked.explanations[0].faults:
            yield f"  {fault.wrong}{'' if fault in mistakes else ' This costs nothing.'}"


def _sensitivity(verdicts: Iterable[Verdict]) -> Sensitivity | None:
    """Return which known mistakes would have been caught in any of the runs."""
    measured = [v.sensitivity for v in verdicts if v.sensitivity is not None]
    caught = dict.fromkeys(name for each in measured for name in each.caught)
    blind = (name for each in measured for name in each.blind if name not in caught)
    return Sensitivity(tuple(caught), tuple(dict.fromkeys(blind))) if measured else None


def _replay(checked: Checked, file: str) -> str | None:
    if checked.parted is None:
        return None
    verdict, first = checked.parted
    run = f"--problem {verdict.problem} --dtype {verdict.dtype} --step {first.step}"
    return f"keras-parity check {shlex.quote(file)} {run}"


def source_of(checked: Checked) -> str:
    """Say what was compared with."""
    return source(checked.verdicts[0].environment)


def _place(verdict: Verdict, first: Divergence) -> str:
    run = ", in the free run" if verdict.mode == "free" else ""
    return f"at step {first.step}, {first.site}{run}"


def _kinds(checked: Checked) -> str:
    """Name the kinds of mistake, as far as they are known."""
    return ", or ".join(map(_kind, checked.explanations)) or "no known mistake fits"


def _kind(explanation: Explanation) -> str:
    """Name the mistakes of an explanation, and apart from them what is none."""
    mistakes = mistakes_of(explanation)
    names = " with ".join(fault.name for fault in mistakes)
    others = ", ".join(fault.name for fault in explanation.faults if fault not in mistakes)
    return f"{names} (beside it {others}: no mistake)" if others else names
