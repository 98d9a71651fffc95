"""``python -m comparisons.traces DIR``: measure how far twins spread along what is shipped."""

from pathlib import Path

import click

from comparisons.traces.beforehand import measure
from comparisons.traces.errors import RecordingError
from comparisons.traces.recording import Recording
from comparisons.traces.shipping import locate, shipped_names


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
def main(directory: Path) -> None:
    """Measure the spread along every recording of the package, and write it to DIR."""
    recordings = (Recording(path) for name in shipped_names() for path in locate(name))
    try:
        measure(recordings, directory, lambda recording: click.echo(recording.path.name))
    except RecordingError as error:
        raise click.UsageError(str(error)) from error


if __name__ == "__main__":
    main()
