"""``keras-parity grade``: a whole class, each submission against Keras."""

import os
import textwrap
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from comparisons import problems, reports
from comparisons.cli.shared import (
    COULD_NOT_RUN,
    NO_DIFFERENCE,
    Whole,
    check_problems,
    check_seconds,
    console,
    file_option,
    name_option,
    progress,
)
from comparisons.grading import (
    PHASES,
    REVEALS,
    Assignment,
    ClassError,
    Found,
    Graded,
    Reveal,
    Scheme,
    Weights,
    find_submissions,
    grade_all,
    to_csv,
    to_gradescope,
    to_junit,
)
from comparisons.grading.directory import shown
from comparisons.grading.graded import DIFFERS, INTERNAL, NO_MISTAKE, SAME, STOPPED
from comparisons.problems import DTYPES
from comparisons.reports.text import show_lines, show_table
from comparisons.sandbox import Limits
from comparisons.traces import RecordingError, shipped

#: A name is shown with at most so many letters, and a file's may have so many bytes.
_NAME, _FILE_NAME = 22, 255
_STYLES = {SAME: "green", NO_MISTAKE: "green", DIFFERS: "yellow"}


def _default_jobs() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check_recorded(
    context: click.Context, option: click.Parameter, names: tuple[str, ...]
) -> tuple[str, ...]:
    """Refuse problems that no recording comes with: a callback of click."""
    for name in check_problems(context, option, names):
        for dtype in DTYPES:
            try:
                shipped(name, dtype)
            except RecordingError as error:
                raise click.BadParameter(str(error)) from error
    return tuple(dict.fromkeys(names))


@click.command("grade", short_help="Grade a directory of submissions.")
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--problem", "names", metavar="NAME", multiple=True, required=True, callback=check_recorded,
    help="A problem that each submission must be right for; may be given several times.",
)  # fmt: skip
@click.option(
    "--dtype", "dtypes", type=click.Choice(DTYPES), multiple=True, default=("float64",),
    show_default=True, help="Precision; may be given twice.",
)  # fmt: skip
@click.option(
    "--file", metavar="NAME",
    help="In a folder with several .py files, the one that is the submission.",
)  # fmt: skip
@name_option("every submission")
@click.option(
    "--jobs", metavar="N", type=Whole(1), default=_default_jobs,
    show_default="the number of processors", help="How many are graded at once.",
)  # fmt: skip
@click.option(
    "--timeout", "seconds", metavar="S", type=float, callback=check_seconds,
    default=Limits().total_seconds, show_default=True,
    help="Seconds that one submission may take in all, in each of its two runs.",
)  # fmt: skip
@click.option(
    "--reveal", type=click.Choice(REVEALS), default="hint", show_default=True,
    help="What students read. full: numbers, cause and remedy. hint: place and kind of mistake, "
    "no number of Keras's. none: the score of each phase.",
)  # fmt: skip
@click.option(
    "--points", metavar="N", type=Whole(1), default=100, show_default=True,
    help="What a submission without a difference gets.",
)  # fmt: skip
@click.option(
    "--weights", metavar="PHASE=N,…", default="forward=20,loss=10,gradients=40,update=30",
    show_default=True, help="What each phase counts for; one that is left out counts nothing.",
)  # fmt: skip
@click.option(
    "--gradescope", "gradescope", metavar="FILE|DIR", type=click.Path(path_type=Path),
    help="Write Gradescope's results.json: a file for one submission, else a directory with "
    "NAME.json for each.",
)  # fmt: skip
@file_option("junit", "Write JUnit XML: a suite for each submission, a case for each quantity.")
@file_option("csv", "Write a spreadsheet: a row for each submission.")
def grade_command(
    directory: Path,
    names: tuple[str, ...],
    dtypes: tuple[str, ...],
    file: str | None,
    answers: dict[str, str],
    jobs: int,
    seconds: float,
    reveal: Reveal,
    points: int,
    weights: str,
    gradescope: Path | None,
    junit_file: Path | None,
    csv_file: Path | None,
) -> int:
    """Grade every submission in DIR against Keras: a .py file each, or a folder with one.

    Each runs in processes of its own, with limits, and is compared with recordings of Keras that
    come with this package. A submission gets points for what agrees, by phases: forward, loss,
    gradients, update. One that hangs or breaks gets a sentence, and the others are graded.

    Exit status: 0 when all were graded, whatever their score; 2 when the directory or the command
    line cannot be used; 3 when keras-parity itself failed at one, or was interrupted.
    """
    scheme = Scheme(points, _weights(weights))
    try:
        found, others = find_submissions(directory, file)
        targets = _gradescope_targets(gradescope, [each.name for each in found])
    except (ClassError, reports.OutputError) as error:
        raise click.UsageError(str(error)) from error
    _check_apart(*targets.values(), junit_file, csv_file)
    if others:
        click.echo(f"not graded, neither .py files nor folders: {', '.join(others)}", err=True)
    _warn(directory, file, found, names)
    assignment = Assignment(names, tuple(dict.fromkeys(dtypes)), seconds, reveal, answers)
    terminal = console()
    with progress(len(found), terminal, "grading", unit="submissions") as advance:
        graded = grade_all(found, assignment, jobs, advance)
    if gradescope is not None and len(targets) > 1:
        gradescope.mkdir(exist_ok=True)
    for each in graded if targets else ():
        reports.write(targets[each.name], to_gradescope(each, scheme, reveal))
    if junit_file is not None:
        reports.write(junit_file, to_junit(graded, scheme, reveal))
    if csv_file is not None:
        reports.write(csv_file, to_csv(graded, scheme))
    _show(graded, scheme, reveal, terminal)
    ours = any(each.worst.outcome == INTERNAL for each in graded)
    return COULD_NOT_RUN if ours else NO_DIFFERENCE


def _warn(directory: Path, file: str | None, found: Sequence[Found], names: Sequence[str]) -> None:
    """Say on stderr what in the command line does not do what it seems to."""
    inside = {each.path.name for each in found if each.path and each.path.parent != directory}
    if file is not None and file not in inside:
        message = f"--file {shown(file)} changes nothing: no folder in {shown(directory)} has it"
        click.echo(message, err=True)
    chosen = (problems.get(name) for name in names)
    if all(min(each.batch_size, each.order.shape[1]) == 1 for each in chosen):
        click.echo(
            "every batch of the chosen problems has one row, so a sum in place of a mean over the "
            "batch passes: add a problem with larger ones that fits the assignment, such as "
            "--problem short_last_batch (tanh inside)",
            err=True,
        )


def _weights(text: str) -> Weights:
    try:
        return Weights.read(text)
    except ValueError as error:
        raise click.UsageError(f"--weights: {error}") from error


def _gradescope_targets(target: Path | None, names: Sequence[str]) -> dict[str, Path]:
    """Return the file for each submission, having seen that it can be written."""
    if target is None:
        return {}
    if len(names) == 1 and not target.is_dir():
        reports.check_writable(target)
        return {names[0]: target}
    files = {name: target / f"{name}.json" for name in names}
    if target.is_dir():
        for file in files.values():
            reports.check_writable(file)
    elif target.exists():
        message = (
            f"--gradescope: {target} is a file, and there are {len(names)} submissions; name a "
            "directory, in which each gets one"
        )
        raise reports.OutputError(message)
    else:
        reports.check_writable(target)  # a directory can be made where a file can be written
    if too_long := [file for file in files.values() if len(file.name.encode()) > _FILE_NAME]:
        message = f"--gradescope: the name {too_long[0].name} is too long for a file; shorten it"
        raise reports.OutputError(message)
    return files


def _check_apart(*files: Path | None) -> None:
    given = [file.resolve() for file in files if file is not None]
    if len(set(given)) < len(given):
        raise click.UsageError("every output needs a file of its own, received one twice")


def _show(class_: Sequence[Graded], scheme: Scheme, reveal: Reveal, terminal: Console) -> None:
    """Print the scores as a table, then what is to be said of each submission."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("submission", no_wrap=True, max_width=_NAME)
    for name in ("score", *PHASES):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("outcome", no_wrap=True)
    for each in class_:
        table.add_row(
            Text(each.name, style="bold"),
            _score(each, scheme),
            *map(_share, scheme.by_phase(each).values()),
            Text(each.worst.outcome, style=_STYLES.get(each.worst.outcome, "bold red")),
        )
    show_table(table, terminal)
    for each in class_:
        _say(each, reveal, terminal)
    terminal.print()
    terminal.print(Text(_summary(class_, scheme), style="bold"), soft_wrap=True)
    for source in dict.fromkeys(part.source for each in class_ for part in each.parts):
        if source:
            terminal.print(Text(f"compared with {source}", style="dim"), soft_wrap=True)


def _share(points: tuple[float, float] | None) -> str:
    """Write what part of a phase's points was earned; nothing where it has none."""
    return f"{points[0] / points[1]:.0%}" if points is not None and points[1] else "-"


def _score(graded: Graded, scheme: Scheme) -> str:
    """Write a score; there is none where the failure is ours."""
    return "-" if graded.worst.outcome == INTERNAL else f"{scheme.score(graded):g}"


def _say(graded: Graded, reveal: Reveal, terminal: Console) -> None:
    """Print what is to be said of one submission: in a line, or in many of a difference."""
    terminal.print()
    terminal.print(Text(graded.name, style="bold"))
    said: dict[str, list[str]] = {}
    for part in graded.parts:
        if reveal == "full" and part.outcome == DIFFERS:
            show_lines(textwrap.indent(part.told, "  "), terminal)
        else:
            said.setdefault(part.sentence, []).append(f"{part.problem}, {part.dtype}")
    for sentence, runs in said.items():
        of_all = len(runs) == len(graded.parts)
        reports.paragraph(f"  {'' if of_all else '; '.join(runs) + ': '}{sentence}", terminal)


def _summary(class_: Sequence[Graded], scheme: Scheme) -> str:
    outcomes = [graded.worst.outcome for graded in class_]
    counts = {
        "without a difference": outcomes.count(SAME),
        "with one": outcomes.count(DIFFERS),
        "with one that is no mistake": outcomes.count(NO_MISTAKE),
        "stopped": outcomes.count(STOPPED),
        "not graded, by a mistake of keras-parity": outcomes.count(INTERNAL),
    }
    told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    plural = "s" if len(class_) != 1 else ""
    return f"{len(class_)} submission{plural}, of {scheme.points} points each: {told}"
