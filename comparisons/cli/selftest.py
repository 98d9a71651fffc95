"""``keras-parity selftest``: every known mistake is planted, and must be found."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from comparisons import problems, reports
from comparisons.causes import Finding, faults_for, findings
from comparisons.checking import reference_for
from comparisons.cli.shared import (
    DIFFERS,
    NO_DIFFERENCE,
    NOT_LIVE,
    check_problems,
    console,
    dtype_option,
    file_option,
    or_else,
    progress,
)


@click.command("selftest", short_help="Plant every known mistake and see it found.")
@click.argument("names", metavar="[PROBLEM]...", nargs=-1, callback=check_problems)
@dtype_option("Precision")
@click.option("--live", is_flag=True, help="Compare with Keras itself, not with its recordings.")
@file_option("json", "Write what was found of each mistake as JSON.")
@click.option("--quiet", is_flag=True, help="Print the last line only.")
def selftest_command(
    names: tuple[str, ...],
    dtypes: tuple[str, ...],
    live: bool,  # noqa: FBT001  click passes flags by keyword
    json_file: Path | None,
    quiet: bool,  # noqa: FBT001
) -> int:
    """Plant every known mistake into each problem and print what each problem finds.

    Without a PROBLEM the whole catalogue is run, and then every mistake must be found and
    explained by at least one problem: else the exit status is 1. With problems named, it is 1
    when one of them finds or explains nothing of a mistake that it is meant to show.
    """
    chosen = tuple(dict.fromkeys(names)) or problems.names()
    runs = [problems.get(name).astype(dtype) for name in chosen for dtype in dict.fromkeys(dtypes)]
    terminal = console()
    total = sum(len(faults_for(problem)) for problem in runs)
    found: dict[tuple[str, str], Sequence[Finding]] = {}
    bar = progress(total, terminal, "planting", unit="mistakes")
    with or_else(NOT_LIVE if live else None), bar as advance:
        for problem in runs:
            reference = reference_for(problem, live=live)
            here = findings(problem, reference, advance)
            found[problem.name, problem.dtype] = here
            if not quiet:
                _show(problem.name, problem.dtype, here, terminal)
    if json_file is not None:
        reports.write(json_file, reports.findings_to_json(found))
    missed = _missed(found, chosen)
    kinds = {finding.fault.kind for here in found.values() for finding in here}
    if not quiet:
        terminal.print()
        for kind in missed:
            terminal.print(Text(f"not found and explained where it should be: {kind}", "bold red"))
    line = (
        f"{len(kinds) - len(missed)} of {len(kinds)} kinds of mistakes found and explained, "
        f"planted {sum(map(len, found.values())):,} times in "
        f"{len(runs)} run{'' if len(runs) == 1 else 's'}"
    )
    terminal.print(Text(line, style="bold red" if missed else "bold green"), soft_wrap=True)
    return DIFFERS if missed else NO_DIFFERENCE


def _missed(
    found: dict[tuple[str, str], Sequence[Finding]], chosen: Sequence[str]
) -> tuple[str, ...]:
    """Return the kinds that no run explains, of those that a chosen problem is meant to show."""
    explained: dict[str, bool] = defaultdict(bool)
    for here in found.values():
        for finding in here:
            if finding.fault.shown_by in chosen:
                explained[finding.fault.kind] |= finding.explained
    return tuple(kind for kind, is_explained in explained.items() if not is_explained)


def _show(name: str, dtype: str, here: Sequence[Finding], terminal: Console) -> None:
    """Print what one problem finds, with names where it finds less than all."""
    seen = [finding for finding in here if finding.seen]
    at_site = [finding for finding in seen if finding.at_its_site]
    terminal.print()
    terminal.print(Text(f"{name}, {dtype}", style="bold"))
    terminal.print(
        f"  {len(here)} mistakes: {len(seen)} found, {len(at_site)} of them at the named site; "
        f"{sum(finding.explained for finding in here)} explained"
    )
    elsewhere = [
        f"{finding.fault.name}, at {finding.first.site}"
        for finding in seen
        if finding.first is not None and not finding.at_its_site
    ]
    unexplained = [finding.fault.name for finding in seen if not finding.explained]
    unseen = [finding.fault.name for finding in here if not finding.seen]
    for label, list_of in (
        ("found elsewhere", elsewhere),
        ("found, not explained", unexplained),
        ("cannot see", unseen),
    ):
        for entry in list_of:
            for line in Text(f"{label}: {entry}").wrap(terminal, terminal.width - 2):
                terminal.print(Text("  ") + line)
