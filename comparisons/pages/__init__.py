"""Pages: a story as one HTML file that needs nothing else. Nothing is computed here."""

from comparisons.pages.page import render

__all__ = ["render"]
