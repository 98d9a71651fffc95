"""A config is Keras's own: written, read back, and refused where scratch cannot follow it."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np
import pytest

from scratch import initializers, layers, losses, optimizers
from scratch.configuration import NEUTRAL, Configured, by_name, serialize, snake_case
from scratch.initializers import Constant, HeNormal, RandomNormal, Zeros
from scratch.layers import Activation, Dense, Flatten, Input
from scratch.losses import BinaryCrossentropy, CategoricalCrossentropy, MeanSquaredError
from scratch.optimizers import SGD, Adam, AdamW, RMSprop

GET: dict[str, Callable[[Any], Configured]] = {
    "keras.layers": layers.get,
    "keras.losses": losses.get,
    "keras.optimizers": optimizers.get,
    "keras.initializers": initializers.get,
}

# No field of these has its default, so that none can be lost unseen.
EVERY_KIND: list[Configured] = [
    Dense(3, "relu", use_bias=False, kernel_initializer="ones", name="hidden"),
    Dense(3, kernel_initializer=Constant(0.1), bias_initializer="ones", name="output"),
    Activation("softmax", name="probabilities"),
    Flatten(name="rows"),
    Input((2, 3), name="pixels"),
    MeanSquaredError("sum"),
    BinaryCrossentropy(from_logits=True, label_smoothing=0.1, reduction="sum"),
    CategoricalCrossentropy(from_logits=True, label_smoothing=0.1, reduction="sum"),
    SGD(0.1, 0.9, nesterov=True, weight_decay=0.01),
    RMSprop(0.1, 0.8, 0.7, 1e-3, centered=True, weight_decay=0.01),
    Adam(0.1, 0.8, 0.7, 1e-3, amsgrad=True, weight_decay=0.01),
    AdamW(0.1, 0.8, 0.7, 1e-3, amsgrad=True, weight_decay=0.01),
    Constant(0.1),
    RandomNormal(1.0, 2.0),
]
WITHOUT_A_NAME: list[Configured] = [
    Dense(3),
    Dense(3, kernel_initializer=HeNormal()),
    Activation(None),
    Flatten(),
    Input((2, 3)),
]
KINDS = {
    "layer": Flatten(),
    "loss": MeanSquaredError(),
    "optimizer": SGD(),
    "initializer": Zeros(),
}


@pytest.mark.parametrize("thing", EVERY_KIND + WITHOUT_A_NAME, ids=lambda thing: repr(thing)[:40])
def test_what_is_written_as_json_is_read_back_as_it_was(thing: Configured) -> None:
    written = json.loads(json.dumps(serialize(thing)))
    for again in (GET[thing.module](written), type(thing).from_config(written["config"])):
        assert again == thing
        assert hash(again) == hash(thing)


@pytest.mark.parametrize("layer", WITHOUT_A_NAME, ids=str)
def test_a_layer_writes_its_name_into_its_config_once_it_has_one(layer: Any) -> None:
    assert "name" not in layer.get_config()
    assert replace(layer, name="mine").get_config() == layer.get_config() | {"name": "mine"}


def numbers_in(thing: Configured) -> dict[str, Any]:
    return {name: x for name, x in vars(thing).items() if isinstance(x, int | float)}


@pytest.mark.parametrize("floating", [np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize(
    "thing",
    [thing for thing in EVERY_KIND if numbers_in(thing)],
    ids=lambda thing: repr(thing)[:40],
)
def test_numbers_of_numpy_are_held_as_those_of_python(thing: Any, floating: Any) -> None:
    numpys = {bool: np.bool_, int: np.int64, float: floating}
    given = {name: numpys[type(number)](number) for name, number in numbers_in(thing).items()}
    held = replace(thing, **given)
    for name, number in numbers_in(thing).items():
        assert type(getattr(held, name)) is type(number)
        assert getattr(held, name) == type(number)(given[name])
    json.dumps(serialize(held))


def test_serialize_has_the_form_of_keras() -> None:
    assert serialize(Adam(amsgrad=True)) == {
        "module": "keras.optimizers",
        "class_name": "Adam",
        "config": {
            "learning_rate": 0.001,
            "beta_1": 0.9,
            "beta_2": 0.999,
            "epsilon": 1e-7,
            "amsgrad": True,
            "weight_decay": None,
        },
        "registered_name": None,
    }


def test_a_config_within_a_config_is_serialized_too() -> None:
    config = Dense(3, kernel_initializer=Constant(0.1)).get_config()
    assert config["kernel_initializer"] == serialize(Constant(0.1))
    assert Input((2,)).get_config()["batch_shape"] == [None, 2]


def test_the_config_that_keras_writes_for_a_dense_layer_is_read() -> None:
    config = {
        "module": "keras.layers",
        "class_name": "Dense",
        "config": {
            "name": "hidden",
            "trainable": True,
            "dtype": {
                "module": "keras",
                "class_name": "DTypePolicy",
                "config": {"name": "float32"},
                "registered_name": None,
                "shared_object_id": 1,
            },
            "units": 4,
            "activation": "sigmoid",
            "use_bias": True,
            "kernel_initializer": {
                "module": "keras.initializers",
                "class_name": "GlorotUniform",
                "config": {"seed": None},
                "registered_name": None,
            },
            "bias_initializer": {
                "module": "keras.initializers",
                "class_name": "Zeros",
                "config": {},
                "registered_name": None,
            },
            "kernel_regularizer": None,
            "bias_regularizer": None,
            "kernel_constraint": None,
            "bias_constraint": None,
            "quantization_config": None,
        },
        "registered_name": None,
        "build_config": {"input_shape": [None, 2]},
    }
    layer = layers.get(config)
    assert isinstance(layer, Dense)
    assert (layer.name, layer.units, layer.activation) == ("hidden", 4, "sigmoid")
    assert initializers.get(layer.bias_initializer) == Zeros()


@pytest.mark.parametrize(
    ("setting", "value"),
    [(name, value) for name, values in NEUTRAL.items() for value in values if value is not ...]
    + [("name", "any"), ("seed", 7), ("dtype", "float64"), ("ema_momentum", 0.5), ("other", None)],
)
def test_a_setting_that_changes_no_number_is_passed_over(setting: str, value: Any) -> None:
    assert SGD.from_config({"learning_rate": 0.1, setting: value}) == SGD(0.1)


@pytest.mark.parametrize(
    ("cls", "setting", "value"),
    [
        (Dense, "kernel_regularizer", {"class_name": "L2", "config": {"l2": 0.01}}),
        (Dense, "trainable", False),
        (Flatten, "data_format", "channels_first"),
        (MeanSquaredError, "axis", 1),
        (BinaryCrossentropy, "axis", 0),
        (SGD, "clipnorm", 1.0),
        (SGD, "clipnorm", 0.0),
        (Adam, "use_ema", True),
        (Zeros, "gain", 2.0),
    ],
)
def test_a_setting_that_scratch_cannot_honour_is_refused_by_class_name_and_value(
    cls: type[Configured], setting: str, value: Any
) -> None:
    with pytest.raises(ValueError, match=f"scratch {cls.__name__} has no '{setting}'") as refusal:
        cls.from_config({"units": 1, setting: value} if cls is Dense else {setting: value})
    assert repr(value) in str(refusal.value)


def test_an_instance_is_passed_through() -> None:
    thing = SGD(0.5)
    assert optimizers.get(thing) is thing


@pytest.mark.parametrize("thing", KINDS.values(), ids=KINDS)
def test_a_name_a_class_and_a_config_mean_the_same(thing: Configured) -> None:
    name = type(thing).__name__
    get: Any = GET[thing.module]
    for identifier in (
        name,
        snake_case(name),
        type(thing),
        {"class_name": name},
        {"class_name": name, "config": {}},
        serialize(thing),
        serialize(thing) | {"registered_name": name},
        serialize(thing) | {"module": None},
        serialize(thing) | {"module": "keras.src.somewhere"},
    ):
        assert get(identifier) == thing


def refusal(kind: str, received: str) -> str:
    """Return the one sentence that refuses what is no ``kind``."""
    return rf"^scratch has no {kind} {re.escape(received)}; it has \w+(, \w+)+$"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("identifier", "received"),
    [
        (3, "3"),
        (None, "None"),
        ("lion", "'lion'"),
        (dict, "<class 'dict'>"),
        ([], "[]"),
        ({}, "None"),
        ({"config": {}}, "None"),
        ({"class_name": ["SGD"], "config": {}}, "['SGD']"),
        ({"class_name": "Lion", "config": {}}, "'Lion'"),
    ],
    ids=str,
)
def test_what_means_nothing_here_is_refused_with_what_there_is(
    kind: str, identifier: Any, received: str
) -> None:
    with pytest.raises(ValueError, match=refusal(kind, received)):
        GET[KINDS[kind].module](identifier)


@pytest.mark.parametrize(("kind", "other"), list(permutations(KINDS, 2)))
def test_a_thing_of_another_kind_is_refused_in_every_form(kind: str, other: str) -> None:
    thing = KINDS[other]
    get: Any = GET[KINDS[kind].module]
    name = type(thing).__name__
    for identifier, received in (
        (thing, repr(thing)),
        (type(thing), repr(type(thing))),
        (serialize(thing), repr(name)),
    ):
        with pytest.raises(ValueError, match=refusal(kind, received)):
            get(identifier)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "own", [{"registered_name": "mine>Dense"}, {"module": "mine.layers"}], ids=str
)
def test_a_class_of_ones_own_is_not_taken_for_the_one_that_bears_its_name(
    kind: str, own: dict[str, str]
) -> None:
    config = serialize(KINDS[kind]) | own
    with pytest.raises(ValueError, match=refusal(kind, repr(config))):
        GET[KINDS[kind].module](config)


@pytest.mark.parametrize(
    ("name", "snake"),
    [
        ("Dense", "dense"),
        ("InputLayer", "input_layer"),
        ("GlorotUniform", "glorot_uniform"),
        ("SparseCategoricalCrossentropy", "sparse_categorical_crossentropy"),
        ("SGD", "sgd"),
        ("AdamW", "adam_w"),
    ],
)
def test_names_in_lower_case_are_those_of_keras(name: str, snake: str) -> None:
    assert snake_case(name) == snake


def test_a_class_answers_to_its_name_its_lower_case_form_and_its_aliases() -> None:
    assert by_name(HeNormal, he=HeNormal) == {
        "HeNormal": HeNormal,
        "he_normal": HeNormal,
        "he": HeNormal,
    }
