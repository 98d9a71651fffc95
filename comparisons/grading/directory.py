"""What lies in a directory: the submissions, each with its name and its file."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_KINDS = (".py", ".ipynb")


class ClassError(ValueError):
    """A directory that cannot be graded as it is; the message says what to do."""


@dataclass(frozen=True)
class Found:
    """A submission: its name, and its file, or in ``wrong`` a sentence why there is none."""

    name: str
    path: Path | None
    wrong: str = ""


def find_submissions(directory: Path, file: str | None = None) -> tuple[list[Found], list[str]]:
    """Return the submissions of a directory, by name, and the names of what is none.

    A submission is a Python file, a notebook (which is told to be none), or a folder: one that
    has one Python file, or else one called ``file``. Hidden entries are not looked at. A folder
    that does not say which file is meant is a submission of its own kind of wrong.

    Raises ``ClassError`` for a directory that is not there or has no submissions, and for two
    of one name.
    """
    try:
        entries = list(_visible(directory))
    except FileNotFoundError as error:
        raise ClassError(f"there is no directory {shown(directory)}") from error
    except NotADirectoryError as error:
        message = f"{shown(directory)} is a file: give the directory that holds the submissions"
        raise ClassError(message) from error
    except OSError as error:
        message = f"the directory {shown(directory)} cannot be read: {error.strerror}"
        raise ClassError(message) from error
    found, others = list[tuple[str, Found]](), list[str]()
    exported = {_folded(entry.stem) for entry in entries if _is_python(entry)}
    for entry in entries:
        if entry.is_dir():
            found.append((entry.name, _in_folder(entry, file)))
        elif _is_python(entry) or (_is_notebook(entry) and _folded(entry.stem) not in exported):
            found.append((entry.name, Found(shown(entry.stem), entry)))
        else:
            others.append(shown(entry.name))
    if not found:
        message = (
            f"there are no submissions in {shown(directory)}: put a .py file in it for each, "
            "or a folder with one"
        )
        raise ClassError(message)
    _check_names(found)
    return sorted((each for _, each in found), key=lambda each: each.name.casefold()), others


def shown(name: str | Path) -> str:
    """Return a name as it can be printed: what is not printable becomes a question mark."""
    # What no text can be made of is kept in surrogates, whatever the locale.
    text = str(name).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(c if c.isprintable() else "?" for c in text)


def _visible(directory: Path) -> Iterator[Path]:
    for entry in sorted(directory.iterdir()):
        if not entry.name.startswith(".") and entry.name != "__pycache__":
            yield entry


def _is_python(entry: Path) -> bool:
    return entry.suffix.lower() == ".py" and not entry.is_dir()


def _is_notebook(entry: Path) -> bool:
    return entry.suffix.lower() == ".ipynb" and not entry.is_dir()


def _in_folder(folder: Path, file: str | None) -> Found:
    """Return the submission that is a folder."""
    name = shown(folder.name)
    try:
        inside = [entry for entry in _visible(folder) if entry.suffix.lower() in _KINDS]
    except OSError as error:
        return Found(name, None, f"the folder {name} cannot be read: {error.strerror}")
    named = [entry for entry in inside if entry.name == file]
    scripts = [entry for entry in inside if _is_python(entry)]
    notebooks = [entry for entry in inside if _is_notebook(entry)]
    for chosen in (named, scripts, notebooks):
        if len(chosen) == 1:
            return Found(name, chosen[0])
    several = scripts or notebooks
    if not several:
        return Found(name, None, f"the folder {name} has no .py file")
    listed = ", ".join(shown(entry.name) for entry in several[:5])
    more = f" and {len(several) - 5} more" if len(several) > 5 else ""
    wanted = f"none of them is {shown(file)}" if file else "name the one that is meant with --file"
    return Found(name, None, f"the folder {name} has several files, {listed}{more}: {wanted}")


def _check_names(found: Sequence[tuple[str, Found]]) -> None:
    """Refuse names that some systems, or some people, cannot tell apart."""
    alike = defaultdict(list)
    for entry, each in found:
        alike[_folded(each.name)].append(shown(entry))
    for entries in alike.values():
        if len(entries) > 1:
            message = (
                f"two submissions have the same name: {' and '.join(entries)}; rename or remove "
                "one, so that it is clear whose grade is whose (capital letters do not count)"
            )
            raise ClassError(message)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", shown(name)).casefold()
