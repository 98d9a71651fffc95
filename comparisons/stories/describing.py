"""What is trained, described: layers, loss and update rule as both sides understand them."""

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

from comparisons.problems import Problem
from comparisons.runs import scratch_trainer
from comparisons.stories.numbers import number


def layers_of(problem: Problem) -> list[dict[str, Any]]:
    """Return the layers in order, with shapes of one sample; only Dense ones have units."""
    shape: tuple[int, ...] = problem.x.shape[1:]
    described = []
    for layer in problem.scratch_model.layers:
        config, output = layer.get_config(), layer.output_shape(shape)
        one = {
            "name": layer.name,
            "class": type(layer).__name__,
            "activation": config.get("activation") or "linear",
            "use_bias": bool(config.get("use_bias", False)),
            "input_shape": list(shape),
            "output_shape": list(output),
        }
        if "units" in config:
            one["units"] = config["units"]
        described.append(one)
        shape = output
    return described


def loss_of(problem: Problem) -> dict[str, Any]:
    """Return the loss with its config.

    ``computed_from_logits`` says whether Keras computes it from what goes into the last
    activation, which it does after a sigmoid or a softmax, whatever ``from_logits`` says.
    """
    declared = problem.scratch_model.get_compile_config()["loss"]
    return {
        "class": declared["class_name"],
        "from_logits": False,
        **_plain(declared["config"]),
        "computed_from_logits": bool(getattr(problem.network.loss, "from_logits", False)),
    }


def optimizer_of(problem: Problem, constants: Mapping[str, float]) -> dict[str, Any]:
    """Return the update rule with the numbers that Keras really holds."""
    declared = problem.network.optimizer
    held: Any = scratch_trainer(problem, constants).network.optimizer
    config = asdict(held) if is_dataclass(held) else held.get_config()  # type: ignore[arg-type]
    return {"class": type(declared).__name__, **_plain(config)}


def _plain(config: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: number(value) if isinstance(value, float) else value
        for name, value in config.items()
        if value is None or isinstance(value, bool | int | float | str)
    }
