"""Scoring: from the credit of single quantities to points."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction

from comparisons.grading.graded import NOT_SHOWN, Graded, Item, Part


@dataclass(frozen=True)
class Weights:
    """What each phase counts for; only their proportions matter.

    Raises ``ValueError`` for a negative weight, and where all are 0.
    """

    forward: float = 20
    loss: float = 10
    gradients: float = 40
    update: float = 30

    def __post_init__(self) -> None:
        for phase in PHASES:
            weight = getattr(self, phase)
            if not 0 <= weight < float("inf"):
                raise ValueError(f"the weight of {phase} must be at least 0, received {weight:g}")
        if not any(getattr(self, phase) for phase in PHASES):
            raise ValueError("all weights are 0: give at least one phase a weight")

    @classmethod
    def read(cls, text: str) -> "Weights":
        """Return the weights in a text such as ``forward=20,update=30``; those not given are 0.

        Raises ``ValueError`` for what it cannot read.
        """
        given = dict.fromkeys(PHASES, 0.0)
        named = set()
        for pair in text.split(","):
            phase, _, weight = (part.strip() for part in pair.partition("="))
            if phase not in given or phase in named:
                twice = "twice the phase" if phase in named else "the phase"
                raise ValueError(
                    f"expected phases of {', '.join(PHASES)}; received {twice} {phase!r}"
                )
            try:
                given[phase] = float(weight)
            except ValueError as error:
                message = f"expected a number after {phase}=, received {weight!r}"
                raise ValueError(message) from error
            named.add(phase)
        return cls(**given)


#: The phases of a step, in order.
PHASES = tuple(field.name for field in fields(Weights))


@dataclass(frozen=True)
class Scheme:
    """How many points there are, and how the phases share them.

    The problems share the points alike. Of each, the phases have the points that their weights
    say, and within a phase every quantity that the submission shows counts alike. A phase of
    which nothing is shown leaves its points to the others.
    """

    points: int = 100
    weights: Weights = Weights()

    def worth(self, part: Part, parts: int) -> dict[str, Fraction]:
        """Return how many points each site of one of so many parts can bring."""
        shown = {phase: self._shown(part.items, phase) for phase in PHASES}
        weights = {
            phase: Fraction(getattr(self.weights, phase)) for phase in PHASES if shown[phase]
        }
        total = sum(weights.values())
        if not total:  # nothing shown has a weight: all of it counts alike
            weights, total = dict.fromkeys(weights, Fraction(1)), Fraction(len(weights))
        return {
            item.site: Fraction(self.points) / parts * weight / total / len(shown[phase])
            for phase, weight in weights.items()
            for item in shown[phase]
        }

    def score(self, graded: Graded) -> float:
        """Return the points of a submission, in halves.

        Rounding to the nearest half never makes full marks of less. What differs only in a phase
        without weight costs nothing.
        """
        exact = sum((earned for _, _, earned, _ in self.entries(graded)), Fraction(0))
        if exact == self.points:
            return float(self.points)
        nearest = int(2 * exact + Fraction(1, 2))
        return min(nearest, 2 * self.points - 1) / 2

    def entries(self, graded: Graded) -> Iterator[tuple[Part, Item, Fraction, Fraction]]:
        """Yield every quantity that counts: part, item, points earned, and most that it can be."""
        for part in graded.parts:
            worth = self.worth(part, len(graded.parts))
            for item in part.items:
                if item.site in worth:
                    most = worth[item.site]
                    yield part, item, Fraction(item.credit) * most, most

    def by_phase(self, graded: Graded) -> dict[str, tuple[float, float] | None]:
        """Return the points earned in each phase and the most possible.

        There is ``None`` for a phase that is not shown, or has no weight.
        """
        found: dict[str, tuple[float, float] | None] = {}
        entries = list(self.entries(graded))
        for phase in PHASES:
            here = [(earned, most) for _, item, earned, most in entries if item.phase == phase]
            earned, most = (sum(column) for column in zip(*here, strict=True)) if here else (0, 0)
            found[phase] = (float(earned), float(most)) if most else None
        return found

    @staticmethod
    def _shown(items: Iterable[Item], phase: str) -> Sequence[Item]:
        return [item for item in items if item.phase == phase and item.state != NOT_SHOWN]
