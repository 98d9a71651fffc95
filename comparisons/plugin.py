"""The pytest plugin: the fixture ``parity``, a summary, JUnit properties and a JSON file.

What a check found travels as a property of the test's report. pytest-xdist brings these from its
workers, and JUnit files have them too, so there is one path for all.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from comparisons import parity as calls
from comparisons import reports
from comparisons.checking import Checked
from comparisons.parity import ParityError
from comparisons.problems import Problem

#: The name of the property, and the number of the format of the JSON file.
PROPERTY = "parity"
SCHEMA = "keras-parity/pytest/1"


class Parity:
    """What the fixture ``parity`` gives a test."""

    def __init__(self, record_property: Callable[[str, object], None]) -> None:
        self._record_property = record_property

    def check(
        self, candidate: object = None, problem: Problem | str = "regression", **how: Any
    ) -> Checked:
        """Do what ``comparisons.check`` does, and put what was found into pytest's reports."""
        __tracebackhide__ = True
        try:
            checked = calls.check(candidate, problem, **how)
        except ParityError as error:
            self._record(error.checked)
            raise
        self._record(checked)
        return checked

    def _record(self, checked: Checked) -> None:
        causes = [list(explanation.names) for explanation in checked.explanations]
        for verdict in checked.verdicts:
            found = {
                "problem": verdict.problem,
                "dtype": verdict.dtype,
                "mode": verdict.mode,
                "outcome": verdict.outcome.name,
                "passed": verdict.passed,
                "comparisons": verdict.comparisons,
                "sentence": verdict.sentence,
                "causes": causes,
            }
            self._record_property(PROPERTY, json.dumps(found))


@pytest.fixture
def parity(record_property: Callable[[str, object], None]) -> Parity:
    """Compare a network with Keras, number by number: ``parity.check(trainer, problem=…)``."""
    return Parity(record_property)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option ``--parity-json``."""
    group = parser.getgroup("keras-parity")
    group.addoption(
        "--parity-json",
        type=Path,
        metavar="FILE",
        help="Write what every parity check found as JSON.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a file that could not be written in the end, before any test runs."""
    file: Path | None = config.getoption("--parity-json")
    try:
        if file is not None:
            reports.check_writable(file)
    except reports.OutputError as error:
        raise pytest.UsageError(str(error)) from error
    if not hasattr(config, "workerinput"):  # a worker of pytest-xdist only runs the tests
        config.pluginmanager.register(Collected(file), "keras-parity-collected")


class Collected:
    """Collects what the checks of all tests found, to tell it at the end."""

    def __init__(self, file: Path | None) -> None:
        self.file = file
        self.tests: dict[str, list[dict[str, Any]]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the properties of a finished test."""
        if report.when != "teardown":
            return
        found = [json.loads(str(v)) for name, v in report.user_properties if name == PROPERTY]
        if found:
            self.tests[report.nodeid] = found

    def pytest_sessionfinish(self) -> None:
        """Write the JSON file."""
        if self.file is not None:
            tests = [{"test": test, "results": found} for test, found in self.tests.items()]
            reports.write(self.file, reports.as_json({"schema": SCHEMA, "tests": tests}))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Tell in a few lines what was compared, and which tests differ."""
        if self.tests:
            terminalreporter.section("keras-parity")
            for line in self._lines():
                terminalreporter.line(line)

    def _lines(self) -> Iterator[str]:
        runs = [run for found in self.tests.values() for run in found]
        compared = sum(run["comparisons"] for run in runs)
        differ = [test for test, found in self.tests.items() if not _passed(found)]
        yield f"{len(runs)} runs in {len(self.tests)} tests, {compared:,} numbers compared"
        if not differ:
            yield "no difference found"
        for test in differ:
            yield f"differs: {test}"


def _passed(found: list[dict[str, Any]]) -> bool:
    return all(run["passed"] for run in found)
