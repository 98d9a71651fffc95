"""A recording: Keras's run of one problem, read from a directory."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from comparisons.problems import Problem, differing
from comparisons.runs import Block
from comparisons.runs.reference import steps_per_block
from comparisons.traces import files, header, index, tensors
from comparisons.traces.errors import RecordingError


@dataclass(frozen=True)
class Chunk:
    """One file of consecutive steps, as the index has it; ``first_step`` counts from 0."""

    file: str
    bytes: int
    sha256: str
    first_step: int
    steps: int


class Recording:
    """The reference of one problem, read instead of computed: needs no Keras.

    Opening it reads and checks the index and the problem; the steps are read, and checked, as
    ``blocks`` yields them. ``complete`` says whether the run was recorded to its end, and
    ``steps`` how much of it was; ``restarts`` whether scratch can start each step from its slots.
    Raises ``RecordingError`` for a directory that is no recording, or a damaged one.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = path = Path(path)
        entries, torn = index.read(path)
        if not entries:
            message = f"{path} is not a recording: its {index.NAME} has no whole line"
            raise RecordingError(message)
        first, *rest = entries
        head, self._layout = header.read(path, first)
        self.problem: Problem = head.problem
        self.environment: Mapping[str, str] = {**head.environment, "reference": "recorded"}
        self.constants: Mapping[str, float] = head.constants
        self.sites: tuple[str, ...] = head.sites
        self.restarts = head.restarts
        self.complete = bool(rest) and "complete" in rest[-1]
        self._chunks: list[Chunk] = []
        self.steps = 0
        for number, entry in enumerate(rest[:-1] if self.complete else rest, 2):
            self._add(number, entry)
        if self.complete:
            self._check_end(rest[-1], torn=torn)

    @property
    def bytes(self) -> int:
        """The size of all its files together, in bytes."""
        sizes = [file.stat().st_size for file in self.path.iterdir() if file.is_file()]
        return sum(sizes)

    @property
    def sha256(self) -> str:
        """The checksum of its index, and so of all that is in it."""
        return files.sha256(files.read_whole(self.path / index.NAME))

    def check(self, problem: Problem) -> None:
        """Raise ``RecordingError`` unless this is a recording of ``problem``, whole."""
        found = differing(self.problem, problem)
        if "dtype" in found and not differing(*_coarsely(self.problem, problem)):
            message = (
                f"{self.path} is a recording of {problem.name!r} in {self.problem.dtype}, and the "
                f"problem is in {problem.dtype}: take the problem in {self.problem.dtype}, or its "
                f"recording in {problem.dtype}"
            )
            raise RecordingError(message)
        if found:
            message = (
                f"{self.path} is a recording of another problem than {problem.name!r}: "
                f"they differ in {', '.join(found)}; record this one, or name its own recording"
            )
            raise RecordingError(message)
        self.check_complete()
        if not self.restarts:
            message = (
                f"{self.path} has other slots than scratch's {problem.network.optimizer!r}, "
                "so that no step can start from them: record again with a Keras that is known"
            )
            raise RecordingError(message)

    def check_complete(self) -> None:
        """Raise ``RecordingError`` unless the run was recorded to its end."""
        if not self.complete:
            message = (
                f"{self.path} is incomplete, it has {self.steps} of {self.problem.steps} steps: "
                "record again"
            )
            raise RecordingError(message)

    def blocks(self, *, partly: bool = False) -> Iterator[Block]:
        """Yield the steps in order; each call reads them anew.

        Raises ``RecordingError`` for an incomplete recording, unless ``partly`` says that the
        steps which it has will do, and for a chunk that is not what was written.
        """
        if not partly:
            self.check_complete()
        most = steps_per_block(self.problem)
        for chunk in self._chunks:
            path = self.path / chunk.file
            data = files.read_checked(path, chunk.bytes, chunk.sha256)
            arrays = tensors.decode(data, path)
            try:
                yield from self._layout.unpack(arrays, chunk.first_step, chunk.steps, most)
            except RecordingError as error:
                message = f"{path} is not a chunk of this recording: {error}"
                raise RecordingError(message) from error

    def _add(self, number: int, entry: Mapping[str, Any]) -> None:
        """Take in the line of a chunk, which must follow the one before."""
        kinds = {"file": str, "bytes": int, "sha256": str, "first_step": int, "steps": int}
        right = {name: type(value) for name, value in entry.items()} == kinds
        right = right and entry["first_step"] == self.steps
        right = right and entry["file"] == chunk_name(entry["first_step"])
        right = right and 0 < entry["steps"] <= self.problem.steps - self.steps
        if not right:
            message = (
                f"{self.path / index.NAME} is not a recording's: line {number} does not tell of "
                f"the chunk that begins with step {self.steps + 1}"
            )
            raise RecordingError(message)
        self._chunks.append(Chunk(**entry))
        self.steps += entry["steps"]

    def _check_end(self, entry: Mapping[str, Any], *, torn: bool) -> None:
        wanted = {"complete": True, "steps": self.problem.steps}
        if torn or entry != wanted or self.steps != self.problem.steps:
            message = f"{self.path / index.NAME} is damaged: its end is not where it says"
            raise RecordingError(message)


def _coarsely(*problems: Problem) -> Iterator[Problem]:
    """Yield problems in the coarsest of their dtypes."""
    dtype = min(problem.dtype for problem in problems)
    return (problem.astype(dtype) for problem in problems)


def chunk_name(first_step: int) -> str:
    """Return the name of the file whose first step is this one, counted from 0."""
    return f"steps-{first_step:08}.safetensors"
