"""``keras-parity spread``: what the order of the rows does to the last epoch's loss."""

from typing import Any

import click
import numpy as np
import numpy.typing as npt
from rich.text import Text

from comparisons import problems
from comparisons.cli.shared import NO_DIFFERENCE, Whole, check_problem, console, progress
from comparisons.shuffling import last_losses

#: How many bars the picture has.
BARS = 12
#: How long a bar is at most, and what stands before it.
WIDTH, BEFORE = 40, 36


@click.command("spread", short_help="Show what shuffling does to the last epoch's loss.")
@click.argument("name", metavar="[PROBLEM]", default="regression", callback=check_problem)
@click.option(
    "--orders", type=Whole(2, 100_000), default=500, show_default=True,
    help="How many times to train, each with an order of its own in every epoch.",
)  # fmt: skip
@click.option("--seed", type=Whole(0), default=0, show_default=True, help="Of the orders.")
def spread_command(name: str, orders: int, seed: int) -> int:
    """Train again and again with the rows of every epoch shuffled, as Keras's fit does by default.

    Prints how the loss of the last epoch, as fit reports it, spreads over the orders, beside the
    loss with the rows in order. The training is scratch's, in float64: `compare` shows that
    Keras goes through the same numbers.
    """
    problem = problems.get(name)
    terminal = console()
    with progress(orders, terminal, "training", unit="orders") as advance:
        in_order, losses = last_losses(problem, orders, np.random.default_rng(seed), advance)
    terminal.print(Text(f"{name}: loss of epoch {problem.epochs}, rows shuffled", style="bold"))
    for label, value in (
        ("rows in order", in_order),
        ("least", losses.min()),
        ("lower quartile", np.quantile(losses, 0.25)),
        ("median", np.median(losses)),
        ("upper quartile", np.quantile(losses, 0.75)),
        ("largest", losses.max()),
    ):
        terminal.print(f"  {label:<16}{value:.6g}")
    terminal.print(f"  over {orders} orders:")
    _picture(losses, terminal)
    return NO_DIFFERENCE


def _picture(losses: npt.NDArray[Any], terminal: Any) -> None:
    counts, edges = np.histogram(losses, BARS)
    width = max(1, min(WIDTH, terminal.width - BEFORE))
    for count, low, high in zip(counts, edges, edges[1:], strict=False):
        bar = "#" * round(width * count / counts.max())
        terminal.print(f"  {low:>10.5g} to {high:<10.5g} {count:>6}  {bar}")
