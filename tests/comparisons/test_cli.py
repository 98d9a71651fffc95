"""The command line: what it prints, which files it leaves, and its exit statuses."""

import csv
import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import numpy as np
import pytest
from click.testing import CliRunner, Result

import comparisons.cli
from comparisons import problems
from comparisons.cli import COULD_NOT_RUN, DIFFERS, NO_DIFFERENCE, USAGE

SCRIPT = str(Path(sys.executable).with_name("keras-parity"))
ONE_PROBLEM = ("compare", "relu_kinks", "--dtype", "float64")

#: What starting the command line must not import: it takes seconds.
HEAVY = ("keras", "tensorflow", "keras_ref", "pandas")


def run(*command: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  our own command
        command, capture_output=True, text=True, check=False, timeout=120, **options
    )


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "-c", code, *arguments)


def hear_ctrl_c() -> None:
    """Undo what a shell does to the programs it runs in the background: they ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def invoke(*arguments: str) -> Result:
    """Run the command line in this process, as far as it goes without Keras."""
    return CliRunner().invoke(comparisons.cli.cli, arguments)


# Exit status 0 and 1.


@pytest.fixture(scope="module")
def proved(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """One whole run of one problem, with everything written and proved."""
    directory = tmp_path_factory.mktemp("proved")
    files = directory / "all.json", directory / "all.csv"
    options = ("--json", str(files[0]), "--csv", str(files[1]), "--prove")
    return SimpleNamespace(
        directory=directory,
        json=files[0],
        csv=files[1],
        done=run(SCRIPT, *ONE_PROBLEM, *options),
    )


def test_no_difference_is_status_0_and_says_so_last(proved: SimpleNamespace) -> None:
    assert proved.done.returncode == NO_DIFFERENCE == 0
    assert proved.done.stdout.splitlines()[-1] == (
        "2 runs: no difference found in 1,920 comparisons"
    )
    assert proved.done.stderr == ""


def test_both_modes_are_told_with_losses_and_parameters_of_both_sides(
    proved: SimpleNamespace,
) -> None:
    lines = proved.done.stdout.splitlines()
    told = [line.split()[0] for line in lines if line.startswith("  ") and "no difference" in line]
    assert told == ["free", "locked"]
    assert sum(line.startswith("  epoch ") for line in lines) == 6
    assert any(line.startswith("  dense/kernel[0,0] ") for line in lines)


def test_a_proof_that_holds_is_told_with_what_was_proved(proved: SimpleNamespace) -> None:
    assert "same bits in 4 final weights and 6 epoch losses" in " ".join(proved.done.stdout.split())


def test_output_into_a_pipe_fits_80_columns_without_escape_codes(proved: SimpleNamespace) -> None:
    assert max(map(len, proved.done.stdout.splitlines())) <= 80
    assert "\x1b" not in proved.done.stdout


def test_json_and_csv_are_written_whole_and_nothing_else(proved: SimpleNamespace) -> None:
    assert sorted(proved.directory.iterdir()) == sorted([proved.json, proved.csv])
    results = json.loads(proved.json.read_text())["results"]
    assert [(r["problem"], r["dtype"], r["mode"]) for r in results] == [
        ("relu_kinks", "float64", "free"),
        ("relu_kinks", "float64", "locked"),
    ]
    with proved.csv.open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sum(r["steps"] * len(r["sites"]) for r in results)


def test_a_difference_is_status_1_and_is_written_too(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    command = (sys.executable, "-m", "comparisons", "compare", "classification")
    exactly = ("--dtype", "float64", "--mode", "free", "--rtol", "0", "--atol", "0")
    done = run(*command, *exactly, "--quiet", "--json", str(file))
    assert done.returncode == DIFFERS == 1
    (line,) = done.stdout.splitlines()
    assert line.startswith("1 of 1 run differs, in ")
    assert line.endswith("classification float64 free")
    (result,) = json.loads(file.read_text())["results"]
    assert result["outcome"] == "DIVERGED"
    assert result["tolerance"]["kind"] == "given"


def test_the_module_is_the_same_command() -> None:
    ours, theirs = run(SCRIPT, "problems"), run(sys.executable, "-m", "comparisons", "problems")
    assert (ours.returncode, ours.stdout) == (theirs.returncode, theirs.stdout)
    assert ours.returncode == NO_DIFFERENCE
    for command in ((SCRIPT,), (sys.executable, "-m", "comparisons")):
        assert run(*command, "compare", "nonsense").returncode == USAGE


# Exit status 2.


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nonsense"], "there is no problem 'nonsense'; the catalogue has regression, "),
        (["--dtype", "float16"], "'float16' is not one of 'float32', 'float64'"),
        (["--mode", "tied"], "'tied' is not one of 'free', 'locked', 'both'"),
        (["--rtol", "1e-6"], "--rtol and --atol go together"),
        (["--atol", "1e-6"], "--rtol and --atol go together"),
        (["--rtol", "-1", "--atol", "0"], "rtol must be 0 or a positive number, received -1.0"),
        (["--rtol", "0", "--atol", "nan"], "atol must be 0 or a positive number, received nan"),
        (["--rtol", "inf", "--atol", "0"], "rtol must be 0 or a positive number, received inf"),
        (["--rtol", "small", "--atol", "0"], "'small' is not a valid float"),
        (["regression", "--all"], "give problems by name or --all, not both"),
        (["--shuffle"], "No such option"),
    ],
)
def test_a_wrong_command_line_is_status_2_and_one_sentence(
    arguments: list[str], sentence: str
) -> None:
    result = invoke("compare", *arguments)
    assert result.exit_code == USAGE == 2
    # click's usage and hint come first, in paragraphs of their own.
    error = result.output.split("Error: ")[1].strip()
    assert sentence in error
    assert "\n" not in error


@pytest.mark.parametrize("option", ["--json", "--csv"])
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (".", "is a directory; name a file to write to"),
        ("missing/results", "there is no directory"),
        ("locked/results", "cannot be written: Permission denied"),
    ],
    ids=["directory", "missing directory", "locked directory"],
)
def test_output_that_cannot_be_written_is_status_2_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str, name: str, reason: str
) -> None:
    locked = tmp_path / "locked"
    locked.mkdir()
    really = os.open

    def deny(path: Any, *arguments: Any, **options: Any) -> int:
        """Refuse what a directory without write permission refuses, to whoever runs the tests."""
        if Path(path).parent == locked:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return really(path, *arguments, **options)

    monkeypatch.setattr(os, "open", deny)
    result = invoke("compare", option, str(tmp_path / name))
    assert result.exit_code == USAGE
    assert reason in result.output
    assert [*tmp_path.iterdir(), *locked.iterdir()] == [locked]


@pytest.mark.parametrize("arguments", [("compare", "--json"), ("report", "--output")])
def test_a_dash_is_no_file_to_write_to(arguments: tuple[str, str]) -> None:
    result = invoke(*arguments, "-")
    assert result.exit_code == USAGE
    assert "- would be a file of that name, not the terminal" in result.output


def test_a_lesson_that_is_not_there_is_answered_with_how_to_list_them() -> None:
    for name in ("nope", "the-notes-cod"):
        result = invoke("lesson", name)
        assert result.exit_code == USAGE
        assert result.output.endswith("'keras-parity lesson' lists them\n")


def test_a_lesson_is_copied_only_into_a_directory_that_is_there(tmp_path: Path) -> None:
    result = invoke("lesson", "1", "--copy", str(tmp_path / "new"))
    assert result.exit_code == USAGE
    assert f"there is no directory {tmp_path / 'new'}: make it first" in result.output
    file = tmp_path / "file"
    file.write_text("kept")
    result = invoke("lesson", "1", "--copy", str(file))
    assert result.exit_code == USAGE
    assert f"{file} is a file: name a directory" in result.output
    assert file.read_text() == "kept"


def test_what_is_no_whole_number_is_refused_in_plain_words() -> None:
    result = invoke("spread", "--orders", "x")
    assert result.exit_code == USAGE
    assert "'x' is not a valid integer." in result.output


def test_one_run_is_said_to_be_one() -> None:
    result = invoke("selftest", "relu_kinks", "--dtype", "float64", "--quiet")
    assert result.output.endswith(" times in 1 run\n")


def test_one_file_cannot_hold_both_json_and_csv(tmp_path: Path) -> None:
    file = str(tmp_path / "results")
    assert invoke("compare", "nonsense", "--json", file, "--csv", file).exit_code == USAGE
    result = invoke(*ONE_PROBLEM, "--json", file, "--csv", file)
    assert result.exit_code == USAGE
    assert "--json" in result.output.split("Error: ")[1]


# Exit status 3.


def without(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line where a module is not installed."""
    code = f"""
import sys
class Missing:
    def find_spec(self, name, *_):
        if name == {module!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
from comparisons.cli import main
main()
"""
    return python(code, *arguments)


@pytest.mark.parametrize("module", ["keras", "tensorflow"])
def test_without_tensorflow_it_says_which_extra_to_install(module: str) -> None:
    done = without(module, *ONE_PROBLEM)
    assert done.returncode == COULD_NOT_RUN == 3
    assert done.stdout == ""
    assert done.stderr == (
        f"could not run: {module} is not installed, and comparing with Keras needs it: "
        "pip install 'keras-parity[tensorflow]'; or compare with what is shipped: --recorded\n"
    )


@pytest.mark.parametrize(
    ("arguments", "instead"),
    [
        (("verify", "relu_kinks"), "keras-parity diff A B"),
        (("record", "relu_kinks", "--out", "new"), "keras-parity compare --recorded"),
        (("report", "relu_kinks", "--live", "-o", "new.html"), "or leave out --live"),
        (("selftest", "relu_kinks", "--live"), "or leave out --live"),
        (("check", __file__, "--live"), "or leave out --live"),
    ],
)
def test_without_tensorflow_it_says_what_can_be_done_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], instead: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = without("tensorflow", *arguments)
    assert (done.returncode, done.stdout) == (COULD_NOT_RUN, "")
    assert instead in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_recording_that_is_not_what_fit_computes_is_no_proof(
    monkeypatch: pytest.MonkeyPatch,
    status: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    from keras_ref import Recorder  # noqa: PLC0415  Keras takes seconds

    faithful = Recorder.run

    def unfaithful(self: Recorder, x: Any, y: Any) -> Any:
        values = faithful(self, x, y)
        return values | {"loss/value": np.nextafter(values["loss/value"], 1)}

    monkeypatch.setattr(Recorder, "run", unfaithful)
    assert status(*ONE_PROBLEM, "--quiet", "--prove") == COULD_NOT_RUN
    sentence = capsys.readouterr().err
    assert sentence.startswith(
        "could not run: the recording of relu_kinks float64 is not what plain fit computes: "
        "loss of epoch 1: fit "
    )
    assert sentence.count("\n") == 1


@pytest.mark.parametrize("error", [RuntimeError("a mistake of ours"), MemoryError()])
def test_a_failure_that_nobody_foresaw_is_status_3_and_never_that_of_a_difference(
    monkeypatch: pytest.MonkeyPatch, status: Callable[..., int], error: Exception
) -> None:
    def fail() -> NoReturn:
        raise error

    monkeypatch.setattr(comparisons.cli.compare, "import_keras_ref", fail)
    assert status("compare") == COULD_NOT_RUN


@pytest.fixture
def without_running(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Let ``compare`` find nothing, on a Keras that has the given warnings."""
    keras_ref = SimpleNamespace(warnings=list)
    monkeypatch.setattr(comparisons.cli.compare, "import_keras_ref", lambda: keras_ref)
    monkeypatch.setattr(comparisons.cli.compare, "LiveKeras", lambda problem: problem)
    monkeypatch.setattr(comparisons.cli.compare, "compare", lambda *_, **__: [])
    return keras_ref


@pytest.mark.usefixtures("without_running")
def test_a_disk_that_fills_up_is_status_3_and_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
    status: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    def full(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    file = tmp_path / "results.json"
    monkeypatch.setattr(Path, "replace", full)
    assert status("compare", "--quiet", "--json", str(file)) == COULD_NOT_RUN
    sentence = capsys.readouterr().err
    assert "No space left on device" in sentence
    assert sentence.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_stops_at_once_and_leaves_no_file(tmp_path: Path) -> None:
    command = (SCRIPT, "compare", "--all", "--json", str(tmp_path / "results.json"))
    with subprocess.Popen(  # noqa: S603  our own command
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        preexec_fn=hear_ctrl_c,  # noqa: PLW1509  no threads here
    ) as process:
        assert process.stdout is not None
        assert any("no difference found" in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        start = time.monotonic()
        rest, errors = process.communicate(timeout=60)
        took = time.monotonic() - start
    assert process.returncode == COULD_NOT_RUN
    assert took < 3
    assert "runs: " not in rest
    assert errors.strip() == "interrupted: nothing was written"
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_while_keras_starts_is_one_sentence_too() -> None:
    code = """
import os, signal, sys
class Interrupting:
    def find_spec(self, name, *_):
        if name == "tensorflow":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
from comparisons.cli import main
main()
"""
    done = run(sys.executable, "-c", code, *ONE_PROBLEM, preexec_fn=hear_ctrl_c)
    assert done.returncode == COULD_NOT_RUN
    assert done.stderr.strip() == "interrupted: nothing was written"


# What is said before anything runs.


@pytest.mark.parametrize(
    "code",
    [
        "import scratch",
        "import comparisons",
        "from comparisons.cli import cli; cli.main(['--help'], standalone_mode=False)",
        "from comparisons.cli import cli; cli.main(['compare', '-h'], standalone_mode=False)",
        "from comparisons.cli import cli; cli.main(['problems'], standalone_mode=False)",
    ],
)
def test_neither_imports_nor_help_wait_for_keras(code: str) -> None:
    loaded = f"import sys; print('loaded', *({{*sys.modules}} & {{*{HEAVY}}}))"
    done = python(f"{code}\n{loaded}")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "loaded"


def test_the_help_tells_every_exit_status() -> None:
    told = " ".join(invoke("--help").output.split())
    assert "0 no difference found, 1 a difference, 2 a wrong command line, 3 could not run" in told


def test_the_catalogue_is_listed_with_each_question() -> None:
    listed = invoke("problems").output
    told = " ".join(listed.split())
    for name in problems.names():
        assert any(line.split()[0] == name for line in listed.splitlines())
        assert " ".join(problems.get(name).question.split()) in told
    assert told.count("(run by default)") == len(problems.CLASSIC)
    assert max(map(len, listed.splitlines())) <= 80


# Which Keras this is.


def test_a_warning_goes_to_stderr_and_leaves_the_status_as_it_is(
    without_running: SimpleNamespace,
    status: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    without_running.warnings = lambda: ["this is Keras 9"]
    assert status("compare", "--quiet") == NO_DIFFERENCE
    assert capsys.readouterr().err == "warning: this is Keras 9\n"


@pytest.fixture
def another_keras(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give out Keras's version as another one, and return the module that checks the facts."""
    from keras_ref import facts  # noqa: PLC0415  Keras takes seconds

    monkeypatch.setattr(facts.keras, "__version__", "9.8.7")
    return facts


def test_the_keras_that_is_known_gives_no_warning() -> None:
    from keras_ref import facts  # noqa: PLC0415

    if facts.keras.__version__ != facts.KERAS_FACTS_VERSION:
        pytest.skip("this is another Keras than the known one")
    assert facts.warnings() == []


def test_another_keras_whose_facts_hold_is_named(another_keras: Any) -> None:
    (sentence,) = another_keras.warnings()
    assert sentence == (
        f"this is Keras 9.8.7; what it computes is known of {another_keras.KERAS_FACTS_VERSION}, "
        f"and the {len(another_keras.FACTS)} facts checked still hold"
    )


def test_every_fact_that_no_longer_holds_is_named(
    another_keras: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = list(another_keras.FACTS)[1::2]
    for fact in broken:
        monkeypatch.setitem(another_keras.FACTS, fact, lambda: False)
    sentences = another_keras.warnings()
    assert len(sentences) == len(broken)
    for sentence, fact in zip(sentences, broken, strict=True):
        assert sentence.startswith("this is Keras 9.8.7; ")
        assert sentence.endswith(f"and here it is no longer true that {fact}")


def test_a_comparison_with_recordings_needs_no_keras() -> None:
    code = (
        "import sys\n"
        "sys.modules['keras'] = sys.modules['tensorflow'] = None\n"
        "from comparisons.cli import main\n"
        "sys.argv = ['keras-parity', 'compare', '--recorded', 'regression']\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == NO_DIFFERENCE, done.stderr
    assert "compared with a recording of Keras 3.15.1" in done.stdout


def test_proving_a_recording_is_refused() -> None:
    done = invoke("compare", "--recorded", "--prove")
    assert done.exit_code == USAGE
    assert "--prove runs Keras, and --recorded does without: give one of them" in done.output
