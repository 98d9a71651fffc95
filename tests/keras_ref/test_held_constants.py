"""``held_constants`` lists what Keras rounds: with it the textbook rule is Keras's rule."""

from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pytest

from keras_ref import held_constants
from keras_ref.constants import through_float32 as r
from keras_ref.libraries import keras, tf
from scratch.configuration import serialize
from scratch.optimizers import SGD, Adam, AdamW, RMSprop

Array = npt.NDArray[Any]
Rule: TypeAlias = SGD | RMSprop | Adam

#: Each rule, and the keys beyond ``leaky_relu_slope`` that Keras holds otherwise.
RULES: dict[str, tuple[Rule, set[str]]] = {
    "sgd": (SGD(0.1), set()),
    "sgd-momentum": (SGD(0.1, momentum=0.9), {"momentum"}),
    "sgd-nesterov": (SGD(0.1, momentum=0.9, nesterov=True), {"momentum"}),
    "sgd-decay": (SGD(0.1, weight_decay=0.1), {"weight_decay"}),
    "rmsprop": (RMSprop(0.1), set()),
    "rmsprop-momentum": (RMSprop(0.1, momentum=0.9), set()),
    "rmsprop-centered": (RMSprop(0.1, momentum=0.9, centered=True), set()),
    "rmsprop-decay": (RMSprop(0.1, weight_decay=0.1), {"weight_decay"}),
    "adam": (Adam(0.1), {"beta_1_in_powers", "beta_2_in_powers"}),
    "amsgrad": (Adam(0.1, amsgrad=True), {"beta_1_in_powers", "beta_2_in_powers"}),
    "adamw": (
        AdamW(0.1, weight_decay=0.1),
        {"beta_1_in_powers", "beta_2_in_powers", "weight_decay"},
    ),
}
each_rule = pytest.mark.parametrize("rule", [rule for rule, _ in RULES.values()], ids=RULES)
each_rule_and_keys = pytest.mark.parametrize(("rule", "keys"), RULES.values(), ids=RULES)

STEPS = 7


@dataclass(frozen=True)
class HeldPowers(AdamW):
    """AdamW, or Adam without decay, whose powers have bases of their own."""

    beta_1_in_powers: float = 0.9
    beta_2_in_powers: float = 0.999

    def bias_corrections(self, t: int, dtype: np.dtype[Any]) -> tuple[Any, Any]:
        """Return ``1 - beta**t`` of the two bases."""
        bases = (dtype.type(self.beta_1_in_powers), dtype.type(self.beta_2_in_powers))
        return 1 - bases[0] ** t, 1 - bases[1] ** t


def as_held(rule: Rule, **but: float) -> Rule:
    """Return the rule with the constants that Keras holds, but for those given."""
    constants = held_constants(serialize(rule)) | but
    del constants["leaky_relu_slope"]
    kind = HeldPowers if isinstance(rule, Adam) else type(rule)
    return kind(**(asdict(rule) | constants))


def exact(rule: Rule, key: str) -> float:
    """Return the argument that a key of ``held_constants`` is about, as it was given."""
    value: float = getattr(rule, key.removesuffix("_in_powers"))
    return value


def textbook_path(rule: Rule, w: Array, gradients: Array) -> Array:
    slots, path = rule.slots(w), []
    for t, g in enumerate(gradients, 1):
        w, slots = rule.update(w, g, slots, t)
        path.append(np.stack([w, *(slots[name] for name in sorted(slots))]))
    return np.stack(path)


def keras_path(rule: Rule, w: Array, gradients: Array) -> Array:
    """Return what the Keras optimizer of the same config does with the same gradients."""
    optimizer = keras.saving.deserialize_keras_object(serialize(rule))
    variable = keras.Variable(w, name="w")
    optimizer.build([variable])
    slots = {v.name.removeprefix("w_"): v for v in optimizer.variables if v.shape == w.shape}
    path = []
    for g in gradients:
        optimizer.apply([tf.constant(g)], [variable])
        path.append(np.stack([v.numpy() for v in (variable, *(slots[k] for k in sorted(slots)))]))
    return np.stack(path)


def numbers() -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(3, 2)), rng.normal(size=(STEPS, 3, 2))


def largest_difference(a: Array, b: Array) -> float:
    return float(np.abs(a - b).max())


@pytest.mark.usefixtures("float64")
@each_rule
def test_the_textbook_rule_with_held_constants_is_that_of_keras(rule: Rule) -> None:
    w, gradients = numbers()
    keras_run = keras_path(rule, w, gradients)
    assert largest_difference(textbook_path(as_held(rule), w, gradients), keras_run) < 1e-15


@pytest.mark.usefixtures("float64")
@each_rule_and_keys
def test_each_held_constant_matters(rule: Rule, keys: set[str]) -> None:
    w, gradients = numbers()
    keras_run = keras_path(rule, w, gradients)
    for key in keys:
        without = as_held(rule, **{key: exact(rule, key)})
        assert largest_difference(textbook_path(without, w, gradients), keras_run) > 1e-10, key


@each_rule_and_keys
def test_what_is_listed_is_rounded_and_nothing_else_is(rule: Rule, keys: set[str]) -> None:
    held = held_constants(serialize(rule))
    arguments = set(held) - {"leaky_relu_slope"}
    assert keys <= arguments
    for key in arguments:
        assert held[key] == r(exact(rule, key))
        assert (held[key] != exact(rule, key)) == (key in keys)


@pytest.mark.usefixtures("float64")
@each_rule
def test_configs_written_by_keras_are_read(rule: Rule) -> None:
    written = keras.saving.serialize_keras_object(
        keras.saving.deserialize_keras_object(serialize(rule))
    )
    assert held_constants(written) == held_constants(serialize(rule))


@pytest.mark.parametrize("name", ["linear", "relu", "leaky_relu"])
def test_the_held_slope_is_that_of_keras_leaky_relu(name: str) -> None:
    slope = held_constants(serialize(SGD()))["leaky_relu_slope"]
    x = np.array([-1.0, -3.0])
    y = getattr(keras.activations, name)(tf.constant(x)).numpy()
    np.testing.assert_array_equal(y == slope * x, name == "leaky_relu")
    assert slope != 0.2


def test_through_float32_keeps_what_float32_can_hold() -> None:
    assert r(0.75) == 0.75
    assert abs(r(0.9) - 0.9) == pytest.approx(2.384e-8, rel=1e-3)
