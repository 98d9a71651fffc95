"""A browser for the report's tests, and the pages that it opens.

Every page is opened offline, and whatever it asks for, says or throws is held against it when
its test ends: one request, one line in the console or one refusal by its policy fails the test.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from notes import NotesTrainer

from comparisons import compare, problems
from comparisons.causes import faults_for, plant
from comparisons.checking import Checked, reference_for
from comparisons.pages import render
from comparisons.problems import Problem
from comparisons.problems.catalogue import define
from comparisons.runs import Block, Kept, Run, ScratchTrainer, Start, scratch_trainer
from comparisons.stories import Candidate, Listener, document_of, runs_of, story
from scratch import Dense
from scratch.losses import BinaryCrossentropy, Loss, MeanSquaredError
from scratch.optimizers import SGD, Adam, Optimizer

Document = dict[str, Any]
View = Callable[..., Any]

#: So that the browser does nothing but show the page.
SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

#: What a name from outside may try.
ATTACK = "</script><img src=x onerror=\"window.attacked=1\"><b style='color:red'>\u2028&lt;"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Debian's Chromium, or the one that CHROMIUM names."""
    playwright = pytest.importorskip(
        "playwright.sync_api",
        reason="the report is not tested in a browser: pip install playwright",
    )
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if path is None:
        pytest.skip("the report is not tested in a browser: there is no chromium, and no $CHROMIUM")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=list(SWITCHES))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return the file of a page: one of DOCUMENTS, rendered when it is first asked for."""
    directory = tmp_path_factory.mktemp("pages")

    @cache
    def write(name: str) -> Path:
        return save(directory / f"{name}.html", DOCUMENTS[name]())

    return write


@pytest.fixture
def view(chromium: Any, written: Callable[[str], Path], tmp_path: Path) -> Iterator[View]:
    """Return what opens a page by name, or a document, and watches it until the test ends."""
    contexts, heard = [], []

    def open_page(
        shown: str | Document, *, width: int = 1280, own_clock: bool = False, **options: Any
    ) -> Any:
        path = written(shown) if isinstance(shown, str) else save(tmp_path / "page.html", shown)
        context = chromium.new_context(
            offline=True, viewport={"width": width, "height": 900}, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(5000)
        page.on("request", lambda request: heard.append(f"request for {request.url}"))
        page.on("console", lambda message: heard.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: heard.append(f"error: {error}"))
        if own_clock:
            page.clock.install()
        page.goto(path.as_uri())
        # The page itself is the one thing that may be asked for.
        heard.remove(f"request for {path.as_uri()}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert heard == []


@pytest.fixture
def player(view: View) -> Callable[..., Any]:
    """Return what opens a page and brings the player of its first run into the window."""

    def open_player(shown: str | Document, **options: Any) -> Any:
        root = view(shown, **options).locator("#run-1-player")
        root.scroll_into_view_if_needed()
        root.locator(".status").wait_for()
        return root

    return open_player


def save(path: Path, document: Document) -> Path:
    path.write_text(render(document), encoding="utf-8")
    return path


# The documents, made once and copied by whoever changes them.


@cache
def regression_report() -> Document:
    """Both runs of the notes' regression: scratch against Keras, which agree."""
    return document_of(story(problems.get("regression")))


@cache
def printed_report() -> Document:
    """The notes' printed code, which shows no gradients and parts from Keras at step 1."""
    problem = problems.get("regression")
    trainer = NotesTrainer.with_defects(problem, (1, 2, 3))
    return document_of(story(problem, trainer=trainer, candidate=Candidate("notes.py")))


def only_free(document: Document) -> Document:
    """Return the first run alone: half the page to draw."""
    return document | {"runs": document["runs"][:1]}


@cache
def faulty(fault: str, name: str = "short_last_batch") -> Document:
    """Scratch with a known mistake: it shows its gradients, and they part."""
    problem = problems.get(name)
    planted = next(known for known in faults_for(problem) if known.name == fault)
    honest = scratch_trainer(problem, reference_for(problem).constants)
    return only_free(document_of(story(problem, trainer=plant(honest, [planted]))))


@cache
def flatten() -> Document:
    """Layers without units, and inputs that are matrices."""
    return document_of(story(problems.get("flatten"), modes=("free",)))


@cache
def wide() -> Document:
    """A layer of 16 units between 12 inputs and 2 outputs."""
    rng = np.random.default_rng(1)
    data = rng.normal(size=(6, 12)).round(3), rng.normal(size=(6, 2)).round(3)
    return told(
        _defined("wide", [Dense(16, "tanh"), Dense(2)], MeanSquaredError(), SGD(0.01), data)
    )


def hostile() -> Document:
    """A run that parts, with an attack as every name and message."""
    document = deepcopy(only_free(printed_report()))
    for run in document["runs"]:
        run.update(
            dict.fromkeys(("problem", "question", "candidate", "reference", "output"), ATTACK)
        )
        run["notes"] = run["binding"] = [ATTACK]
        run["verdict"]["sentence"] = run["left_out"] = ATTACK
    return renamed(document, "dense_1", ATTACK)


def renamed(value: Any, old: str, new: str) -> Any:
    """Return nested values with a name replaced, in keys and texts."""
    if isinstance(value, Mapping):
        return {renamed(k, old, new): renamed(v, old, new) for k, v in value.items()}
    if isinstance(value, list):
        return [renamed(item, old, new) for item in value]
    return value.replace(old, new) if isinstance(value, str) else value


# Combinations that have no recording: scratch is their reference, which takes no Keras.

ACTIVATIONS = ("linear", "sigmoid", "tanh", "relu")
RULES: dict[str, Optimizer] = {
    "sgd": SGD(0.1),
    "momentum": SGD(0.1, momentum=0.9),
    "nesterov": SGD(0.1, momentum=0.9, nesterov=True),
    "adam": Adam(0.02),
}
_X = np.array([[0.5, -1.2], [-0.3, 0.8], [1.1, 0.4], [-0.9, -0.6], [0.2, 1.5]])
_Y = np.array([[0.9, 0.2], [-0.4, 1.0], [1.3, 0.5], [-1.1, 0.3], [0.6, -0.7]])


@cache
def combined(activation: str) -> Document:
    """An activation with every loss and every rule: two layers, two outputs, rows by three."""
    labels = (_Y > 0).astype(float)
    tasks = (
        ("mse", activation, MeanSquaredError(), _Y),
        ("bce", "sigmoid", BinaryCrossentropy(), labels),
    )
    runs = [
        _run(f"{activation} {task} {name}", [Dense(3, activation), Dense(2, last)], loss, rule, y)
        for name, rule in RULES.items()
        for task, last, loss, y in tasks
    ]
    return document_of(runs)


def _run(name: str, layers: Any, loss: Loss, rule: Optimizer, y: Any) -> Document:
    run: Document = told(_defined(name, layers, loss, rule, (_X, y)))["runs"][0]
    del run["id"]  # the document numbers its runs anew
    return run


def _defined(name: str, layers: Any, loss: Loss, rule: Optimizer, data: Any) -> Problem:
    question = "Is the arithmetic shown the arithmetic done?"
    return define(name, question, layers, loss, rule, data, weights=0.8, epochs=1, batch_size=3)


def told(problem: Problem) -> Document:
    """Return the free run of a problem, scratch against scratch."""
    return document_of(story(problem, modes=("free",), reference=Kept(ScratchAsReference(problem))))


@cache
def late() -> Document:
    """Adam that forgets a factor from step 500 of 600 on: few of the steps before it are drawn."""
    layers = [Dense(2, "sigmoid"), Dense(1)]
    problem = define(
        "late",
        "What if it errs late?",
        layers,
        MeanSquaredError(),
        Adam(0.002),
        (problems.get("regression").x, problems.get("regression").y),
        weights=0.5,
        epochs=150,
    )
    reference = Kept(ScratchAsReference(problem))
    honest = scratch_trainer(problem, reference.constants)
    (fault,) = (each for each in faults_for(problem) if each.name == "factor 2 missing")
    right, wrong = (plant(honest, faults) for faults in ([], [fault]))

    class Late:
        sites = None
        init = right.init

        def step(self, state: Any, x: Any, y: Any) -> Any:
            return (wrong if state.iterations >= 499 else right).step(state, x, y)

    listener = Listener(Late())  # type: ignore[arg-type]
    verdicts = compare(problem, candidate=listener, reference=reference, witness=False)
    runs = runs_of(problem, Checked(tuple(verdicts)), listener, reference, Candidate("late.py"))
    return document_of(runs, most_bytes=200_000)


class ScratchAsReference:
    """The steps of scratch, handed out as if a recording had them."""

    def __init__(self, problem: Problem) -> None:
        held = {name: float(np.float32(value)) for name, value in _CAST.items()}
        self.environment = reference_for(problems.get("regression")).environment
        self.constants: Mapping[str, float] = held
        self.problem = problem
        self.trainer: ScratchTrainer = scratch_trainer(problem, held)
        self.sites = tuple(next(self.blocks()).values)

    def check(self, problem: Problem) -> None:
        assert problem is self.problem

    def blocks(self) -> Iterator[Block]:
        problem, run = self.problem, Run(self.trainer, self.problem, "free")
        for batches in problem.batches(1):
            x, y = problem.x[batches.rows], problem.y[batches.rows]
            block = Block(batches.first_step, x, y, {})
            start = Start(problem.weights, None, batches.first_step)
            yield Block(batches.first_step, x, y, run.steps(block, [start]))


#: What Keras rounds to float32, as ``keras_ref.held_constants`` says.
_CAST = {
    "leaky_relu_slope": 0.2,
    "momentum": 0.9,
    "beta_1_in_powers": 0.9,
    "beta_2_in_powers": 0.999,
}

DOCUMENTS: dict[str, Callable[[], Document]] = {
    "regression report": regression_report,
    "printed report": printed_report,
    "regression": lambda: only_free(regression_report()),
    "printed": lambda: only_free(printed_report()),
    "no slope": lambda: faulty("activation derivative missing (dense)"),
    "no factor 2": lambda: faulty("factor 2 missing"),
    "learning rate": lambda: faulty("learning rate off by 1e-12"),
    "flatten": flatten,
    "wide": wide,
    "late": late,
    "hostile": hostile,
    **{name: partial(combined, name) for name in ACTIVATIONS},
}


@pytest.fixture(scope="session")
def documents() -> Callable[[str], Document]:
    """Return a document by name, to be changed at will."""
    return lambda name: deepcopy(DOCUMENTS[name]())
