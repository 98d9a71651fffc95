"""Reports: what was found, told to people and to machines. Nothing is computed here."""

from comparisons.reports.failure import failure, understood
from comparisons.reports.files import OutputError, check_writable, write
from comparisons.reports.machine import (
    SCHEMA,
    as_json,
    check_result,
    checks_to_json,
    findings_to_json,
    to_csv,
    to_json,
)
from comparisons.reports.replay import replayed
from comparisons.reports.text import bound, paragraph, printable, show, source, summary

__all__ = [
    "SCHEMA",
    "OutputError",
    "as_json",
    "bound",
    "check_result",
    "check_writable",
    "checks_to_json",
    "failure",
    "findings_to_json",
    "paragraph",
    "printable",
    "replayed",
    "show",
    "source",
    "summary",
    "to_csv",
    "to_json",
    "understood",
    "write",
]
