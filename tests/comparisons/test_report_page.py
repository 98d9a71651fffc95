"""The page: self-contained, strict, escaped everywhere, and told in words."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from notes import FAULTS, NotesTrainer
from standing_in import ScratchInItsPlace

import comparisons.pages
from comparisons import problems
from comparisons.pages import render
from comparisons.pages.embedding import STYLES, as_json, player_files
from comparisons.problems.catalogue import define
from comparisons.runs import ScratchTrainer
from comparisons.stories import Candidate, document_of, story
from scratch import Dense
from scratch.losses import MeanSquaredError
from scratch.optimizers import SGD

PAGES = Path(comparisons.pages.__file__).parent
HOSTILE = '</script><img src=x onerror="alert(1)">\u2028{{ 7 * 7 }}\'--><svg/onload=alert(2)>'
VOID = {"meta", "link", "img", "br", "input", "hr"}


class Parsed(HTMLParser):
    """A page as a browser sees it: elements with attributes, and the text of each kind."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts.setdefault(self._open[-1], []).append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        shown = (texts for tag, texts in self.texts.items() if tag not in {"script", "style"})
        return " ".join(" ".join(" ".join(each).split()) for each in shown)


@pytest.fixture(scope="module")
def passed() -> str:
    return render(document_of(story(problems.get("regression"))))


@pytest.fixture(scope="module")
def parted() -> str:
    problem = problems.get("regression")
    trainer = NotesTrainer.with_defects(problem, (1, 2, 3))
    return render(document_of(story(problem, trainer=trainer, candidate=Candidate("notes.py"))))


@pytest.fixture(scope="module")
def hostile() -> str:
    """A page on which every name that comes from outside means harm."""
    problem = define(
        "hostile",
        "?",
        [Dense(2, name="a"), Dense(1, name="b")],
        MeanSquaredError(),
        SGD(0.001),
        (problems.get("regression").x, problems.get("regression").y),
        weights=list(problems.get("regression").weights.values()),
        epochs=1,
    )
    honest = ScratchTrainer(problem.network)

    class Wrong:
        sites = None
        init = honest.init
        binding = (HOSTILE,)
        notes = (HOSTILE,)

        def step(self, state: Any, x: Any, y: Any) -> Any:
            state, record = honest.step(state, x, y)
            return state, record | {"loss/value": record["loss/value"] + 1}

    runs = story(
        problem,
        trainer=Wrong(),  # type: ignore[arg-type]
        candidate=Candidate(HOSTILE),
        reference=ScratchInItsPlace(problem),
    )
    text = json.dumps(runs)
    name = json.dumps(HOSTILE)[1:-1]
    for ours, theirs in (("hostile", name), ("/a/", f"/{name}/"), ('"a/', f'"{name}/')):
        text = text.replace(ours, theirs)
    runs = json.loads(text)
    for run in runs:
        run |= {"question": HOSTILE, "output": HOSTILE, "test": HOSTILE, "left_out": HOSTILE}
        run["layers"][0] |= {"name": HOSTILE, "activation": HOSTILE}
        run["causes"] = [[dict.fromkeys(("name", "wrong", "mend"), HOSTILE)]]
        run["separated_by"] = HOSTILE
        run["verdict"]["sentence"] = HOSTILE
        run["verdict"]["first"]["reason"] = HOSTILE
        run["environment"]["machine"] = run["source"] = HOSTILE
    return render(document_of(runs))


@pytest.fixture(params=["passed", "parted", "hostile"])
def page(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(request.param))


def embedded(page: str) -> list[dict[str, Any]]:
    (text,) = re.findall(r'id="story">(.*?)</script>', page, re.DOTALL)
    runs: list[dict[str, Any]] = json.loads(text)["runs"]
    return runs


def digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_the_policy_allows_the_one_style_and_the_one_script_and_nothing_else(page: str) -> None:
    parsed = Parsed(page)
    (policy,) = [m["content"] for m in parsed.all("meta") if m.get("http-equiv")]
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert policy == (
        f"default-src 'none'; style-src '{digest(style)}'; script-src '{digest(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    for name in STYLES:
        assert (PAGES / name).read_text() in style
    for file in (PAGES / "base.js", *player_files()):
        assert file.read_text() in script


def test_the_parts_of_the_player_are_small_and_say_what_they_are_about() -> None:
    files = player_files()
    numbers = [int(file.name[:2]) for file in files]
    assert numbers == list(range(1, len(files) + 1))
    assert sorted(files) == sorted((PAGES / "player").iterdir())
    for file in files:
        text = file.read_text()
        lines = text.splitlines()
        assert re.match(r"/\*\n \* [A-Z]", text), file.name
        assert len(lines) <= 300, file.name
        assert max(map(len, lines)) <= 100, file.name


def test_a_part_of_the_player_uses_only_those_before_it() -> None:
    parts = {file.name: without_comments(file.read_text()) for file in player_files()}
    declared = {
        name: re.findall(r"^(?:const|let|class|function) (\w+)", text, re.MULTILINE)
        for name, text in parts.items()
    }
    every = [name for names in declared.values() for name in names]
    assert len(every) == len(set(every)) > 100
    for part, text in parts.items():
        for later in (name for other in declared if other > part for name in declared[other]):
            # A word of our own, not a property; a function only where it is called.
            used = rf"(?<![.\w]){later}\b" + ("" if later[0].isupper() else r"\(")
            assert not re.search(used, text), f"{part} uses {later}"


def without_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/|^\s*//.*?$", "", text, flags=re.DOTALL | re.MULTILINE)


def test_every_part_of_the_player_is_a_script_by_itself() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("the scripts are not parsed: there is no node")
    whole = "\n".join(file.read_text() for file in player_files())
    for name, text in [*((f.name, f.read_text()) for f in player_files()), ("all", whole)]:
        checked = subprocess.run(  # noqa: S603  our own files
            [node, "--check", "-"],
            input=text,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert checked.returncode == 0, f"{name}: {checked.stderr}"


def test_nothing_is_fetched_and_no_attribute_runs_or_styles(page: str) -> None:
    for tag, attributes in Parsed(page).elements:
        assert tag not in {"img", "iframe", "object", "embed", "base", "form", "foreignobject"}
        for name, value in attributes.items():
            assert name != "style"
            assert not name.startswith("on")
            if name in {"href", "src", "xlink:href", "action"}:
                assert value is not None
                assert value.startswith("#") or value == "data:,"


def test_what_is_hostile_is_only_ever_text(hostile: str) -> None:
    parsed = Parsed(hostile)
    assert [tag for tag, _ in parsed.elements].count("script") == 2
    assert " ".join(HOSTILE.split()) in parsed.text
    embedded = re.findall(r'id="story">(.*?)</script>', hostile, re.DOTALL)[0]
    assert not set("<>&\u2028\u2029") & set(embedded)
    story = json.loads(embedded)
    assert story["runs"][0]["problem"] == HOSTILE
    assert story["runs"][0]["candidate"] == HOSTILE


def test_json_comes_back_as_it_was_and_ends_no_element() -> None:
    document = {"a": HOSTILE, "b": "\u2029\ud800&amp;", "c": [1.5, "nan", None]}
    text = as_json(document)
    assert not set("<>&\u2028\u2029\ud800") & set(text)
    assert json.loads(text) == document


def test_a_name_that_is_no_text_does_not_stop_the_page() -> None:
    run = story(problems.get("regression"), modes=("locked",))[0] | {"candidate": "\udcff.py"}
    assert "?.py" in render(document_of([run])).encode().decode()


def test_the_structure_is_one_that_can_be_read_aloud(page: str) -> None:
    parsed = Parsed(page)
    tags = [tag for tag, _ in parsed.elements]
    assert [tags.count(tag) for tag in ("h1", "main", "footer")] == [1, 1, 1]
    assert parsed.all("html") == [{"lang": "en"}]
    assert parsed.all("a")[0] == {"class": "skip", "href": "#verdict"}
    levels = [int(tag[1]) for tag in tags if re.fullmatch("h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert tags.count("caption") == tags.count("table") > 0
    assert all(th.get("scope") in {"col", "row"} for th in parsed.all("th"))
    ids = [a["id"] for _, a in parsed.elements if "id" in a]
    assert len(ids) == len(set(ids))
    for _, attributes in parsed.elements:
        for name in ("aria-labelledby", "aria-describedby"):
            assert set((attributes.get(name) or "").split()) <= set(ids)
        target = attributes.get("href") or ""
        assert not target.startswith("#") or target[1:] in ids


def test_the_first_screen_of_a_difference_tells_where_how_far_and_why(parted: str) -> None:
    first, _, _ = parted.partition('<section class="run"')
    parsed = Parsed(
        first.replace("<main>", "").replace("<body>", "").replace('<html lang="en">', "")
    )
    assert parsed.texts["h1"] == [
        "notes.py parts from Keras 3.15.1 at step\u00a01, update/dense/kernel"
    ]
    said = parsed.text
    for words in (
        "2 of 2 runs differ",
        "4 of 4 values of update/dense/kernel",
        "0.10658137088",
        "0.10588800000000001",
        "The smallest relative tolerance that would have passed: 0.00655",
        "To mend it:",
        "a recording of Keras 3.15.1, tensorflow 2.21.0, cpu",
        *FAULTS.values(),
    ):
        assert words in said, words


def test_the_first_screen_of_a_pass_tells_what_it_is_worth(passed: str) -> None:
    said = Parsed(passed).text
    assert "No difference found" in said
    assert "880 comparisons" in said
    reaches = [run["verdict"]["sensitivity"] for run in embedded(passed)]
    caught = {name for reach in reaches for name in reach["caught"]}
    known = caught | {name for reach in reaches for name in reach["blind"]}
    assert f"would have caught {len(caught)} of {len(known)} known mistakes" in said
    assert "regression, float64, locked run" in said


def test_differences_come_first_and_passes_are_folded() -> None:
    problem = problems.get("regression")
    wrong = NotesTrainer.with_defects(problem, (1,))
    passes = story(problem)
    page = render(document_of([*passes, *story(problem, trainer=wrong)]))
    order = re.findall(r'<section class="run" id="(run-\d)"', page)
    assert order == ["run-3", "run-4", "run-1", "run-2"]
    opened = re.findall(r'<details class="whole"( open)?>', page)
    assert opened == [" open", " open", "", ""]


def test_a_cause_is_told_once_and_another_one_too() -> None:
    regression, classification = (problems.get(name) for name in problems.CLASSIC)
    runs = [
        *story(regression, trainer=NotesTrainer.with_defects(regression, (1,))),
        *story(classification, trainer=NotesTrainer.with_defects(classification, (2,))),
    ]
    page = render(document_of(runs))
    first, *sections = page.partition("<footer>")[0].split('<section class="run"')
    mistakes = [sum(len(cause) for cause in run["causes"]) for run in runs]
    assert all(mistakes)
    assert first.count("To mend it:") == mistakes[0]
    # Of one of its two runs the top tells all, of the other the cause.
    told = [section.count("To mend it:") for section in sections]
    assert told == [0, 0, *mistakes[2:]]
    assert [section.count("at the top</a>") for section in sections] == [1, 1, 0, 0]


def test_without_a_run_nothing_is_claimed() -> None:
    page = render(document_of([]))
    assert "Nothing was compared" in page
    assert "passed" not in re.findall(r'<section id="verdict" class="([^"]*)"', page)[0]


def test_the_player_has_its_place_and_a_picture_without_script(passed: str) -> None:
    for run in ("run-1", "run-2"):
        start = passed.index(f'<section class="player" id="{run}-player" data-run="{run}"')
        place = passed[start : passed.index("</section>", start)]
        assert '<div class="without-script">' in place
        assert "<svg" in place
    assert 'id="run-1-chart-loss"' in passed
    assert 'id="run-1-chart-network"' not in passed


def test_the_classic_problems_take_less_than_two_megabytes() -> None:
    runs = [
        run
        for name, dtype in product(problems.CLASSIC, ("float32", "float64"))
        for run in story(problems.get(name).astype(dtype))
    ]
    size = len(render(document_of(runs)).encode())
    assert size <= 2_000_000


def test_of_many_runs_the_curves_of_the_first_are_drawn_and_the_rest_says_so() -> None:
    runs = story(problems.get("adam").astype("float32"))
    page = render(document_of(runs * 12))
    assert len(page.encode()) <= 2_500_000
    drawn = [f'id="run-{number}-chart-loss"' in page for number in range(1, 25)]
    count = sum(drawn)
    assert drawn == [True] * count + [False] * (24 - count)
    assert 0 < count < 24
    assert page.count("The curves of this run are left out") == 24 - count
    assert (
        page.count('<div class="without-script">') == page.count('class="plot plot-network"') == 24
    )


def variables(css: str) -> Iterator[dict[str, str]]:
    """Yield the colours of each block that defines them: light, dark by the system, dark."""
    for block in re.findall(r"\{([^{}]*--paper:[^{}]*)\}", css):
        yield dict(re.findall(r"--([a-z]+): (#[0-9a-f]{3,6});", block))


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(c * 2 for c in colour[1:])
    channels = np.array([int(digits[i : i + 2], 16) for i in (0, 2, 4)]) / 255
    linear = np.where(channels <= 0.03928, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def test_every_text_colour_has_contrast_in_both_themes_and_on_paper() -> None:
    css = (PAGES / "base.css").read_text()
    themes = list(variables(css))
    assert len(themes) == 4
    assert themes[1] == themes[2]
    for theme in themes:
        grounds = [luminance(theme[ground]) for ground in ("paper", "panel")]
        for name in set(theme) - {"paper", "panel", "line"}:
            for ground in grounds:
                high, low = sorted((luminance(theme[name]), ground), reverse=True)
                assert (high + 0.05) / (low + 0.05) >= 4.5, name


TESTS = """
import pytest

from comparisons import problems
from comparisons.causes import faults_for, plant
from comparisons.runs import ScratchTrainer, TutorialTrainer


def without_the_factor(problem):
    faults = {fault.name: fault for fault in faults_for(problem)}
    return plant(ScratchTrainer(problem.network), [faults["factor 2 missing"]])


@pytest.mark.parametrize("name", ["regression", "classification"])
def test_right(parity, name):
    parity.check(TutorialTrainer.of, problem=name)


def test_wrong(parity):
    parity.check(without_the_factor, problems.get("regression"))


def test_twice(parity):
    for dtype in ("float32", "float64"):
        parity.check(TutorialTrainer.of, dtype=dtype)
"""


def pytest_run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_net.py").write_text(TESTS)
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
    return subprocess.run(  # noqa: S603  our own command
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "two workers"])
def test_the_checks_of_all_tests_make_one_page(tmp_path: Path, workers: tuple[str, ...]) -> None:
    done = pytest_run(tmp_path, "--parity-report", "page.html", *workers)
    assert "1 failed, 3 passed" in done.stdout, done.stdout + done.stderr
    assert "ParityError" in done.stdout
    assert "plugin.py:" not in done.stdout
    page = (tmp_path / "page.html").read_text()
    runs = embedded(page)
    tests = ["right[classification]", "right[regression]", "twice", "twice", "wrong"]
    assert [run["test"] for run in runs] == [
        f"test_net.py::test_{test}" for test in tests for _ in ("free", "locked")
    ]
    assert [run["verdict"]["passed"] for run in runs] == [True] * 8 + [False] * 2
    assert runs[-1]["candidate"] == "without_the_factor"
    assert runs[0]["candidate"] == "TutorialTrainer.of"
    assert all(run["steps"] for run in runs)
    assert [fault["name"] for cause in runs[-1]["causes"] for fault in cause] == [
        "factor 2 missing"
    ]
    assert "without_the_factor parts from Keras 3.15.1" in page
    assert not list(Path(tempfile.gettempdir()).glob("keras-parity-*/*.story.json"))


def test_a_page_that_cannot_be_written_is_refused_before_any_test(tmp_path: Path) -> None:
    for options, words in (
        (("--parity-report", "nowhere/page.html"), "there is no directory nowhere"),
        (("--parity-report", "same", "--parity-json", "same"), "need a file each"),
    ):
        done = pytest_run(tmp_path, *options)
        assert done.returncode == pytest.ExitCode.USAGE_ERROR
        assert words in done.stderr
        assert "passed" not in done.stdout


def test_what_is_printed_is_never_dark() -> None:
    css = (PAGES / "base.css").read_text()
    light, *dark, printed = variables(css)
    for media in ("screen and (prefers-color-scheme: dark)", "screen"):
        (block,) = re.findall(rf"@media {re.escape(media)} \{{\s*:root[^{{]*\{{([^}}]*)\}}", css)
        assert f"--paper: {dark.pop(0)['paper']}" in block
    assert printed["paper"] == "#fff"
    assert printed["ink"] == "#000"
    assert {name: printed[name] for name in ("exact", "diverged")} == {
        name: light[name] for name in ("exact", "diverged")
    }
