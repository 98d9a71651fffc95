"""The recorder changes no bit of what it records, and what it records is what it says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import keras_ref
from keras_ref import Proof, Recorder
from keras_ref.libraries import keras
from scratch import Activation, Dense, Flatten, Input, Sequential, training
from scratch.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)
from scratch.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop
from scratch.sequential import WeightedMean

Array = npt.NDArray[Any]
AsKeras = Callable[[Sequential], Any]

FEATURES, OUTPUTS, SAMPLES = 3, 3, 7


@dataclass(frozen=True)
class Case:
    """One network: together the cases have every activation, loss and optimizer of scratch."""

    hidden: str
    head: tuple[Any, ...]
    loss: Loss
    optimizer: Optimizer

    def network(self, dtype: str) -> Sequential:
        rng = np.random.default_rng(0)
        layers = [Input((FEATURES,)), Dense(4, self.hidden), *self.head]
        network = Sequential(layers, dtype=dtype, rng=rng)
        network.compile(self.optimizer, self.loss)
        # Biases too: those that start at 0 hide what a bias does in the first step.
        network.set_weights([rng.normal(0, 0.7, w.shape) for w in network.get_weights()])
        return network

    def data(self, dtype: str) -> tuple[Array, Array]:
        rng = np.random.default_rng(1)
        x = rng.normal(size=(SAMPLES, FEATURES)).astype(dtype)
        classes = rng.integers(0, OUTPUTS, (SAMPLES, 1))
        if isinstance(self.loss, SparseCategoricalCrossentropy):
            return x, classes
        if isinstance(self.loss, BinaryCrossentropy | CategoricalCrossentropy):
            return x, np.eye(OUTPUTS, dtype=dtype)[classes[:, 0]]
        return x, rng.normal(size=(SAMPLES, OUTPUTS)).astype(dtype)


LINEAR, SIGMOID, SOFTMAX = Dense(OUTPUTS), Dense(OUTPUTS, "sigmoid"), Dense(OUTPUTS, "softmax")

CASES = {
    "linear-mse-sgd": Case("linear", (LINEAR,), MeanSquaredError(), SGD(0.05)),
    "sigmoid-bce-momentum": Case("sigmoid", (SIGMOID,), BinaryCrossentropy(), SGD(0.05, 0.9)),
    "tanh-scce-nesterov": Case(
        "tanh", (SOFTMAX,), SparseCategoricalCrossentropy(), SGD(0.05, 0.9, nesterov=True)
    ),
    "relu-cce-rmsprop": Case(
        "relu",
        (LINEAR, Activation("softmax")),
        CategoricalCrossentropy(label_smoothing=0.1),
        RMSprop(0.02),
    ),
    "elu-mae-rmsprop-centered-momentum": Case(
        "elu", (LINEAR,), MeanAbsoluteError(), RMSprop(0.02, momentum=0.9, centered=True)
    ),
    "softplus-mse-adam": Case("softplus", (LINEAR,), MeanSquaredError("sum"), Adam(0.02)),
    "leaky_relu-bce-amsgrad": Case(
        "leaky_relu",
        (SIGMOID, Activation("linear")),
        BinaryCrossentropy(label_smoothing=0.1),
        Adam(0.02, amsgrad=True),
    ),
    # A Flatten hides the logits, so these two see the formulas for probabilities.
    "tanh-flat-bce-adamw": Case(
        "tanh", (SIGMOID, Flatten()), BinaryCrossentropy(), AdamW(0.02, weight_decay=0.1)
    ),
    "softmax-flat-scce-adamw": Case(
        "softmax", (SOFTMAX, Flatten()), SparseCategoricalCrossentropy(), AdamW(0.02)
    ),
}
each_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
each_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])


def recorded_losses(
    recorder: Recorder, x: Array, y: Array, order: Sequence[Array], batch_size: int
) -> list[float]:
    """Run epochs through the recorder, a short last batch as a block of its own."""
    losses = []
    for rows in order:
        mean = WeightedMean(recorder.dtype)
        full = len(rows) - len(rows) % batch_size
        blocks = [rows[:full].reshape(-1, batch_size), rows[full:].reshape(1, -1)]
        for block in blocks:
            if block.size:
                for loss in recorder.run(x[block], y[block])["loss/value"]:
                    mean.add(loss, block.shape[1])
        losses.append(mean.result())
    return losses


def trained_both_ways(
    case: Case, dtype: str, as_keras: AsKeras, make_recorder: type[Recorder] = Recorder
) -> Proof:
    """Train with ``fit`` and with a recorder: batches of 3, 3 and 1 rows, then of 1 row each."""
    x, y = case.data(dtype)
    fitted, recorded = (as_keras(case.network(dtype)) for _ in range(2))
    recorder = make_recorder(recorded, dtype)
    rng = np.random.default_rng(2)
    order = [rng.permutation(SAMPLES) for _ in range(2)]
    fit_losses, losses = [], []
    for batch_size in (3, 1):
        fit_losses += keras_ref.plain_fit(fitted, x, y, order, batch_size, dtype)
        losses += recorded_losses(recorder, x, y, order, batch_size)
    return keras_ref.prove(fitted, fit_losses, recorded.get_weights(), losses)


@each_dtype
@each_case
def test_a_recorded_run_has_the_bits_of_a_plain_fit(
    case: Case, dtype: str, as_keras: AsKeras
) -> None:
    proof = trained_both_ways(case, dtype, as_keras)
    assert proof.differences == ()
    assert proof.holds
    assert (proof.weights, proof.epochs) == (4, 4)


class NudgesAKernel(Recorder):
    """Does what a careless recorder does: moves a number by about one unit in its last place."""

    def _step(self, x: Any, y: Any) -> dict[str, Any]:
        record = super()._step(x, y)
        kernel = self.variables["dense_1/kernel"]
        kernel.assign(kernel * (1 + np.finfo(self.dtype).eps))
        return record


class NudgesTheLoss(Recorder):
    """Trains as it should and reports a loss that is one unit in its last place too large."""

    def _step(self, x: Any, y: Any) -> dict[str, Any]:
        record = super()._step(x, y)
        record["loss/value"] *= 1 + np.finfo(self.dtype).eps
        return record


@each_dtype
def test_a_recorder_that_moves_a_weight_by_one_unit_is_caught(
    dtype: str, as_keras: AsKeras
) -> None:
    proof = trained_both_ways(CASES["linear-mse-sgd"], dtype, as_keras, NudgesAKernel)
    assert not proof.holds
    assert "sequential/dense_1/kernel after the last step" in proof.differences
    assert any(difference.startswith("loss of epoch ") for difference in proof.differences)


@each_dtype
def test_a_recorder_that_misreports_a_loss_by_one_unit_is_caught(
    dtype: str, as_keras: AsKeras
) -> None:
    proof = trained_both_ways(CASES["linear-mse-sgd"], dtype, as_keras, NudgesTheLoss)
    assert not proof.holds
    assert all(difference.startswith("loss of epoch ") for difference in proof.differences)


@each_dtype
@pytest.mark.parametrize("tensor", range(4))
def test_proof_names_the_one_weight_that_differs_in_its_last_bit(
    tensor: int, dtype: str, as_keras: AsKeras
) -> None:
    model = as_keras(CASES["linear-mse-sgd"].network(dtype))
    weights = model.get_weights()
    weights[tensor].flat[-1] = np.nextafter(weights[tensor].flat[-1], np.inf, dtype=dtype)
    proof = keras_ref.prove(model, [1.0, 2.0], weights, [1.0, 2.0])
    assert proof.differences == (f"{model.weights[tensor].path} after the last step",)


def test_proof_names_the_one_epoch_whose_loss_differs_in_its_last_bit(as_keras: AsKeras) -> None:
    model = as_keras(CASES["linear-mse-sgd"].network("float64"))
    off = float(np.nextafter(2.0, 3.0))
    proof = keras_ref.prove(model, [1.0, 2.0], model.get_weights(), [1.0, off])
    assert proof.differences == (f"loss of epoch 2: fit 2.0, recorded {off!r}",)


def test_proof_takes_a_nan_for_the_same_only_where_both_have_it(as_keras: AsKeras) -> None:
    model = as_keras(CASES["linear-mse-sgd"].network("float64"))
    weights, nan = model.get_weights(), float("nan")
    assert keras_ref.prove(model, [nan], weights, [nan]).holds
    assert not keras_ref.prove(model, [1.0], weights, [nan]).holds


@pytest.mark.parametrize("missing", ["weight", "epoch"])
def test_proof_refuses_a_run_from_which_something_is_missing(
    missing: str, as_keras: AsKeras
) -> None:
    model = as_keras(CASES["linear-mse-sgd"].network("float64"))
    weights = model.get_weights()[1:] if missing == "weight" else model.get_weights()
    losses = [] if missing == "epoch" else [1.0]
    with pytest.raises(ValueError, match="shorter"):
        keras_ref.prove(model, [1.0], weights, losses)


@each_dtype
@pytest.mark.parametrize("chunks", [(1, 1, 1, 1, 1, 1), (4, 2), (1, 5)], ids=str)
def test_the_size_of_the_chunks_changes_no_bit(
    chunks: tuple[int, ...], dtype: str, as_keras: AsKeras
) -> None:
    case = CASES["softplus-mse-adam"]
    x, y = (array[:6].reshape(6, 1, -1) for array in case.data(dtype))
    whole = Recorder(as_keras(case.network(dtype)), dtype).run(x, y)

    recorder = Recorder(as_keras(case.network(dtype)), dtype)
    stops = np.cumsum(chunks)
    parts = [
        recorder.run(x[stop - size : stop], y[stop - size : stop])
        for size, stop in zip(chunks, stops, strict=True)
    ]
    for site in whole:
        np.testing.assert_array_equal(np.concatenate([part[site] for part in parts]), whole[site])


@each_dtype
@each_case
def test_sites_shapes_and_dtypes_are_those_of_the_textbook_step(
    case: Case, dtype: str, as_keras: AsKeras
) -> None:
    steps, batch = 2, 3
    x, y = case.data(dtype)
    block = np.arange(steps * batch).reshape(steps, batch)
    network = case.network(dtype)
    recorder = Recorder(as_keras(network), dtype)
    recorded = recorder.run(x[block], y[block])
    _, record = training.step(network.network, network.state, x[block[0]], y[block[0]])

    assert recorder.sites == tuple(record)
    assert tuple(recorded) == recorder.sites
    for site, values in recorded.items():
        assert values.shape == (steps, *record[site].shape), site
        assert values.dtype == record[site].dtype == np.dtype(dtype), site


def test_a_run_of_no_step_is_refused(as_keras: AsKeras) -> None:
    case = CASES["linear-mse-sgd"]
    x, y = (array[np.newaxis][:0] for array in case.data("float32"))
    recorder = Recorder(as_keras(case.network("float32")), "float32")
    expected = r"^there must be a step to record, received x of shape \(0, 7, 3\)$"
    with pytest.raises(ValueError, match=expected):
        recorder.run(x, y)


@each_dtype
def test_samples_of_another_dtype_are_recorded_as_those_of_the_models_own(
    dtype: str, as_keras: AsKeras
) -> None:
    case = CASES["tanh-scce-nesterov"]
    other = {"float32": "float64", "float64": "float32"}[dtype]
    # Numbers that both dtypes hold.
    x, y = (array[np.newaxis] for array in case.data("float32"))
    own, mixed = (Recorder(as_keras(case.network(dtype)), dtype) for _ in range(2))
    for given in (dtype, other, dtype):
        expected, recorded = own.run(x.astype(dtype), y), mixed.run(x.astype(given), y)
        for site, values in recorded.items():
            assert values.dtype == np.dtype(dtype), site
            np.testing.assert_array_equal(values, expected[site], err_msg=site)


def test_sites_are_in_causal_order(as_keras: AsKeras) -> None:
    recorder = Recorder(as_keras(CASES["sigmoid-bce-momentum"].network("float32")), "float32")
    assert recorder.sites == (
        "forward/dense/output",
        "forward/dense_1/output",
        "loss/value",
        "backward/dense_1/kernel",
        "backward/dense_1/bias",
        "backward/dense/kernel",
        "backward/dense/bias",
        "slot/dense/kernel/momentum",
        "update/dense/kernel",
        "slot/dense/bias/momentum",
        "update/dense/bias",
        "slot/dense_1/kernel/momentum",
        "update/dense_1/kernel",
        "slot/dense_1/bias/momentum",
        "update/dense_1/bias",
    )


@each_case
def test_every_site_holds_what_the_textbook_computes_there(case: Case, as_keras: AsKeras) -> None:
    x, y = case.data("float64")
    block = np.arange(6).reshape(3, 2)
    network = case.network("float64")
    recorded = Recorder(as_keras(network), "float64").run(x[block], y[block])
    state = network.state
    for step, rows in enumerate(block):
        state, record = training.step(network.network, state, x[rows], y[rows])
        for site, expected in record.items():
            # Adam's rounded powers move a step by 1e-5 of itself; what stands at the wrong site,
            # or belongs to the wrong moment, is off by far more.
            tolerance = 1e-4 * float(np.abs(expected).max())
            difference = np.abs(recorded[site][step] - expected).max()
            assert difference <= tolerance, f"step {step}, {site}"


def test_slots_find_their_variable_where_one_name_begins_like_another(as_keras: AsKeras) -> None:
    network = Sequential([Input((3,)), Dense(3, name="a"), Dense(3, name="a_kernel")])
    network.compile(SGD(momentum=0.9), MeanSquaredError())
    recorder = Recorder(as_keras(network), "float32")
    slots = {site for site in recorder.sites if site.startswith("slot/")}
    owners = ("a/kernel", "a/bias", "a_kernel/kernel", "a_kernel/bias")
    assert slots == {f"slot/{owner}/momentum" for owner in owners}


def test_the_last_update_is_what_the_model_then_holds(as_keras: AsKeras) -> None:
    case = CASES["leaky_relu-bce-amsgrad"]
    x, y = case.data("float32")
    recorder = Recorder(as_keras(case.network("float32")), "float32")
    recorded = recorder.run(x[np.newaxis], y[np.newaxis])
    for path, variable in recorder.variables.items():
        np.testing.assert_array_equal(recorded[f"update/{path}"][-1], variable.numpy())


def test_recorders_of_different_dtypes_do_not_disturb_each_other(as_keras: AsKeras) -> None:
    case = CASES["tanh-flat-bce-adamw"]
    dtypes = ("float32", "float64")
    before = keras.config.floatx(), keras.config.dtype_policy().name

    def blocks(dtype: str) -> list[tuple[Array, Array]]:
        x, y = case.data(dtype)
        return [(x[rows], y[rows]) for rows in np.arange(6).reshape(3, 1, 2)]

    alone = {}
    for dtype in dtypes:
        recorder = Recorder(as_keras(case.network(dtype)), dtype)
        alone[dtype] = [recorder.run(x, y) for x, y in blocks(dtype)]

    # Built, traced and run in turn.
    recorders = {dtype: Recorder(as_keras(case.network(dtype)), dtype) for dtype in dtypes}
    for turn in range(3):
        for dtype in dtypes:
            together = recorders[dtype].run(*blocks(dtype)[turn])
            for site, values in together.items():
                assert values.dtype == np.dtype(dtype)
                np.testing.assert_array_equal(values, alone[dtype][turn][site], err_msg=site)
    assert (keras.config.floatx(), keras.config.dtype_policy().name) == before


@each_dtype
def test_two_recordings_are_the_same_bits_without_a_switch_for_determinism(dtype: str) -> None:
    case = CASES["tanh-scce-nesterov"]
    x, y = case.data(dtype)
    rows = np.arange(SAMPLES - 1).reshape(-1, 3)
    recorded = []
    for _ in range(2):
        network = case.network(dtype)
        model = keras_ref.build(
            network.get_config(), network.get_compile_config(), network.get_weights(), dtype
        )
        recorded.append(Recorder(model, dtype).run(x[rows], y[rows]))
    first, second = recorded
    assert all(first[site].tobytes() == second[site].tobytes() for site in first)
