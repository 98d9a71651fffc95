"""What a chart is: a picture, the sentence that tells it, and its numbers as a table."""

from dataclasses import dataclass

from markupsafe import Markup

Cell = str | float


@dataclass(frozen=True)
class Chart:
    """A picture of a run, in three forms of the same content.

    ``key`` names it within the run; ``summary`` is one sentence with the real numbers, for the
    caption and for those who do not see the picture; ``svg`` is the picture, ready for a page;
    ``headers`` and ``rows`` are its data.
    """

    key: str
    title: str
    summary: str
    svg: Markup
    headers: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
