"""Print how far honest networks come from their rounding budgets: the reason for the factor.

    python tests/benchmarks/calibrate.py [--networks 400] [--first 0]

Random healthy networks are compared with Keras in both dtypes and both modes. For each run the
worst multiple of the budget counts; the table shows how these are distributed, and every run
beyond the factor would be a false alarm.
"""

import sys
from collections import defaultdict
from pathlib import Path

import click
import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))

from healthy import healthy

from comparisons import Measured, compare
from comparisons.problems import DTYPES
from comparisons.reports.text import summary

PERCENTILES = (50, 90, 99, 100)


@click.command()
@click.option("--networks", default=400, show_default=True, help="How many networks to compare.")
@click.option("--first", default=0, show_default=True, help="The first network's seed.")
@click.option("--factor", default=Measured().factor, show_default=True, help="Factor to judge by.")
def main(networks: int, first: int, factor: float) -> None:
    """Compare random healthy networks with Keras and print the distribution of multiples."""
    multiples = defaultdict(list)
    verdicts = []
    for seed in range(first, first + networks):
        for dtype in DTYPES:
            problem, tolerance = healthy(seed).astype(dtype), Measured(factor)
            for verdict in compare(problem, tolerance=tolerance, witness=False, sensitive=False):
                verdicts.append(verdict)
                multiples[dtype, verdict.mode].append(verdict.worst.multiple)
                if not verdict.passed:
                    click.echo(
                        f"alarm: {verdict.problem} {dtype} {verdict.mode}: {verdict.sentence}"
                    )
    click.echo(f"{networks} networks, multiples of the budget ({factor:g} allowed)")
    click.echo(f"{'':16}" + "".join(f"{f'{p} %':>8}" for p in PERCENTILES))
    for (dtype, mode), values in multiples.items():
        row = np.percentile(values, PERCENTILES)
        click.echo(f"{dtype:9}{mode:7}" + "".join(f"{value:8.2f}" for value in row))
    alarms = sum(not verdict.passed for verdict in verdicts)
    undecided = sum(verdict.undecided_count > 0 for verdict in verdicts)
    ended = sum(verdict.ended is not None for verdict in verdicts)
    click.echo(summary(verdicts))
    click.echo(f"{alarms} false alarms; {undecided} runs with undecided kinks, {ended} overflowed")


if __name__ == "__main__":
    main()
