"""How long ``keras-parity check`` takes for each file of the course, as a whole process.

    python tests/benchmarks/checking.py [--times 7]

Each command is run that often, the files in turn, so that a busy moment does not fall on one of
them only. What is printed is the median and the fastest run, with the exit status and the answer.
"""

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import click

COURSE = Path(__file__).parents[1] / "support" / "course"
FILES = {
    "asha": "regression",
    "ben": "regression_asymmetric",
    "chloe": "classification",
    "diego": "regression_asymmetric",
    "emma": "classification_asymmetric",
    "farid": "short_last_batch",
    "grace": "adam",
}


@click.command()
@click.option("--times", type=click.IntRange(min=1), default=7, show_default=True)
def main(times: int) -> None:
    """Time the check of each file."""
    took: dict[str, list[float]] = {name: [] for name in FILES}
    said: dict[str, str] = {}
    for _ in range(times):
        for name, problem in FILES.items():
            command = [sys.executable, "-m", "comparisons", "check", str(COURSE / f"{name}.py")]
            before = time.perf_counter()
            done = subprocess.run(  # noqa: S603  our own command
                [*command, "--problem", problem, "--quiet"],
                capture_output=True,
                text=True,
                check=False,
            )
            took[name].append(time.perf_counter() - before)
            said[name] = f"{done.returncode}: {done.stdout.strip() or done.stderr.strip()}"
    for name, seconds in took.items():
        click.echo(f"{median(seconds):5.2f} s, fastest {min(seconds):5.2f} s; exit {said[name]}")


if __name__ == "__main__":
    main()
