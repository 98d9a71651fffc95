"""The terminal report: made to fit 80 columns, without colour where there is no terminal."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from comparisons.problems import DTYPES
from comparisons.verdicts import Divergence, Given, Nearer, Outcome, Tolerance, Verdict

Array = npt.NDArray[Any]

#: How many epochs and parameters are shown at most.
EPOCHS = 10
PARAMETERS = 12
#: How many undecided places are shown.
UNDECIDED = 3
#: The width of the column that holds the modes.
INDENT = 9

#: As wide as no terminal is: to find how wide a table would be.
_WIDE = 100_000
#: What stands between the columns of a line, and a line of a name and a value.
_GAP = re.compile(r" {2,}")
_NAMED = re.compile(r"( *)(\S+) {2,}(\S+)")


def show(verdicts: Sequence[Verdict], console: Console, *, candidate: str = "scratch") -> None:
    """Print what was found for one problem in one dtype: ``verdicts`` has one for each mode.

    ``candidate`` is what the side that is not Keras is called.
    """
    head = verdicts[0]
    console.print()
    console.print(Text(f"{head.problem}, {head.dtype}", style="bold"))
    console.print(Text(f"  compared with {source(head.environment)}", style="dim"))
    show_table(_numbers(head, candidate), console)
    for verdict in verdicts:
        show_verdict(verdict, console, candidate=candidate)


def source(environment: Mapping[str, str]) -> str:
    """Say in a few words what the reference is."""
    kind = "a recording of" if environment.get("reference") == "recorded" else "live"
    return (
        f"{kind} Keras {environment['keras']}, {environment['backend']} "
        f"{environment[environment['backend']]}, {environment['device']}, {environment['dtype']}"
    )


def _numbers(verdict: Verdict, candidate: str) -> Table:
    """Return epoch losses and final parameters, both sides next to each other."""
    table = Table(box=None, pad_edge=False, padding=(0, 2), show_edge=False, header_style="dim")
    table.add_column("  loss", no_wrap=True)
    table.add_column(candidate, justify="right", no_wrap=True)
    table.add_column("keras", justify="right", no_wrap=True)
    losses = list(zip(verdict.epoch_losses.candidate, verdict.epoch_losses.reference, strict=True))
    for epoch in _chosen(len(losses)):
        ours, theirs = (_number(x, verdict.dtype) for x in losses[epoch])
        shown = "not shown" if "loss/value" in verdict.not_offered else ours
        table.add_row(f"  epoch {epoch + 1}", shown, theirs)
    table.add_row(Text("  final parameter", style="dim"))
    rows = list(_parameters(verdict))
    for name, *both in rows[:PARAMETERS]:
        table.add_row(Text(f"  {name}"), *(_number(x, verdict.dtype) for x in both))
    if len(rows) > PARAMETERS:
        table.add_row(Text(f"  and {len(rows) - PARAMETERS} more", style="dim"))
    return table


def _chosen(epochs: int) -> list[int]:
    """Return which epochs to show: all of a few, else the first two, even ones, and the last."""
    if epochs <= EPOCHS:
        return list(range(epochs))
    even = np.linspace(0, epochs, EPOCHS // 2 + 1).astype(int)[1:] - 1
    return sorted({0, 1, *even.tolist()})


def _parameters(verdict: Verdict) -> Iterator[tuple[str, float, float]]:
    for path, (candidate, reference) in verdict.final_parameters.items():
        for index in np.ndindex(reference.shape):
            yield f"{path}{index_of(index)}", float(candidate[index]), float(reference[index])


def _number(x: float, dtype: str) -> str:
    """Write a number with the digits that tell it from its neighbours in that dtype."""
    return str(np.dtype(dtype).type(x))


def show_verdict(verdict: Verdict, console: Console, *, candidate: str = "scratch") -> None:
    """Print what was found in one mode."""
    style = "green" if verdict.passed else "bold red"
    _print(verdict.sentence, console, label=verdict.mode, style=style)
    worst, nearer = verdict.worst, verdict.nearer
    if verdict.outcome == Outcome.EXACT:
        _print("exactly equal everywhere", console)
    elif worst is not None:
        _print(f"worst: {worst.multiple:.2g} × {bound(verdict.tolerance)},", console)
        _print(f"at step {worst.step}, {worst.site}{index_of(worst.index)}", console)
        if nearer is not None:
            _print(_nearer(nearer, candidate), console)
    if verdict.passed and verdict.sensitivity is not None:
        _print(verdict.sensitivity.sentence(), console)
    if verdict.not_offered:
        _print(f"not shown by the candidate: {', '.join(verdict.not_offered)}", console)
    if verdict.undecided_count:
        places = ", ".join(
            f"step {u.step} {u.site}{index_of(u.index)}" for u in verdict.undecided[:UNDECIDED]
        )
        more = ", …" if verdict.undecided_count > UNDECIDED else ""
        _print(
            f"{verdict.undecided_count} undecided, rounding decides the branch: {places}{more}",
            console,
        )
    if verdict.first is not None:
        _show_first(verdict.first, verdict, console, candidate)


def bound(tolerance: Tolerance) -> str:
    """Say what was allowed."""
    if isinstance(tolerance, Given):
        return f"your tolerance (rtol {tolerance.rtol:g}, atol {tolerance.atol:g})"
    return f"its rounding budget (up to {tolerance.factor:g} allowed)"


def _nearer(nearer: Nearer, candidate: str) -> str:
    who = {"candidate": f"{candidate} is nearer to", "reference": "keras is nearer to"}
    dtype = "long double" if nearer.dtype not in DTYPES else nearer.dtype
    errors = f"{nearer.candidate_error:.1g} off, keras {nearer.reference_error:.1g}"
    return (
        f"there {who.get(nearer.who, 'neither is nearer to')} the {dtype} witness: "
        f"{candidate} {errors}"
    )


def index_of(index: tuple[int, ...]) -> str:
    """Write the place of a value in an array; nothing for a single number."""
    return f"[{','.join(map(str, index))}]" if index else ""


def _show_first(first: Divergence, verdict: Verdict, console: Console, candidate: str) -> None:
    """Print where the two sides first part, with the worst few values."""
    agreed = ", ".join(first.agreed) or "nothing: it is the first site"
    _print(f"shape {first.shape}, {first.dtype}; agreed before it: {agreed}", console)
    if not first.rows:
        return
    _print(
        f"{first.beyond} of {first.size} values beyond {bound(verdict.tolerance)}; worst:", console
    )
    table = Table(box=None, pad_edge=False, padding=(0, 2), header_style="dim")
    for name in (" " * INDENT + "index", candidate, "keras", "difference", "× budget"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in first.rows:
        table.add_row(
            index_of(row.index) or "-",
            f"{row.candidate:.9g}",
            f"{row.reference:.9g}",
            f"{row.difference:.3g}",
            f"{row.multiple:.2g}",
        )
    show_table(table, console, indent=INDENT)
    _print(f"smallest rtol that would pass: {first.smallest_rtol:.2g}", console)


def _print(text: str, console: Console, *, label: str = "", style: str = "") -> None:
    """Print a paragraph, indented behind its label."""
    for line in Text(text, style=style).wrap(console, console.width - INDENT):
        line.rstrip()
        console.print(Text(f"  {label:<{INDENT - 2}}", style="bold") + line)
        label = ""


def printable(text: str) -> str:
    """Return a text of others' with a question mark for what would steer a terminal.

    What cannot be written at all, as in names that are not UTF-8, becomes one too.
    """
    kept = (c if c.isprintable() or c in "\n\xa0" else "?" for c in text.expandtabs(4))
    return "".join(kept)


def paragraph(text: str, console: Console) -> None:
    """Print a line, wrapped at the console's width, with its own indent kept."""
    indent = len(text) - len(text.lstrip(" "))
    for line in Text(text.strip()).wrap(console, max(console.width - indent, 1)):
        line.rstrip()
        console.print(Text(" " * indent) + line)


def show_table(table: Table, console: Console, *, indent: int = 0) -> None:
    """Print a table; where it is too wide, each row as its name and a line for each value.

    Neither a name nor a number is ever shortened. ``indent`` is for the names, in lines.
    """
    wide = console.options.update(max_width=_WIDE)
    if Measurement.get(console, wide, table).maximum <= console.width:
        console.print(table)
        return
    heads = [str(column.header).strip() for column in table.columns[1:]]
    columns = [[_text(cell) for cell in column.cells] for column in table.columns]
    for name, *values in zip(*columns, strict=True):
        _show_row(Text(" " * indent) + name, heads, values, console)


def show_lines(text: str, console: Console) -> None:
    """Print what is told in lines, each wrapped; rows of numbers as ``show_table`` prints them."""
    lines, heads = text.splitlines(), list[str]()
    rows: dict[int, list[str]] = {}
    for number, line in enumerate(lines):
        _, *cells = _GAP.split(line.strip())
        if "difference" in cells:
            heads = cells
        if cells and len(cells) == len(heads):
            rows[number] = cells
    too_wide = any(len(lines[number]) > console.width for number in rows)
    for number, line in enumerate(lines):
        named = _NAMED.fullmatch(line) if len(line) > console.width else None
        if too_wide and number in rows:
            name = Text(line[: len(line) - len(line.lstrip())] + _GAP.split(line.strip())[0])
            values = [] if "difference" in rows[number] else [Text(x) for x in rows[number]]
            heads = heads if values else rows[number]
            _show_row(name, heads, values, console)
        elif named is not None:
            console.print(Text(f"{named[1]}{named[2]}  {named[3]}"), soft_wrap=True)
        else:
            paragraph(line, console)


def _show_row(name: Text, heads: Sequence[str], values: Sequence[Text], console: Console) -> None:
    """Print a row as a line for its name and one for each value that it has, never cut."""
    console.print(name, soft_wrap=True)
    indent = len(name.plain) - len(name.plain.lstrip(" ")) + 2
    width = max(map(len, heads), default=0)
    for head, value in zip(heads, values, strict=False):
        if value.plain:
            console.print(Text(f"{'':{indent}}{head:<{width}}  ") + value, soft_wrap=True)


def _text(cell: Any) -> Text:
    return cell if isinstance(cell, Text) else Text(str(cell))


def summary(verdicts: Sequence[Verdict]) -> str:
    """Return one line for all."""
    comparisons = sum(verdict.comparisons for verdict in verdicts)
    failed = [v for v in verdicts if not v.passed]
    runs = f"{len(verdicts)} run{'s' if len(verdicts) != 1 else ''}"
    if not failed:
        return f"{runs}: no difference found in {comparisons:,} comparisons"
    names = ", ".join(f"{v.problem} {v.dtype} {v.mode}" for v in failed)
    differ = "differs" if len(verdicts) == 1 else "differ"
    return f"{len(failed)} of {runs} {differ}, in {comparisons:,} comparisons: {names}"
