"""Render a story: the whole page as one string."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from comparisons.pages import embedding
from comparisons.pages.charting import figures_that_fit
from comparisons.pages.telling import MARKS, Outcome, overview_of, short, view_of

if TYPE_CHECKING:
    import jinja2


def render(document: Mapping[str, Any]) -> str:
    """Return the HTML of a document of ``comparisons.stories``: one file, no requests."""
    style, script = embedding.style(), embedding.script()
    runs = sorted(document["runs"], key=lambda run: bool(run["verdict"]["passed"]))
    views = [view_of(*each) for each in zip(runs, figures_that_fit(runs), strict=True)]
    page: str = (
        _environment()
        .get_template("page.html.j2")
        .render(
            policy=embedding.policy(style, script),
            style=style,
            script=script,
            story=embedding.as_json(document),
            overview=overview_of(runs),
            runs=views,
            outcomes={name: Outcome(name) for name in MARKS},
        )
    )
    # A file's name may hold bytes that are no text: they must not stop the page.
    return page.encode("utf-8", "replace").decode("utf-8")


@cache
def _environment() -> "jinja2.Environment":
    import jinja2  # noqa: PLC0415  only a page needs it

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("comparisons.pages"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals["short"] = short
    return environment
