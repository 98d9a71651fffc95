"""The four things that can be said of a site at a step."""

from enum import IntEnum


class Outcome(IntEnum):
    """How a candidate's site compares with the reference's, from best to worst."""

    EXACT = 0
    """The same bits."""
    CLOSE = 1
    """Within what rounding may do."""
    DIVERGED = 2
    """Further apart than rounding explains."""
    INCOMPARABLE = 3
    """Missing, of another shape or dtype, or not finite on both sides alike."""
