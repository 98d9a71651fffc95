# %% [markdown]
# # What exactly do momentum and Adam do?
#
# After ten minutes you will be able to write both rules as Keras computes them,
# and know what the usual descriptions leave open: where the learning rate stands,
# what Nesterov looks ahead to, and where epsilon goes.

# %% [markdown]
# ## Momentum: the learning rate stands inside
#
# One parameter, three gradients. Keras keeps a slot `m` beside the parameter `w`
# and does
#
#     m = momentum * m - rate * g
#     w = w + m
#
# Other libraries leave the rate out of `m` and multiply it in afterwards. We
# write both, and run Keras itself in float64 beside them.

# %%
import keras
import numpy as np

from keras_ref.models import everything_in

gradients = [1.0, -0.5, 0.25]


def inside(rates, momentum=0.9):
    w, m = 0.0, 0.0
    for rate, g in zip(rates, gradients, strict=True):
        m = momentum * m - rate * g
        w = w + m
        yield w


def outside(rates, momentum=0.9):
    w, m = 0.0, 0.0
    for rate, g in zip(rates, gradients, strict=True):
        m = momentum * m + g
        w = w - rate * m
        yield w


def by_keras(rule, rates, **arguments):
    with everything_in("float64"):
        optimizer = rule(0.1, **arguments)
        w = keras.Variable([0.0], dtype="float64")
        for rate, g in zip(rates, gradients, strict=True):
            optimizer.learning_rate = rate
            optimizer.apply([np.array([g])], [w])
            yield float(w.numpy()[0])


def show(name, path):
    print(f"{name:<10}", *(f"{w:12.7f}" for w in path))


for rates in [[0.1, 0.1, 0.1], [0.1, 0.1, 0.01]]:
    print("rates", rates)
    show("inside", inside(rates))
    show("outside", outside(rates))
    show("Keras", by_keras(keras.optimizers.SGD, rates, momentum=0.9))

# %% [markdown]
# While the rate stays the same the two walk the same path: one `m` is minus the
# rate times the other. When the rate drops at the third step they part. Inside,
# what was gathered keeps the old rate; outside, all of it gets the new one. So a
# test that looks only at parameters, with a constant rate, cannot see which of
# the two was written. The slot shows it at once.
#
# ## Nesterov: the new m, once more
#
# Keras does not evaluate the gradient elsewhere. It moves by what the momentum
# will do *next* time, if the same gradient came again:
#
#     m = momentum * m - rate * g
#     w = w + momentum * m - rate * g

# %%


def nesterov(rates, momentum=0.9):
    w, m = 0.0, 0.0
    for rate, g in zip(rates, gradients, strict=True):
        m = momentum * m - rate * g
        w = w + momentum * m - rate * g
        yield w


constant = [0.1, 0.1, 0.1]
sgd = keras.optimizers.SGD
show("by hand", nesterov(constant))
show("Keras", by_keras(sgd, constant, momentum=0.9, nesterov=True))

# %% [markdown]
# ## Adam
#
# Two slots: a running mean `m` of the gradient and one, `v`, of its square. Both
# start at 0 and are too small at first. The *bias corrections* make up for that.
#
#     m = m + (g - m) * (1 - beta_1)
#     v = v + (g * g - v) * (1 - beta_2)
#     a = rate * sqrt(1 - beta_2**t) / (1 - beta_1**t)        t = 1, 2, 3, …
#     w = w - a * m / (sqrt(v) + epsilon)
#
# Keras raises the float32 neighbours of the betas to the power t, even in float64
# (lesson 10), so `r` does the same here.

# %%


def r(x):
    return float(np.float32(x))


def adam(rates, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    w, m, v = 0.0, 0.0, 0.0
    for t, (rate, g) in enumerate(zip(rates, gradients, strict=True), start=1):
        m = m + (g - m) * (1 - beta_1)
        v = v + (g * g - v) * (1 - beta_2)
        a = rate * np.sqrt(1 - r(beta_2) ** t) / (1 - r(beta_1) ** t)
        w = w - a * m / (np.sqrt(v) + epsilon)
        yield w


show("by hand", adam(constant))
show("Keras", by_keras(keras.optimizers.Adam, constant))

m, v = 0.1 * gradients[0], 0.001 * gradients[0] ** 2
print(f"first step without the corrections: {-0.1 * m / np.sqrt(v):.7f}")

# %% [markdown]
# The first step is very nearly the rate, 0.1, whatever the size of the gradient:
# `m` is a tenth of g, `v` a thousandth of its square, and the corrections undo
# both. Without them it would be more than three times as long.
#
# ## Epsilon's place
#
# Algorithm 1 of the paper (Kingma and Ba, 2015) corrects `v` first and then adds
# epsilon, to sqrt(v / (1 - beta_2**t)). Keras adds it to sqrt(v) itself, as the
# paper also proposes, for speed. At t = 1 that root is smaller by a factor of
# sqrt(0.001), about 1/32, so that the same epsilon weighs 32 times as much. It
# shows where gradients are tiny:

# %%
rate, epsilon = 0.1, 1e-7
for g in [1.0, 1e-5, 1e-7]:
    m, v = 0.1 * g, 0.001 * g * g
    beside = rate * np.sqrt(0.001) / 0.1 * m / (np.sqrt(v) + epsilon)
    paper = rate * (m / 0.1) / (np.sqrt(v / 0.001) + epsilon)
    print(f"g = {g:7.0e}   Keras {beside:.7f}   Algorithm 1 {paper:.7f}")

# %% [markdown]
# With a gradient of 1e-7 the first step is 0.0030653 in Keras and 0.0500000 by
# Algorithm 1.
#
# ## Do the tests see all this?
#
# `scratch/optimizers.py` has the same rules. We plant the mistakes one at a time
# and see where scratch then parts from a recording of Keras.

# %%
from comparisons import compare, problems
from comparisons.causes import faults_for, plant
from comparisons.runs import scratch_trainer
from comparisons.traces import shipped

mistakes = {
    "momentum": ["learning rate outside the momentum", "momentum left out"],
    "nesterov": ["Nesterov without the look-ahead"],
    "adam": [
        "Adam without bias correction",
        "Adam's steps counted from 0",
        "Adam's epsilon beside the corrected root",
    ],
}
for name, kinds in mistakes.items():
    problem, recorded = problems.get(name), shipped(name, "float64")
    honest = scratch_trainer(problem, recorded.constants)
    (verdict,) = compare(problem, reference=recorded, modes=["locked"])
    print(f"{name}: {verdict.sentence}")
    for fault in faults_for(problem):
        if fault.name in kinds:
            (verdict,) = compare(
                problem,
                reference=recorded,
                candidate=plant(honest, [fault]),
                modes=["locked"],
            )
            first = verdict.first
            print(f"  {fault.name}: step {first.step}, {first.site}")

# %% [markdown]
# Each is found at step 1, in the quantity that it touches first: a slot if the
# slot is wrong, the parameter if only the last line of the rule is.

# %% [markdown]
# ## Try it
#
# * In the first code cell change `[0.1, 0.1, 0.01]` to `[0.1, 0.01, 0.01]`. The
#   two momentums part one step earlier.
# * Change `gradients` to `[100, -50, 25]`. The momentum's paths grow a hundred
#   times; Adam's hardly changes.
# * Change `rate, epsilon = 0.1, 1e-7` to `0.1, 0`. The two places of epsilon then
#   give the same.
