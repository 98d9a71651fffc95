# %% [markdown]
# # Why is a float64 Keras model not the textbook to 16 digits?
#
# After ten minutes you will know which constants Keras on TensorFlow holds in
# float32 even in a float64 model, how to see it, and what it does to momentum
# and Adam.

# %% [markdown]
# ## The cast
#
# Somewhere Keras has to turn Python's 0.9 into a tensor. On TensorFlow,
# `keras.ops.cast` does that by way of float32, whatever dtype was asked for.
# What is lost there does not come back.

# %%
import keras
import numpy as np

held = keras.ops.cast(0.9, "float64").numpy()
print("dtype: ", held.dtype)
print("cast:  ", f"{held:.16f}")
print("as if: ", f"{float(np.float32(0.9)):.16f}")
print("array: ", f"{keras.ops.cast(np.array(0.9), 'float64').numpy():.16f}")

# %% [markdown]
# A NumPy array keeps its digits; only plain Python numbers lose them. So it
# depends on the path that a constant takes.
#
# ## Which path does which constant take?
#
# We ask by measuring. Everything is float64 inside the `with`, and put back after
# it. The parameter starts at 0, and we choose the gradients.
#
# *Learning rate.* One step of plain SGD with the gradient -1 moves the parameter
# by exactly the learning rate.
#
# *Momentum.* Here the learning rate is 1. After the gradient -1 the momentum `m`
# is 1. A second gradient of 0 makes it `momentum * 1`: that is how far the second
# step moves.
#
# *An initializer.* `Constant(0.1)`, asked for float64.

# %%
from keras_ref.models import everything_in


def walk(optimizer, gradients):
    parameter = keras.Variable([0.0], dtype="float64")
    path = [0.0]
    for gradient in gradients:
        optimizer.apply([np.array([gradient])], [parameter])
        path.append(float(parameter.numpy()[0]))
    return np.diff(path)


with everything_in("float64"):
    steps = walk(keras.optimizers.SGD(0.1), [-1.0])
    print(f"learning rate 0.1: {steps[0]:.16f}")

    steps = walk(keras.optimizers.SGD(1.0, momentum=0.9), [-1.0, 0.0])
    print(f"momentum 0.9:      {steps[1]:.16f}")

    tenth = keras.initializers.Constant(0.1)((1,), dtype="float64")
    print(f"Constant(0.1):     {tenth.numpy()[0]:.16f}")

# %% [markdown]
# The learning rate is exact: Keras keeps it in a variable of the model's dtype.
# The momentum and the constant are the float32 neighbours of 0.9 and 0.1. That is
# why, in this project, initial weights are handed over as arrays.
#
# ## Adam: the same beta, twice
#
# Adam uses each beta in two places: `1 - beta` in the running means, and
# `beta ** t` in the bias corrections. Keras computes the first in Python and
# casts the base of the second. Take one step with the gradient -1 and both
# formulas:

# %%
rate, beta_1, beta_2, epsilon = 0.01, 0.9, 0.999, 1e-7


def first_step(power_1, power_2):
    m, v = 1 - beta_1, 1 - beta_2
    corrected = rate * np.sqrt(1 - power_2) / (1 - power_1)
    return m * corrected / (np.sqrt(v) + epsilon)


with everything_in("float64"):
    adam = keras.optimizers.Adam(rate, beta_1, beta_2, epsilon)
    keras_step = walk(adam, [-1.0])[0]

as_held = first_step(float(np.float32(beta_1)), float(np.float32(beta_2)))
print(f"Keras, float64:     {keras_step:.12f}")
print(f"powers of float32:  {as_held:.12f}")
print(f"textbook:           {first_step(beta_1, beta_2):.12f}")

# %% [markdown]
# The textbook's step is another number from the sixth digit on: 0.009999968377
# against 0.009999901620. That is far more than the rounding of 0.999, because
# `1 - beta_2 ** t` subtracts two numbers that are nearly equal:

# %%
held = float(np.float32(0.999))
print(f"relative error of 0.999:     {held / 0.999 - 1:.1e}")
print(f"relative error of 1 - 0.999: {(1 - held) / (1 - 0.999) - 1:.1e}")

# %% [markdown]
# ## What the tool says
#
# `scratch` is the textbook. Run as it stands against float64 Keras, it is caught.
# Told which constants Keras really holds, it passes. In float32 there is nothing
# to tell, because there both sides round.

# %%
from comparisons import compare, problems
from comparisons.runs import ScratchTrainer, scratch_trainer
from comparisons.traces import shipped

for dtype in ["float64", "float32"]:
    for name in ["momentum", "adam"]:
        problem = problems.get(name).astype(dtype)
        recorded = shipped(name, dtype)
        textbook = ScratchTrainer(problem.network)
        informed = scratch_trainer(problem, recorded.constants)
        print(name, dtype)
        for trainer in [textbook, informed]:
            (verdict,) = compare(
                problem, reference=recorded, candidate=trainer, modes=["locked"]
            )
            first = verdict.first
            where = f"step {first.step}, {first.site}" if first else "nowhere"
            print("  parts:", where)

# %% [markdown]
# Plain momentum parts only at step 2, since at step 1 the momentum multiplies 0.
# Adam parts at step 1, in the update, while the running means before it agree:
# these use the exact `1 - beta`.
#
# The catalogue of mistakes has this one, although it is nobody's mistake, so that
# a float64 candidate with textbook constants is told what is going on:

# %%
from comparisons import examine

adam = problems.get("adam")
checked = examine(adam, ScratchTrainer(adam.network))
print("cause:", *checked.explanations[0].names)

# %% [markdown]
# `compare(problem)` informs scratch by itself. Your own code has to write
# `float(np.float32(0.9))` where this matters, or be compared in float32.

# %% [markdown]
# ## Try it
#
# * In the second code cell change `momentum=0.9` to `momentum=0.5`. Float32 holds
#   0.5 exactly, and so does Keras.
# * In the third, change `0.9, 0.999` to `0.5, 0.5`. All three steps are the same
#   number.
# * In the fifth, change `["momentum", "adam"]` to `["nesterov", "adamw"]`.
#   Nesterov parts at step 1 already: it multiplies the new `m`, which is not 0.
