"""``keras-parity grade``: a class in one run, each with its own outcome and nobody else's."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from classroom import hand_in
from click.testing import CliRunner, Result

import comparisons.cli
from comparisons.cli import COULD_NOT_RUN, NO_DIFFERENCE, USAGE
from comparisons.grading import grade_all

SCRIPT = str(Path(sys.executable).with_name("keras-parity"))
PROBLEM = ("--problem", "regression_asymmetric")
#: One who hangs has this long; it is plenty for everyone else.
SECONDS = 6

#: Each submission: score, outcome and kind, and words of its sentence.
EXPECTED = {
    "ada": (100, "no difference", "", "no difference found in 880 comparisons"),
    "blaise": (90, "differs", "", "backward/dense/kernel: kernel gradient transposed (dense)"),
    "carl": (80, "differs", "", "backward/dense_1/kernel: factor 2 missing"),
    "dorothy": (90, "differs", "", "forward/dense/output: bias left out (dense)"),
    "emmy": (90, "differs", "", "loss/value: loss shown as its root"),
    "felix": (70, "differs", "", "update/dense/kernel: learning rate ten times too large"),
    "grace": (82.5, "differs", "", "transposed (dense) with bias never updated (dense_1)"),
    "hypatia": (72.5, "differs", "", "backward/dense/kernel: no known mistake fits"),
    "isaac": (0, "stopped", "timeout", f"more than {SECONDS} seconds to run from top to bottom"),
    "johann": (0, "stopped", "import", "line 32: RuntimeError: the data were never loaded"),
    "katherine": (0, "stopped", "output", "printed more than 1 MiB"),
    "leonhard": (0, "stopped", "not python", "leonhard.py is empty"),
    "maryam": (0, "stopped", "syntax", "line 1: SyntaxError"),
    "niels": (0, "stopped", "processes", "line 33: it tried to start another process (os.fork)"),
    "olga": (100, "no difference", "", "no difference found in 760 comparisons"),
    "pierre": (100, "no difference", "", "no difference found in 480 comparisons"),
}


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  our own command
        (SCRIPT, "grade", *arguments),
        capture_output=True, text=True, check=False, timeout=180, **options,
    )  # fmt: skip


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(comparisons.cli.cli, ("grade", *arguments))


def rows(file: Path) -> dict[str, dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as opened:
        return {row["name"]: row for row in csv.DictReader(opened)}


def graded_class(directory: Path, jobs: int) -> SimpleNamespace:
    """Grade the whole class, with everything written; also see that TensorFlow is not used."""
    blocked, submissions = directory / "blocked", directory / "submissions"
    blocked.mkdir()
    submissions.mkdir()
    hand_in(submissions)
    for library in ("keras", "tensorflow"):
        (blocked / f"{library}.py").write_text("raise RuntimeError('not needed')\n")
    files = SimpleNamespace(
        csv=directory / "class.csv", junit=directory / "class.xml", gradescope=directory / "each"
    )
    outputs = [
        f(k) for k, v in vars(files).items() for f in (lambda k: f"--{k}", lambda _, v=v: str(v))
    ]
    files.done = run(
        str(submissions), *PROBLEM, "--jobs", str(jobs), "--timeout", str(SECONDS), *outputs,
        env=os.environ | {"PYTHONPATH": str(blocked)},
    )  # fmt: skip
    return files


@pytest.fixture(scope="module")
def by_two(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    return graded_class(tmp_path_factory.mktemp("two"), 2)


def test_each_of_a_class_gets_its_own_outcome(by_two: SimpleNamespace) -> None:
    assert by_two.done.returncode == NO_DIFFERENCE, by_two.done.stderr
    found = rows(by_two.csv)
    assert list(found) == list(EXPECTED)
    for name, (score, outcome, kind, words) in EXPECTED.items():
        row = found[name]
        assert (float(row["score"]), row["outcome"], row["kind"]) == (score, outcome, kind), name
        assert words in row["sentence"], name


def test_scores_are_in_a_sensible_order(by_two: SimpleNamespace) -> None:
    score = {name: float(row["score"]) for name, row in rows(by_two.csv).items()}
    assert score["ada"] > score["blaise"] > score["grace"] > score["isaac"]
    assert score["pierre"] == score["olga"] == score["ada"]  # what is not shown costs nothing
    assert min(score[name] for name in ("carl", "felix", "hypatia")) > 50


def test_the_one_who_hangs_is_stopped_in_time(by_two: SimpleNamespace) -> None:
    assert SECONDS <= float(rows(by_two.csv)["isaac"]["seconds"]) < SECONDS + 6


def test_the_terminal_tells_of_everyone_in_80_columns(by_two: SimpleNamespace) -> None:
    out = by_two.done.stdout
    assert max(map(len, out.splitlines())) <= 90  # the last lines are whole sentences
    head, *lines = out.splitlines()
    assert head.split() == [
        "submission",
        "score",
        "forward",
        "loss",
        "gradients",
        "update",
        "outcome",
    ]
    assert [line.split()[0] for line in lines[: len(EXPECTED)]] == list(EXPECTED)
    assert max(len(line) for line in lines[: len(EXPECTED)]) <= 80
    assert "\x1b" not in out
    assert (
        "16 submissions, of 100 points each: 3 without a difference, 7 with one, 6 stopped" in out
    )
    assert "compared with a recording of Keras" in out
    assert "neither .py files nor folders: ruff.toml" in by_two.done.stderr
    assert by_two.done.stderr.count("every batch of the chosen problems has one row") == 1


def test_every_file_tells_the_same(by_two: SimpleNamespace) -> None:
    found = rows(by_two.csv)
    each = {file.stem: json.loads(file.read_text("utf-8")) for file in by_two.gradescope.iterdir()}
    suites = {suite.get("name"): suite for suite in ET.parse(by_two.junit).getroot()}  # noqa: S314
    assert set(each) == set(suites) == set(found)
    for name, row in found.items():
        assert each[name]["score"] == float(row["score"])
        assert float(suites[name].findtext("properties/property[@name='score']") or 0) == 0
        (score,) = suites[name].findall("properties/property[@name='score']")
        assert float(score.get("value", "")) == float(row["score"])


def test_one_at_a_time_gives_the_same_but_for_the_times(
    by_two: SimpleNamespace, tmp_path: Path
) -> None:
    by_one = graded_class(tmp_path, 1)
    assert by_one.done.stdout == by_two.done.stdout
    for ours, theirs in zip(rows(by_one.csv).values(), rows(by_two.csv).values(), strict=True):
        assert ours | {"seconds": ""} == theirs | {"seconds": ""}
    timeless = partial(re.sub, r' time="[\d.]+"', "")
    assert timeless(by_one.junit.read_text("utf-8")) == timeless(by_two.junit.read_text("utf-8"))
    for file in by_two.gradescope.iterdir():
        both = [
            json.loads((d / file.name).read_text("utf-8"))
            for d in (by_one.gradescope, by_two.gradescope)
        ]
        assert both[0] | {"execution_time": 0} == both[1] | {"execution_time": 0}


# One submission, and what is revealed.


@pytest.fixture
def carl(tmp_path: Path) -> Path:
    directory = tmp_path / "one"
    directory.mkdir()
    return hand_in(directory, "carl")


def test_one_submission_has_one_file_for_gradescope(carl: Path, tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    done = invoke(str(carl), *PROBLEM, "--gradescope", str(file), "--points", "10")
    assert done.exit_code == NO_DIFFERENCE, done.output
    assert json.loads(file.read_text("utf-8"))["score"] == 8


@pytest.mark.parametrize("reveal", ["full", "hint", "none"])
def test_as_much_is_revealed_everywhere(carl: Path, tmp_path: Path, reveal: str) -> None:
    outputs = [tmp_path / name for name in ("a.json", "a.xml", "a.csv")]
    options = zip(("--gradescope", "--junit", "--csv"), map(str, outputs), strict=True)
    done = invoke(str(carl), *PROBLEM, "--reveal", reveal, *(o for pair in options for o in pair))
    texts = [done.output, *(file.read_text("utf-8") for file in outputs)]
    number, mend, kind = "10.1322", "The derivative of (p - y)", "factor 2 missing"
    assert [number in text for text in texts] == [reveal == "full"] * 3 + [False]
    assert [mend in text for text in texts] == [reveal == "full"] * 3 + [False]
    assert [kind in text for text in texts] == [reveal != "none"] * 4


def test_names_that_an_assignment_asks_for_are_given_once_for_all(tmp_path: Path) -> None:
    directory = tmp_path / "class"
    directory.mkdir()
    hand_in(directory, "ada", "carl")
    for file in directory.iterdir():
        text = file.read_text("utf-8").replace("def forward(", "def my_net(")
        file.write_text(text.replace("def update_parameters(", "def learn("), "utf-8")
    asked = (str(directory), "--problem", "regression", "--jobs", "1")
    without = invoke(*asked)
    assert "2 stopped" in without.output
    assert "--name forward=my_forward" in " ".join(without.output.split())
    named = invoke(*asked, "--name", "forward=my_net", "--name", "update=learn")
    assert "1 without a difference, 1 with one" in named.output
    assert "wanted WHAT=NAME" in invoke(*asked, "--name", "my_net").output


@pytest.mark.parametrize(
    ("chosen", "times"),
    [
        (("regression", "classification"), 1),
        (("regression", "short_last_batch"), 0),
        (("several_outputs",), 0),
    ],
)
def test_problems_of_single_rows_alone_are_warned_of_once(
    chosen: tuple[str, ...],
    times: int,
    tmp_path: Path,
) -> None:
    (tmp_path / "empty.py").touch()
    done = invoke(str(tmp_path), *(o for name in chosen for o in ("--problem", name)))
    assert done.exit_code == NO_DIFFERENCE
    warning = "every batch of the chosen problems has one row, so a sum in place of a mean"
    assert done.stderr.count(warning) == times
    assert ("--problem short_last_batch" in done.stderr) == bool(times)
    assert warning not in done.stdout


def test_a_file_that_no_folder_has_is_told(tmp_path: Path) -> None:
    words = "--file nope.py changes nothing: no folder in"
    (tmp_path / "empty.py").touch()
    (tmp_path / "nope.py").touch()  # a submission of its own
    asked = (str(tmp_path), *PROBLEM, "--file", "nope.py")
    assert words in invoke(*asked).stderr
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "net.py").touch()
    assert words in invoke(*asked).stderr
    (tmp_path / "folder" / "nope.py").touch()
    assert words not in invoke(*asked).stderr
    assert "--file" not in invoke(*asked[:-2]).stderr


def test_weights_change_the_score(carl: Path) -> None:
    done = invoke(str(carl), *PROBLEM, "--weights", "gradients=1")
    assert re.search(r"carl +50 ", done.output), done.output


def test_a_submission_may_go_by_any_name(tmp_path: Path) -> None:
    names = ["[red]x.py", "=1+1.py", "a&b<c>.py", "\x1b[31mred.py", "-rf.py", "ünï.py"]
    for name in names:
        (tmp_path / name).touch()
    (tmp_path / os.fsdecode(b"not\xffutf8.py")).touch()
    out = tmp_path / "results"
    options = ("--csv", str(tmp_path / "a.csv"), "--junit", str(tmp_path / "a.xml"))
    done = run(str(tmp_path), *PROBLEM, *options, "--gradescope", str(out))
    assert done.returncode == NO_DIFFERENCE, done.stderr
    assert "\x1b" not in done.stdout
    assert "[red]x" in done.stdout
    shown = {"[red]x", "'=1+1", "a&b<c>", "?[31mred", "'-rf", "ünï", "not\ufffdutf8"}
    assert set(rows(tmp_path / "a.csv")) == shown
    assert {row["kind"] for row in rows(tmp_path / "a.csv").values()} == {"not python"}
    suites = ET.parse(tmp_path / "a.xml").getroot()  # noqa: S314  our own
    assert {suite.get("name") for suite in suites} == {name.removeprefix("'") for name in shown}
    assert {file.stem for file in out.iterdir()} == {name.removeprefix("'") for name in shown}


# What is refused before anything runs.


def test_what_cannot_be_graded_is_refused_in_one_sentence(tmp_path: Path, carl: Path) -> None:
    empty, twice = tmp_path / "empty", tmp_path / "twice"
    for directory in (empty, twice, twice / "alice"):
        directory.mkdir()
    (twice / "alice.py").touch()
    (twice / "alice" / "net.py").touch()
    here = str(carl)
    for arguments, words in {
        (str(empty), *PROBLEM): "there are no submissions in",
        (str(tmp_path / "none"), *PROBLEM): "there is no directory",
        (str(carl / "carl.py"), *PROBLEM): "is a file: give the directory",
        (str(twice), *PROBLEM): "two submissions have the same name: alice and alice.py",
        (here,): "Missing option '--problem'",
        (here, "--problem", "regressoin"): "regressoin",
        (here, *PROBLEM, "--jobs", "0"): "--jobs",
        (here, *PROBLEM, "--timeout", "0"): "--timeout",
        (
            here,
            *PROBLEM,
            "--timeout",
            "nan",
        ): "expected seconds above 0 and at most 86,400, received nan",
        (here, *PROBLEM, "--timeout", "inf"): "received inf",
        (here, *PROBLEM, "--points", "0"): "--points",
        (here, *PROBLEM, "--weights", "style=3"): "received the phase 'style'",
        (here, *PROBLEM, "--csv", str(tmp_path)): "is a directory",
        (here, *PROBLEM, "--junit", "/none/x"): "there is no directory /none",
        (here, *PROBLEM, "--gradescope", "/none/x"): "there is no directory /none",
        (here, *PROBLEM, "--csv", "a", "--junit", "a"): "a file of its own",
    }.items():
        done = invoke(*arguments)
        assert done.exit_code == USAGE, (arguments, done.output)
        assert words in " ".join(done.output.split()), (arguments, done.output)
        assert "Traceback" not in done.output


def test_a_class_does_not_fit_into_one_file_for_gradescope(tmp_path: Path, carl: Path) -> None:
    hand_in(carl, "ada")
    file = tmp_path / "results.json"
    file.write_text("precious")
    done = invoke(str(carl), *PROBLEM, "--gradescope", str(file))
    assert done.exit_code == USAGE
    assert "is a file, and there are 2 submissions" in " ".join(done.output.split())
    assert file.read_text() == "precious"


def test_help_says_the_exit_statuses_and_imports_nothing_slow() -> None:
    code = (
        "import sys; from comparisons.cli import cli\n"
        "cli.main(['grade', '-h'], standalone_mode=False)\n"
        "print(sorted({'keras', 'tensorflow', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run(  # noqa: S603
        (sys.executable, "-c", code), capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert "Exit status: 0 when all were graded" in done.stdout


# A mistake of ours, and Ctrl-C.


def test_a_mistake_of_ours_ends_in_status_3_and_the_rest_is_graded(
    tmp_path: Path, carl: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(carl, "ada")
    code = (
        "from comparisons.grading import grading\n"
        "check = grading.check_file\n"
        "def broken(path, *a, **k): return 1 / 0 if path.stem == 'ada' else check(path, *a, **k)\n"
        "grading.grade.__kwdefaults__['check'] = broken\n"
        "from comparisons.grading.worker import main\n"
        "main()\n"
    )
    ours = partial(grade_all, command=(sys.executable, "-c", code))
    monkeypatch.setattr("comparisons.cli.grade.grade_all", ours)
    done = invoke(str(carl), *PROBLEM, "--csv", str(tmp_path / "a.csv"))
    monkeypatch.setattr(sys, "argv", ["keras-parity", "grade", str(carl), *PROBLEM])
    with pytest.raises(SystemExit) as left:
        comparisons.cli.main()
    assert left.value.code == COULD_NOT_RUN
    found = rows(tmp_path / "a.csv")
    assert (found["ada"]["score"], found["ada"]["kind"]) == ("", "internal")
    assert found["carl"]["score"] == "80"
    assert "1 with one, 1 not graded, by a mistake of keras-parity" in done.output


def descendants(pid: int) -> set[int]:
    """Return the processes that come from one, by their parents."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        parents.setdefault(int(text.rpartition(")")[2].split()[1]), []).append(
            int(stat.parent.name)
        )
    found, new = set[int](), [pid]
    while new:
        new = [child for parent in new for child in parents.get(parent, ())]
        found |= set(new)
    return found


@pytest.fixture
def hanging(tmp_path: Path) -> Iterator[SimpleNamespace]:
    """Three who hang, being graded two at a time."""
    directory, own = tmp_path / "hanging", tmp_path / "temporary"
    directory.mkdir()
    own.mkdir()
    hand_in(directory, "isaac")
    for name in "bc":
        shutil.copy(directory / "isaac.py", directory / f"{name}.py")
    outputs = tmp_path / "a.csv", tmp_path / "a.xml", tmp_path / "each"
    options = zip(("--csv", "--junit", "--gradescope"), map(str, outputs), strict=True)
    process = subprocess.Popen(  # noqa: S603  our own command
        (SCRIPT, "grade", str(directory), *PROBLEM, "--jobs", "2", *sum(options, ())),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"TMPDIR": str(own)}, start_new_session=True,
        # A shell makes the programs that it runs in the background ignore Ctrl-C.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )  # fmt: skip
    try:
        yield SimpleNamespace(process=process, own=own, outputs=outputs)
    finally:
        process.kill()
        process.communicate()


def wait_for(true: Callable[[], bool], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)
    return true()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_ctrl_c_ends_everything_and_writes_nothing(hanging: SimpleNamespace) -> None:
    process = hanging.process
    # Two workers, and two processes each for the two files that hang.
    assert wait_for(lambda: len(descendants(process.pid)) >= 6)
    started = descendants(process.pid)
    before = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert time.monotonic() - before < 10
    assert process.returncode == COULD_NOT_RUN
    assert "interrupted: nothing was written" in err
    assert "Traceback" not in err + out
    assert wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in started), 5)
    assert not any(file.exists() for file in hanging.outputs)
    assert list(hanging.own.iterdir()) == []
