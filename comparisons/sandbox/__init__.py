"""Run a user's Python file in a process of its own, with limits, as a trainer."""

from comparisons.sandbox.errors import SandboxError
from comparisons.sandbox.limits import Limits
from comparisons.sandbox.remote import Remote, RemoteState, open_file

__all__ = ["Limits", "Remote", "RemoteState", "SandboxError", "open_file"]
