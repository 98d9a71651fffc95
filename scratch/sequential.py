"""``Sequential``: Keras's verbs on top of one training step.

Each verb means what it means in Keras. What ``fit`` reports as loss, above all: the mean over
the epoch's samples of the losses *before* each update. ``evaluate`` looks afterwards, so the
two differ.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from scratch import layers as layer_module
from scratch import losses, optimizers, training
from scratch.arrays import Array, Params
from scratch.configuration import refuse_settings, serialize, snake_case
from scratch.layers import InputLayer, Layer
from scratch.losses import Loss
from scratch.optimizers import Optimizer
from scratch.training import Network, State

#: The dtypes that a model can compute in; long double is float64 on some systems.
DTYPES = tuple(np.dtype(kind) for kind in (np.float32, np.float64, np.longdouble))

#: Settings of ``compile`` that Keras writes into its configs and that change no number.
NEUTRAL: dict[str, tuple[Any, ...]] = {
    "metrics": (...,),
    "weighted_metrics": (...,),
    "run_eagerly": (...,),
    "steps_per_execution": (...,),
    "jit_compile": (...,),
    "auto_scale_loss": (...,),
}


@dataclass
class History:
    """What ``fit`` returns: ``history["loss"]`` has one number an epoch."""

    history: dict[str, list[float]] = field(default_factory=lambda: {"loss": []})


class Sequential:
    """Layers one after the other.

    The first may be an ``Input``; without one, the shape of the first batch is taken.
    Parameters and computations have ``dtype``, float32 unless said otherwise. Initial
    parameters and the order of shuffled epochs come from ``rng``.

    Where an argument says ``verbose``, it is there for Keras's sake: nothing is ever printed.
    """

    def __init__(
        self,
        layers: Sequence[Layer] = (),
        name: str = "sequential",
        dtype: npt.DTypeLike = "float32",
        rng: np.random.Generator | None = None,
    ) -> None:
        self.name = name
        self.dtype = np.dtype(dtype)
        if self.dtype not in DTYPES:
            message = f"a model computes in float32, float64 or long double, not in {self.dtype}"
            raise ValueError(message)
        self.rng = np.random.default_rng() if rng is None else rng
        self._all_layers = _named(layers)
        self._input_shape: tuple[int, ...] = ()
        self._state: State | None = None
        self._network: Network | None = None
        self._loss: Loss | None = None
        if any(isinstance(layer, InputLayer) for layer in self._all_layers[1:]):
            message = "an Input stands first, and there is one at most"
            raise ValueError(message)
        if self._all_layers and isinstance(self._all_layers[0], InputLayer):
            self.build(self._all_layers[0].batch_shape)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers that compute something, in order."""
        return tuple(layer for layer in self._all_layers if not isinstance(layer, InputLayer))

    @property
    def network(self) -> Network:
        """What ``training.step`` trains; raises ``RuntimeError`` before ``compile``."""
        if self._network is None:
            message = "this model has no loss and no optimizer yet: call compile() first"
            raise RuntimeError(message)
        return self._network

    @property
    def state(self) -> State:
        """Parameters, slots and step count; raises ``RuntimeError`` before ``build``."""
        if self._state is None:
            message = "this model has no weights yet: start it with Input(shape) or call build()"
            raise RuntimeError(message)
        return self._state

    # Set up.

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Make new parameters for batches of that shape, ``(None, …)``, batch first."""
        self._input_shape = shape = tuple(n for n in input_shape[1:] if n is not None)
        params: dict[str, Params] = {}
        for layer in self.layers:
            params[layer.name] = layer.build(shape, self.dtype, self.rng)
            shape = layer.output_shape(shape)
        self._set_params(params)

    def compile(
        self,
        optimizer: str | Mapping[str, Any] | Optimizer = "rmsprop",
        loss: str | Mapping[str, Any] | Loss | None = None,
        metrics: None = None,
    ) -> None:
        """Choose the update rule and the loss; slots start at 0. There are no metrics."""
        if metrics:
            message = f"scratch computes no metrics besides the loss, received {metrics!r}"
            raise ValueError(message)
        if loss is None:
            message = "compile() needs a loss: a name, a config or a scratch loss"
            raise ValueError(message)
        self._loss = losses.get(loss)
        self._network = training.network(self.layers, self._loss, optimizers.get(optimizer))
        if self._state is not None:
            self._set_params(self._state.params)

    def _set_params(self, params: dict[str, Params], iterations: int = 0) -> None:
        slots: dict[str, dict[str, Params]] = {name: {} for name in params}
        if self._network is not None:
            slots = training.new_slots(self._network, params)
        self._state = State(params, slots, iterations)

    # Weights.

    def get_weights(self) -> list[Array]:
        """Return copies of all parameters in Keras's order: by layer, kernel before bias."""
        return [w.copy() for params in self.state.params.values() for w in params.values()]

    def set_weights(self, weights: Sequence[npt.ArrayLike]) -> None:
        """Set all parameters, given in the order of ``get_weights``.

        Slots and the step count stay. Raises ``ValueError`` where the number of arrays or a
        shape does not fit.
        """
        current = self.state.params
        paths = [(layer, tensor) for layer, params in current.items() for tensor in params]
        if len(weights) != len(paths):
            message = f"set_weights() expected {len(paths)} arrays, received {len(weights)}"
            raise ValueError(message)
        params: dict[str, Params] = {layer: {} for layer in current}
        for (layer, tensor), weight in zip(paths, weights, strict=True):
            array = np.array(weight, self.dtype)
            if array.shape != current[layer][tensor].shape:
                message = (
                    f"set_weights() expected shape {current[layer][tensor].shape} for "
                    f"{layer}/{tensor}, received {array.shape}"
                )
                raise ValueError(message)
            params[layer][tensor] = array
        self._state = replace(self.state, params=params)

    # Training and prediction.

    def train_on_batch(self, x: npt.ArrayLike, y: npt.ArrayLike) -> float:
        """Train on one batch and return its loss, before the update."""
        inputs, targets = self._arrays(x, y)
        self._state, record = training.step(self.network, self.state, inputs, targets)
        return float(record["loss/value"])

    def fit(
        self,
        x: npt.ArrayLike,
        y: npt.ArrayLike,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: object = None,
        *,
        shuffle: bool = True,
        validation_data: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    ) -> History:
        """Train for some epochs, in batches of 32 unless said otherwise; the last may be short.

        The loss of an epoch is the mean over its samples of the losses before each update,
        added up batch by batch in the model's dtype. ``val_loss`` is that of ``evaluate``
        after the epoch's last update.
        """
        inputs, targets = self._arrays(x, y)
        history = History()
        for _ in range(epochs):
            rows = self.rng.permutation(len(inputs)) if shuffle else np.arange(len(inputs))
            mean = WeightedMean(self.dtype)
            for batch in _batches(rows, batch_size):
                self._state, record = training.step(
                    self.network, self.state, inputs[batch], targets[batch]
                )
                mean.add(record["loss/value"], len(batch))
            history.history["loss"].append(mean.result())
            if validation_data is not None:
                val_loss = self.evaluate(*validation_data, batch_size)
                history.history.setdefault("val_loss", []).append(val_loss)
        return history

    def evaluate(
        self,
        x: npt.ArrayLike,
        y: npt.ArrayLike,
        batch_size: int | None = None,
        verbose: object = None,
    ) -> float:
        """Return the mean loss over the samples, without training."""
        inputs, targets = self._arrays(x, y)
        mean = WeightedMean(self.dtype)
        for batch in _batches(np.arange(len(inputs)), batch_size):
            value, _ = self.network.loss(
                targets[batch], training.forward(self.network, self.state.params, inputs[batch])
            )
            mean.add(value, len(batch))
        return mean.result()

    def predict(
        self, x: npt.ArrayLike, batch_size: int | None = None, verbose: object = None
    ) -> Array:
        """Return the last layer's output for every sample of ``x``."""
        inputs = self._inputs(x)
        outputs = []
        for batch in _batches(np.arange(len(inputs)), batch_size):
            a = inputs[batch]
            for layer in self.layers:
                a, _ = layer(self.state.params[layer.name], a)
            outputs.append(a)
        return np.concatenate(outputs)

    def _inputs(self, x: npt.ArrayLike) -> Array:
        """Return ``x`` as an array of samples, in the model's dtype."""
        inputs = np.asarray(x).astype(self.dtype, copy=False)
        if self._state is None and inputs.ndim > 1 and inputs.size:
            self.build((None, *inputs.shape[1:]))
        # As in Keras, one number a sample gets an axis.
        if inputs.ndim == 1 and self._input_shape == (1,):
            inputs = inputs[:, np.newaxis]
        if inputs.ndim < 2 or inputs.shape[1:] != self._input_shape or len(inputs) == 0:
            wanted = ", ".join(map(str, self._input_shape or ("…",)))
            message = f"x must have shape (samples, {wanted}), received {np.shape(x)}"
            raise ValueError(message)
        return inputs

    def _arrays(self, x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Array, Array]:
        """Return samples and their targets as arrays; class numbers stay as they are."""
        inputs, targets = self._inputs(x), np.asarray(y)
        if targets.ndim == 0 or len(targets) != len(inputs):
            message = (
                f"x and y need as many samples, received the shapes {np.shape(x)} and "
                f"{targets.shape}"
            )
            raise ValueError(message)
        if isinstance(self._loss, losses.SparseCategoricalCrossentropy):
            return inputs, targets
        if targets.ndim == 1:  # (n,) against (n, 1) would be (n, n)
            targets = targets[:, np.newaxis]
        return inputs, targets.astype(self.dtype, copy=False)

    # Description.

    def summary(self, print_fn: Callable[[str], object] = print) -> None:
        """Show each layer with its output shape and number of parameters."""
        rows = [("Layer", "Output shape", "Parameters")]
        shape, total = self._input_shape, 0
        for layer in self.layers:
            kind = f"{layer.name} ({type(layer).__name__})"
            if self._state is None:
                rows.append((kind, "?", "?"))
                continue
            shape = layer.output_shape(shape)
            count = sum(w.size for w in self._state.params[layer.name].values())
            total += count
            rows.append((kind, f"(None, {', '.join(map(str, shape))})", f"{count:,}"))
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        print_fn(f"Model: {self.name}")
        for kind, output, count_text in rows:
            print_fn(f"{kind:<{widths[0]}}  {output:<{widths[1]}}  {count_text:>{widths[2]}}")
        print_fn(f"Total parameters: {'?' if self._state is None else f'{total:,}'}")

    def get_config(self) -> dict[str, Any]:
        """Return the model in the form of Keras's ``Sequential.get_config``."""
        return {"name": self.name, "layers": [serialize(layer) for layer in self._all_layers]}

    @classmethod
    def from_config(
        cls,
        config: Mapping[str, Any],
        dtype: npt.DTypeLike = "float32",
        rng: np.random.Generator | None = None,
    ) -> Self:
        """Build from what ``get_config`` returned, here or in Keras, in ``dtype`` throughout.

        Raises ``ValueError`` for a layer or a setting that scratch does not compute.
        """
        layers = [layer_module.get(layer) for layer in config["layers"]]
        return cls(layers, config.get("name", "sequential"), dtype, rng)

    def get_compile_config(self) -> dict[str, Any]:
        """Return loss and optimizer in the form of Keras's ``get_compile_config``."""
        # The network's loss may be the same computed from logits; this is what was asked for.
        loss = self.network.loss if self._loss is None else self._loss
        return {"optimizer": serialize(self.network.optimizer), "loss": serialize(loss)}

    def compile_from_config(self, config: Mapping[str, Any]) -> None:
        """Compile from what ``get_compile_config`` returned, here or in Keras.

        Raises ``ValueError`` for a setting that Keras would act on and scratch would not.
        """
        refuse_settings("compile()", config, {"optimizer", "loss"}, NEUTRAL)
        self.compile(config.get("optimizer", "rmsprop"), config.get("loss"))


class WeightedMean:
    """A mean weighted by the number of samples, added up in order and in one dtype.

    So does Keras, which is why its epoch losses can be matched to the last bit.
    """

    def __init__(self, dtype: npt.DTypeLike) -> None:
        self._number: Any = np.dtype(dtype).type
        self.total: Any = self._number(0)
        self.count: Any = self._number(0)

    def add(self, value: Any, samples: int) -> None:
        """Add a batch's mean over that many samples."""
        self.total += self._number(value) * self._number(samples)
        self.count += self._number(samples)

    def result(self) -> float:
        """Return the mean so far."""
        return float(self.total / self.count)


def _batches(rows: Array, batch_size: int | None) -> Iterator[Array]:
    size = 32 if batch_size is None else batch_size
    if not isinstance(size, int | np.integer) or size is True or size < 1:
        message = f"batch_size must be a whole number from 1 on, received {batch_size!r}"
        raise ValueError(message)
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _named(layers: Sequence[Layer]) -> list[Layer]:
    """Give each layer without a name one in the style of Keras: ``dense``, ``dense_1``."""
    seen: Counter[str] = Counter()
    named = []
    for layer in layers:
        if not isinstance(layer, Layer):
            message = f"a model is made of scratch layers, received {layer!r}"
            raise ValueError(message)  # noqa: TRY004  a wrong value, like the others
        name = layer.name
        if not name:
            kind = snake_case(type(layer).__name__)
            name = f"{kind}_{seen[kind]}" if seen[kind] else kind
            seen[kind] += 1
        named.append(replace(layer, name=name))
    names = [layer.name for layer in named]
    if len(set(names)) < len(names):
        message = f"every layer needs a name of its own, received {names}"
        raise ValueError(message)
    return named
