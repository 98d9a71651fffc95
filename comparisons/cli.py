"""The command line."""

import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from comparisons import problems, reports
from comparisons.comparing import compare
from comparisons.problems import DTYPES, Problem, ProblemError
from comparisons.runs import MODES, KerasMissingError, LiveKeras, Mode, import_keras_ref
from comparisons.verdicts import Given, Verdict

#: Exit statuses; 2, for a wrong command line, is click's own.
NO_DIFFERENCE, DIFFERS, USAGE, COULD_NOT_RUN = 0, 1, 2, 3


def main() -> NoReturn:
    """Run the command line and leave with its exit status."""
    try:
        status = cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted: nothing was written", err=True)
        _leave_at_once(COULD_NOT_RUN)
    except (KerasMissingError, ProblemError, OSError) as error:
        click.echo(f"could not run: {error}", err=True)
        status = COULD_NOT_RUN
    except Exception:  # noqa: BLE001  a mistake of ours must not look like a difference
        traceback.print_exc()
        click.echo("could not run: the above is a mistake in keras-parity", err=True)
        status = COULD_NOT_RUN
    sys.exit(status)


def _leave_at_once(status: int) -> NoReturn:
    """End the process without waiting for what Keras's threads are still computing."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 88})
@click.version_option(package_name="keras-parity", message="%(prog)s %(version)s")
def cli() -> None:
    """Train a network in NumPy and in Keras side by side, and compare every number.

    Exit status: 0 no difference found, 1 a difference, 2 a wrong command line, 3 could not run.
    """


def _check_problem(
    _context: click.Context, _option: click.Parameter, names: tuple[str, ...]
) -> tuple[str, ...]:
    try:
        for name in names:
            problems.get(name)
    except ProblemError as error:
        raise click.BadParameter(str(error)) from error
    return names


def _check_output(
    _context: click.Context, _option: click.Parameter, path: Path | None
) -> Path | None:
    try:
        if path is not None:
            reports.check_writable(path)
    except reports.OutputError as error:
        raise click.BadParameter(str(error)) from error
    return path


@cli.command("problems", short_help="List the problems and their questions.")
def list_problems() -> None:
    """List the problems of the catalogue, each with the question it asks."""
    console = _console()
    for name in problems.names():
        problem = problems.get(name)
        classic = "  (run by default)" if name in problems.CLASSIC else ""
        console.print(Text(name, style="bold") + Text(classic, style="dim"))
        for line in Text(problem.question).wrap(console, console.width - 4):
            console.print(Text("    ") + line)


@cli.command("compare", short_help="Compare scratch with Keras, number by number.")
@click.argument("names", metavar="[PROBLEM]...", nargs=-1, callback=_check_problem)
@click.option("--all", "every", is_flag=True, help="Run every problem of the catalogue.")
@click.option(
    "--dtype",
    "dtypes",
    type=click.Choice(DTYPES),
    multiple=True,
    default=DTYPES,
    show_default=True,
    help="Precision of both sides; may be given twice.",
)
@click.option(
    "--mode",
    type=click.Choice([*MODES, "both"]),
    default="both",
    show_default=True,
    help="free: scratch keeps its own state. locked: every step restarts from Keras's.",
)
@click.option(
    "--json",
    "json_file",
    type=click.Path(path_type=Path),
    callback=_check_output,
    metavar="FILE",
    help="Write the results as JSON.",
)
@click.option(
    "--csv",
    "csv_file",
    type=click.Path(path_type=Path),
    callback=_check_output,
    metavar="FILE",
    help="Write everything measured, a row for each step and site.",
)
@click.option("--rtol", type=float, help="Your own relative tolerance; needs --atol.")
@click.option("--atol", type=float, help="Your own absolute tolerance; needs --rtol.")
@click.option(
    "--prove", is_flag=True, help="Prove that recording changes nothing: run plain fit too."
)
@click.option("--quiet", is_flag=True, help="Print the last line only.")
def compare_command(
    names: tuple[str, ...],
    every: bool,  # noqa: FBT001  click passes flags by keyword
    dtypes: tuple[str, ...],
    mode: str,
    json_file: Path | None,
    csv_file: Path | None,
    rtol: float | None,
    atol: float | None,
    prove: bool,  # noqa: FBT001
    quiet: bool,  # noqa: FBT001
) -> int:
    """Train scratch and Keras from identical weights and compare every number of every step.

    Without a PROBLEM, the two classic ones are run: regression and classification.
    """
    if every and names:
        message = "give problems by name or --all, not both"
        raise click.UsageError(message)
    if json_file is not None and csv_file is not None and json_file.resolve() == csv_file.resolve():
        message = "--json and --csv need a file each, received the same one twice"
        raise click.UsageError(message)
    tolerance = _tolerance(rtol, atol)
    chosen = problems.names() if every else dict.fromkeys(names) or problems.CLASSIC
    runs = [problems.get(name).astype(dtype) for name in chosen for dtype in dict.fromkeys(dtypes)]
    modes: tuple[Mode, ...] = MODES if mode == "both" else (_mode(mode),)
    console = _console()
    verdicts: list[Verdict] = []
    with _progress(runs, console) as advance:
        for warning in import_keras_ref().warnings():
            click.echo(f"warning: {warning}", err=True)
        for problem in runs:
            reference = LiveKeras(problem)
            found = compare(
                problem, modes=modes, reference=reference, tolerance=tolerance, on_steps=advance
            )
            verdicts += found
            if not quiet:
                reports.show(found, console)
            if prove:
                _prove(reference, found[0], console, quiet=quiet)
    if json_file is not None:
        reports.write(json_file, reports.to_json(verdicts))
    if csv_file is not None:
        reports.write(csv_file, reports.to_csv(verdicts))
    passed = all(verdict.passed for verdict in verdicts)
    if not quiet:
        console.print()
    console.print(Text(reports.summary(verdicts), style="bold green" if passed else "bold red"))
    return NO_DIFFERENCE if passed else DIFFERS


def _mode(mode: str) -> Mode:
    return "free" if mode == "free" else "locked"


def _tolerance(rtol: float | None, atol: float | None) -> Given | None:
    if rtol is None and atol is None:
        return None
    if rtol is None or atol is None:
        message = "--rtol and --atol go together: give both, or neither for the measured budget"
        raise click.UsageError(message)
    try:
        return Given(rtol, atol)
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def _prove(reference: LiveKeras, verdict: Verdict, console: Console, *, quiet: bool) -> None:
    """Hold the recording against plain ``fit``; one that changed the numbers proves nothing."""
    proof = reference.prove(list(verdict.epoch_losses.reference))
    if not proof.holds:
        message = (
            f"the recording of {verdict.problem} {verdict.dtype} is not what plain fit computes: "
            + "; ".join(proof.differences)
        )
        raise ProblemError(message)
    if not quiet:
        console.print(
            f"  proved: plain fit gives the same bits in {proof.weights} final weights and "
            f"{proof.epochs} epoch losses"
        )


def _console() -> Console:
    """Return a console as wide as the terminal, 80 columns where there is none."""
    return Console(highlight=False, soft_wrap=False, width=None if sys.stdout.isatty() else 80)


@contextmanager
def _progress(runs: list[Problem], console: Console) -> Iterator[Callable[[int], object]]:
    """Show a bar while there is a terminal to show it on: stdout's, or else stderr's."""
    shown = console if console.is_terminal else Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=shown, transient=True, disable=not shown.is_terminal) as bar:
        task = bar.add_task("starting Keras", total=sum(problem.steps for problem in runs))
        yield lambda steps: bar.update(task, advance=steps, description="steps")
