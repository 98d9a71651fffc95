"""Implementations as learners write them, each in a style of its own, read as files are read."""

import contextlib
import io
import linecache
from pathlib import Path
from typing import Any

#: Each learner's file and the problems that it is right for.
RIGHT = {
    "notes_style": ("regression", "classification", "regression_asymmetric"),
    "course_caches": ("classification", "classification_asymmetric"),
    "rows_first": ("short_last_batch",),
    "separate_arguments": ("shuffled",),
    "list_of_layers": ("deep_tanh",),
    "plain_lists": ("regression", "regression_asymmetric"),
    "notebook": ("regression", "regression_asymmetric"),
    "layers_class": ("classification_asymmetric",),
    "adam_class": ("adam",),
    "lower_case": ("classification", "classification_asymmetric"),
    "same_buffers": ("regression", "regression_asymmetric"),
    "softmax_rows": ("softmax_sparse",),
    "grouped_class": ("regression", "regression_asymmetric"),
}

#: Those that remember a velocity, right in float32: Keras keeps the momentum in that precision.
RIGHT_FREELY = {"momentum_class": ("momentum",), "global_velocity": ("momentum",)}


def load(name: str, *changes: tuple[str, str]) -> dict[str, Any]:
    """Run a learner's file, with parts of its text replaced, and return what it defines."""
    file = Path(__file__).with_name(f"{name}.py")
    text = file.read_text("utf-8")
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {file.name}"
        text = text.replace(old, new)
    return run(text, file.name)


def run(text: str, name: str = "my_net.py") -> dict[str, Any]:
    """Run a text as a file of that name, and return what it defines."""
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    space: dict[str, Any] = {"__name__": name.removesuffix(".py")}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(text, name, "exec"), space)  # noqa: S102  a file of ours
    return space
