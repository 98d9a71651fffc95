"""SVG, element by element: all text and every attribute's value is escaped here.

No element has a ``style`` and none has a script; what things look like stands in ``charts.css``.
All pictures have one width in their own units, so that type has one size in all of them.
"""

import re
from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape

from comparisons.pages.charts.paths import Point, trace

#: The width of every picture, in its own units: narrow, so that type stays legible on a phone.
WIDTH = 420.0

#: The size of nearly all type, in the same units; ``charts.css`` says the same. On a phone 390
#: pixels wide it comes to 11.
NORMAL = 13.0

#: What neither XML nor an encoder takes: control characters and halves of surrogate pairs.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def fit(words: str) -> str:
    """Return words with a sign in place of each character that no page can hold."""
    return _UNFIT.sub("\ufffd", words)


def element(name: str, *children: Markup | str, **attributes: str | float | None) -> Markup:
    """Return an element; ``class_`` is ``class``, ``stroke_width`` is ``stroke-width``.

    An attribute that is ``None`` is left out. A child that is not ``Markup`` is text.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_escaped(_value(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    content = "".join(_escaped(child) for child in children)
    end = f">{content}</{name}>" if content else "/>"
    return Markup(f"<{name}{written}{end}")  # noqa: S704  escaped just above


def joined(*parts: Markup) -> Markup:
    """Return elements one after the other."""
    return Markup("").join(parts)


def group(
    *children: Markup,
    class_: str | None = None,
    title: str | None = None,
    **attributes: str | float | None,
) -> Markup:
    """Return a ``<g>``, nothing if nothing is in it; its title is what a resting pointer shows."""
    named = () if title is None else (element("title", title),)
    whole = joined(*children)
    return element("g", *named, whole, class_=class_, **attributes) if whole else Markup()


def text(
    x: float, y: float, *words: Markup | str, class_: str | None = None, anchor: str | None = None
) -> Markup:
    """Return text with its baseline at ``y``; ``anchor`` is ``middle`` or ``end``."""
    return element("text", *words, x=x, y=y, class_=class_, text_anchor=anchor)


def texts(
    words: Iterable[tuple[float, float, str]], class_: str, anchor: str | None = None
) -> Markup:
    """Return texts of one look, each with its place."""
    return group(*(text(*each) for each in words), class_=class_, text_anchor=anchor)


def rectangle(
    x: float, y: float, width: float, height: float, class_: str, radius: float | None = None
) -> Markup:
    """Return a rectangle, its corners rounded by ``radius``."""
    return element("rect", x=x, y=y, width=width, height=height, rx=radius, class_=class_)


def path(
    class_: str, *lines: Sequence[Point], title: str | None = None, width: float | None = None
) -> Markup:
    """Return lines of one look as one path, nothing if there are none; ``width`` is their own."""
    named = () if title is None else (element("title", title),)
    d = trace(lines)
    return element("path", *named, class_=class_, d=d, stroke_width=width) if d else Markup()


def arrow(points: list[Point], class_: str, head: float = 7.0) -> Markup:
    """Return a line through the points that ends in a head.

    The head is drawn, not a ``<marker>``: a marker would need an id, and does not take over the
    colour of its line everywhere.
    """
    (x0, y0), (x, y) = points[-2:]
    length = max(((x - x0) ** 2 + (y - y0) ** 2) ** 0.5, 1e-9)
    dx, dy = (x - x0) / length * head, (y - y0) / length * head
    shaft = [*points[:-1], (x - dx, y - dy)]
    corners = [(x, y), (x - dx - dy / 2, y - dy + dx / 2), (x - dx + dy / 2, y - dy - dx / 2)]
    tip = [*corners, corners[0]]
    return group(path("shaft", shaft), path("head", tip), class_=f"arrow {class_}")


def picture(
    prefix: str, key: str, title: str, summary: str, height: float, *parts: Markup
) -> Markup:
    """Return the whole picture, named by its title and described by its summary.

    ``prefix`` is the id of the run, and keeps the ids apart on a page with several.
    """
    ids = f"{prefix}-{key}-picture-title", f"{prefix}-{key}-picture-summary"
    return element(
        "svg",
        element("title", title, id=ids[0]),
        element("desc", summary, id=ids[1]),
        *parts,
        class_=f"plot plot-{key}",
        viewBox=f"0 0 {coordinate(WIDTH)} {coordinate(height)}",
        width="100%",
        role="img",
        aria_labelledby=ids[0],
        aria_describedby=ids[1],
    )


def coordinate(value: float) -> str:
    """Return a coordinate, to a tenth of a unit: files stay small."""
    return f"{round(value, 1) + 0.0:g}" if abs(value) < 1e5 else "100000"


def _value(value: str | float) -> str:
    return value if isinstance(value, str) else coordinate(value)


def _escaped(value: Markup | str) -> Markup:
    return value if isinstance(value, Markup) else escape(fit(value))
