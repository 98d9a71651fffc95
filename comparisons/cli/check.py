"""``keras-parity check``: a file of one's own, run apart and compared with Keras."""

import shlex
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from comparisons import problems, reports
from comparisons.checking import Checked, ground_for, reference_for
from comparisons.cli.shared import (
    COULD_NOT_RUN,
    DIFFERS,
    NO_DIFFERENCE,
    NOT_LIVE,
    Whole,
    check_problems,
    check_seconds,
    console,
    dtype_option,
    file_option,
    name_option,
    or_else,
)
from comparisons.problems import Problem
from comparisons.reports.text import show_lines
from comparisons.sandbox import Limits, SandboxError
from comparisons.submissions import CheckedFile, as_options, check_file, replay_file


@click.command("check", short_help="Compare a Python file of your own with Keras.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--problem",
    "chosen",
    multiple=True,
    default=["regression"],
    show_default=True,
    callback=check_problems,
    help="What to train on; may be given more than once (keras-parity problems lists all).",
)
@dtype_option("Precision", default=("float64",))
@name_option("the file")
@click.option(
    "--step",
    type=Whole(min=1),
    help="Replay this step only, and print every number of both sides.",
)
@click.option(
    "--timeout",
    type=float,
    callback=check_seconds,
    default=Limits.total_seconds,
    show_default=True,
    help="Seconds that the file may take for each problem.",
)
@click.option("--live", is_flag=True, help="Compare with Keras itself, not with its recordings.")
@file_option("json", "Write what was found as JSON.")
@click.option("--quiet", is_flag=True, help="Print one line for each problem only.")
def check_command(
    file: Path,
    chosen: tuple[str, ...],
    dtypes: tuple[str, ...],
    answers: dict[str, str],
    step: int | None,
    timeout: float,
    live: bool,  # noqa: FBT001  click passes flags by keyword
    json_file: Path | None,
    quiet: bool,  # noqa: FBT001
) -> int:
    """Run the functions, class or trainer in FILE beside Keras and compare every number.

    Where the two part, it says at which step and quantity, and looks for the mistakes that,
    planted, give the very same numbers. FILE runs in processes of its own, with limits on what
    it may take and do (docs/sandbox.md); Keras is not needed for the problems of the catalogue.

    Exit status: 0 no difference found, 1 a difference, 3 the file could not be run to its end.
    """
    if step is not None and json_file is not None:
        message = "--step prints one step, and --json writes what was found of all: give one"
        raise click.UsageError(message)
    if step is not None and quiet:
        message = "--step prints every number of one step, and --quiet one line only: give one"
        raise click.UsageError(message)
    runs = [
        problems.get(name).astype(dtype)
        for name in dict.fromkeys(chosen)
        for dtype in dict.fromkeys(dtypes)
    ]
    for problem in runs:
        if step is not None and step > problem.steps:
            message = f"{problem.name} has the steps 1 to {problem.steps}, received --step {step}"
            raise click.UsageError(message)
    limits = Limits(seconds=min(Limits.seconds, timeout), total_seconds=timeout)
    terminal = console()
    statuses: list[int] = []
    results: list[dict[str, Any]] = []
    for problem in runs:
        with or_else(NOT_LIVE if live else None):
            ground = ground_for(problem, reference_for(problem, live=live))
        result: dict[str, Any] = {
            "file": file.name,
            "problem": problem.name,
            "dtype": problem.dtype,
        }
        try:
            if step is None:
                found = check_file(file, ground, limits=limits, names=answers)
                _show(file, problem, found, terminal, quiet=quiet)
                passed = found.checked.passed
                result |= reports.check_result(found.checked)
                result |= {"free_only": found.free_only, "output": found.output, "error": None}
            else:
                one = replay_file(file, ground, step, limits=limits, names=answers)
                show_lines(reports.printable(reports.replayed(one)), terminal)
                passed = all(not pair.differs for pair in one.pairs)
            statuses.append(NO_DIFFERENCE if passed else DIFFERS)
        except SandboxError as error:
            statuses.append(COULD_NOT_RUN)
            result |= {"passed": False, "error": {"kind": error.kind, "sentence": str(error)}}
            said = reports.printable(f"could not be compared: {as_options(str(error))}")
            click.echo(f"{problem.name}, {problem.dtype}: {said}", err=True)
        results.append(result)
    if json_file is not None:
        reports.write(json_file, reports.checks_to_json(results))
    return max(statuses)


def _show(
    file: Path, problem: Problem, found: CheckedFile, terminal: Console, *, quiet: bool
) -> None:
    """Print what was found of the file on one problem."""
    checked = found.checked
    if checked.passed and not quiet:
        reports.show(checked.verdicts, terminal, candidate="yours")
        for line in reports.understood(checked):
            reports.paragraph(reports.printable(line), terminal)
    elif not quiet:
        terminal.print()
        told = reports.failure(checked, _replay(file, problem, checked))
        show_lines(reports.printable(told), terminal)
    if found.output.strip() and not quiet:
        lines = len(found.output.strip().splitlines())
        reports.paragraph(f"  the file printed {lines:,} line{'s' * (lines > 1)}", terminal)
    name = reports.printable(file.name)
    line = f"{name}, {problem.name}, {problem.dtype}: {_in_a_line(checked)}"
    style = "bold green" if checked.passed else "bold red"
    terminal.print(Text(line, style=style), soft_wrap=quiet)  # for machines one line, whole


def _in_a_line(checked: Checked) -> str:
    if checked.passed:
        comparisons = sum(verdict.comparisons for verdict in checked.verdicts)
        return f"no difference found in {comparisons:,} comparisons"
    if checked.parted is None:
        return next(verdict.sentence for verdict in checked.verdicts if not verdict.passed)
    _, first = checked.parted
    causes = " or ".join(" and ".join(each.names) for each in checked.explanations)
    why = f"cause: {causes}" if causes else "no known cause fits"
    return f"they part at step {first.step}, {first.site}; {why}"


def _replay(file: Path, problem: Problem, checked: Checked) -> str | None:
    """Return the command that replays the step at which the two sides first part."""
    if checked.parted is None:
        return None
    _, first = checked.parted
    return (
        f"keras-parity check {shlex.quote(str(file))} --problem {problem.name} "
        f"--dtype {problem.dtype} --step {first.step}"
    )
