"""``keras-parity compare``."""

from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from comparisons import problems, reports
from comparisons.cli.shared import (
    DIFFERS,
    NO_DIFFERENCE,
    check_problems,
    console,
    dtype_option,
    file_option,
    mode_option,
    or_else,
    progress,
)
from comparisons.comparing import compare
from comparisons.problems import ProblemError
from comparisons.runs import LiveKeras, Mode, import_keras_ref
from comparisons.traces import shipped
from comparisons.verdicts import Given, Verdict


@click.command("compare", short_help="Compare scratch with Keras, number by number.")
@click.argument("names", metavar="[PROBLEM]...", nargs=-1, callback=check_problems)
@click.option("--all", "every", is_flag=True, help="Run every problem of the catalogue.")
@dtype_option("Precision of both sides")
@mode_option()
@file_option("json", "Write the results as JSON.")
@file_option("csv", "Write everything measured, a row for each step and site.")
@click.option("--rtol", type=float, help="Your own relative tolerance; needs --atol.")
@click.option("--atol", type=float, help="Your own absolute tolerance; needs --rtol.")
@click.option(
    "--prove", is_flag=True, help="Prove that recording changes nothing: run plain fit too."
)
@click.option(
    "--recorded",
    is_flag=True,
    help="Compare with the recordings of Keras that come with this package: needs no Keras.",
)
@click.option("--quiet", is_flag=True, help="Print the last line only.")
def compare_command(
    names: tuple[str, ...],
    every: bool,  # noqa: FBT001  click passes flags by keyword
    dtypes: tuple[str, ...],
    modes: tuple[Mode, ...],
    json_file: Path | None,
    csv_file: Path | None,
    rtol: float | None,
    atol: float | None,
    prove: bool,  # noqa: FBT001
    recorded: bool,  # noqa: FBT001
    quiet: bool,  # noqa: FBT001
) -> int:
    """Train scratch and Keras from identical weights and compare every number of every step.

    Without a PROBLEM, the two classic ones are run: regression and classification.
    """
    clashes = {
        "give problems by name or --all, not both": every and bool(names),
        "--json and --csv need a file each, received the same one twice": _same(
            json_file, csv_file
        ),
        "--prove runs Keras, and --recorded does without: give one of them": prove and recorded,
    }
    for message, clash in clashes.items():
        if clash:
            raise click.UsageError(message)
    tolerance = _tolerance(rtol, atol)
    chosen = problems.names() if every else dict.fromkeys(names) or problems.CLASSIC
    runs = [problems.get(name).astype(dtype) for name in chosen for dtype in dict.fromkeys(dtypes)]
    terminal = console()
    verdicts: list[Verdict] = []
    steps = sum(problem.steps for problem in runs)
    starting = "starting" if recorded else "starting Keras"
    instead = "or compare with what is shipped: --recorded"
    with or_else(instead), progress(steps, terminal, starting) as advance:
        for warning in () if recorded else import_keras_ref().warnings():
            click.echo(f"warning: {warning}", err=True)
        for problem in runs:
            live = None if recorded else LiveKeras(problem)
            reference = shipped(problem.name, problem.dtype) if live is None else live
            found = compare(
                problem, modes=modes, reference=reference, tolerance=tolerance, on_steps=advance
            )
            verdicts += found
            if not quiet:
                reports.show(found, terminal)
            if prove and live is not None:
                _prove(live, found[0], terminal, quiet=quiet)
    if json_file is not None:
        reports.write(json_file, reports.to_json(verdicts))
    if csv_file is not None:
        reports.write(csv_file, reports.to_csv(verdicts))
    passed = all(verdict.passed for verdict in verdicts)
    if not quiet:
        terminal.print()
    terminal.print(Text(reports.summary(verdicts), style="bold green" if passed else "bold red"))
    return NO_DIFFERENCE if passed else DIFFERS


def _same(one: Path | None, other: Path | None) -> bool:
    return one is not None and other is not None and one.resolve() == other.resolve()


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


def _prove(reference: LiveKeras, verdict: Verdict, terminal: Console, *, quiet: bool) -> None:
    """Hold the recording against plain ``fit``; one that changed the numbers proves nothing."""
    proof = reference.prove(list(verdict.epoch_losses.reference))
    if not proof.holds:
        message = (
            f"the recording of {verdict.problem} {verdict.dtype} is not what plain fit computes: "
            + "; ".join(proof.differences)
        )
        raise ProblemError(message)
    if not quiet:
        terminal.print(
            f"  proved: plain fit gives the same bits in {proof.weights} final weights and "
            f"{proof.epochs} epoch losses"
        )
