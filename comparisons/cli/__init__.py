"""The command line: each command is a module of its own."""

import os
import sys
import traceback
from typing import NoReturn

import click

from comparisons.cli.check import check_command
from comparisons.cli.compare import compare_command
from comparisons.cli.diff import diff_command
from comparisons.cli.grade import grade_command
from comparisons.cli.lesson import lesson_command
from comparisons.cli.problems import problems_command
from comparisons.cli.record import record_command
from comparisons.cli.report import report_command
from comparisons.cli.selftest import selftest_command
from comparisons.cli.shared import COULD_NOT_RUN, DIFFERS, NO_DIFFERENCE, USAGE
from comparisons.cli.spread import spread_command
from comparisons.cli.streams import finished, mend_streams
from comparisons.cli.verify import verify_command
from comparisons.problems import ProblemError
from comparisons.runs import KerasMissingError
from comparisons.traces import RecordingError

__all__ = ["COULD_NOT_RUN", "DIFFERS", "NO_DIFFERENCE", "USAGE", "cli", "main"]


def main() -> NoReturn:
    """Run the command line and leave with its exit status."""
    mend_streams()
    try:
        status = cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except (KeyboardInterrupt, click.Abort) as error:
        click.echo(f"interrupted: {str(error) or 'nothing was written'}", err=True)
        _leave_at_once(COULD_NOT_RUN)
    except (KerasMissingError, ProblemError, RecordingError, OSError) as error:
        click.echo(f"could not run: {error}", err=True)
        status = COULD_NOT_RUN
    except Exception:  # noqa: BLE001  a mistake of ours must not look like a difference
        traceback.print_exc()
        click.echo("could not run: the above is a mistake in keras-parity", err=True)
        status = COULD_NOT_RUN
    sys.exit(finished(status, COULD_NOT_RUN))


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


for command in (
    compare_command,
    report_command,
    check_command,
    problems_command,
    lesson_command,
    selftest_command,
    spread_command,
    record_command,
    verify_command,
    diff_command,
    grade_command,
):
    cli.add_command(command)
