"""How far twins spread along the recordings that come with this package, measured beforehand.

To run eight twins in two modes is most of what a check of a small problem takes, and how far
they spread depends on nothing but the recording and this package. What is measured elsewhere
is a budget here, too: a budget allows for another processor's rounding, or it is none.

A directory has one file for each recording and an index of them, as recordings have.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from comparisons.rounding import spread_along
from comparisons.runs import MODES, Mode, usual_twins
from comparisons.traces import files, index, tensors
from comparisons.traces.errors import RecordingError
from comparisons.traces.recording import Recording
from comparisons.traces.writing import check_free
from comparisons.verdicts import Spread

_DIRECTORY = Path(__file__).with_name("spreads")
_FORMAT = "keras-parity/spreads/1"
_FIELDS = {"format": str, "of": str, "twins": int, "file": str, "bytes": int, "sha256": str}


def measure(
    recordings: Iterable[Recording],
    directory: Path,
    on_recording: Callable[[Recording], object] = lambda _: None,
) -> None:
    """Measure the spread along recordings, and write it to a new directory.

    Raises ``RecordingError`` where the directory is taken, or a recording is not whole.
    """
    check_free(directory)
    directory.mkdir(parents=True, exist_ok=True)
    lines, checksum = list[bytes](), ""
    for recording in recordings:
        problem, twins = recording.problem, usual_twins(recording.problem)
        spreads = {mode: spread_along(problem, recording, mode, twins) for mode in MODES}
        data = tensors.encode(_packed(spreads))
        file = f"{recording.path.name}.safetensors"
        files.write_whole(directory / file, data)
        entry = {
            "format": _FORMAT,
            "of": recording.sha256,
            "twins": twins,
            "file": file,
            "bytes": len(data),
            "sha256": files.sha256(data),
        }
        text, checksum = index.line(entry, checksum)
        lines.append(text)
        on_recording(recording)
    files.write_whole(directory / index.NAME, b"".join(lines))


def spreads_of(recording: Recording, directory: Path = _DIRECTORY) -> dict[Mode, Spread]:
    """Return how far twins spread along a recording, in each mode; nothing if not measured.

    It was measured only if the recording is the very same, whatever its name. Raises
    ``RecordingError`` where what was measured is damaged.
    """
    if not directory.is_dir():
        return {}
    entries, _ = index.read(directory)
    for entry in entries:
        if {name: type(value) for name, value in entry.items()} != _FIELDS:
            message = f"{directory / index.NAME} is not an index of spreads: measure them again"
            raise RecordingError(message)
        if entry["of"] == recording.sha256:
            path = directory / Path(entry["file"]).name
            data = files.read_checked(path, entry["bytes"], entry["sha256"])
            return _unpacked(tensors.decode(data, path), entry["twins"])
    return {}


def _packed(spreads: Mapping[Mode, Spread]) -> dict[str, Any]:
    """Return spreads as named arrays: steps along the first axis, or a list of places."""
    return {
        f"{mode}/{kind}/{site}": array
        for mode, spread in spreads.items()
        for kind, arrays in (("largest", spread.largest), ("elsewhere", spread.elsewhere))
        for site, array in arrays.items()
    }


def _unpacked(arrays: Mapping[str, Any], twins: int) -> dict[Mode, Spread]:
    def of(kind: str) -> dict[str, Any]:
        return {
            name.removeprefix(kind): array
            for name, array in arrays.items()
            if name.startswith(kind)
        }

    return {mode: Spread(twins, of(f"{mode}/largest/"), of(f"{mode}/elsewhere/")) for mode in MODES}
