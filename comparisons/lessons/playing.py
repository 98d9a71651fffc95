"""Play a lesson in a terminal, cell by cell: prose, code, and then what the code prints.

Into a pipe goes plain Markdown, the lesson's page.
"""

from collections.abc import Callable

from rich.console import Console, RenderableType
from rich.text import Text

from comparisons.lessons.cells import Cell
from comparisons.lessons.lesson import Lesson
from comparisons.lessons.running import CellError, start
from comparisons.lessons.writing import printed, shown


def play(lesson: Lesson, terminal: Console, between: Callable[[], object] = lambda: None) -> None:
    """Run a lesson and show it; ``between`` is called after every code cell but a last one.

    Raises ``CellError``, after what the cell has printed has been shown, and
    ``KerasMissingError`` before anything is.
    """
    if lesson.needs_keras:
        with terminal.status("starting Keras"):
            session = start(lesson)
    else:
        session = start(lesson)
    for cell in lesson.cells:
        terminal.print(_shown(cell, terminal), soft_wrap=not terminal.is_terminal)
        if cell.is_prose:
            continue
        try:
            output = session.run(cell)
        except CellError as error:
            terminal.print(_printed(cell, error.output, terminal), end="", soft_wrap=True)
            raise
        terminal.print(_printed(cell, output, terminal), end="", soft_wrap=True)
        if cell is not lesson.cells[-1]:
            between()


def _shown(cell: Cell, terminal: Console) -> RenderableType:
    if not terminal.is_terminal:
        return Text("\n".join(line.text for line in shown(cell)))
    # Imported here: they take a while, and listing the lessons does not need them.
    from rich.markdown import Markdown  # noqa: PLC0415
    from rich.padding import Padding  # noqa: PLC0415
    from rich.syntax import Syntax  # noqa: PLC0415

    if cell.is_prose:
        return Padding(Markdown(cell.text), (0, 0, 1, 0))
    code = Syntax(cell.text, "python", theme="ansi_dark", word_wrap=True)
    return Padding(code, (0, 0, 1, 2))


def _printed(cell: Cell, output: str, terminal: Console) -> Text:
    if not terminal.is_terminal:
        return Text("".join(f"{line.text}\n" for line in printed(cell, output)))
    return Text(f"{output.rstrip()}\n\n" if output else "", style="bold")
