"""A trainer: two verbs, and records by site. Here the momentum rule, written out."""
# ruff: noqa: ANN001, ANN201, ANN204, INP001, T201  as one writes it while learning

import numpy as np

from comparisons import check, problems
from comparisons.candidates import bind
from comparisons.runs import scratch_trainer


class MyTrainer:
    """Momentum, with the rule written out, around gradients that come from elsewhere.

    ``sites`` are those that a record has. What is not among them is not compared.
    """

    def __init__(self, problem):
        self.gradients_of = scratch_trainer(problem, {})
        optimizer = problem.network.optimizer
        self.learning_rate = optimizer.learning_rate
        self.momentum = float(np.float32(optimizer.momentum))  # Keras keeps it in this precision
        kinds = ("backward", "update")
        self.sites = {f"{kind}/{path}" for kind in kinds for path in problem.weights}
        self.sites |= {"loss/value"} | {f"slot/{path}/momentum" for path in problem.weights}

    def init(self, weights, slots=None, iterations=0):
        """Return the state: parameters, and their velocities, 0 unless given."""
        del iterations
        if slots is None:
            slots = {f"{path}/momentum": np.zeros_like(w) for path, w in weights.items()}
        return weights, slots

    def step(self, state, x, y):
        """Take a step: return the new state and the record."""
        weights, velocities = state
        _, record = self.gradients_of.step(self.gradients_of.init(weights), x, y)
        new_weights, new_velocities = {}, {}
        for path, w in weights.items():
            moved = self.learning_rate * record[f"backward/{path}"]
            v = self.momentum * velocities[f"{path}/momentum"] - moved
            new_velocities[f"{path}/momentum"], new_weights[path] = v, w + v
        record = {site: array for site, array in record.items() if site in self.sites}
        record |= {f"slot/{path}": v for path, v in new_velocities.items()}
        record |= {f"update/{path}": w for path, w in new_weights.items()}
        return (new_weights, new_velocities), record


if __name__ == "__main__":
    problem = problems.get("momentum")
    bound = bind(MyTrainer(problem), problem)
    print(*bound.binding, sep="\n")
    for verdict in check(bound, problem).verdicts:
        print(f"{verdict.mode}: {verdict.sentence}")
