"""``keras-parity problems``."""

import click
from rich.text import Text

from comparisons import problems
from comparisons.cli.shared import console


@click.command("problems", short_help="List the problems and their questions.")
def problems_command() -> None:
    """List the problems of the catalogue, each with the question it asks."""
    terminal = console()
    for name in problems.names():
        problem = problems.get(name)
        classic = "  (run by default)" if name in problems.CLASSIC else ""
        terminal.print(Text(name, style="bold") + Text(classic, style="dim"))
        for line in Text(problem.question).wrap(terminal, terminal.width - 4):
            terminal.print(Text("    ") + line)
