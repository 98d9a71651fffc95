"""Recordings that were changed on purpose, with every checksum made right again."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from comparisons.runs import Block
from comparisons.traces import Recording, files, index, record, tensors


class Changed:
    """A recording, one number of which is another."""

    def __init__(
        self,
        recording: Recording,
        step: int,
        site: str,
        where: tuple[int, ...],
        change: Callable[[Any], Any],
    ) -> None:
        self.recording, self.problem = recording, recording.problem
        self.environment, self.constants = recording.environment, recording.constants
        self.sites = recording.sites
        self.step, self.site, self.where, self.change = step, site, where, change

    def blocks(self) -> Iterator[Block]:
        for block in self.recording.blocks():
            values = {site: np.array(array) for site, array in block.values.items()}
            if 0 <= (at := self.step - 1 - block.first_step) < len(block):
                array = values[self.site]
                array[(at, *self.where)] = self.change(array[(at, *self.where)])
            yield Block(block.first_step, block.x, block.y, values)


def changed(recording: Recording, path: Path, *arguments: Any) -> Recording:
    """Record at ``path`` what ``Changed`` says."""
    return record(recording.problem, path, reference=Changed(recording, *arguments))


def entries(path: Path) -> list[dict[str, Any]]:
    """Return the entries of an index."""
    return [json.loads(line)["line"] for line in (path / index.NAME).read_bytes().splitlines()]


def write_index(path: Path, lines: list[Any]) -> None:
    """Write an index of these entries, its checksums right."""
    text, checksum = b"", ""
    for entry in lines:
        line, checksum = index.line(entry, checksum)
        text += line
    (path / index.NAME).write_bytes(text)


def rewritten(recording: Recording, path: Path, change: Callable[[list[Any]], Any]) -> Path:
    """Copy a recording to ``path`` with another index."""
    shutil.copytree(recording.path, path)
    lines = entries(path)
    change(lines)
    write_index(path, lines)
    return path


def with_file(
    recording: Recording, path: Path, number: int, change: Callable[[dict[str, Any]], Any]
) -> Path:
    """Copy a recording to ``path`` with other arrays in the file of an entry of its index."""
    shutil.copytree(recording.path, path)
    lines = entries(path)
    file = path / lines[number].get("file", "problem.safetensors")
    arrays = dict(tensors.decode(file.read_bytes(), file))
    change(arrays)
    return _put(path, lines, number, tensors.encode(arrays))


def with_bytes(recording: Recording, path: Path, number: int, data: bytes) -> Path:
    """Copy a recording to ``path`` with other bytes in the file of an entry of its index."""
    shutil.copytree(recording.path, path)
    return _put(path, entries(path), number, data)


def _put(path: Path, lines: list[Any], number: int, data: bytes) -> Path:
    (path / lines[number].get("file", "problem.safetensors")).write_bytes(data)
    lines[number] |= {"bytes": len(data), "sha256": files.sha256(data)}
    write_index(path, lines)
    return path
