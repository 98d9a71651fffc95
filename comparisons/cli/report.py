"""``keras-parity report``."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from comparisons import problems, reports
from comparisons.checking import reference_for
from comparisons.cli.shared import (
    COULD_NOT_RUN,
    DIFFERS,
    NO_DIFFERENCE,
    NOT_LIVE,
    check_output,
    check_problems,
    console,
    dtype_option,
    mode_option,
    or_else,
    progress,
)
from comparisons.problems import Problem
from comparisons.runs import Mode, Reference, import_keras_ref
from comparisons.sandbox import SandboxError
from comparisons.stories import (
    Run,
    StoryError,
    document_of,
    runs_from_json,
    story,
    story_of_file,
)
from comparisons.traces import Recording, RecordingError

#: What is compared, and makes the runs of a page when it is called.
Part = Callable[[], list[Run]]


@click.command("report", short_help="Write a page that shows every number of both sides.")
@click.argument("names", metavar="[PROBLEM]...", nargs=-1, callback=check_problems)
@click.option(
    "--output",
    "-o",
    required=True,
    type=click.Path(path_type=Path),
    callback=check_output,
    metavar="FILE",
    help="The HTML file to write.",
)
@click.option(
    "--candidate",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Your own Python file in place of scratch; it runs in a process of its own.",
)
@click.option(
    "--from",
    "sources",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    metavar="FILE|DIR",
    help="The JSON of 'compare', or a recording to compare with; may be given several times.",
)
@dtype_option("Precision of both sides")
@mode_option()
@click.option("--live", is_flag=True, help="Run Keras now, instead of using its recordings.")
def report_command(
    names: tuple[str, ...],
    output: Path,
    candidate: Path | None,
    sources: tuple[Path, ...],
    dtypes: tuple[str, ...],
    modes: tuple[Mode, ...],
    live: bool,  # noqa: FBT001  click passes flags by keyword
) -> int:
    """Compare step by step and write what was found as one HTML file, to be opened in a browser.

    Without a PROBLEM and without --from, the two classic problems are run: regression and
    classification; with --candidate, regression.
    """
    _check_paths(output, candidate, sources)
    usual = problems.CLASSIC if candidate is None else problems.CLASSIC[:1]
    chosen = dict.fromkeys(names) if names or sources else usual
    runs_on = [problems.get(name).astype(d) for name in chosen for d in dict.fromkeys(dtypes)]
    parts = [
        *(_from_problem(problem, candidate, modes, live=live) for problem in runs_on),
        *(_from_source(source, candidate, modes) for source in sources),
    ]
    terminal = console()
    try:
        runs = _all_runs(parts, terminal, live=live and bool(runs_on))
    except (SandboxError, StoryError) as error:
        click.echo(f"could not run: {error}", err=True)
        return COULD_NOT_RUN
    from comparisons.pages import render  # noqa: PLC0415  only a page needs what draws it

    page = render(document_of(runs))
    reports.write(output, page)
    passed = all(run["verdict"]["passed"] for run in runs)
    for told in _told(runs):
        for line in told.wrap(terminal, terminal.width):
            line.rstrip()
            terminal.print(line)
    terminal.print(Text(_summary(runs), style=f"bold {_style(passed=passed)}"))
    click.echo(f"{output}: {len(page.encode()) / 1000:,.0f} kB")
    return NO_DIFFERENCE if passed else DIFFERS


def _check_paths(output: Path, candidate: Path | None, sources: Sequence[Path]) -> None:
    """Refuse to write over what is read."""
    for path in (*sources, *([] if candidate is None else [candidate])):
        if path.resolve() == output.resolve():
            message = f"{output} is read for this report: write to another file"
            raise click.UsageError(message)


def _from_problem(
    problem: Problem, candidate: Path | None, modes: tuple[Mode, ...], *, live: bool
) -> Part:
    return lambda: _runs(problem, candidate, modes, reference_for(problem, live=live))


def _from_source(source: Path, candidate: Path | None, modes: tuple[Mode, ...]) -> Part:
    """Return what a file or a recording gives; refuses what cannot be read."""
    try:
        if not source.is_dir():
            runs = runs_from_json(source)
            return lambda: runs
        recording = Recording(source)
        recording.check_complete()
    except (StoryError, RecordingError, OSError) as error:
        raise click.BadParameter(str(error), param_hint="--from") from error
    return lambda: _runs(recording.problem, candidate, modes, recording)


def _runs(
    problem: Problem, candidate: Path | None, modes: tuple[Mode, ...], reference: Reference
) -> list[Run]:
    if candidate is None:
        return story(problem, modes=modes, reference=reference)
    return story_of_file(candidate, problem, modes=modes, reference=reference)


def _all_runs(parts: Sequence[Part], terminal: Console, *, live: bool) -> list[Run]:
    """Run everything, with a bar for as long as it takes."""
    runs = list[Run]()
    starting = "starting Keras" if live else "comparing"
    bar = progress(len(parts), terminal, starting, unit="problems")
    with or_else(NOT_LIVE if live else None), bar as advance:
        for warning in import_keras_ref().warnings() if live else ():
            click.echo(f"warning: {warning}", err=True)
        for part in parts:
            runs += part()
            advance(1)
    return runs


def _told(runs: Sequence[Run]) -> Iterator[Text]:
    """Yield one line for each run."""
    for run in runs:
        verdict = run["verdict"]
        name = f"{run['problem']}, {run['dtype']}, {run['mode']}: "
        style = _style(passed=verdict["passed"])
        yield Text(reports.printable(name), style="bold") + Text(
            reports.printable(verdict["sentence"]), style
        )


def _summary(runs: Sequence[Run]) -> str:
    failed = sum(not run["verdict"]["passed"] for run in runs)
    count = f"{len(runs)} run{'' if len(runs) == 1 else 's'}"
    differ = "differs" if len(runs) == 1 else "differ"
    return f"{failed} of {count} {differ}" if failed else f"{count}, no difference found"


def _style(*, passed: bool) -> str:
    return "green" if passed else "red"
