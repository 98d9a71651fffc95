# %% [markdown]
# # How is the smallest network trained, number by number?
#
# After ten minutes you will have done one training step of a network with
# nine parameters yourself, every number of it, checked a gradient without any
# calculus, and let the same step run twenty times.
#
# The problem: four students, each with a grade average (`cgpa`) and a profile
# score, and the salary (`lpa`) that each was offered. The network is to
# predict the third number from the first two.

# %%
import numpy as np

from scratch import tutorial

print("cgpa  profile  lpa")
for cgpa, profile_score, lpa in tutorial.SALARIES:
    print(f"{cgpa:4}  {profile_score:7}  {lpa:3}")

# %% [markdown]
# ## The network
#
# Two inputs, a hidden layer of two units, one output: 2-2-1. Both layers are
# linear: a unit's output is the weighted sum of its inputs plus its bias, and
# nothing more. `W1` has one row per input and one column per unit, `b1` one
# number per unit. Every weight starts at 0.1 and every bias at 0.

# %%
parameters = tutorial.initialize_parameters([2, 2, 1])
W1, b1 = parameters["W1"], parameters["b1"]
W2, b2 = parameters["W2"], parameters["b2"]
for name, array in parameters.items():
    print(name, array.shape, array.tolist())

# %% [markdown]
# ## Forward
#
# Take the first student, 8 and 8. As a column, `X` has shape (2, 1). Each
# hidden unit computes 0.1 · 8 + 0.1 · 8 + 0 = 1.60, and the output unit adds
# up a tenth of both: 0.320. The student was offered 4.

# %%
X = np.array([[8.0], [8.0]])
y = 4.0

A1 = W1.T @ X + b1
y_hat = W2.T @ A1 + b2

print("hidden    ", [f"{a:.4f}" for a in A1.ravel()])
print("predicted ", f"{y_hat.item():.4f}")

# %% [markdown]
# ## Loss
#
# How wrong is that? The squared error of one sample is (ŷ − y)². It is 0 when
# the prediction is right, and an error twice as large counts four times.

# %%
loss = ((y_hat - y) ** 2).item()
print(f"loss {loss:.6f}")

# %% [markdown]
# ## Backward: the chain rule
#
# Which way, and how strongly, does each parameter move the loss? The chain
# rule answers from the end to the start. Write `dZ2` for ∂L/∂ŷ and so on:
#
# * The loss is (ŷ − y)², so `dZ2` = 2 (ŷ − y) = 2 (0.320 − 4) = −7.36.
# * ŷ = W2ᵀ A1 + b2. A weight of `W2` is multiplied by its unit's output, so
#   its gradient is that output times `dZ2`: 1.60 · −7.36 = −11.776. The bias
#   is multiplied by 1: its gradient is `dZ2` itself.
# * A hidden output is multiplied by its weight in `W2`: `dZ1` = W2 · dZ2,
#   which is 0.1 · −7.36 = −0.736 for both units.
# * A weight of `W1` is multiplied by its input: 8 · −0.736 = −5.888. Row i and
#   column j of `dW1` belong to input i and unit j, as in `W1`.

# %%
dZ2 = 2 * (y_hat - y)
dW2 = A1 @ dZ2.T
db2 = dZ2
dZ1 = W2 @ dZ2
dW1 = X @ dZ1.T
db1 = dZ1

gradients = {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}
print(f"dZ2 {dZ2.item():.4f}   dZ1 {dZ1[0, 0]:.4f}")
for name, gradient in gradients.items():
    print(f"d{name}", np.round(gradient, 6).tolist())

# %% [markdown]
# ## Is that right? Ask the loss
#
# A gradient can be checked without the chain rule: move one weight up and
# down by a little, and see how much the loss moves. The slope of `W2[0, 0]`
# measured like this must be the −11.776 from above.


# %%
def loss_with(W2):
    prediction = W2.T @ A1 + b2
    return ((prediction - y) ** 2).item()


nudge = np.array([[1e-4], [0.0]])
slope = (loss_with(W2 + nudge) - loss_with(W2 - nudge)) / 2e-4
print(f"by the chain rule {dW2[0, 0]:.6f}")
print(f"by nudging        {slope:.6f}")

# %% [markdown]
# ## Update
#
# Every parameter takes a small step against its gradient. The learning rate
# says how small: here 0.001. Form all gradients first, and only then move the
# parameters; each gradient belongs to the weights that made the prediction.
# (Lesson 4 shows what happens otherwise.)

# %%
learning_rate = 0.001
for name, gradient in gradients.items():
    parameters[name] -= learning_rate * gradient

for name, array in parameters.items():
    print(name, np.round(array, 6).tolist())

y_hat = W2.T @ (W1.T @ X + b1) + b2
print(f"predicted now {y_hat.item():.6f}, loss {((y_hat - y) ** 2).item():.6f}")

# %% [markdown]
# `W2` went from 0.1 to 0.1 + 0.001 · 11.776 = 0.111776. The prediction is
# still far from 4, but nearer: the loss fell from 13.5424 to 13.0591.
#
# ## Twenty such steps
#
# An *epoch* is one pass over all four students, one step for each. The
# functions of `scratch.tutorial` do exactly what you have just done. The loss
# of an epoch is the mean of its four losses, each taken before its update.

# %%
parameters = tutorial.initialize_parameters([2, 2, 1])
losses, parameters = tutorial.train_regression(parameters, epochs=5)

for epoch, loss in enumerate(losses, start=1):
    print(f"epoch {epoch}  loss {loss:.8f}")
for name, array in parameters.items():
    print(name, np.round(array, 8).tolist())

# %% [markdown]
# The loss falls from 26.3456 to 1.2238. Two things are worth a look. The two
# columns of `W1` are still equal, and so are the two weights of `W2`: units
# that start alike stay alike, so this network uses two units as if it had
# one (lesson 12). And these are the very numbers of Keras (lesson 2).

# %% [markdown]
# ## Try it
#
# * In the cell *Update*, set `learning_rate = 0.01`, ten times as much. Does
#   the loss of this student still fall? And with 0.1?
# * In the last cell, set `epochs=50`. How far down does the loss go, and does
#   it keep falling?
# * In *Forward*, take another student, `X = np.array([[5.0], [12.0]])` and
#   `y = 7.0`. Which numbers of `dW1` are no longer all equal, and why?
