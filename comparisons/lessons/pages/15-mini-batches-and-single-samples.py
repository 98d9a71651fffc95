# %% [markdown]
# # What changes when a step takes a batch instead of one sample?
#
# After ten minutes you will know what is averaged in a mini-batch and what is
# not, why the same data in other batches gives another network, and which
# division is easily made twice, or not at all.

# %% [markdown]
# ## One gradient for many samples
#
# The loss of a batch is the mean of its samples' losses. The derivative of a mean
# is the mean of the derivatives, so the gradient of a batch is the mean of the
# gradients that its samples have *at the same weights*.

# %%
import numpy as np

from comparisons import problems
from scratch import Dense, Input, Sequential, training

problem = problems.get("regression_asymmetric")
x, y, weights = problem.x, problem.y, list(problem.weights.values())
model = Sequential([Input((2,)), Dense(2), Dense(1)], dtype="float64")
model.set_weights(weights)
model.compile("sgd", "mse")


def gradient(rows):
    _, record = training.step(model.network, model.state, x[rows], y[rows])
    return record["backward/dense/kernel"]


singles = [gradient([row]) for row in range(4)]
print("W1 gradient of each student, first value:")
print("  ", *(f"{g[0, 0]:.9f}" for g in singles))
print(f"their mean:             {np.mean(singles, axis=0)[0, 0]:.9f}")
print(f"gradient of the batch:  {gradient([0, 1, 2, 3])[0, 0]:.9f}")

# %% [markdown]
# The shapes hide where the mean is taken. `dL/dW = x.T @ dz` *sums* over the
# batch; the division by the number of samples has already happened, once, in the
# loss, whose gradient is 2 (p - y) / n.
#
# ## The same data, other steps
#
# With single samples an epoch over four students takes four steps, and each is
# made at the weights that the one before left. With a batch of four it takes one.

# %%
from math import ceil

from scratch.optimizers import SGD


def trained(batch_size, rate=0.001, loss="mse"):
    model = Sequential([Input((2,)), Dense(2), Dense(1)], dtype="float64")
    model.set_weights(weights)
    model.compile(SGD(rate), loss)
    history = model.fit(x, y, batch_size, epochs=5, shuffle=False)
    return model, history.history["loss"]


print("batch  steps  loss of epoch 1  loss of epoch 5  afterwards")
for batch_size in [1, 2, 4]:
    model, losses = trained(batch_size)
    steps = 5 * ceil(4 / batch_size)
    after = model.evaluate(x, y)
    print(f"{batch_size:5}  {steps:5}", end="")
    print(f"{losses[0]:17.9f}{losses[-1]:17.9f}{after:12.6f}")

# %% [markdown]
# Even the loss of the first epoch differs, because what is reported are the
# losses *before* each update. With a batch of four they all belong to the initial
# weights. With single samples the later ones belong to weights that have moved.
#
# After five epochs single samples are far ahead, as they took four times as many
# steps of about the same length. Give the batch of four a rate four times as
# large, and it comes near, but it does not become the same thing.

# %%
model, losses = trained(4, rate=0.004)
print(f"batch 4, rate 0.004: epoch 5 {losses[-1]:.9f}", end="")
print(f", afterwards {model.evaluate(x, y):.6f}")

# %% [markdown]
# ## Keras takes the same steps
#
# Here is Keras's `fit` on the same weights, in float64.

# %%
import keras

from keras_ref.models import everything_in


def keras_losses(batch_size):
    with everything_in("float64"):
        dense = [keras.layers.Dense(2), keras.layers.Dense(1)]
        model = keras.Sequential([keras.Input((2,)), *dense])
        model.set_weights(weights)
        model.compile(keras.optimizers.SGD(0.001), "mse")
        history = model.fit(
            x, y, batch_size=batch_size, epochs=5, shuffle=False, verbose=0
        )
    return history.history["loss"]


for batch_size in [1, 2, 4]:
    losses = keras_losses(batch_size)
    print(f"{batch_size:5}{losses[0]:17.9f}{losses[-1]:17.9f}")

# %% [markdown]
# ## A mistake that looks like a learning rate
#
# If the division by n is forgotten, every gradient is n times too large. For
# plain SGD that is a learning rate n times as large: in batches of four, a
# *summed* loss at rate 0.001 leads to the parameters of the mean at 0.004.

# %%
from scratch.losses import MeanSquaredError

n = 4
summed, _ = trained(n, loss=MeanSquaredError(reduction="sum"))
mean, _ = trained(n, rate=n * 0.001)
pairs = zip(summed.get_weights(), mean.get_weights(), strict=True)
print("same parameters:", all(np.allclose(a, b, rtol=1e-12) for a, b in pairs))

# %% [markdown]
# So training works, and nobody notices, until somebody changes the batch size, or
# until the last batch is short and its division is by another n. A comparison
# notices at once. `short_last_batch` has seven samples in batches of three. We
# plant four mistakes, one at a time.

# %%
from comparisons import compare
from comparisons.causes import faults_for, plant
from comparisons.runs import ScratchTrainer
from comparisons.traces import shipped

problem = problems.get("short_last_batch")
recorded = shipped("short_last_batch", "float64")
mistakes = [
    "gradient not divided by the batch",
    "kernel gradient averaged once more (dense)",
    "bias gradient averaged once more (dense)",
    "short batch divided by the full batch size",
]
for fault in faults_for(problem):
    if fault.name in mistakes:
        mistaken = plant(ScratchTrainer(problem.network), [fault])
        found = compare(problem, reference=recorded, candidate=mistaken)[0]
        print(f"{fault.name}:")
        print(f"  step {found.first.step}, {found.first.site}")

# %% [markdown]
# The last is found at step 3 and not before: that is the first short batch.

# %% [markdown]
# ## Try it
#
# * In the first code cell change `gradient([0, 1, 2, 3])` to `gradient([0, 1])`.
#   It is the mean of the first two numbers of the line above.
# * In the second, change `[1, 2, 4]` to `[1, 3, 4]`. Batches of three leave one
#   of one. That makes as many steps as batches of two, and other numbers.
# * Change `n = 4` to `n = 3`. Now the parameters are not the same: the short last
#   batch is divided by 1, and not by 3.
