"""Charts: a run told in pictures, drawn here as SVG with nothing to fetch and nothing to run.

Each chart stands in its own module, reads the run's document and returns a ``Chart``, or
``None`` where the run does not hold what it would show.
"""

from dataclasses import replace

from comparisons.pages.charts import (
    activation,
    cycle,
    dependencies,
    difference,
    loss,
    network,
    outcomes,
    parameters,
    svg,
)
from comparisons.pages.charts.chart import Cell, Chart
from comparisons.pages.charts.reading import Run

__all__ = ["Cell", "Chart", "charts_of"]

#: In the order in which one reads them: what it is, how it computes, how it went, where it parts.
DRAWN = (
    network.draw,
    cycle.draw,
    dependencies.draw,
    activation.draw,
    loss.per_step,
    loss.per_epoch,
    parameters.draw,
    difference.draw,
    outcomes.draw,
)


def charts_of(run: Run) -> tuple[Chart, ...]:
    """Return the charts of a run; ``run`` is one of the document's, as read from JSON.

    Their pictures are escaped, their words are not: that is for whoever sets them.
    """
    return tuple(_fit(chart) for draw in DRAWN if (chart := draw(run)) is not None)


def _fit(chart: Chart) -> Chart:
    """Return the chart without characters that cannot be written."""
    return replace(
        chart,
        title=svg.fit(chart.title),
        summary=svg.fit(chart.summary),
        headers=tuple(map(svg.fit, chart.headers)),
        rows=tuple(
            tuple(svg.fit(cell) if isinstance(cell, str) else cell for cell in row)
            for row in chart.rows
        ),
    )
