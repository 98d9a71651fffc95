"""What goes into a page as it is: the story as JSON, our own style and script, and the policy."""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent

#: The files that make up the one style of a page.
STYLES = ("base.css", "charts.css", "player.css")

#: What could end the script element that the JSON stands in.
_DANGEROUS = {ord(c): f"\\u{ord(c):04x}" for c in "<>&"}


def as_json(document: Mapping[str, Any]) -> str:
    """Return a document as JSON in which no text can end its script element."""
    # In ASCII: what JavaScript takes for the end of a line is an escape then, as is half a pair.
    text = json.dumps(document, allow_nan=False, separators=(",", ":"))
    # Outside of strings JSON has none of these characters, and inside it knows the escapes.
    return text.translate(_DANGEROUS)


def style() -> str:
    """Return the style of a page."""
    return _joined(_HERE / name for name in STYLES)


def player_files() -> list[Path]:
    """Return the parts of the player in order: each uses only those before it."""
    return sorted((_HERE / "player").glob("*.js"))


def script() -> str:
    """Return the script of a page; no name of the player is known outside of it."""
    theme, player = _joined([_HERE / "base.js"]), _joined(player_files())
    return f'{theme}\n(() => {{\n"use strict";\n\n{player}}})();\n'


def policy(style_text: str, script_text: str) -> str:
    """Return a Content-Security-Policy that allows this style and this script, and nothing else."""
    return (
        f"default-src 'none'; style-src '{_hash(style_text)}'; script-src '{_hash(script_text)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _joined(files: Iterable[Path]) -> str:
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
