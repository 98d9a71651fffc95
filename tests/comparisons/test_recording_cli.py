"""``keras-parity record`` and ``verify``: what they write and print, and their exit statuses."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import numpy as np
import pytest
from click.testing import CliRunner, Result
from rewriting import changed

import comparisons.cli
from comparisons import problems
from comparisons.cli import COULD_NOT_RUN, DIFFERS, NO_DIFFERENCE, USAGE
from comparisons.traces import Recording, RecordingError, shipped, shipped_names

SCRIPT = str(Path(sys.executable).with_name("keras-parity"))


def run(*command: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  our own command
        (SCRIPT, *command), capture_output=True, text=True, check=False, timeout=120, **options
    )


def invoke(*arguments: str) -> Result:
    """Run the command line in this process, as far as it goes without Keras."""
    return CliRunner().invoke(comparisons.cli.cli, arguments)


@pytest.fixture
def main(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Return a function that runs ``main`` here: exit status, what it printed, and its errors."""

    def leave(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["keras-parity", *arguments])
        with pytest.raises(SystemExit) as left:
            comparisons.cli.main()
        assert isinstance(left.value.code, int)
        return (left.value.code, *capsys.readouterr())

    return leave


# Record.


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """Recordings that the command wrote."""
    out = tmp_path_factory.mktemp("written") / "new" / "recordings"
    done = run("record", "regression", "adam", "--out", str(out))
    return SimpleNamespace(out=out, done=done)


def test_record_writes_a_directory_for_each_problem_and_dtype(written: SimpleNamespace) -> None:
    assert written.done.returncode == NO_DIFFERENCE, written.done.stderr
    assert written.done.stderr == ""
    names = ["regression-float32", "regression-float64", "adam-float32", "adam-float64"]
    assert sorted(path.name for path in written.out.iterdir()) == sorted(names)
    *lines, last = written.done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == names
    for line, name in zip(lines, names, strict=True):
        recording = Recording(written.out / name)
        recording.check(problems.get(name.split("-")[0]).astype(name.split("-")[1]))
        assert f"{recording.steps} steps" in line
        assert f"{recording.bytes / 1000:,.1f} kB" in line
    assert last.startswith("4 recordings, ")
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in written.done.stdout


def test_record_writes_over_nothing_and_says_so_before_keras_starts(
    written: SimpleNamespace, tmp_path: Path
) -> None:
    before = {file: file.read_bytes() for file in written.out.rglob("*") if file.is_file()}
    result = invoke("record", "logits", "adam", "--out", str(written.out))
    assert result.exit_code == USAGE
    assert "exists already: remove it first, or name another directory" in " ".join(
        result.output.split()
    )
    assert {file: file.read_bytes() for file in written.out.rglob("*") if file.is_file()} == before
    file = tmp_path / "file"
    file.write_text("kept")
    for out in (file, file / "below"):
        result = invoke("record", "--out", str(out))
        assert result.exit_code == USAGE
        assert "is a file; name a directory to write to" in " ".join(result.output.split())
    assert file.read_text() == "kept"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Missing option '--out'"),
        (["nonsense", "--out", "x"], "there is no problem 'nonsense'"),
        (["regression", "--all", "--out", "x"], "give problems by name or --all, not both"),
        (["--dtype", "float16", "--out", "x"], "'float16' is not one of"),
    ],
)
def test_a_wrong_record_is_status_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = invoke("record", *arguments)
    assert result.exit_code == USAGE
    assert sentence in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_may_not_be_written_to_is_status_2(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    result = invoke("record", "--out", str(tmp_path / "out"))
    assert result.exit_code == USAGE
    assert "there is no permission to write" in " ".join(result.output.split())


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let ``record`` record nothing, and fail at the second problem by Ctrl-C."""
    recorded: list[str] = []

    def pretend(problem: Any, path: Path, **_: Any) -> Recording:
        if recorded:
            raise KeyboardInterrupt
        recorded.append(problem.name)
        shutil.copytree(shipped(problem.name, problem.dtype).path, path)
        return Recording(path)

    monkeypatch.setattr(comparisons.cli.record, "record", pretend)
    monkeypatch.setattr(
        comparisons.cli.record, "import_keras_ref", lambda: SimpleNamespace(warnings=list)
    )
    return recorded


@pytest.mark.usefixtures("pretended")
def test_ctrl_c_while_recording_says_what_is_complete(
    monkeypatch: pytest.MonkeyPatch, main: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    monkeypatch.setattr(comparisons.cli, "_leave_at_once", sys.exit)
    status, printed, errors = main("record", "regression", "adam", "--out", str(tmp_path / "out"))
    assert (status, printed) == (COULD_NOT_RUN, "")
    assert errors == "interrupted: 1 recording complete, and the one under way was removed\n"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["regression-float32"]


def test_ctrl_c_leaves_nothing_half_written(tmp_path: Path) -> None:
    code = """
import os, signal, sys
from comparisons.runs.reference import LiveKeras
really = LiveKeras.blocks
def blocks(self):
    yield next(really(self))
    os.kill(os.getpid(), signal.SIGINT)
    yield from really(self)
LiveKeras.blocks = blocks
from comparisons.cli import main
main()
"""
    out = tmp_path / "out"
    done = subprocess.run(  # noqa: S603  our own code
        (sys.executable, "-c", code, "record", "short_last_batch", "--out", str(out)),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert done.returncode == COULD_NOT_RUN
    assert done.stderr.strip() == "interrupted: nothing was written"
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_status_3_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, main: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    def full(_descriptor: int) -> NoReturn:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    out = tmp_path / "out"
    status, printed, errors = main("record", "relu_kinks", "--out", str(out))
    assert (status, printed) == (COULD_NOT_RUN, "")
    assert errors.startswith("could not run: ")
    assert errors.endswith("No space left on device\n")
    assert list(out.iterdir()) == []


# Verify.


def test_verify_says_that_nothing_moved_here(written: SimpleNamespace) -> None:
    done = run("verify", str(written.out / "adam-float64"), str(written.out / "regression-float32"))
    assert done.returncode == NO_DIFFERENCE, done.stderr
    assert done.stdout.splitlines() == [
        "adam, float64: the same bits in 2,400 numbers",
        "regression, float32: the same bits in 440 numbers",
        "versions: the same here as recorded",
        "2 recordings, 2,840 numbers: 2 the same, 0 moved by rounding only, 0 beyond",
    ]


def test_verify_tells_rounding_from_what_is_more(
    main: Callable[..., tuple[int, str, str]], tmp_path: Path, written: SimpleNamespace
) -> None:
    before = Recording(written.out / "adam-float64")
    place = (7, "update/dense/kernel", (1, 0))
    for path, change in {
        "little": lambda x: np.nextafter(x, 9),
        "much": lambda x: x + 1e-9,
    }.items():
        changed(before, tmp_path / path, *place, change)
    status, printed, errors = main("verify", str(tmp_path / "little"))
    told = " ".join(printed.split())
    assert (status, errors) == (NO_DIFFERENCE, "")
    assert "adam, float64: 1 of 2,400 numbers moved by rounding only, at most " in told
    assert "first at step 7, update/dense/kernel[1,0]: recorded " in told
    assert "0 the same, 1 moved by rounding only, 0 beyond" in told
    status, printed, errors = main("verify", str(tmp_path / "much"), "relu_kinks")
    told = " ".join(printed.split())
    assert (status, errors) == (DIFFERS, "")
    assert "moved beyond rounding, first at step 7, update/dense/kernel[1,0]: recorded " in told
    assert printed.splitlines()[-1].startswith("3 recordings, ")
    assert printed.splitlines()[-1].endswith("1 beyond")
    assert max(map(len, printed.splitlines())) <= 80
    assert "\x1b" not in printed


def test_verify_says_which_versions_differ(
    main: Callable[..., tuple[int, str, str]], tmp_path: Path, written: SimpleNamespace
) -> None:
    class Older:
        def __init__(self, recording: Recording) -> None:
            self.constants, self.sites = recording.constants, recording.sites
            self.environment = {**recording.environment, "keras": "3.0.0"}
            self.blocks = recording.blocks

    from comparisons.traces import record  # noqa: PLC0415  the fixture replaces the command's

    recording = Recording(written.out / "regression-float64")
    record(recording.problem, tmp_path / "older", reference=Older(recording))
    status, printed, _ = main("verify", str(tmp_path / "older"))
    assert status == NO_DIFFERENCE
    here = recording.environment["keras"]
    assert f"versions: keras 3.0.0 recorded, {here} here" in printed.splitlines()


def test_verify_of_what_is_not_there_is_status_2() -> None:
    result = invoke("verify", "nonsense")
    assert result.exit_code == USAGE
    told = " ".join(result.output.split())
    assert "'nonsense' is neither a directory nor a recording that comes with keras-parity" in told


def test_a_dtype_that_is_not_there_is_answered_with_those_that_are() -> None:
    for command in (("verify", "adam-float16"), ("diff", "adam-float32", "adam-float16")):
        result = invoke(*command)
        assert result.exit_code == USAGE
        assert result.output.endswith("which has of adam: adam-float32, adam-float64\n")


def test_a_recording_in_the_other_dtype_is_said_to_be_one() -> None:
    recording = shipped("regression", "float32")
    with pytest.raises(RecordingError) as refused:
        recording.check(recording.problem.astype("float64"))
    assert str(refused.value) == (
        f"{recording.path} is a recording of 'regression' in float32, and the problem is in "
        "float64: take the problem in float32, or its recording in float64"
    )


def test_verify_of_what_is_damaged_or_incomplete_is_status_3(
    main: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    path = tmp_path / "recording"
    shutil.copytree(shipped("regression", "float64").path, path)
    index = path / "index.jsonl"
    whole = index.read_bytes()
    for text, told in {
        whole[:-5]: "is incomplete, it has 20 of 20 steps: record again",
        whole[:9]: "is not a recording: its index.jsonl has no whole line",
        whole.replace(b"0.001", b"0.002"): "is damaged at line 1: record again",
    }.items():
        index.write_bytes(text)
        status, printed, errors = main("verify", str(path))
        assert (status, printed) == (COULD_NOT_RUN, "")
        assert errors.startswith("could not run: ")
        assert errors.endswith(f"{told}\n")
        assert errors.count("\n") == 1


def test_with_nothing_shipped_there_is_nothing_to_verify(
    monkeypatch: pytest.MonkeyPatch, main: Callable[..., tuple[int, str, str]]
) -> None:
    monkeypatch.setattr(comparisons.cli.verify, "shipped_names", tuple)
    status, _, errors = main("verify")
    assert status == COULD_NOT_RUN
    assert errors.startswith("could not run: there is nothing to verify")


def test_a_problem_means_its_recordings_in_every_dtype(written: SimpleNamespace) -> None:
    from comparisons.traces import locate  # noqa: PLC0415

    assert [path.name for path in locate("adam")] == ["adam-float32", "adam-float64"]
    assert [path.name for path in locate("adam-float32")] == ["adam-float32"]
    assert locate(str(written.out)) == (written.out,)
    assert {path.name for name in problems.names() for path in locate(name)} == set(shipped_names())


@pytest.mark.parametrize("command", ["record", "verify", "diff"])
def test_help_does_not_wait_for_keras(command: str) -> None:
    code = f"""
import sys
from comparisons.cli import cli
cli.main([{command!r}, "--help"], standalone_mode=False)
print("loaded", *({{*sys.modules}} & {{"keras", "tensorflow", "keras_ref", "pandas"}}))
"""
    done = subprocess.run(  # noqa: S603  our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "loaded"
