"""Traces: recordings of Keras's runs, and what moved from one to another."""

from comparisons.problems import differing
from comparisons.traces.beforehand import spreads_of
from comparisons.traces.errors import RecordingError
from comparisons.traces.movement import Movement, Place, SiteMovement, what_moved
from comparisons.traces.recording import Recording
from comparisons.traces.shipping import locate, shipped, shipped_names
from comparisons.traces.telling import environments_differ, sentence, source
from comparisons.traces.writing import Writer, check_free, record

__all__ = [
    "Movement",
    "Place",
    "Recording",
    "RecordingError",
    "SiteMovement",
    "Writer",
    "check_free",
    "differing",
    "environments_differ",
    "locate",
    "record",
    "sentence",
    "shipped",
    "shipped_names",
    "source",
    "spreads_of",
    "what_moved",
]
