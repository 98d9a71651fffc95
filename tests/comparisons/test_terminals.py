"""Where output goes: encodings without our signs, readers that have gone, narrow terminals."""

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from comparisons.cli import COULD_NOT_RUN, DIFFERS, NO_DIFFERENCE
from comparisons.reports.text import show_lines, show_table

SCRIPT = str(Path(sys.executable).with_name("keras-parity"))
COURSE = Path(__file__).parents[1] / "support" / "course"
RIGHT, WRONG = str(COURSE / "asha.py"), str(COURSE / "diego.py")
C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(  # noqa: S603  our own command
        command, capture_output=True, check=False, timeout=120, env=os.environ | environment
    )


# Encodings.


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (("compare", "--recorded", "relu_kinks"), {"PYTHONIOENCODING": "ascii"}),
        (("lesson", "1"), {"PYTHONIOENCODING": "latin-1"}),
        (("check", RIGHT), C_LOCALE),
    ],
    ids=["ascii", "latin-1", "C"],
)
def test_a_sign_that_an_encoding_lacks_becomes_a_question_mark(
    arguments: tuple[str, ...], environment: dict[str, str]
) -> None:
    done = run(SCRIPT, *arguments, **environment)
    assert (done.returncode, done.stderr) == (NO_DIFFERENCE, b"")
    assert b"?" in done.stdout


def test_an_error_handler_that_was_asked_for_is_kept() -> None:
    done = run(SCRIPT, "lesson", "1", PYTHONIOENCODING="ascii:backslashreplace")
    assert (done.returncode, done.stderr) == (NO_DIFFERENCE, b"")
    assert rb"\u0177" in done.stdout


def test_a_file_whose_name_the_locale_cannot_write_is_refused_in_a_sentence() -> None:
    # As grade --gradescope makes one of a submission's name, which it has decoded.
    code = (
        "from comparisons.reports import *; check_writable(__import__('pathlib').Path('\\xc4.x'))"
    )
    done = run(sys.executable, "-c", code, **C_LOCALE)
    assert done.stderr.splitlines()[-1].endswith(
        b".x cannot be written: names of files are in ascii here; run it with LC_ALL=C.UTF-8, "
        b"or name another file"
    )


# Readers that have gone, or were never there.


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("problems",), NO_DIFFERENCE),
        (("lesson", "1"), NO_DIFFERENCE),
        (("spread", "--orders", "5"), NO_DIFFERENCE),
        (("--help",), NO_DIFFERENCE),
        (("check", RIGHT), NO_DIFFERENCE),
        (("check", WRONG), DIFFERS),
    ],
)
def test_a_reader_that_goes_away_changes_no_exit_status(
    arguments: tuple[str, ...], status: int
) -> None:
    with subprocess.Popen(  # noqa: S603  our own command
        (SCRIPT, *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read()
    assert (process.returncode, errors) == (status, b"")


@pytest.mark.parametrize("closed", [">&-", "<&- >&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed_change_no_exit_status(closed: str) -> None:
    done = run("/bin/sh", "-c", f'"$0" check "$1" --quiet {closed}', SCRIPT, WRONG)
    assert (done.returncode, done.stdout, done.stderr) == (DIFFERS, b"", b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
@pytest.mark.parametrize("arguments", ["problems", "--help", "lesson 1"])
def test_output_that_cannot_be_written_is_status_3_and_one_sentence(arguments: str) -> None:
    done = run("/bin/sh", "-c", f'"$0" {arguments} > /dev/full', SCRIPT)
    assert done.returncode == COULD_NOT_RUN
    assert done.stderr.startswith(b"could not run: ")
    assert done.stderr.count(b"\n") == 1


# Narrow terminals.


def on_a_terminal(columns: int, *arguments: str) -> list[str]:
    """Return the lines that a command prints on a terminal so wide, without escape codes."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environment = {k: v for k, v in os.environ.items() if k not in {"COLUMNS", "LINES"}}
    with subprocess.Popen(  # noqa: S603  our own command
        (SCRIPT, *arguments),
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.PIPE,
        env=environment | {"TERM": "xterm"},
    ):
        os.close(theirs)
        printed = b""
        try:
            while some := os.read(ours, 65536):
                printed += some
        except OSError:  # Linux says so where the other end is closed
            pass
    os.close(ours)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", printed.decode()).splitlines()


def test_a_narrow_terminal_cuts_no_number_of_a_file_that_passes() -> None:
    lines = on_a_terminal(40, "check", RIGHT)
    assert "  dense_1/kernel[0,0]" in lines
    place = lines.index("  dense_1/kernel[0,0]")
    (ours, theirs), (yours, keras) = zip(*(x.split() for x in lines[place + 1 :][:2]), strict=True)
    assert (ours, theirs) == ("yours", "keras")
    assert float(yours) == pytest.approx(float(keras), rel=1e-12)
    assert not any("…" in line for line in lines)


def test_a_narrow_terminal_shows_each_number_of_a_difference_with_its_name() -> None:
    lines = on_a_terminal(40, "check", WRONG)
    place = lines.index("       [0,0]")
    names = [line.strip().rsplit(None, 1)[0] for line in lines[place + 1 :][:4]]
    assert names == ["yours", "keras", "difference", "× budget"]


def test_a_narrow_terminal_keeps_the_sites_of_a_diff() -> None:
    lines = on_a_terminal(40, "diff", "adam-float32", "adam-float64")
    place = lines.index("  slot/dense_1/kernel/velocity")
    assert [line.split()[0] for line in lines[place + 1 :][:2]] == ["outcome", "moved"]
    assert any("site" in line for line in on_a_terminal(90, "diff", "adam-float32", "adam-float64"))


def test_a_narrow_terminal_cuts_no_score(tmp_path: Path) -> None:
    name = "a_name_of_more_than_22_letters"
    (tmp_path / f"{name}.py").write_text(Path(RIGHT).read_text("utf-8"), "utf-8")
    lines = on_a_terminal(40, "grade", str(tmp_path), "--problem", "regression")
    place = lines.index(name)
    assert lines[place + 1].split() == ["score", "100"]


def test_a_narrow_terminal_draws_a_spread_in_a_line_for_each_bar() -> None:
    lines = on_a_terminal(40, "spread", "--orders", "5")
    bars = lines[next(n for n, line in enumerate(lines) if "over 5 orders" in line) + 1 :]
    assert len(bars) == 12
    assert all(" to " in bar for bar in bars)


def printed(width: int, what: Table | str) -> list[str]:
    file = io.StringIO()
    console = Console(file=file, width=width)
    if isinstance(what, str):
        show_lines(what, console)
    else:
        show_table(what, console, indent=2)
    return file.getvalue().splitlines()


def test_a_table_that_fits_stays_a_table() -> None:
    table = Table("site", "moved", "at step", box=None)
    table.add_row("update/dense/kernel", "1,234", "")
    assert len(printed(60, table)) == 2
    assert printed(20, table) == ["  update/dense/kernel", "    moved    1,234"]


def test_what_is_told_in_lines_is_put_under_each_other_only_where_it_does_not_fit() -> None:
    text = (
        "worst:\n"
        "       index     yours     keras  difference\n"
        "       [0,1]      0.25       0.5       -0.25\n"
        "the end, in words that go on for longer"
    )
    assert printed(60, text) == text.splitlines()
    assert printed(30, text) == [
        "worst:",
        "       index",
        "       [0,1]",
        "         yours       0.25",
        "         keras       0.5",
        "         difference  -0.25",
        "the end, in words that go on",
        "for longer",
    ]
    assert printed(20, f"    x[0,0]{0.1 + 0.2:>40}") == ["    x[0,0]  0.30000000000000004"]
