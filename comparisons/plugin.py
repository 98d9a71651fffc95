"""The pytest plugin: the fixture ``parity``, a summary, JUnit properties, a JSON file and a page.

What a check found travels as a property of the test's report. pytest-xdist brings these from its
workers, and JUnit files have them too, so there is one path for all. What a page shows is too
much for that: each test leaves it in a directory that the workers are told of.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Unpack

import pytest

from comparisons import reports
from comparisons.checking import Checked, examine, reference_for
from comparisons.parity import How, ParityError, understand
from comparisons.problems import Problem
from comparisons.runs import Kept, Reference
from comparisons.stories import (
    Candidate,
    document_of,
    examined,
    read_fragments,
    write_fragment,
)

#: The name of the property, and the number of the format of the JSON file.
PROPERTY = "parity"
SCHEMA = "keras-parity/pytest/1"
#: Where tests leave what a page is made of, if one is wanted; and what workers know it by.
STORIES = pytest.StashKey[Path]()
STORIES_OF_WORKER = "parity_stories"


class Parity:
    """What the fixture ``parity`` gives a test."""

    def __init__(
        self,
        record_property: Callable[[str, object], None],
        test: str = "",
        stories: Path | None = None,
    ) -> None:
        self._record_property = record_property
        self._test = test
        self._stories = stories

    def check(
        self,
        candidate: object = None,
        problem: Problem | str = "regression",
        *,
        reference: Reference | None = None,
        **how: Unpack[How],
    ) -> Checked:
        """Do what ``comparisons.check`` does, and put what was found into pytest's reports."""
        __tracebackhide__ = True
        name = _name(candidate)
        problem, trainer = understand(candidate, problem, **how)
        if self._stories is None:
            checked = examine(problem, trainer, reference)
        else:
            # A page needs the steps once more: Keras that is trained here and now is kept.
            reference = Kept(reference_for(problem) if reference is None else reference)
            checked, runs = examined(problem, trainer, reference, Candidate(name))
            write_fragment(self._stories, self._test, runs)
        self._record(checked)
        if not checked.passed:
            raise ParityError(checked)
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


def _name(candidate: object) -> str:
    """Return what to call a candidate: its name in the code, or its type's."""
    name: str = getattr(candidate, "__qualname__", type(candidate).__name__)
    return "functions" if candidate is None else name.rpartition("<locals>.")[2]


@pytest.fixture
def parity(
    record_property: Callable[[str, object], None], request: pytest.FixtureRequest
) -> Parity:
    """Compare a network with Keras, number by number: ``parity.check(trainer, problem=…)``."""
    stories = request.config.stash.get(STORIES, None)
    return Parity(record_property, request.node.nodeid, stories)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options ``--parity-json`` and ``--parity-report``."""
    group = parser.getgroup("keras-parity")
    group.addoption(
        "--parity-json",
        type=Path,
        metavar="FILE",
        help="Write what every parity check found as JSON.",
    )
    group.addoption(
        "--parity-report",
        type=Path,
        metavar="FILE",
        help="Write an HTML page that shows every number of every parity check.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse files that could not be written in the end, before any test runs."""
    file: Path | None = config.getoption("--parity-json")
    page: Path | None = config.getoption("--parity-report")
    try:
        for wanted in (file, page):
            if wanted is not None:
                reports.check_writable(wanted)
    except reports.OutputError as error:
        raise pytest.UsageError(str(error)) from error
    if file is not None and page is not None and file.resolve() == page.resolve():
        raise pytest.UsageError("--parity-json and --parity-report need a file each")
    if hasattr(config, "workerinput"):  # a worker of pytest-xdist only runs the tests
        if page is not None:
            config.stash[STORIES] = Path(config.workerinput[STORIES_OF_WORKER])
        return
    config.pluginmanager.register(Collected(file), "keras-parity-collected")
    if page is not None:
        paged = Paged(page)
        config.stash[STORIES] = paged.stories
        config.pluginmanager.register(paged, "keras-parity-paged")


class Paged:
    """Makes a page of what all tests have left in a directory."""

    def __init__(self, page: Path) -> None:
        self.page = page
        self._directory = TemporaryDirectory(prefix="keras-parity-")
        self.stories = Path(self._directory.name)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of pytest-xdist where to leave its part."""
        node.workerinput[STORIES_OF_WORKER] = str(self.stories)

    def pytest_sessionfinish(self) -> None:
        """Write the page."""
        from comparisons.pages import render  # noqa: PLC0415  only a page needs what draws it

        reports.write(self.page, render(document_of(read_fragments(self.stories))))

    def pytest_unconfigure(self) -> None:
        """Remove the directory."""
        self._directory.cleanup()


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
