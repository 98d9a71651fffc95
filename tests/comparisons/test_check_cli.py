"""``keras-parity check``: files as learners hand them in, each answered with its own cause."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from comparisons import check, problems, replay
from comparisons.candidates import BindingError
from comparisons.checking import ground_for
from comparisons.cli import COULD_NOT_RUN, DIFFERS, NO_DIFFERENCE, USAGE, cli
from comparisons.parity import ParityError
from comparisons.submissions import check_file

TESTS = Path(__file__).parents[1]
COURSE = TESTS / "support" / "course"
SUBMISSIONS = TESTS / "support" / "submissions"
EXAMPLES = TESTS.parent / "docs" / "examples"

#: Each file, the problem that it was written for, and what is wrong with it.
CAUSES: dict[str, tuple[str, tuple[str, ...]]] = {
    "asha": ("regression", ()),
    "ben": (
        "regression_asymmetric",
        (
            "bias started from the new kernel[1, 0] (dense_1)",
            "weights read after their own update (dense_1)",
        ),
    ),
    "chloe": ("classification", ("activation derivative missing (dense)",)),
    "diego": ("regression_asymmetric", ("factor 2 missing",)),
    "emma": ("classification_asymmetric", ("kernel gradient transposed (dense)",)),
    "farid": ("short_last_batch", ("gradient not divided by the batch",)),
    "grace": (
        "adam",
        ("Adam's epsilon beside the corrected root", "constants not rounded to float32"),
    ),
}


def run(*arguments: str | Path) -> Result:
    """Run the command as a shell would, and return its exit status as one."""
    result = CliRunner().invoke(cli, ["check", *map(str, arguments)], standalone_mode=False)
    if result.exception is None:
        result.exit_code = result.return_value
    return result


@pytest.mark.parametrize("name", CAUSES)
def test_a_file_is_answered_with_its_cause(name: str) -> None:
    problem, causes = CAUSES[name]
    checked = check_file(COURSE / f"{name}.py", ground_for(problems.get(problem))).checked
    assert checked.passed == (not causes)
    found = {explanation.names for explanation in checked.explanations}
    if causes:
        assert any(set(names) == set(causes) for names in found), found
    else:
        assert not found


def test_every_file_of_the_course_is_among_them() -> None:
    assert {file.stem for file in COURSE.glob("*.py")} == CAUSES.keys()


def test_two_causes_that_the_classic_problem_cannot_tell_apart_are_both_named() -> None:
    checked = check_file(COURSE / "ben.py", ground_for(problems.get("regression"))).checked
    assert len(checked.explanations) == 2
    assert checked.separated_by == "regression_asymmetric"


def test_keras_is_not_imported() -> None:
    code = (
        "import sys; from pathlib import Path; from comparisons import problems; "
        "from comparisons.checking import ground_for; "
        "from comparisons.submissions import check_file; "
        f"check_file(Path({str(COURSE / 'diego.py')!r}), ground_for(problems.get('regression'))); "
        "print([m for m in ('keras', 'tensorflow', 'pandas', 'jinja2') if m in sys.modules])"
    )
    done = subprocess.run(  # noqa: S603  our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_a_pass_says_what_it_is_worth_and_what_was_taken_for_what() -> None:
    result = run(COURSE / "asha.py")
    assert result.exit_code == NO_DIFFERENCE
    assert "would have caught 31 of 39 known mistakes" in result.stdout
    assert "    update: update_parameters(parameters, y, y_hat, A1, X)" in result.stdout
    assert "compared with a recording of Keras 3.15.1" in result.stdout
    assert "the file printed 5 lines" in result.stdout
    assert "not shown" in result.stdout
    assert "nan" not in result.stdout.split("final parameter")[0]
    assert all(len(line) <= 80 for line in result.stdout.splitlines())


def test_a_failure_names_place_numbers_cause_reference_and_replay() -> None:
    file = COURSE / "diego.py"
    result = run(file, "--problem", "regression_asymmetric")
    assert result.exit_code == DIFFERS
    text = " ".join(result.stdout.split())
    for part in (
        "step 1, update/dense/kernel: DIVERGED",
        "values beyond its rounding budget",
        "smallest rtol that would pass:",
        "factor 2 missing: The gradient of the squared error lacks its factor 2.",
        "reference: a recording of Keras 3.15.1",
        f"replay that step: keras-parity check {file} --problem regression_asymmetric",
        "--dtype float64 --step 1",
    ):
        assert part in text
    assert all(len(line) <= 80 for line in result.stdout.splitlines())
    assert "\x1b" not in result.stdout


def test_the_replay_shows_every_number_of_the_step() -> None:
    result = run(COURSE / "diego.py", "--problem", "regression_asymmetric", "--step", "3")
    assert result.exit_code == DIFFERS
    assert result.stdout.startswith("regression_asymmetric, float64, step 3, locked; rows 2\n")
    assert "forward/dense/output: " in result.stdout
    assert all(len(line) <= 80 for line in result.stdout.splitlines())
    marked = [line for line in result.stdout.splitlines() if line.endswith(" <")]
    assert len(marked) == 9  # every parameter of 2-2-1
    right = run(COURSE / "asha.py", "--step", "20")
    assert right.exit_code == NO_DIFFERENCE
    assert " <\n" not in right.stdout


def test_a_replay_from_python_shows_the_same_step() -> None:
    from scratch import tutorial  # noqa: PLC0415

    text = replay(tutorial, "regression", step=2)
    assert text.startswith("regression, float64, step 2, locked; rows 1\n")
    assert "update/dense/kernel: " in text
    with pytest.raises(problems.ProblemError, match="has the steps 1 to 20, received 21"):
        replay(tutorial, "regression", step=21)


def test_what_cannot_be_restarted_runs_freely_and_is_explained_too() -> None:
    file = TESTS / "support" / "learners" / "momentum_class.py"
    found = check_file(file, ground_for(problems.get("momentum")))
    assert found.free_only
    (verdict,) = found.checked.verdicts
    assert verdict.mode == "free"
    (only,) = found.checked.explanations
    assert only.names == ("constants not rounded to float32",)
    assert check_file(file, ground_for(problems.get("momentum").astype("float32"))).checked.passed


def test_free_runs_are_not_explained_by_what_does_not_fit(tmp_path: Path) -> None:
    text = (TESTS / "support" / "learners" / "momentum_class.py").read_text("utf-8")
    file = tmp_path / "odd.py"
    file.write_text(text.replace("- self.lr * (a.T @ d)", "- self.lr * 1.07 * (a.T @ d)"))
    checked = check_file(file, ground_for(problems.get("momentum"))).checked
    assert not checked.passed
    assert checked.explanations == ()
    assert "no known mistake" in run(file, "--problem", "momentum").stdout


@pytest.mark.parametrize(
    ("change", "causes"),
    [
        # Kernels climb and biases descend: that is no mistake of the catalogue.
        (("self.vW[i] - self.lr * (a.T @ d)", "self.vW[i] + self.lr * (a.T @ d)"), set()),
        # Without gradients a step in the wrong direction looks the same either way.
        (("2 * (out - y) / y.size", "2 * (y - out) / y.size"), {"sign flipped", "step added"}),
        (("(1 - a1**2)", "1"), {"activation derivative missing (dense)"}),
    ],
)
def test_a_second_mistake_beside_the_constants_is_found_freely(
    tmp_path: Path, change: tuple[str, str], causes: set[str]
) -> None:
    text = (TESTS / "support" / "learners" / "momentum_class.py").read_text("utf-8")
    assert text.count(change[0]) == 1
    file = tmp_path / "net.py"
    file.write_text(text.replace(*change))
    checked = check_file(file, ground_for(problems.get("momentum"))).checked
    assert not checked.passed
    names = {name for explanation in checked.explanations for name in explanation.names}
    assert names == (causes | {"constants not rounded to float32"} if causes else causes)


def test_json_has_all_that_was_found(tmp_path: Path) -> None:
    out = tmp_path / "found.json"
    chosen = ("--problem", "regression", "--problem", "classification_asymmetric")
    result = run(COURSE / "emma.py", *chosen, "--json", out)
    assert result.exit_code == DIFFERS
    document = json.loads(out.read_text("utf-8"))
    assert document["schema"] == "keras-parity/check/1"
    regression, classification = document["results"]
    assert regression["file"] == classification["file"] == "emma.py"
    assert not regression["passed"]  # a network with sigmoids is no regression
    assert [[fault["fault"] for fault in cause] for cause in classification["causes"]] == [
        ["kernel gradient transposed (dense)"]
    ]
    assert classification["runs"][1]["first_divergence"]["site"] == "backward/dense/kernel"
    assert classification["reference"]["keras"] == "3.15.1"
    assert classification["error"] is None
    assert any(line.startswith("forward: forward(X, params)") for line in classification["binding"])


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("loops_at_import", "took more than 2 seconds"),
        ("forks", "process"),
        ("exits_at_import", "ended the program"),
        ("prints_megabytes", "printed more than"),
        ("raises_at_import", "line "),
        ("patches_numpy", "it replaced numpy."),
        ("writes_fake_frames", "channel"),
        ("no_functions", "nothing to compare was found"),
        ("syntax_error", "SyntaxError"),
        ("imports_scratch", "must be its own implementation"),
    ],
)
def test_a_file_that_misbehaves_gets_a_sentence_and_never_a_pass(
    tmp_path: Path, name: str, sentence: str
) -> None:
    out = tmp_path / "found.json"
    result = run(SUBMISSIONS / f"{name}.py", "--timeout", "2", "--json", out)
    assert result.exit_code == COULD_NOT_RUN
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""
    (found,) = json.loads(out.read_text("utf-8"))["results"]
    assert not found["passed"]
    assert sentence in found["error"]["sentence"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nowhere.py",), "does not exist"),
        ((str(COURSE),), "is a directory"),
        ((COURSE / "asha.py", "--problem", "nope"), "there is no problem 'nope'"),
        ((COURSE / "asha.py", "--name", "forward"), "wanted WHAT=NAME"),
        ((COURSE / "asha.py", "--name", "foward=forward"), "did you mean forward?"),
        ((COURSE / "asha.py", "--name", "zzz=forward"), "or function.argument before the =, "),
        ((COURSE / "asha.py", "--step", "1", "--quiet"), "--quiet one line only: give one"),
        ((COURSE / "asha.py", "--step", "x"), "'x' is not a valid integer."),
        ((COURSE / "asha.py", "--step", "21"), "has the steps 1 to 20, received --step 21"),
        ((COURSE / "asha.py", "--step", "0"), "0 is not in the range x>=1"),
        ((COURSE / "asha.py", "--timeout", "0"), "seconds above 0 and at most 86,400, received 0"),
        ((COURSE / "asha.py", "--timeout", "nan"), "received nan"),
        ((COURSE / "asha.py", "--step", "1", "--json", "out.json"), "give one"),
        ((COURSE / "asha.py", "--json", "no/such/place.json"), "there is no directory"),
    ],
)
def test_a_wrong_command_line_gets_a_sentence(
    arguments: tuple[str | Path, ...], sentence: str
) -> None:
    result = CliRunner().invoke(cli, ["check", *map(str, arguments)])
    assert result.exit_code == USAGE
    assert sentence in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("what", ["candidate", "weights", "kernels", "forward", "forward.X"])
def test_whatever_can_be_answered_is_no_wrong_command_line(tmp_path: Path, what: str) -> None:
    file = tmp_path / "empty.py"
    file.write_text("")
    assert run(file, "--name", f"{what}=x").exit_code == COULD_NOT_RUN


def test_a_question_is_answered_on_the_command_line(tmp_path: Path) -> None:
    text = (COURSE / "emma.py").read_text("utf-8").replace("dZ1 @ X.T", "X @ dZ1.T")
    file = tmp_path / "two.py"
    file.write_text(f"{text}\ndef forward_too(X, params):\n    return forward(X, params)\n")
    chosen = ("--problem", "classification_asymmetric")
    asked = run(file, *chosen)
    assert asked.exit_code == COULD_NOT_RUN
    assert "which is the forward function" in asked.stderr
    assert asked.stderr.endswith("Answer with --name forward=forward\n")
    assert "names=" not in asked.stderr
    assert run(file, *chosen, "--name", "forward=forward").exit_code == NO_DIFFERENCE


@pytest.mark.parametrize(
    ("name", "problem"),
    [("my_functions", "classification_asymmetric"), ("my_model", "short_last_batch")],
)
def test_the_examples_of_the_documentation_pass(name: str, problem: str) -> None:
    result = run(EXAMPLES / f"{name}.py", "--problem", problem, "--quiet")
    assert result.exit_code == NO_DIFFERENCE
    assert result.stdout.startswith(f"{name}.py, {problem}, float64: no difference found in ")


def test_functions_are_checked_by_what_they_do() -> None:
    from scratch import tutorial  # noqa: PLC0415

    checked = check(
        problem="regression",
        forward=tutorial.L_layer_forward,
        update=tutorial.update_parameters,
    )
    assert checked.passed
    assert checked.binding[0].startswith("forward: ")


def test_a_mistake_in_functions_is_found() -> None:
    from scratch import tutorial  # noqa: PLC0415

    def update(parameters, y, y_hat, A1, X):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, N803
        tutorial.update_parameters(parameters, y, y_hat, A1, X)
        parameters["b2"] = parameters["b2"] - 1e-9

    with pytest.raises(ParityError, match="update/dense_1/bias: DIVERGED"):
        check(problem="regression", forward=tutorial.L_layer_forward, update=update)


@pytest.mark.parametrize(
    ("how", "kind", "sentence"),
    [
        ({}, TypeError, "nothing to check: give a candidate"),
        ({"forward": print}, TypeError, "update is missing: forward and update are needed"),
        ({"candidate": 3, "forward": print, "update": print}, TypeError, "not both"),
        ({"candidate": 3}, BindingError, "an object of type int cannot be bound"),
    ],
)
def test_what_is_no_candidate_is_refused(
    how: dict[str, object], kind: type[Exception], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence):
        check(problem="regression", **how)  # type: ignore[arg-type]
