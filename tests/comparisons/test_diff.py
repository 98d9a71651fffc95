"""``keras-parity diff``: two recordings of one problem, without Keras."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from rewriting import changed

import comparisons.cli
from comparisons.cli import COULD_NOT_RUN, DIFFERS, NO_DIFFERENCE, USAGE
from comparisons.traces import Recording, record, shipped


@pytest.fixture
def main(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Return a function that runs ``main`` here: exit status, what it printed, and its errors."""

    def leave(*arguments: Any) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["keras-parity", "diff", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            comparisons.cli.main()
        assert isinstance(left.value.code, int)
        return (left.value.code, *capsys.readouterr())

    return leave


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(comparisons.cli.cli, ("diff", *arguments))


def sites(printed: str) -> dict[str, list[str]]:
    """Return the rows of the table."""
    rows = [line.split() for line in printed.splitlines() if line.startswith("  ")]
    return {row[0]: row[1:] for row in rows if "/" in row[0]}


def test_a_recording_and_its_copy_are_exact(
    main: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    path = tmp_path / "copy"
    shutil.copytree(shipped("adam", "float32").path, path)
    status, printed, errors = main("adam-float32", path)
    assert (status, errors) == (NO_DIFFERENCE, "")
    lines = printed.splitlines()
    assert lines[0] == "adam, 40 steps"
    assert lines[-1] == "EXACT: the same bits in 2,400 numbers"
    rows = sites(printed)
    assert tuple(rows) == shipped("adam", "float32").sites
    assert all(row == ["EXACT", "0", "-", "-"] for row in rows.values())


def test_two_dtypes_are_widened_and_judged_by_the_coarser(
    main: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    file = tmp_path / "diff.json"
    status, printed, errors = main(
        "classification-float32", "classification-float64", "--json", file
    )
    assert (status, errors) == (NO_DIFFERENCE, "")
    assert "compared after widening to float64, with the rounding budget of float32" in printed
    assert "dtype: A float32, B float64" in printed.splitlines()
    last = " ".join(printed.split("CLOSE: ")[-1].split())
    assert last.startswith("4,400 of 4,400 numbers moved by rounding only, at most ")
    assert max(map(len, printed.splitlines())) <= 80
    assert "\x1b" not in printed
    found = json.loads(file.read_text())
    assert found["schema"] == "keras-parity/diff/1"
    assert (found["outcome"], found["dtype"], found["twins"]) == ("CLOSE", "float32", 8)
    assert found["environments_differ"] == {"dtype": ["float32", "float64"]}
    assert (found["numbers"], found["moved"], found["missing"]) == (4400, 4400, [])
    assert (found["a"]["complete"], found["b"]["steps"]) == (True, 200)
    assert found["beyond"] is None
    assert found["first"]["step"] == 1
    assert tuple(found["sites"]) == shipped("classification", "float32").sites
    assert sum(site["numbers"] for site in found["sites"].values()) == 4400
    assert all(site["worst"]["step"] > 0 for site in found["sites"].values())


def test_a_number_that_moved_much_is_named_with_both_values(
    main: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    before = shipped("classification", "float64")
    where = (120, "backward/dense/kernel", (0, 1))
    changed(before, tmp_path / "after", *where, lambda _: 0.5)
    file = tmp_path / "diff.json"
    status, printed, _ = main("classification-float64", tmp_path / "after", "--json", file)
    assert status == DIFFERS
    told = " ".join(printed.split())
    assert (
        "DIVERGED: moved beyond rounding, first at step 120, backward/dense/kernel[0,1]: A " in told
    )
    assert ", B 0.5, " in told
    rows = sites(printed)
    assert rows["backward/dense/kernel"][:2] == ["DIVERGED", "1"]
    assert rows["backward/dense/kernel"][-1] == "120"
    assert {row[0] for site, row in rows.items() if site != "backward/dense/kernel"} == {"EXACT"}
    found = json.loads(file.read_text())
    assert found["beyond"]["step"] == 120
    assert found["beyond"]["rows"][0]["candidate"] == 0.5


def test_what_is_not_finite_is_a_string_in_json(
    main: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    before = shipped("regression", "float64")
    changed(before, tmp_path / "after", 2, "loss/value", (), lambda _: np.nan)
    file = tmp_path / "diff.json"
    status, printed, _ = main(before.path, tmp_path / "after", "--json", file)
    assert status == DIFFERS
    assert "loss/value: A " in " ".join(printed.split())
    text = file.read_text()
    assert json.loads(text)["first"]["after"] == "nan"
    assert "NaN" not in text
    assert "Infinity" not in text


def test_an_incomplete_recording_is_compared_as_far_as_it_goes(
    main: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    before = shipped("shuffled", "float64")
    path = tmp_path / "part"
    record(before.problem, path, reference=before, chunk_bytes=1)
    lines = (path / "index.jsonl").read_bytes().splitlines(keepends=True)
    (path / "index.jsonl").write_bytes(b"".join(lines[:3]))
    steps = Recording(path).steps
    assert 0 < steps < 32
    status, printed, _ = main(path, "shuffled-float64")
    assert status == NO_DIFFERENCE
    assert f"A is incomplete: it has {steps} of 32 steps" in printed.splitlines()
    assert printed.splitlines()[0] == f"shuffled, {steps} steps"
    (path / "index.jsonl").write_bytes(lines[0])
    status, printed, _ = main(path, "shuffled-float64")
    assert status == DIFFERS
    assert printed.splitlines()[-1] == (
        "INCOMPARABLE: cannot be compared: there is no step that both have"
    )


def test_what_computed_them_is_told_where_it_differs(
    main: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    class Elsewhere:
        def __init__(self, recording: Recording) -> None:
            self.constants, self.sites = recording.constants, recording.sites
            self.environment = {**recording.environment, "keras": "3.0.0", "onednn": "0"}
            self.blocks = recording.blocks

    before = shipped("regression", "float64")
    record(before.problem, tmp_path / "b", reference=Elsewhere(before))
    status, printed, _ = main(before.path, tmp_path / "b")
    assert status == NO_DIFFERENCE
    lines = printed.splitlines()
    keras = before.environment["keras"]
    assert f"keras: A {keras}, B 3.0.0" in lines
    assert f"onednn: A {before.environment['onednn']}, B 0" in lines
    assert not any(line.startswith(("python:", "machine:")) for line in lines)


def test_recordings_of_two_problems_are_refused_by_what_differs(
    main: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    file = tmp_path / "diff.json"
    status, printed, errors = main("momentum-float64", "nesterov-float64", "--json", file)
    assert (status, printed) == (COULD_NOT_RUN, "")
    assert errors == (
        "could not run: these are of two problems, momentum and nesterov: they differ in "
        "optimizer; compare recordings of one problem\n"
    )
    assert not file.exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["adam-float64"], "Missing argument 'B'"),
        (["adam-float64", "adam"], "'adam' has several recordings: name adam-float32 or adam-"),
        (["nonsense", "adam-float32"], "'nonsense' is neither a directory nor a recording"),
        (["adam-float32", "adam-float64", "--json", "."], "is a directory; name a file"),
    ],
)
def test_a_wrong_diff_is_status_2(arguments: list[str], sentence: str) -> None:
    result = invoke(*arguments)
    assert result.exit_code == USAGE
    assert sentence in " ".join(result.output.split())


def test_a_damaged_recording_is_status_3_and_no_verdict(
    main: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    path = tmp_path / "damaged"
    shutil.copytree(shipped("regression", "float64").path, path)
    chunk = path / "steps-00000000.safetensors"
    data = bytearray(chunk.read_bytes())
    data[-1] ^= 1
    chunk.write_bytes(data)
    status, printed, errors = main("regression-float64", path)
    assert (status, printed) == (COULD_NOT_RUN, "")
    assert errors == (
        f"could not run: {chunk} is damaged: it is not what its index says was written; "
        "record again\n"
    )


def test_diff_needs_no_keras() -> None:
    code = """
import sys
sys.argv = ["keras-parity", "diff", "regression-float32", "regression-float64"]
from comparisons.cli import main
try:
    main()
finally:
    print("loaded", *({*sys.modules} & {"keras", "tensorflow", "keras_ref", "pandas"}))
"""
    done = subprocess.run(  # noqa: S603  our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "loaded"
