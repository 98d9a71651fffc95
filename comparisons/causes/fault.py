"""What a fault is: a named mistake, ready to be planted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from comparisons.causes.open_trainer import OpenTrainer
from comparisons.causes.pieces import Piece
from comparisons.runs import ScratchTrainer


@dataclass(frozen=True, eq=False)
class Fault:
    """A mistake at one place of one network.

    ``pieces`` maps the pieces that it replaces to what it puts there; two faults that replace
    one piece exclude each other. ``site`` is where it must first be seen. ``wrong`` says what
    went wrong and ``mend`` how to put it right, a sentence each. ``shown_by`` names a problem
    of the catalogue that shows this kind of mistake, in ``dtype`` only where there is one.
    A fault that ``remembers`` needs the step before, so no locked step can show it. One that is
    ``of_the_loop`` chooses other rows than the problem's: who is handed his batches cannot make it.
    One that is ``of_the_batch`` changes nothing where every batch has one row. What is
    ``no_mistake`` differs from Keras's own way only, and may be right.
    """

    kind: str
    site: str
    pieces: Mapping[str, Piece]
    wrong: str
    mend: str
    shown_by: str
    layer: str = ""
    dtype: str | None = None
    remembers: bool = False
    of_the_loop: bool = False
    of_the_batch: bool = False
    no_mistake: bool = False

    @property
    def name(self) -> str:
        """The kind of mistake, with the layer in which it was made."""
        return f"{self.kind} ({self.layer})" if self.layer else self.kind

    def excludes(self, other: "Fault") -> bool:
        """Return whether the two replace one piece."""
        return not self.pieces.keys().isdisjoint(other.pieces)


def plant(trainer: ScratchTrainer, faults: Iterable[Fault]) -> OpenTrainer:
    """Return a trainer with the faults in it.

    Raises ``ValueError`` where two of them replace one piece.
    """
    replaced: dict[str, Piece] = {}
    by: dict[str, str] = {}
    for fault in faults:
        for piece, formula in fault.pieces.items():
            if piece in replaced:
                message = (
                    f"{fault.name!r} and {by[piece]!r} both replace the piece {piece!r}: "
                    "plant one of them"
                )
                raise ValueError(message)
            replaced[piece], by[piece] = formula, fault.name
    return OpenTrainer(trainer.network, replaced)
