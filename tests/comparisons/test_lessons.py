"""The lessons: each runs, leaves nothing behind, and its page says what it prints now."""

import os
import pty
import random
import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jupytext  # type: ignore[import-untyped]
import numpy as np
import pytest

from comparisons.cli import COULD_NOT_RUN, NO_DIFFERENCE, USAGE
from comparisons.lessons import (
    INDEX,
    CellError,
    Lesson,
    LessonError,
    complaints,
    find,
    index,
    page,
    read,
    run,
    series,
    split,
)
from comparisons.lessons.numbers import alike, quoted, unfounded
from comparisons.runs import KerasMissingError

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "lessons"
LESSONS = series()

#: The last first: a lesson that leans on an earlier one, or on its own page's order, is found.
each_lesson = pytest.mark.parametrize("lesson", LESSONS[::-1], ids=lambda lesson: lesson.stem)

SMALL = """\
# %% [markdown]
# # How much is two thirds?
#
# You will know it to eight digits.

# %%
x = 2 / 3
print(f"two thirds {x:.8f}")

# %% [markdown]
# It is 0.6667, rounded, or 2 divided by 3.

# %% tags=["last-digits"]
print(f"off by {0.1 + 0.2 - 0.3:.3e}")

# %% [markdown]
# ## Try it
#
# * Set `x = 2.125`.
"""


HEADER = """\
# ---
# jupyter:
#   jupytext:
#     formats: py:percent
# ---

"""


@pytest.fixture
def small(tmp_path: Path) -> Callable[[str], Lesson]:
    """Return a function that makes a lesson of a text."""

    def make(text: str) -> Lesson:
        file = tmp_path / "01-small.py"
        file.write_text(text, "utf-8")
        return read(file)

    return make


def without_keras(patch: pytest.MonkeyPatch) -> None:
    """Make every import of Keras fail as it does where it is not installed."""
    for module in list(sys.modules):
        if module.split(".")[0] == "keras_ref":
            patch.delitem(sys.modules, module)
    for module in ("keras", "tensorflow"):
        patch.setitem(sys.modules, module, None)


def global_state(*, with_keras: bool) -> dict[str, Any]:
    """Return what one lesson could change for the next.

    Python's own random numbers count only without Keras, which draws its seeds from them.
    """
    state: dict[str, Any] = {
        "print options": np.get_printoptions(),
        "errors": np.geterr(),
        "NumPy's random numbers": repr(np.random.get_state()),  # noqa: NPY002
        "environment": dict(os.environ),
        "directory": Path.cwd(),
        "files": sorted(Path.cwd().iterdir()),
        "path": list(sys.path),
        "warnings": list(warnings.filters),
    }
    if not with_keras:
        return state | {"random numbers": random.getstate()}
    import keras  # noqa: PLC0415  lessons without Keras run without it

    return state | {
        "floatx": keras.config.floatx(),
        "policy": keras.config.dtype_policy().name,
        "epsilon": keras.config.epsilon(),
        "seed": keras.src.backend.common.global_state.get_global_attribute("global_random_seed"),
    }


def with_a_wrong_digit(text: str) -> str:
    """Return a page in which the first number that its code prints begins with another digit."""
    start = text.index("```text\n") + len("```text\n")
    digit = re.compile(r"\d").search(text, start)
    assert digit is not None
    return text[: digit.start()] + str((int(digit[0]) + 1) % 10) + text[digit.end() :]


# What the series is.


@each_lesson
def test_a_lesson_runs_leaves_nothing_behind_and_its_page_says_what_it_prints(
    lesson: Lesson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if lesson.needs_keras:
        import keras_ref  # noqa: F401, PLC0415  importing it changes the environment, once
    else:
        without_keras(monkeypatch)
    before = global_state(with_keras=lesson.needs_keras)
    outputs = run(lesson)
    assert global_state(with_keras=lesson.needs_keras) == before
    assert not re.search(rf"\b0x[0-9a-f]{{6,}}|{re.escape(str(ROOT))}|/tmp", "".join(outputs))
    text = (PAGES / f"{lesson.stem}.md").read_text("utf-8")
    assert complaints(lesson, outputs, text) == []
    assert complaints(lesson, outputs, with_a_wrong_digit(text)) != []


def test_there_is_a_page_for_each_lesson_and_an_index_of_them_all() -> None:
    pages = {file.name for file in PAGES.iterdir()}
    assert pages == {INDEX, *(f"{lesson.stem}.md" for lesson in LESSONS)}
    assert (PAGES / INDEX).read_text("utf-8") == index(LESSONS)


def test_lessons_are_numbered_without_gaps_and_have_names_of_their_own() -> None:
    assert [lesson.number for lesson in LESSONS] == list(range(1, len(LESSONS) + 1))
    assert len({lesson.name for lesson in LESSONS}) == len(LESSONS)


@each_lesson
def test_lessons_speak_only_of_lessons_that_are_there(lesson: Lesson) -> None:
    prose = "\n".join(cell.text for cell in lesson.cells if cell.is_prose)
    named = {int(number) for number in re.findall(r"\b[Ll]esson\s+(\d+)", prose)}
    assert named <= {other.number for other in LESSONS}


# Cells, as Jupytext reads them.


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(lesson.path.read_text("utf-8"), id=lesson.stem)
        for lesson in LESSONS
    ]
    + [
        pytest.param(SMALL, id="small"),
        pytest.param("", id="empty"),
        pytest.param("x = 1\n", id="no marker"),
        pytest.param("x = 1\n\n\n# %%\ny = 2\n", id="code before the first marker"),
        pytest.param(HEADER + "# %% [markdown]\n# b\n", id="header"),
        pytest.param("# %% [md] a title\n# b\n#\n#     c\n# # d\n", id="md"),
        pytest.param("# %%\n\n\nx = 1  # %% no marker\n\n\n\n# %%\n\n\n", id="blank lines"),
        pytest.param("# %%\ndef f():\n    pass\n\n\n# %%\nf()\n", id="two blank lines after def"),
        pytest.param('# %% tags=["a", "last-digits"]\n1\n# %% a title\n2', id="metadata"),
        pytest.param("# %%\n#%%\nx = 1\n", id="marker without a space"),
    ],
)  # fmt: skip
def test_cells_are_those_that_jupytext_reads(text: str) -> None:
    """But for blank lines at both ends, which it sometimes keeps and for which nobody cares."""
    theirs = [
        (cell.cell_type == "markdown", source, tuple(cell.metadata.get("tags", ())))
        for cell in jupytext.reads(text, fmt="py:percent").cells
        if (source := cell.source.strip("\n"))
    ]
    assert [(cell.is_prose, cell.text, cell.tags) for cell in split(text)] == theirs


@each_lesson
def test_jupytext_takes_a_lesson_for_the_percent_format_by_itself(lesson: Lesson) -> None:
    notebook = jupytext.reads(lesson.path.read_text("utf-8"), fmt="py")
    assert notebook.metadata["jupytext"]["text_representation"]["format_name"] == "percent"


@each_lesson
def test_a_cell_knows_its_line(lesson: Lesson) -> None:
    lines = lesson.path.read_text("utf-8").splitlines()
    for cell in lesson.cells:
        first = cell.text.splitlines()[0]
        assert lines[cell.line - 1] == (f"# {first}" if cell.is_prose else first)


# Numbers.


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("W1 is (2, 2), b1 0.5", ["2", "2", "0.5"]),
        ("Keras 3.15.1, x64, utf-8", ["8"]),
        ("−11.776 and - 1.25, 5-3", ["−11.776", "1.25", "5", "3"]),
        ("1,875 steps. 1.5e-07, 2E+3, .25", ["1,875", "1.5e-07", "2E+3", ".25"]),
        ("[0.27 1. ] ends in 0.32.", ["0.27", "1.", "0.32"]),
        ("no 1st, no 2x, 50 %", ["50"]),
    ],
)
def test_numbers_are_found_in_text(text: str, numbers: list[str]) -> None:
    assert [number.text for number in quoted(text)] == numbers


@pytest.mark.parametrize(
    ("prose", "missing"),
    [
        ("It fell to 1.2238, from 26.35.", []),
        ("It fell to 1.2239.", ["1.2239"]),
        ("It fell to 1.223804501.", ["1.223804501"]),
        ("−11.776 or 11.776, as you like", []),
        ("but not −1.2238", ["−1.2238"]),
        ("about 3e-07, not 4e-07", ["4e-07"]),
        ("2.5 students in 20 steps with 0.1", []),
        ("the rate 0.00125, but not 0.00126", ["0.00126"]),
        ("nor what a comment or a string has: 7.125, 8.125", ["7.125", "8.125"]),
    ],
)
def test_prose_may_quote_only_what_is_printed_or_stands_in_the_code(
    prose: str, missing: list[str]
) -> None:
    printed = ["loss 1.2238045 from 26.345578", "gradient -11.776", "off by 2.98e-07"]
    code = 'rate = 0.001_25\ncomment = "8.125"  # 7.125\n'
    assert unfounded(prose, printed, [code]) == missing


@pytest.mark.parametrize(
    ("page_line", "fresh", "same", "in_last_digits"),
    [
        ("loss 1.2238045", "loss 1.2238045", True, True),
        ("loss 1.2238045", "loss 1.2238044", True, True),
        ("loss 1.2238045", "loss 1.2238145", False, True),
        ("loss 1.47", "loss 1.48", False, True),
        ("loss 1.47", "lost 1.47", False, False),
        ("loss 1.47", "loss -1.47", False, False),
        ("off by 2.98e-08", "off by 1.49e-08", False, True),
        ("off by 2.98e-08", "off by 0.0", False, True),
        ("off by 2.98e-03", "off by 9.98e-02", False, False),
        ("off by 2.98e-03", "off by 0.0", False, False),
        ("worst   0.5", "worst 0.25", False, True),
        ("same: True", "same: False", False, False),
        ("1 2", "1 2 3", False, False),
    ],
)
def test_a_line_is_alike_within_a_millionth_and_last_digits_within_a_factor_of_ten(
    page_line: str, fresh: str, *, same: bool, in_last_digits: bool
) -> None:
    assert alike(page_line, fresh) is same
    assert alike(page_line, fresh, last_digits=True) is in_last_digits


# Pages, and mistakes planted in them.


def test_a_page_has_prose_code_and_beneath_each_code_what_it_printed(
    small: Callable[[str], Lesson],
) -> None:
    lesson = small(SMALL)
    text = page(lesson, run(lesson))
    assert text.startswith(
        "# How much is two thirds?\n\nYou will know it to eight digits.\n\n```python\nx = 2 / 3\n"
        'print(f"two thirds {x:.8f}")\n```\n\n```text\ntwo thirds 0.66666667\n```\n\nIt is 0.6667'
    )
    assert complaints(lesson, run(lesson), text) == []


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("0.66666667", "0.66676667", "line 11 of the page: 'two thirds 0.66676667', but running"),
        ("two thirds 0", "two third 0", "line 11 of the page: 'two third 0.66666667', but running"),
        ("x = 2 / 3", "x = 4 / 6", "line 6 of the page: 'x = 4 / 6', but the lesson has 'x = 2"),
        ("0.6667,", "0.66670000001,", "line 14 of the page: "),
        ("5.551e-17", "5.551e-05", "line 21 of the page: "),
        ("\n---\n", "\n---\n\n", "of the page: "),
        (
            "All lessons](README.md)\n",
            "All lessons](README.md)\nmore\n",
            "the page has 31 lines, expected 30",
        ),
    ],
)
def test_whatever_is_changed_in_a_page_is_found(
    small: Callable[[str], Lesson], before: str, after: str, sentence: str
) -> None:
    lesson = small(SMALL)
    outputs = run(lesson)
    right = page(lesson, outputs)
    assert right.count(before) == 1
    found = complaints(lesson, outputs, right.replace(before, after))
    assert any(sentence in complaint for complaint in found), found


def test_other_last_digits_are_let_pass_where_a_cell_is_tagged_as_printing_them(
    small: Callable[[str], Lesson],
) -> None:
    for text, passes in ((SMALL, True), (SMALL.replace(' tags=["last-digits"]', ""), False)):
        lesson = small(text)
        outputs = run(lesson)
        elsewhere = page(lesson, outputs).replace("5.551e-17", "1.110e-16")
        assert (complaints(lesson, outputs, elsewhere) == []) is passes


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("?\n", ".\n", "its first cell must begin with a title that asks"),
        (
            "#\n# You will know it to eight digits.\n",
            "",
            "its first cell must say, under the title",
        ),
        ("## Try it", "## The end", "its last cell must be ## Try it"),
        ("x = 2 / 3", "x = 2 / 3\n\n# %%", "line 10: code must come after prose"),
        ("0.6667,", "`0.6668`,", "the prose from line 11 says 0.6668, which nothing prints"),
        ("0.6667,", "0.6668,", "the prose from line 11 says 0.6668, which nothing prints"),
        ("two thirds {", f"two {'and ' * 20}thirds {{", "wider than 80 columns: print("),
    ],
)
def test_a_lesson_that_keeps_no_form_or_quotes_what_nothing_prints_is_found(
    small: Callable[[str], Lesson], before: str, after: str, sentence: str
) -> None:
    assert before in SMALL
    lesson = small(SMALL.replace(before, after, 1))
    outputs = run(lesson)
    found = complaints(lesson, outputs, page(lesson, outputs))
    assert any(complaint.startswith(sentence) for complaint in found), found


def test_what_a_reader_is_asked_to_type_at_the_end_need_not_be_printed(
    small: Callable[[str], Lesson],
) -> None:
    lesson = small(SMALL.replace("`x = 2.125`", "x to 2.125"))
    outputs = run(lesson)
    assert complaints(lesson, outputs, page(lesson, outputs)) == [
        "the prose from line 17 says 2.125, which nothing prints"
    ]


@pytest.mark.parametrize(
    "left_behind",
    [
        "import numpy as np; np.set_printoptions(precision=3)",
        "import numpy as np; np.random.rand()",
        "import random; random.random()",
        "import os; os.environ['LESSON'] = '1'",
        "open('a-file', 'w').close()",
        "import warnings; warnings.simplefilter('ignore')",
    ],
)
def test_what_a_lesson_leaves_behind_is_seen(
    small: Callable[[str], Lesson],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    left_behind: str,
) -> None:
    (tmp_path / "inside").mkdir()
    monkeypatch.chdir(tmp_path / "inside")
    monkeypatch.delenv("LESSON", raising=False)
    options, drawn, pythons = np.get_printoptions(), np.random.get_state(), random.getstate()  # noqa: NPY002
    before = global_state(with_keras=False)
    try:
        with warnings.catch_warnings():
            run(small(f"# %%\n{left_behind}\n"))
            assert global_state(with_keras=False) != before
    finally:
        os.environ.pop("LESSON", None)
        np.set_printoptions(**options)
        np.random.set_state(drawn)  # noqa: NPY002
        random.setstate(pythons)


# Running.


def test_cells_share_names_and_the_next_run_starts_without_them(
    small: Callable[[str], Lesson],
) -> None:
    lesson = small("# %%\nx = vars().get('x', 0) + 1\n# %%\nprint(x)\n")
    assert run(lesson) == run(lesson) == ["", "1\n"]


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("1 / 0", "cell 2 of 01-small, line 5: 1 / 0\nZeroDivisionError: division by zero"),
        (
            "def f():\n    return g\nf()",
            "cell 2 of 01-small, line 6: return g\nNameError: name 'g'",
        ),
        ("x = = 1", "cell 2 of 01-small, line 5: x = = 1\nSyntaxError: invalid syntax"),
        ("raise SystemExit(3)", "cell 2 of 01-small, line 5: raise SystemExit(3)\nSystemExit: 3"),
        ("int('a')", "cell 2 of 01-small, line 5: int('a')\nValueError: invalid literal"),
    ],
)
def test_an_error_names_the_cell_and_the_line_and_keeps_what_was_printed(
    small: Callable[[str], Lesson], code: str, sentence: str
) -> None:
    with pytest.raises(CellError) as error:
        run(small(f"# %%\nx = 1\n\n# %%\n{code}\n"))
    assert str(error.value).startswith(sentence)
    with pytest.raises(CellError) as error:
        run(small("# %%\nprint('before')\n1 / 0\n"))
    assert error.value.output == "before\n"


def test_a_lesson_that_needs_keras_does_not_start_without_it(
    small: Callable[[str], Lesson], monkeypatch: pytest.MonkeyPatch
) -> None:
    without_keras(monkeypatch)
    ran: list[object] = []
    with pytest.raises(KerasMissingError, match=r"pip install 'keras-parity\[tensorflow\]'"):
        run(small("# %%\nx = 1\n# %%\nimport keras\n"), ran.append)
    assert ran == []


@pytest.mark.parametrize(
    ("code", "needs"),
    [
        ("import keras", True),
        ("from keras import ops", True),
        ("def f():\n    import keras.ops as k", True),
        ("import keras_like; print('import keras')", False),
        ("import keras =", False),
    ],
)
def test_a_lesson_needs_keras_if_it_imports_it(
    small: Callable[[str], Lesson], code: str, *, needs: bool
) -> None:
    assert small(f"# %% [markdown]\n# import keras\n\n# %%\n{code}\n").needs_keras is needs


# Finding.


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
def test_a_lesson_is_found_by_number_name_or_both(lesson: Lesson) -> None:
    for wanted in (str(lesson.number), f"{lesson.number:02}", lesson.name, lesson.stem):
        assert find(wanted, LESSONS) is lesson


def test_an_unknown_lesson_is_one_sentence_with_names_that_are_near() -> None:
    with pytest.raises(LessonError) as error:
        find("regresion", LESSONS[:3])
    assert str(error.value) == (
        "there is no lesson 'regresion' (they are numbered from 1 to 3); "
        "did you mean regression-by-hand or regression-in-keras?"
    )
    with pytest.raises(LessonError, match=r"'99' \(they are numbered from 1 to \d+\)$"):
        find("99", LESSONS)


# The command line.


def keras_parity(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  our own command
        [sys.executable, "-m", "comparisons", *arguments],
        capture_output=True, text=True, check=False, timeout=120, **options,
    )  # fmt: skip


def test_without_a_name_the_lessons_are_listed_with_who_needs_keras(
    status: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("lesson") == NO_DIFFERENCE
    listed = capsys.readouterr().out
    for lesson in LESSONS:
        needs = "  (needs Keras)" if lesson.needs_keras else ""
        assert f"{lesson.number:>2}  {lesson.name}{needs}\n" in listed
        assert lesson.title in " ".join(listed.split())
    assert max(map(len, listed.splitlines())) <= 80


def test_into_a_pipe_goes_the_page(
    status: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("lesson", "1") == NO_DIFFERENCE
    printed = capsys.readouterr().out
    text = (PAGES / f"{LESSONS[0].stem}.md").read_text("utf-8")
    assert printed == text[: text.index("\n---\n") + 1]
    assert max(map(len, printed.splitlines())) <= 80


def test_starting_a_lesson_without_keras_is_status_3_and_one_sentence(
    status: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_keras(monkeypatch)
    needing = next(lesson for lesson in LESSONS if lesson.needs_keras)
    assert status("lesson", needing.name) == COULD_NOT_RUN == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("could not run: keras")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nonsense"], "there is no lesson 'nonsense'"),
        (["nothing/here.py"], "there is no file nothing/here.py"),
        (["--copy", "."], "--copy needs the name of a lesson"),
        (
            ["1", "--copy", "missing"],
            "there is no directory missing: make it first, or name another",
        ),
    ],
)
def test_a_wrong_name_is_status_2_and_one_sentence(
    arguments: list[str], sentence: str, tmp_path: Path
) -> None:
    done = keras_parity("lesson", *arguments, cwd=tmp_path)
    assert done.returncode == USAGE == 2
    assert done.stdout == ""
    error = done.stderr.split("Error: ")[1].strip()
    assert sentence in error
    assert "\n" not in error
    assert list(tmp_path.iterdir()) == []


def test_a_copy_is_the_file_itself_and_is_never_overwritten(
    status: Callable[..., int], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert status("lesson", "1", "--copy", str(tmp_path)) == NO_DIFFERENCE
    (copy,) = tmp_path.iterdir()
    assert copy.read_bytes() == LESSONS[0].path.read_bytes()
    assert capsys.readouterr().out == f"wrote {copy}\nrun it: keras-parity lesson {copy}\n"
    copy.write_text("mine")
    assert status("lesson", "1", "--copy", str(tmp_path)) == USAGE
    assert "is there already, and is not overwritten" in capsys.readouterr().err
    assert copy.read_text() == "mine"


def test_an_edited_copy_runs_in_a_process_of_its_own_and_its_error_is_told(
    tmp_path: Path,
) -> None:
    copy = tmp_path / "mine.py"
    copy.write_text("# %%\nimport os\n\nprint(os.getppid())\n\n# %%\nprint('a')\n1 / 0\n")
    done = subprocess.Popen(  # noqa: S603  our own command
        [sys.executable, "-m", "comparisons", "lesson", str(copy)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    out, err = done.communicate(timeout=120)
    assert done.returncode == COULD_NOT_RUN
    assert f"```text\n{done.pid}\n```" in out
    assert out.endswith("```text\na\n```\n\n")
    assert err == "cell 2 of mine, line 8: 1 / 0\nZeroDivisionError: division by zero\n"


def test_in_a_terminal_the_prose_is_rendered_and_pause_waits_for_enter(tmp_path: Path) -> None:
    copy = tmp_path / "mine.py"
    copy.write_text(SMALL)
    ours, its = pty.openpty()
    command = [sys.executable, "-m", "comparisons", "lesson", str(copy), "--pause"]
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "80"}
    process = subprocess.Popen(  # noqa: S603  our own command
        command, stdin=its, stdout=its, stderr=its, env=environment
    )
    os.close(its)
    seen = _read_until(ours, "Enter … ")
    assert "two thirds 0.66666667" in seen
    assert "It is 0.6667" not in seen
    assert "\x1b[" in seen
    assert "# How much" not in seen
    assert "How much is two thirds?" in seen
    os.write(ours, b"\n")
    assert "It is 0.6667" in _read_until(ours, "Enter … ")
    os.write(ours, b"\n")
    assert "Try it" in _read_until(ours, None)
    assert process.wait(30) == NO_DIFFERENCE
    os.close(ours)


def _read_until(terminal: int, end: str | None) -> str:
    """Return what a terminal shows, up to a text or to its end."""
    seen = b""
    while end is None or end.encode() not in seen:
        try:
            more = os.read(terminal, 4096)
        except OSError:  # what Linux says of a terminal that nobody writes to any more
            break
        if not more:
            break
        seen += more
    return seen.decode()


# Writing and checking the pages.


def pages_command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  our own command
        [sys.executable, "-m", "comparisons.lessons", *arguments],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_pages_are_written_and_then_found_right_and_a_changed_one_wrong(tmp_path: Path) -> None:
    directory = tmp_path / "pages"
    done = pages_command("--write", str(directory), "1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    page_1 = directory / f"{LESSONS[0].stem}.md"
    assert sorted(directory.iterdir()) == sorted([page_1, directory / INDEX])
    assert page_1.read_text("utf-8") == (PAGES / page_1.name).read_text("utf-8")
    assert pages_command(str(directory), "1").returncode == 0
    (directory / INDEX).write_text("")
    done = pages_command(str(directory), "1")
    assert (done.returncode, done.stdout) == (1, f"{INDEX} is not the index of these lessons\n")
    (directory / INDEX).write_text(index(LESSONS), "utf-8")
    page_1.write_text(with_a_wrong_digit(page_1.read_text("utf-8")), "utf-8")
    done = pages_command(str(directory), "1")
    assert done.returncode == 1
    assert done.stdout.startswith(f"{LESSONS[0].stem}: line ")
