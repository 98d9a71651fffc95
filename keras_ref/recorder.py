"""Record every quantity of every training step, without changing one of them.

Keras's own loss and optimizer run in one compiled loop over many steps, which writes each
quantity into an array as it goes. This is many times faster than ``fit`` with a callback, and
faster than ``fit`` alone. What it must not do is change the numbers, so:

* layers, loss, gradient and update are called as Keras's ``train_step`` calls them;
* outputs and gradients are fetched, pre-activations are not: fetching those stops a fusion
  and moves the last bits of float32;
* ``keras_ref.proof`` holds the result against a plain ``fit``, bit for bit.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from keras_ref.libraries import keras, tf
from keras_ref.models import everything_in

Array = npt.NDArray[Any]


class Recorder:
    """Trains a compiled ``keras.Sequential`` over blocks of steps and returns what it computed.

    A site is named ``phase/layer/tensor`` (``forward/dense/output``, ``loss/value``,
    ``backward/dense/kernel``, ``slot/dense/kernel/momentum``, ``update/dense/kernel``), and
    ``sites`` lists them in causal order.
    """

    def __init__(self, model: Any, dtype: str) -> None:
        self.model = model
        self.dtype = dtype
        self.variables = {
            f"{layer.name}/{variable.name}": variable
            for layer in model.layers
            for variable in layer.trainable_variables
        }
        self.slots = _slots(model.optimizer, self.variables)
        self.sites = self._sites()
        self._loops: dict[Any, Any] = {}

    def _sites(self) -> tuple[str, ...]:
        forward = [f"forward/{layer.name}/output" for layer in self.model.layers]
        backward = [
            f"backward/{layer.name}/{variable.name}"
            for layer in reversed(self.model.layers)
            for variable in layer.trainable_variables
        ]
        updates = []
        for path in self.variables:
            updates += [f"slot/{path}/{slot}" for slot in self.slots[path]]
            updates.append(f"update/{path}")
        return (*forward, "loss/value", *backward, *updates)

    def run(self, x: Array, y: Array) -> dict[str, Array]:
        """Train on the batches ``x`` (steps, batch, …) and ``y`` (steps, batch, …), in order.

        Returns each site's values, stacked by step: outputs (steps, batch, …), losses
        (steps,), gradients, slots and parameters (steps, *shape). Losses and gradients belong
        to the parameters before the step's update. Raises ``ValueError`` where there is no step.
        """
        if len(x) == 0:
            message = f"there must be a step to record, received x of shape {x.shape}"
            raise ValueError(message)
        values = self._loop(x, y)(tf.convert_to_tensor(x), tf.convert_to_tensor(y))
        # The tensors' own memory, which nobody else will write to: numpy() would copy it.
        return {
            site: np.asarray(memoryview(value))
            for site, value in zip(self.sites, values, strict=True)
        }

    def _loop(self, x: Array, y: Array) -> Any:
        """Return the compiled loop for samples of these shapes and dtypes, traced once.

        The numbers of steps and of rows are left open, as ``fit`` leaves them, so that a short
        batch runs the same code.
        """
        key = (x.shape[2:], y.shape[2:], x.dtype.name, y.dtype.name)
        if key not in self._loops:
            signature = (
                tf.TensorSpec([None, None, *x.shape[2:]], x.dtype),
                tf.TensorSpec([None, None, *y.shape[2:]], y.dtype),
            )
            loop = tf.function(self._train, autograph=False, jit_compile=False)
            with everything_in(self.dtype):
                self._loops[key] = loop.get_concrete_function(*signature)
        return self._loops[key]

    def _train(self, x: Any, y: Any) -> list[Any]:
        """Trace the loop over the steps of a block."""
        steps = tf.shape(x)[0]
        arrays = [
            tf.TensorArray(self.dtype, size=steps, infer_shape=False, element_shape=None)
            for _ in self.sites
        ]

        def body(i: Any, arrays: list[Any]) -> tuple[Any, list[Any]]:
            record = self._step(x[i], y[i])
            written = [
                array.write(i, record[site]) for array, site in zip(arrays, self.sites, strict=True)
            ]
            return i + 1, written

        _, arrays = tf.while_loop(
            lambda i, _: i < steps, body, (tf.constant(0), arrays), parallel_iterations=1
        )
        return [array.stack() for array in arrays]

    def _step(self, x: Any, y: Any) -> dict[str, Any]:
        """Trace one step, in the words of Keras's own ``train_step``."""
        record = {}
        with tf.GradientTape() as tape:
            a = x
            for layer in self.model.layers:
                a = layer(a, training=True) if layer._call_has_training_arg else layer(a)
                record[f"forward/{layer.name}/output"] = a
            loss = self.model.compute_loss(x=x, y=y, y_pred=a, training=True)
        record["loss/value"] = loss
        variables = list(self.variables.values())
        gradients = tape.gradient(self.model.optimizer.scale_loss(loss), variables)
        for path, gradient in zip(self.variables, gradients, strict=True):
            record[f"backward/{path}"] = gradient
        self.model.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        for path, variable in self.variables.items():
            record[f"update/{path}"] = keras.ops.convert_to_tensor(variable)
            for slot, array in self.slots[path].items():
                record[f"slot/{path}/{slot}"] = keras.ops.convert_to_tensor(array)
        return record


def _slots(optimizer: Any, variables: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return each variable's slots by name.

    Keras names a slot after the variable it belongs to: ``<optimizer>/<path with _>_<slot>``.
    """
    slots: dict[str, dict[str, Any]] = {path: {} for path in variables}
    for slot in optimizer.variables:
        name = slot.path.rsplit("/", 1)[-1]
        owners = [
            path
            for path, variable in variables.items()
            if name.startswith(variable.path.replace("/", "_") + "_")
            and slot.shape == variable.shape
        ]
        if owners:
            # The longest prefix: that of a layer "a_kernel" also begins like that of "a".
            owner = max(owners, key=len)
            prefix = variables[owner].path.replace("/", "_") + "_"
            slots[owner][name.removeprefix(prefix)] = slot
    return {path: _in_causal_order(found) for path, found in slots.items()}


def _in_causal_order(slots: dict[str, Any]) -> dict[str, Any]:
    """Return the slots in the order of their update, mostly that in which they were made.

    RMSprop makes its momentum before the average gradient from which it computes it.
    """
    last = "momentum" if "average_gradient" in slots else None
    return dict(sorted(slots.items(), key=lambda slot: slot[0] == last))
