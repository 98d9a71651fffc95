"""``keras-parity report``: what it writes, what it refuses, and how it leaves."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from comparisons import problems, reports
from comparisons.checking import reference_for
from comparisons.cli import COULD_NOT_RUN, DIFFERS, NO_DIFFERENCE, USAGE, cli
from comparisons.comparing import compare
from comparisons.problems import Problem
from comparisons.runs import Kept, KerasMissingError, Reference
from comparisons.traces import locate

SUBMISSIONS = Path(__file__).parents[1] / "support" / "submissions"
RIGHT = SUBMISSIONS / "right.py"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["report", *map(str, arguments)], standalone_mode=False)


def embedded(page: Path) -> list[dict[str, Any]]:
    (text,) = re.findall(r'id="story">(.*?)</script>', page.read_text(), re.DOTALL)
    runs: list[dict[str, Any]] = json.loads(text)["runs"]
    return runs


def kinds(page: Path) -> list[tuple[str, str, str]]:
    return [(r["problem"], r["dtype"], r["mode"]) for r in embedded(page)]


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return tmp_path / "report.html"


@pytest.fixture
def found(tmp_path: Path) -> Path:
    problem = problems.get("adam")
    path = tmp_path / "adam.json"
    path.write_text(reports.to_json(compare(problem, reference=reference_for(problem))))
    return path


def test_the_classic_problems_are_told_unless_others_are_named(page: Path) -> None:
    done = run("--mode", "locked", "-o", page)
    assert done.return_value == NO_DIFFERENCE
    assert kinds(page) == [
        (name, dtype, "locked")
        for name in ("regression", "classification")
        for dtype in ("float32", "float64")
    ]
    assert "4 runs, no difference found" in done.output
    *told, last = done.output.splitlines()
    assert max(map(len, told)) <= 80
    assert last == f"{page}: {page.stat().st_size / 1000:,.0f} kB"


def test_a_file_is_run_in_the_place_of_scratch(page: Path) -> None:
    done = run("--candidate", RIGHT, "--dtype", "float64", "-o", page)
    assert done.return_value == NO_DIFFERENCE
    assert kinds(page) == [("regression", "float64", "free"), ("regression", "float64", "locked")]
    assert {r["candidate"] for r in embedded(page)} == {"right.py"}


def test_a_file_that_parts_gives_status_1_and_its_page(page: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.py"
    text = RIGHT.read_text()
    assert "0.001" in text
    wrong.write_text(text.replace("0.001", "0.01"))
    done = run("--candidate", wrong, "--dtype", "float64", "-o", page)
    assert done.return_value == DIFFERS
    assert "2 of 2 runs differ" in done.output
    (cause,) = embedded(page)[1]["causes"]
    assert [fault["name"] for fault in cause] == ["learning rate ten times too large"]


def test_json_and_recordings_are_told_beside_problems(page: Path, found: Path) -> None:
    (recording,) = (path for path in locate("momentum") if path.name == "momentum-float32")
    done = run("regression", "--dtype", "float32", "--from", found, "--from", recording, "-o", page)
    assert done.return_value == NO_DIFFERENCE
    names = ("regression", "float32"), ("adam", "float64"), ("momentum", "float32")
    assert kinds(page) == [(*name, mode) for name in names for mode in ("free", "locked")]
    steps = [len(r["steps"]) for r in embedded(page)]
    assert steps == [20, 20, 0, 0, 40, 40]


def test_without_a_problem_a_source_is_all_that_is_told(page: Path, found: Path) -> None:
    assert run("--from", found, "-o", page).return_value == NO_DIFFERENCE
    assert kinds(page) == [("adam", "float64", "free"), ("adam", "float64", "locked")]


def test_a_file_cannot_steer_the_terminal(page: Path, found: Path) -> None:
    document = json.loads(found.read_text())
    document["results"][0]["problem"] = "\x1b[2Jadam"
    found.write_text(json.dumps(document))
    done = run("--from", found, "-o", page)
    assert "\x1b" not in done.output
    assert "?[2Jadam, float64, free" in done.output


def test_live_runs_keras_itself(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def reference(problem: Problem, *, live: bool = False) -> Reference:
        asked.append(live)
        return Kept(reference_for(problem))

    class Nothing:
        @staticmethod
        def warnings() -> list[str]:
            return ["a fact no longer holds"]

    monkeypatch.setattr("comparisons.cli.report.reference_for", reference)
    monkeypatch.setattr("comparisons.cli.report.import_keras_ref", Nothing)
    done = run("regression", "--live", "--dtype", "float64", "-o", page)
    assert asked == [True]
    assert "warning: a fact no longer holds" in done.stderr


def test_no_page_where_keras_is_missing(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        message = "keras is not installed"
        raise KerasMissingError(message)

    monkeypatch.setattr("comparisons.cli.report.import_keras_ref", missing)
    done = run("regression", "--live", "-o", page)
    assert isinstance(done.exception, KerasMissingError)
    assert not page.exists()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("raises_in_step.py", "raises_in_step.py"),
        ("syntax_error.py", "syntax_error.py"),
        ("late_error.py", "late_error.py"),
    ],
)
def test_a_file_that_fails_gets_a_sentence_and_no_page(
    name: str, sentence: str, page: Path
) -> None:
    page.write_text("what was there")
    done = run("--candidate", SUBMISSIONS / name, "--dtype", "float64", "-o", page)
    assert done.return_value == COULD_NOT_RUN
    assert done.stderr.startswith("could not run: ")
    assert sentence in done.stderr
    assert "Traceback" not in done.output
    assert page.read_text() == "what was there"
    assert list(page.parent.iterdir()) == [page]


def test_a_wrong_command_line_is_status_2(page: Path, tmp_path: Path, found: Path) -> None:
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    other = tmp_path / "other.json"
    other.write_text('{"schema": "keras-parity/pytest/1"}')
    for arguments, words in (
        ((), "Missing option '--output'"),
        (("nonsense", "-o", page), "there is no problem 'nonsense'"),
        (("-o", nothing), "is a directory"),
        (("-o", nothing / "no" / "x.html"), "there is no directory"),
        (("--candidate", tmp_path / "none.py", "-o", page), "does not exist"),
        (("--from", nothing, "-o", page), "is not a recording"),
        (("--from", other, "-o", page), "has the schema 'keras-parity/pytest/1'"),
        (("--from", found, "-o", found), "is read for this report"),
        (("--candidate", RIGHT, "-o", RIGHT), "is read for this report"),
    ):
        done = CliRunner().invoke(cli, ["report", *map(str, arguments)])
        assert done.exit_code == USAGE, arguments
        assert words in " ".join(done.output.replace("│", " ").split()), arguments
    assert not page.exists()
    assert json.loads(found.read_text())


def test_help_draws_nothing_and_waits_for_nothing() -> None:
    code = (
        "import sys; from comparisons.cli import cli; "
        "cli.main(['report', '--help'], standalone_mode=False); "
        "slow = {'jinja2', 'markupsafe', 'tensorflow', 'keras', 'pandas'} & set(sys.modules); "
        "sys.exit(','.join(slow) or 0)"
    )
    done = subprocess.run(  # noqa: S603  our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "--candidate" in done.stdout
