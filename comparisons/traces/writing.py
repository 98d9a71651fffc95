"""Write a recording chunk by chunk, so that a kill at any moment leaves what can be read."""

import secrets
import shutil
from collections.abc import Callable
from io import BufferedWriter
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from comparisons.problems import Problem
from comparisons.runs import Block, LiveKeras, Reference
from comparisons.traces import files, index, tensors
from comparisons.traces.errors import RecordingError
from comparisons.traces.header import PROBLEM_FILE, Header
from comparisons.traces.layout import Layout
from comparisons.traces.recording import Recording, chunk_name

#: A chunk is written when it has this many bytes: small runs are one chunk.
CHUNK_BYTES = 4_000_000


def check_free(path: Path) -> None:
    """Raise ``RecordingError`` if there is something at ``path`` that must not be lost."""
    try:
        taken = path.is_symlink() or (path.exists() and not path.is_dir())
        taken = taken or (path.is_dir() and any(path.iterdir()))
    except OSError as error:
        message = f"{path} cannot be written to: {error.strerror}"
        raise RecordingError(message) from error
    if taken:
        message = f"{path} exists already: remove it first, or name another directory"
        raise RecordingError(message)


def record(
    problem: Problem,
    path: Path | str,
    *,
    reference: Reference | None = None,
    chunk_bytes: int = CHUNK_BYTES,
    on_steps: Callable[[int], object] = lambda _: None,
) -> Recording:
    """Write a run of a problem, that of live Keras unless ``reference`` is given, to a directory.

    ``on_steps`` is told how many more steps are done, after each part. Raises
    ``RecordingError``, before anything runs, where ``path`` is taken; whatever else ends the
    writing early leaves nothing there, save a kill: see ``Writer``.
    """
    path = Path(path)
    check_free(path)
    reference = LiveKeras(problem) if reference is None else reference
    with Writer(path, problem, reference, chunk_bytes=chunk_bytes) as writer:
        for block in reference.blocks():
            writer.add(block)
            on_steps(len(block))
    return Recording(path)


class Writer:
    """A recording while it is written: a context whose end completes it.

    The directory appears under its name once its index has a first line; a chunk has reached
    the disk before its line is added; so a kill leaves the steps up to some chunk. An exception
    inside the context removes the directory. Raises ``RecordingError`` for steps that do not
    follow each other, and ``OSError`` where the disk refuses.
    """

    def __init__(
        self, path: Path, problem: Problem, reference: Reference, *, chunk_bytes: int = CHUNK_BYTES
    ) -> None:
        self.path = path
        self.problem = problem
        environment = {k: v for k, v in reference.environment.items() if k != "reference"}
        self._header = Header(problem, environment, reference.constants, reference.sites)
        self._layout = Layout.of(problem, reference.sites)
        self._chunk_bytes = chunk_bytes
        self._waiting: list[Block] = []
        self._index: BufferedWriter | None = None
        self._written = self._added = self._bytes = 0
        self._checksum = ""

    def __enter__(self) -> Self:
        check_free(self.path)
        target = self.path.resolve()
        target.parent.mkdir(parents=True, exist_ok=True)
        data = self._header.data()
        home = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        home.mkdir()
        try:
            files.write_whole(home / PROBLEM_FILE, data)
            self._index = (home / index.NAME).open("wb")
            self._append(self._header.entry(data))
            if target.exists():
                target.rmdir()  # empty: else this raises
            home = home.rename(target)
            files.directory_reaches_disk(target.parent)
        except BaseException:
            if self._index is not None:
                self._index.close()
            shutil.rmtree(home, ignore_errors=True)
            raise
        return self

    def add(self, block: Block) -> None:
        """Add the next steps."""
        if block.first_step != self._added or self._added + len(block) > self.problem.steps:
            message = (
                f"step {self._added + 1} of {self.problem.steps} must come next in {self.path}, "
                f"received {len(block)} from step {block.first_step + 1} on"
            )
            raise RecordingError(message)
        self._added += len(block)
        self._waiting.append(block)
        self._bytes += sum(array.nbytes for array in block.values.values())
        if self._bytes >= self._chunk_bytes:
            self._write_chunk()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._complete()
        except BaseException:
            kind = BaseException
            raise
        finally:
            if self._index is not None:
                self._index.close()
            if kind is not None:
                shutil.rmtree(self.path, ignore_errors=True)

    def _complete(self) -> None:
        if self._waiting:
            self._write_chunk()
        if self._written != self.problem.steps:
            message = f"{self.path} was given {self._written} of {self.problem.steps} steps"
            raise RecordingError(message)
        self._append({"complete": True, "steps": self._written})

    def _write_chunk(self) -> None:
        data = tensors.encode(self._layout.pack(self._waiting))
        name, steps = chunk_name(self._written), self._added - self._written
        files.write_whole(self.path / name, data)
        self._append(
            {
                "file": name,
                "bytes": len(data),
                "sha256": files.sha256(data),
                "first_step": self._written,
                "steps": steps,
            }
        )
        self._written = self._added
        self._waiting, self._bytes = [], 0

    def _append(self, entry: dict[str, Any]) -> None:
        """Add a line to the index and wait until it has reached the disk."""
        if self._index is None:
            message = f"{self.path} is written to inside its context only"
            raise RuntimeError(message)
        text, self._checksum = index.line(entry, self._checksum)
        self._index.write(text)
        self._index.flush()
        files.reach_disk(self._index.fileno())
