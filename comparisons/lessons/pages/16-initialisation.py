# %% [markdown]
# # How large should the first weights be?
#
# After ten minutes you will know what Glorot (also called Xavier) and He
# initialisation compute and why, what Keras does by default, and why the same
# seed does not give two libraries the same weights.

# %% [markdown]
# ## One layer
#
# A unit adds up `inputs` products of a weight and an input. If both are random,
# independent and around 0, the variances of the products add up:
#
#     variance of z = inputs * variance of the weights * mean of a²
#
# So a layer keeps the size of its signal if the variance of the weights is
# 1 / inputs. On the way back each error is a sum over the `outputs` units, which
# asks for 1 / outputs. Glorot takes the mean of the two: 2 / (inputs + outputs).

# %%
import numpy as np

from scratch.initializers import GlorotUniform, HeNormal

rng = np.random.default_rng(0)
inputs, outputs = 400, 100
W = GlorotUniform()((inputs, outputs), "float64", rng)
a = rng.normal(size=(1000, inputs))
z = a @ W
print(f"variance of the weights:  {W.var():.6f}")
print(f"2 / (inputs + outputs):   {2 / (inputs + outputs):.6f}")
print(f"variance of z:            {z.var():.6f}")
print(f"inputs * variance of W:   {inputs * W.var():.6f}")

# %% [markdown]
# *Uniform* means: drawn evenly between -limit and limit. Such numbers have the
# variance limit² / 3, so the limit is the root of three times the variance.
#
# A relu sets half of its inputs to 0, and with them half of the mean of a². He
# makes up for that and doubles the variance: 2 / inputs. *Normal* is the bell
# curve, here cut off at two deviations and widened so that the variance is right.

# %%
W = HeNormal()((inputs, outputs), "float64", rng)
print(f"variance of the weights:  {W.var():.6f}")
print(f"2 / inputs:               {2 / inputs:.6f}")
after = np.maximum(a @ W, 0)
print(f"mean of a², after a relu: {(after**2).mean():.6f}")

# %% [markdown]
# ## Twenty layers
#
# What a layer does to the size is done twenty times over. Here are twenty layers
# of 100 units, an input of size 1, and five ways to start. We print the size (the
# root of the mean square) of what some layers put out.

# %%
from scratch import Dense, Input, Sequential, training
from scratch.initializers import RandomNormal

layers_shown = ["dense", "dense_4", "dense_9", "dense_19"]


def sizes(activation, initializer):
    rng = np.random.default_rng(0)
    hidden = [
        Dense(100, activation, kernel_initializer=initializer)
        for _ in range(20)
    ]
    model = Sequential(
        [Input((100,)), *hidden, Dense(1)], "deep", "float64", rng
    )
    model.compile("sgd", "mse")
    x, y = rng.normal(size=(200, 100)), rng.normal(size=(200, 1))
    _, record = training.step(model.network, model.state, x, y)
    arrays = [record[f"forward/{layer}/output"] for layer in layers_shown]
    return [np.sqrt(np.mean(array**2)) for array in arrays]


ways = [
    ("tanh", "glorot_uniform"),
    ("relu", "glorot_uniform"),
    ("relu", "he_uniform"),
    ("relu", RandomNormal(stddev=0.05)),
    ("relu", RandomNormal(stddev=1.0)),
]
print(" " * 22, *(f"{layer:>12}" for layer in layers_shown))
for activation, initializer in ways:
    name = getattr(initializer, "stddev", initializer)
    row = sizes(activation, initializer)
    print(f"{activation} {name!s:<17}", *(f"{size:12.6g}" for size in row))

# %% [markdown]
# Glorot's start suits tanh: the size falls only slowly. With relu the same start
# loses about half of the mean square in every layer, and after twenty of them
# little is left. He's start keeps the size, but for luck. A fixed deviation fits
# one width only: 0.05 is too small for 100 units, and 1 far too large.
#
# ## What Keras does
#
# `Dense` starts with Glorot's uniform weights and zero biases, whatever its
# activation is. With relu you have to ask for He yourself.

# %%
import keras

layer = keras.layers.Dense(100, activation="relu")
print("kernel:", type(layer.kernel_initializer).__name__)
print("bias:  ", type(layer.bias_initializer).__name__)

shape = (inputs, outputs)
theirs = keras.initializers.GlorotUniform(seed=0)(shape).numpy()
ours = GlorotUniform()(shape, "float32", np.random.default_rng(0))
limit = np.sqrt(6 / (inputs + outputs))
print(f"limit:                 {limit:.6f}")
print(f"largest of Keras's:    {np.abs(theirs).max():.3f}")
print(f"largest of scratch's:  {np.abs(ours).max():.3f}")
print("same numbers, both with seed 0:", np.array_equal(ours, theirs))

# %% [markdown]
# Both draw from the same distribution, and not the same numbers: a seed means
# something only to one generator. So whoever wants to compare two libraries draws
# once and gives both the same arrays. Here Keras draws the start of the
# regression problem, and both sides get what it drew.

# %%
from dataclasses import replace

from comparisons import compare, problems

problem = problems.get("regression")
draw = keras.initializers.GlorotUniform(seed=1)
weights = {
    name: draw(w.shape).numpy() if name.endswith("kernel") else w
    for name, w in problem.weights.items()
}
verdict = compare(replace(problem, weights=weights))[0]
print(verdict.sentence)

# %% [markdown]
# The start decides what is learned and how fast. It does not decide whether two
# programs agree, except where it hides a mistake, as equal weights do.

# %% [markdown]
# ## Try it
#
# * In the third code cell change `("relu", RandomNormal(stddev=1.0))` to
#   `("tanh", RandomNormal(stddev=1.0))`. Nothing grows, since tanh ends at 1, but
#   the size is near 1 everywhere: most units are saturated.
# * In the first, change `inputs, outputs = 400, 100` to `100, 400`. The variance
#   of z is now below 1 in place of above: Glorot's is a compromise, exact only
#   where inputs and outputs are as many.
# * In the fourth, change `activation="relu"` to `activation="tanh"`. The answer
#   stays.
