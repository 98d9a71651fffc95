"""A config is Keras's own: written, read back, and refused where scratch cannot follow it."""

import json
from typing import Any

import pytest

from scratch import initializers, layers, losses, optimizers
from scratch.configuration import NEUTRAL, Configured, by_name, serialize, snake_case
from scratch.initializers import Constant, HeNormal, RandomNormal, Zeros
from scratch.layers import Activation, Dense, Flatten, Input
from scratch.losses import BinaryCrossentropy, CategoricalCrossentropy, MeanSquaredError
from scratch.optimizers import SGD, Adam, AdamW, RMSprop

GET = {
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


@pytest.mark.parametrize("thing", EVERY_KIND, ids=lambda thing: repr(thing)[:40])
def test_what_is_written_as_json_is_read_back_as_it_was(thing: Configured) -> None:
    written = json.loads(json.dumps(serialize(thing)))
    again = GET[thing.module](written)
    assert serialize(again) == serialize(thing)
    assert type(again) is type(thing)


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
