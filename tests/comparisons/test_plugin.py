"""The pytest plugin, in a pytest of its own: what passes, what fails, and what is told of both."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from comparisons.plugin import SCHEMA

TESTS = """
from comparisons.causes import faults_for, plant
from comparisons.runs import ScratchTrainer, TutorialTrainer


def without_the_factor(problem):
    faults = {fault.name: fault for fault in faults_for(problem)}
    return plant(ScratchTrainer(problem.network), [faults["factor 2 missing"]])


def test_right(parity):
    assert parity.check(TutorialTrainer.of, problem="regression").passed


def test_right_in_both(parity):
    for dtype in ("float32", "float64"):
        parity.check(TutorialTrainer.of, problem="classification", dtype=dtype)


def test_wrong(parity):
    parity.check(without_the_factor, problem="regression")


def test_without():
    pass
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "test_net.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
    return subprocess.run(  # noqa: S603  our own command
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "two workers"])
def test_what_was_found_is_told_at_the_end_in_json_and_in_junit(
    folder: Path, workers: tuple[str, ...]
) -> None:
    options = ("--parity-json", "found.json", "--junit-xml", "junit.xml", *workers)
    done = run(folder, *options)
    assert done.returncode == 1, done.stdout
    assert "3 passed" in done.stdout
    assert "1 failed" in done.stdout
    assert "8 runs in 3 tests" in done.stdout
    assert "differs: test_net.py::test_wrong" in done.stdout

    document = json.loads((folder / "found.json").read_text())
    assert document["schema"] == SCHEMA
    found = {entry["test"].partition("::")[2]: entry["results"] for entry in document["tests"]}
    assert found.keys() == {"test_right", "test_right_in_both", "test_wrong"}
    assert [run["passed"] for run in found["test_right_in_both"]] == [True] * 4
    assert {run["mode"] for run in found["test_wrong"]} == {"free", "locked"}
    assert found["test_wrong"][0]["causes"] == [["factor 2 missing"]]

    junit = ET.fromstring((folder / "junit.xml").read_text())  # noqa: S314  our own file
    properties = {
        case.get("name"): [json.loads(p.get("value", "")) for p in case.iter("property")]
        for case in junit.iter("testcase")
    }
    assert properties["test_wrong"] == found["test_wrong"]
    assert properties["test_without"] == []


def test_a_failure_shows_the_test_and_the_story_and_none_of_our_own_lines(folder: Path) -> None:
    done = run(folder, "-k", "wrong")
    assert "test_net.py:21: ParityError" in done.stdout.replace("comparisons.parity.", "")
    assert "regression, float64, locked run: step 1, backward/dense_1/kernel" in done.stdout
    assert "factor 2 missing: The gradient of the squared error lacks its factor 2." in done.stdout
    assert "parity.py:" not in done.stdout
    assert "plugin.py:" not in done.stdout


def test_where_nothing_is_checked_nothing_is_told(folder: Path) -> None:
    told = run(folder, "-k", "without").stdout
    assert "1 passed" in told
    assert "numbers compared" not in told


def test_all_that_passes_is_told_as_such(folder: Path) -> None:
    assert "no difference found" in run(folder, "-k", "right").stdout


def test_a_file_that_cannot_be_written_is_refused_before_any_test(folder: Path) -> None:
    done = run(folder, "--parity-json", "nowhere/found.json")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "nowhere/found.json cannot be written: there is no directory nowhere" in done.stderr
    assert "passed" not in done.stdout
