"""What a grade is made of: plain values, so that they can go from one process to another."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

#: What can be said of one quantity of a submission.
AGREES = "agrees"
FAULTY = "faulty"
FOLLOWS = "follows"
EXCUSED = "excused"
NOT_SHOWN = "not shown"

#: What can be said of a submission on one problem.
SAME = "no difference"
STOPPED = "stopped"
NO_MISTAKE = "no mistake"
DIFFERS = "differs"
INTERNAL = "internal"


@dataclass(frozen=True)
class Item:
    """One quantity of one problem: its site, what was found, and its credit from 0 to 1.

    What is ``faulty`` differs by itself, at ``step`` (from 1) for the first time; what
    ``follows`` differs because of something before it. What is ``excused`` differs by what is
    Keras's own way and no mistake. What is not shown has no credit, and no weight either.
    """

    site: str
    state: str
    credit: float
    step: int | None = None

    @property
    def phase(self) -> str:
        """The phase that it counts for; a slot belongs to the update."""
        return _PHASES[self.site.partition("/")[0]]


_PHASES = {
    "forward": "forward",
    "loss": "loss",
    "backward": "gradients",
    "slot": "update",
    "update": "update",
}


@dataclass(frozen=True)
class Part:
    """What was found of a submission on one problem, in one dtype.

    ``outcome`` is ``no difference``, ``no mistake`` (it differs only in what is Keras's own
    way), ``differs``, ``stopped`` (its file could not be run to its end; ``kind`` is then that
    of a ``SandboxError``) or ``internal`` (a mistake of ours).
    ``sentence`` says it in one sentence and ``told`` in lines, both with no more than may be
    revealed. ``source`` says what was compared with.
    """

    problem: str
    dtype: str
    outcome: str
    kind: str
    sentence: str
    told: str
    items: tuple[Item, ...] = ()
    source: str = ""


@dataclass(frozen=True)
class Graded:
    """A submission's name, what was found on each problem, and how long that took."""

    name: str
    parts: tuple[Part, ...]
    seconds: float

    @property
    def worst(self) -> Part:
        """The part that decides what is said of the whole."""
        order = (SAME, NO_MISTAKE, DIFFERS, STOPPED, INTERNAL)
        return max(self.parts, key=lambda part: order.index(part.outcome))

    def as_plain(self) -> dict[str, Any]:
        """Return it in the types of JSON; ``from_plain`` reads them."""
        return asdict(self)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Graded":
        """Return what ``as_plain`` made plain, after JSON has made lists of tuples."""
        parts = tuple(
            Part(**part | {"items": tuple(Item(**item) for item in part["items"])})
            for part in plain["parts"]
        )
        return cls(plain["name"], parts, plain["seconds"])
