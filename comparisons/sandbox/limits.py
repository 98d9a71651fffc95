"""Limits: how much a file may take."""

from dataclasses import dataclass, fields

MEBI = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What one process that runs a file may take; times are wall clock.

    ``seconds`` is for running the file from top to bottom, and again for each training step;
    ``total_seconds`` for all of it. ``memory`` is address space, in bytes. ``file_bytes`` is the
    largest file that it may write, ``open_files`` how many it may hold open. Of what it prints
    ``output_bytes`` are kept and ``printed_bytes`` end it. ``answer_bytes`` is the largest record
    of one step, ``source_bytes`` the largest file that is read at all.

    Raises ``ValueError`` for a limit that is not above 0.
    """

    seconds: float = 10
    total_seconds: float = 120
    memory: int = 2048 * MEBI
    file_bytes: int = 16 * MEBI
    open_files: int = 256
    output_bytes: int = 64 * 1024
    printed_bytes: int = MEBI
    answer_bytes: int = 256 * MEBI
    source_bytes: int = 4 * MEBI

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not value > 0:
                raise ValueError(f"the limit {field.name} must be above 0, received {value}")


def in_words(size: int) -> str:
    """Return a number of bytes as people write it."""
    for unit, name in ((1024 * MEBI, "GiB"), (MEBI, "MiB"), (1024, "KiB")):
        if size >= unit:
            return f"{size / unit:.3g} {name}"
    return f"{size} bytes"
