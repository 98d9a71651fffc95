"""Reports: what was found, told to people and to machines. Nothing is computed here."""

from comparisons.reports.failure import failure
from comparisons.reports.files import OutputError, check_writable, write
from comparisons.reports.machine import SCHEMA, as_json, findings_to_json, to_csv, to_json
from comparisons.reports.text import show, summary

__all__ = [
    "SCHEMA",
    "OutputError",
    "as_json",
    "check_writable",
    "failure",
    "findings_to_json",
    "show",
    "summary",
    "to_csv",
    "to_json",
    "write",
]
