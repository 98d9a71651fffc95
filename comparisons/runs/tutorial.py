"""The notes' procedural network as a trainer, a candidate like any other."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from comparisons.problems import Problem
from comparisons.runs.trainers import Array, Arrays, Record
from scratch import tutorial
from scratch.losses import BinaryCrossentropy, Loss, MeanSquaredError
from scratch.optimizers import SGD


@dataclass(frozen=True)
class TutorialTrainer:
    """``scratch.tutorial`` on a problem of two Dense layers, one sample a batch, and plain SGD.

    The notes keep features first and biases (units, 1), so everything is turned on the way in
    and on the way out. They form their gradients inside the update and do not return them.
    """

    layers: tuple[str, str]
    loss: Loss
    learning_rate: float

    @classmethod
    def of(cls, problem: Problem) -> "TutorialTrainer":
        """Return the tutorial for a problem; raises ``ValueError`` for one it is not for."""
        net = problem.network
        activation = "linear" if isinstance(net.loss, MeanSquaredError) else "sigmoid"
        layers = [entry for entry in problem.model["layers"] if entry["class_name"] == "Dense"]
        fits = (
            len(layers) == len(net.layers) == 2
            and all((layer["config"]["activation"] or "linear") == activation for layer in layers)
            and isinstance(net.loss, MeanSquaredError | BinaryCrossentropy)
            and net.optimizer == SGD(net.optimizer.learning_rate)
            and problem.batch_size == 1
        )
        if not fits:
            message = (
                f"problem {problem.name!r} is not one for the tutorial, which trains two Dense "
                "layers, linear with a mean squared error or sigmoid with a binary crossentropy, "
                "by plain SGD on one sample at a time"
            )
            raise ValueError(message)
        first, second = (layer.name for layer in net.layers)
        return cls((first, second), net.loss, net.optimizer.learning_rate)

    @property
    def sites(self) -> frozenset[str]:
        """What the notes' functions return, and what can be seen of their parameters."""
        forward = {f"forward/{layer}/output" for layer in self.layers}
        update = {f"update/{layer}/{t}" for layer in self.layers for t in ("kernel", "bias")}
        return frozenset(forward | update | {"loss/value"})

    def init(
        self, weights: Arrays, slots: Arrays | None = None, iterations: int = 0
    ) -> tutorial.Parameters:
        """Return the notes' dict ``W1``, ``b1``, ``W2``, ``b2``: plain SGD keeps nothing else."""
        del slots, iterations
        parameters = {}
        for number, layer in enumerate(self.layers, 1):
            parameters[f"W{number}"] = weights[f"{layer}/kernel"].copy()
            parameters[f"b{number}"] = weights[f"{layer}/bias"].reshape(-1, 1).copy()
        return parameters

    def step(self, state: tutorial.Parameters, x: Array, y: Array) -> tuple[Any, Record]:
        """Train on one sample, ``x`` (1, inputs) and ``y`` (1, outputs)."""
        features, target = x.T, y.T
        record = {}
        if isinstance(self.loss, MeanSquaredError):
            y_hat, hidden = tutorial.L_layer_forward(features, state)
            seen, update = y_hat, tutorial.update_parameters
        else:
            y_hat, hidden = tutorial.L_layer_forward_clf(features, state)
            seen = tutorial.linear_forward(hidden, state["W2"], state["b2"])
            update = tutorial.update_parameters_clf
        record[f"forward/{self.layers[0]}/output"] = hidden.T
        record[f"forward/{self.layers[1]}/output"] = y_hat.T
        record["loss/value"] = np.asarray(self.loss(target, seen)[0])
        update(state, target, y_hat, hidden, features, self.learning_rate)
        for number, layer in enumerate(self.layers, 1):
            # The notes change their parameters in place: what is recorded must be a copy.
            record[f"update/{layer}/kernel"] = state[f"W{number}"].copy()
            record[f"update/{layer}/bias"] = state[f"b{number}"].ravel().copy()
        return state, record
