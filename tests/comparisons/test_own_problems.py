"""Problems of one's own: from layers and data, from a Keras model, and as the page shows them."""

import copy
import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import keras_ref
from comparisons import Problem, ProblemError, check, compare, problems
from comparisons.problems import define, differing
from comparisons.traces import shipped
from keras_ref.libraries import keras
from scratch import Activation, Dense, Input
from scratch import losses as scratch_losses
from scratch import optimizers as scratch_optimizers

PAGE = (Path(__file__).parents[2] / "docs" / "problems.md").read_text("utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
SHOWN = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)

X = np.array([[0.5, -1.2], [-0.3, 0.8], [1.1, 0.4], [-0.9, -0.6], [0.2, 1.5]])
Y = np.array([[0.9], [-0.4], [1.3], [-1.1], [0.6]])

every_dtype = pytest.mark.parametrize("dtype", problems.DTYPES)


def keras_model(optimizer: Any = "sgd", loss: Any = "mse", **settings: Any) -> Any:
    """Return a compiled Keras model with weights that are the same every time."""
    dtype = settings.pop("dtype", None)
    model = keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Dense(3, activation="tanh", dtype=dtype),
            keras.layers.Dense(1, dtype=dtype),
        ]
    )
    model.compile(optimizer=optimizer, loss=loss, **settings)
    draw = np.random.RandomState(3)
    model.set_weights([draw.uniform(-0.8, 0.8, w.shape) for w in model.get_weights()])
    return model


def problem_of(model: Any, /, **fields: Any) -> Problem:
    """Return the problem of a Keras model, with other fields where they are given."""
    usual = {
        "name": "mine",
        "question": "?",
        "model": model.get_config(),
        "training": model.get_compile_config(),
        "x": X,
        "y": Y,
        "weights": {
            f"{layer.name}/{weight.name}": weight.numpy()
            for layer in model.layers
            for weight in layer.weights
        },
        "order": np.tile(np.arange(len(X)), (3, 1)),
        "batch_size": 2,
    }
    return Problem(**(usual | fields))


def defined(**arguments: Any) -> Problem:
    usual: dict[str, Any] = {
        "name": "mine",
        "question": "?",
        "layers": [Dense(3, "tanh"), Dense(1)],
        "loss": "mse",
        "optimizer": "sgd",
        "data": (X, Y),
        "weights": 0.5,
        "epochs": 2,
    }
    return define(**(usual | arguments))


def refusal(make: Callable[..., Problem], *arguments: Any, **named: Any) -> str:
    """Return the sentence with which that problem is refused."""
    with pytest.raises(ProblemError) as refused:
        make(*arguments, **named)
    assert "\n" not in str(refused.value)
    return str(refused.value).removeprefix("problem 'mine': ")


def assert_agrees(problem: Problem) -> None:
    for verdict in compare(problem, sensitive=False):
        assert verdict.passed, verdict.sentence


# From a Keras model.

COMPILED: dict[str, Callable[[], tuple[Any, Any]]] = {
    "names": lambda: ("sgd", "mse"),
    "other names": lambda: ("adam", "mean_absolute_error"),
    "objects": lambda: (keras.optimizers.AdamW(0.01), keras.losses.MeanSquaredError()),
    "settings": lambda: (
        keras.optimizers.RMSprop(0.01, momentum=0.5, centered=True),
        keras.losses.MeanAbsoluteError(reduction="sum"),
    ),
}


@every_dtype
@pytest.mark.parametrize("compiled", COMPILED)
def test_a_model_that_keras_describes_runs_in_either_dtype(compiled: str, dtype: str) -> None:
    assert_agrees(problem_of(keras_model(*COMPILED[compiled]()), dtype=dtype))


@every_dtype
@pytest.mark.parametrize("written", problems.DTYPES)
def test_the_dtype_of_the_run_takes_the_place_of_every_dtype_in_a_config(
    written: str, dtype: str
) -> None:
    theirs = keras_model(dtype=written)
    built = keras_ref.build(
        theirs.get_config(), theirs.get_compile_config(), theirs.get_weights(), dtype
    )
    found = [layer.dtype_policy.name for layer in built.layers]
    found += [weight.dtype for weight in built.weights]
    assert {*found, built.inputs[0].dtype} == {dtype}


@pytest.mark.parametrize("form", ["float32", None, np.dtype("float32")], ids=repr)
def test_a_dtype_may_be_written_as_a_policy_or_as_a_string(form: Any) -> None:
    config = keras_model().get_config()
    for layer in config["layers"]:
        layer["config"]["dtype"] = form
    problem_of(keras_model(), model=config, weights=weights_for(config))


def weights_for(config: Any) -> dict[str, Any]:
    first, second = (layer["config"]["name"] for layer in config["layers"][1:])
    shapes = {"kernel": (2, 3), "bias": (3,)}, {"kernel": (3, 1), "bias": (1,)}
    return {
        f"{name}/{tensor}": np.full(shape, 0.3)
        for name, tensors in zip((first, second), shapes, strict=True)
        for tensor, shape in tensors.items()
    }


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ("mixed_float16", "mixed_float16"),
        ("mixed_bfloat16", "mixed_bfloat16"),
        ("float16", "float16"),
        ("int8_from_float32", "int8"),
        ("float8_from_float32", "float8"),
    ],
)
def test_a_policy_other_than_one_dtype_throughout_is_refused(policy: str, told: str) -> None:
    model = keras_model(dtype=policy)
    name = model.layers[0].name
    assert refusal(problem_of, model).startswith(
        f"layer {name!r} has the dtype policy {told!r}, and a problem runs in float32 or float64"
    )
    config = keras_model().get_config()
    config["layers"][2]["config"]["dtype"] = policy
    assert f"has the dtype policy {policy!r}" in refusal(problem_of, keras_model(), model=config)


def test_loss_weights_are_refused() -> None:
    sentence = refusal(problem_of, keras_model(loss_weights=[2.0]))
    assert sentence == "scratch compile() has no 'loss_weights', so it cannot honour [2.0]"


def test_metrics_change_no_number_and_are_left_out() -> None:
    problem = problem_of(keras_model(metrics=["mae"]))
    assert set(problem.training) == {"optimizer", "loss"}


def test_a_model_in_the_place_of_its_config_is_told_what_to_give() -> None:
    model = keras_model()
    assert refusal(problem_of, model, model=model).endswith(
        "received a Sequential: give its .get_config()"
    )
    assert refusal(problem_of, model, training=model).endswith(
        "received a Sequential: give its .get_compile_config()"
    )


def test_a_model_that_was_not_compiled_is_refused() -> None:
    model = keras_model()
    bare = keras.Sequential.from_config(model.get_config()).get_compile_config()
    assert refusal(problem_of, model, training=bare).endswith(
        "received no optimizer: compile the model with both"
    )
    assert "the loss None" in refusal(problem_of, keras_model(loss=None))


def test_a_functional_model_is_refused_and_not_read_as_a_sequence() -> None:
    model = keras_model()
    functional = keras.Model(model.inputs, model.outputs)
    assert refusal(problem_of, model, model=functional.get_config()).startswith(
        "model must be the config of a Sequential, received that of a functional model"
    )


# Configs.


def test_names_become_configs_once() -> None:
    problem = problem_of(keras_model(), training={"optimizer": "sgd", "loss": "mse"})
    sgd, mse = scratch_optimizers.SGD(), scratch_losses.MeanSquaredError()
    assert problem.training["optimizer"]["class_name"] == "SGD"
    assert problem.training["optimizer"]["config"] == sgd.get_config()
    assert problem.training["loss"]["config"] == mse.get_config()
    assert differing(problem, replace(problem)) == ()
    assert_agrees(problem)


def test_what_a_config_leaves_to_a_default_is_written_out() -> None:
    adamw = {"module": "keras.optimizers", "class_name": "AdamW", "config": {}}
    problem = problem_of(keras_model(), training={"optimizer": adamw, "loss": "mse"})
    assert problem.training["optimizer"]["config"]["weight_decay"] == 0.004
    assert_agrees(problem)


def test_the_catalogue_is_what_its_recordings_say() -> None:
    for name in problems.names():
        assert differing(problems.get(name), shipped(name, "float64").problem) == ()


CHANGES: dict[str, Callable[[Any], object]] = {
    "a learning rate": lambda p: p.training["optimizer"]["config"].update(learning_rate=9),
    "a loss": lambda p: p.training.__setitem__("loss", "mae"),
    "a layer": lambda p: p.model["layers"][1]["config"].pop("units"),
    "a weight": lambda p: p.weights.clear(),
    "all of it": lambda p: p.model.__ior__({"layers": []}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_nothing_in_a_problem_can_be_changed(name: str) -> None:
    with pytest.raises(TypeError, match=r"a problem does not change: .* dataclasses.replace"):
        CHANGES[name](problems.get("regression"))
    assert differing(problems.get("regression"), shipped("regression", "float64").problem) == ()


def test_layers_cannot_be_added() -> None:
    with pytest.raises(AttributeError):
        problems.get("regression").model["layers"].append(None)


def test_a_problem_keeps_its_configs_when_those_it_was_given_change() -> None:
    model = keras_model()
    config, training = model.get_config(), model.get_compile_config()
    problem = problem_of(model, model=config, training=training)
    training["optimizer"]["config"]["learning_rate"] = 9.0
    config["layers"][1]["config"]["units"] = 9
    assert differing(problem, problem_of(model)) == ()


def test_a_copy_of_a_config_is_plain_and_makes_another_problem() -> None:
    problem = problems.get("regression")
    training = copy.deepcopy(problem.training)
    model = copy.deepcopy(problem.model)
    assert (model, training) == tuple(
        json.loads(json.dumps(part)) for part in (problem.model, problem.training)
    )
    training["optimizer"]["config"]["learning_rate"] = 0.5
    model["layers"].append({"class_name": "Activation", "config": {"activation": "relu"}})
    other = replace(problem, model=model, training=training)
    assert differing(problem, other) == ("model", "optimizer")
    assert dict(copy.copy(problem.model)) == problem.model


def test_a_copy_of_the_weights_can_be_changed_and_the_problems_own_cannot() -> None:
    problem = problems.get("regression")
    weights = copy.deepcopy(problem.weights)
    weights["dense/kernel"][0, 0] = 7
    assert differing(problem, replace(problem, weights=weights)) == ("initial weights",)
    assert problem.weights["dense/kernel"][0, 0] == 0.1


@every_dtype
def test_keras_reads_the_configs_as_they_are(dtype: str) -> None:
    problem = problems.get("adam").astype(dtype)
    model = keras.Sequential.from_config(problem.model)
    model.compile_from_config(problem.training)
    assert isinstance(model.optimizer, keras.optimizers.Adam)


# From layers and data.


def test_a_defined_problem_takes_names_lists_and_whole_numbers() -> None:
    problem = defined(data=(X.tolist(), Y.tolist()), weights=1, batch_size=np.int64(2))
    assert problem.batch_size == 2
    assert problem.weights["dense/kernel"].shape == (2, 3)
    assert differing(problem, defined(weights=1.0, batch_size=2)) == ()
    json.dumps([problem.model, problem.training, problem.batch_size, problem.dtype])
    assert_agrees(problem)


def test_a_defined_problem_is_checked_like_any_other() -> None:
    problem = defined()
    assert check(problem.scratch_model, problem).passed


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"layers": "Dense"}, "layers must be a list of scratch layers, received 'Dense'"),
        ({"layers": Dense(1)}, "layers must be a list of scratch layers, received a Dense"),
        (
            {"layers": [Input((2,)), Dense(1)]},
            "layers must be without an Input: its shape is that of a row of x",
        ),
        (
            {"layers": []},
            (
                "no problem can be made of a model without layers: "
                "give it an Input and, behind it, the layers to train"
            ),
        ),
        (
            {"layers": [Activation("relu")]},
            "its model has no weights to train: give it a Dense layer",
        ),
        ({"data": X}, "data must be a pair of arrays, (x, y), received an array of shape (5, 2)"),
        ({"data": (X,)}, "data must be a pair of arrays, (x, y), received a tuple of 1"),
        (
            {"data": (X[:0], Y[:0])},
            "x must have shape (rows, features), with at least one of each, received (0, 2)",
        ),
        (
            {"data": (X[:, 0], Y)},
            (
                "x must have shape (rows, features), with at least one of each, received (5,) "
                "(reshape it to one column)"
            ),
        ),
        (
            {"data": (None, Y)},
            "x must be an array of numbers, received None: give a list or NumPy array",
        ),
        (
            {"data": (X, None)},
            "y must be an array of numbers, received None: give a list or NumPy array",
        ),
        (
            {"weights": [X, Y]},
            (
                "weights must be 4 arrays, dense/kernel (2, 3), dense/bias (3,), "
                "dense_1/kernel (3, 1), dense_1/bias (1,), received 2"
            ),
        ),
        ({"weights": [0, 0, 0, 0]}, "weight dense/kernel must have shape (2, 3), received ()"),
        (
            {"weights": None},
            (
                "weights must be a list of arrays in Keras's order, or a number to draw them "
                "within, received None"
            ),
        ),
        ({"weights": np.inf}, "weights as a number must be finite, received inf"),
        ({"epochs": 0}, "epochs must be a whole number from 1 on, received 0"),
        ({"epochs": "2"}, "epochs must be a whole number from 1 on, received '2'"),
        ({"order": [[0, 1]]}, "order must have a row for each of 2 epochs, received 1"),
        ({"order": [[0, 1], [2]]}, "order must be an array, received rows of unequal length"),
        ({"loss": "hinge"}, "scratch has no loss 'hinge'; it has"),
        ({"optimizer": 3}, "scratch has no optimizer 3; it has"),
    ],
    ids=lambda value: None if isinstance(value, str) else ", ".join(value),
)
def test_a_problem_that_cannot_be_defined_is_refused_in_one_sentence(
    arguments: dict[str, Any], sentence: str
) -> None:
    told = refusal(defined, **arguments)
    assert told.startswith(sentence)
    assert told == sentence or sentence.endswith("it has")


def test_layers_of_keras_are_told_from_those_of_scratch() -> None:
    assert refusal(defined, layers=[keras.layers.Dense(1)]) == (
        "layers must be scratch's own, such as scratch.Dense(2), received a Dense of keras"
    )


# The page.


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Run all of the page's blocks but the last; return where, and what they print."""
    where = tmp_path_factory.mktemp("page")
    keras.utils.set_random_seed(0)
    said: list[str] = []
    names: dict[str, Any] = {"print": lambda *words: said.append(" ".join(map(str, words)))}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(where)
        for block in BLOCKS[:-1]:
            exec(compile(block, "docs/problems.md", "exec"), names)  # noqa: S102  our own page
    return where, "\n".join(said)


def test_the_examples_of_the_page_print_what_it_shows(printed: tuple[Path, str]) -> None:
    assert len(BLOCKS) == 4
    assert printed[1] == "".join(SHOWN).strip()


def test_what_the_page_records_is_compared_without_keras(printed: tuple[Path, str]) -> None:
    code = BLOCKS[-1] + "\nimport sys\nprint({'keras', 'tensorflow'} & sys.modules.keys())"
    done = subprocess.run(  # noqa: S603  our own page
        [sys.executable, "-c", code],
        cwd=printed[0],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == SHOWN[-1] + "set()\n"
