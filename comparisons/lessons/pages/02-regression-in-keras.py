# %% [markdown]
# # Does Keras go through the same numbers, at every step?
#
# After ten minutes you will have trained lesson 1's network in Keras from the
# same weights, and know which four settings make the two agree: not nearly,
# but at every one of the twenty steps.

# %%
import keras
import numpy as np

from comparisons import compare, problems
from scratch import tutorial

X = tutorial.SALARIES[:, :2].astype("float64")
y = tutorial.SALARIES[:, 2:].astype("float64")
print("X", X.shape, " y", y.shape)

# %% [markdown]
# Note the shape of `y`: (4, 1), one column, like the network's output. (Lesson
# 11 is about what happens with other shapes.)
#
# ## Settings that decide the numbers
#
# 1. *The same start.* Never the same random seed on both sides, but the same
#    arrays, by `set_weights`. Keras keeps a kernel as (inputs, units) and a
#    bias as (units,), and lists them layer by layer.
# 2. *The same order.* `fit` shuffles the rows unless told `shuffle=False`
#    (lesson 6).
# 3. *The same batches.* The steps by hand use one row each: `batch_size=1`.
# 4. *The same precision.* NumPy computes in float64, Keras in float32 unless
#    told otherwise. Tell it before the first layer is made, and tell it both
#    things: `floatx` is for data, losses and learning rates, the policy is for
#    layers. At the end of this lesson they are put back.

# %%
keras.config.set_floatx("float64")
keras.config.set_dtype_policy("float64")


def new_model():
    model = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(2), keras.layers.Dense(1)]
    )
    model.set_weights(
        [np.full((2, 2), 0.1), np.zeros(2), np.full((2, 1), 0.1), np.zeros(1)]
    )
    model.compile(keras.optimizers.SGD(0.001), "mean_squared_error")
    return model


model = new_model()
print("parameters", model.count_params())

# %% [markdown]
# ## Five epochs on both sides

# %%
history = model.fit(X, y, batch_size=1, epochs=5, shuffle=False, verbose=0)
theirs = history.history["loss"]

parameters = tutorial.initialize_parameters([2, 2, 1])
ours, parameters = tutorial.train_regression(parameters, epochs=5)

print("epoch       by hand         Keras")
for epoch, (a, b) in enumerate(zip(ours, theirs, strict=True), start=1):
    print(f"{epoch:5}  {a:12.8f}  {b:12.8f}")

# %% [markdown]
# The losses agree, from 26.345578 down to 1.223804. So do the final parameters:

# %%
by_keras = dict(zip(["W1", "b1", "W2", "b2"], model.get_weights(), strict=True))
for name, array in parameters.items():
    theirs = by_keras[name]
    same = np.allclose(array.ravel(), theirs.ravel(), rtol=1e-12, atol=0)
    print(name, np.round(theirs, 8).tolist(), "same:", same)

# %% [markdown]
# ## Every step, not just the end
#
# Five equal losses do not prove that the two did the same on the way. So walk
# in parallel: one `train_on_batch` in Keras, one `update_parameters` by hand,
# and compare the loss and all nine parameters after each.

# %%
model = new_model()
parameters = tutorial.initialize_parameters([2, 2, 1])
worst = 0.0
steps = 0
for _epoch in range(5):
    for row in range(4):
        their_loss = model.train_on_batch(X[[row]], y[[row]])

        x = X[[row]].T
        y_hat, A1 = tutorial.L_layer_forward(x, parameters)
        our_loss = ((y_hat - y[row]) ** 2).item()
        tutorial.update_parameters(parameters, y[row], y_hat, A1, x)

        differences = [abs(our_loss - float(their_loss))]
        for array, weights in zip(
            parameters.values(), model.get_weights(), strict=True
        ):
            differences.append(np.abs(array.ravel() - weights.ravel()).max())
        worst = max(worst, *differences)
        steps += 1

print("steps", steps)
print("largest difference below 1e-12:", worst < 1e-12)

# %% [markdown]
# float64 carries about 16 digits, and the losses here are as large as 40: a
# difference below 1e-12 is rounding. But where exactly does rounding end and a
# mistake begin? That is what `compare` measures. It runs both sides on a
# problem of the catalogue and looks at every output, loss, gradient and
# parameter of every step, each within its own *rounding budget* (lesson 9).

# %%
for verdict in compare(problems.get("regression")):
    print(f"{verdict.mode:7}{verdict.sentence}")

# %% [markdown]
# In a *free* run each side goes its own way from the start. In a *locked* run
# every step by hand starts from Keras's parameters: then a difference shows
# where it arises, not where it has led.
#
# ## The same in float32
#
# The agreement is not a matter of 16 digits. In float32, Keras's own default,
# about 7 digits are left, and both sides still go through the same numbers.

# %%
for verdict in compare(problems.get("regression").astype("float32")):
    print(f"{verdict.mode:7}{verdict.sentence}")
    last = verdict.epoch_losses.reference[-1]
print(f"loss of epoch 5 {last:.6f}")

# %% [markdown]
# Put Keras's precision back to what it was.

# %%
keras.config.set_floatx("float32")
keras.config.set_dtype_policy("float32")
print(keras.config.floatx(), keras.config.dtype_policy().name)

# %% [markdown]
# ## Try it
#
# * In the cell *Five epochs on both sides*, write `shuffle=True`. Already the
#   first losses part; run the cell again, and they part differently.
# * In `new_model`, write `SGD(0.0010001)`: a rate wrong by one part in ten
#   thousand. How many digits of the fifth loss are left?
# * In *Every step*, take the rows in another order: `for row in (3, 2, 1, 0):`.
#   Both sides then take it. Do they still agree?
