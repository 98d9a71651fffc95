# %% [markdown]
# # What changes when the network is to say yes or no?
#
# After ten minutes you will have trained a classifier by hand and in Keras,
# and know why its first gradient is simply ŷ − y, and why a loss of 0.693 means
# that nothing has been learned yet.
#
# The same students, another question: was each of them placed (1) or not (0)?

# %%
import keras
import numpy as np

from comparisons import compare, problems
from scratch import tutorial

for cgpa, profile_score, placed in tutorial.PLACEMENTS:
    print(f"cgpa {cgpa}  profile score {profile_score:2}  placed {placed}")

# %% [markdown]
# ## The sigmoid
#
# The network is the same 2-2-1, but each unit now passes its sum Z through the
# sigmoid σ(Z) = 1 / (1 + exp(−Z)). Whatever Z is, σ(Z) lies between 0 and 1,
# and the output can be read as a probability. Its slope is σ(Z)(1 − σ(Z)): at
# most 0.25, and nearly 0 far out on both sides.


# %%
def sigmoid(Z):
    return 1 / (1 + np.exp(-Z))


for Z in (-5.0, -1.0, 0.0, 1.0, 5.0):
    A = sigmoid(Z)
    print(f"Z {Z:5.1f}   sigmoid {A:.6f}   slope {A * (1 - A):.6f}")

# %% [markdown]
# ## Forward, and the loss
#
# The loss is the *binary cross-entropy*: −log ŷ where the answer is 1, and
# −log(1 − ŷ) where it is 0. A confident mistake costs much.

# %%
parameters = tutorial.initialize_parameters([2, 2, 1])
W1, b1 = parameters["W1"], parameters["b1"]
W2, b2 = parameters["W2"], parameters["b2"]
X = np.array([[8.0], [8.0]])
y = 1.0

A1 = sigmoid(W1.T @ X + b1)
y_hat = sigmoid(W2.T @ A1 + b2)
loss = -(y * np.log(y_hat) + (1 - y) * np.log(1 - y_hat))
print(f"hidden {A1[0, 0]:.8f}  {A1[1, 0]:.8f}")
print(f"predicted {y_hat.item():.8f}")
print(f"loss {loss.item():.8f}")

# %% [markdown]
# ## Backward
#
# By the chain rule, ∂L/∂Z2 is ∂L/∂ŷ times the sigmoid's slope:
#
#     ∂L/∂ŷ   = (ŷ − y) / (ŷ (1 − ŷ))
#     ∂ŷ/∂Z2  = ŷ (1 − ŷ)
#     ∂L/∂Z2  = ŷ − y
#
# The slope of the logarithm and the slope of the last sigmoid cancel. The
# hidden sigmoid has nobody to cancel with: there, W2 · dZ2 is multiplied by
# A1 (1 − A1). Everything else is as in lesson 1.

# %%
long_way = (y_hat - y) / (y_hat * (1 - y_hat)) * (y_hat * (1 - y_hat))
dZ2 = y_hat - y
dW2 = A1 @ dZ2.T
dZ1 = W2 @ dZ2 * A1 * (1 - A1)
dW1 = X @ dZ1.T
print(f"dZ2 {dZ2.item():.8f}, the long way {long_way.item():.8f}")
print(f"dW2 {dW2[0, 0]:.8f}   db2 {dZ2.item():.8f}")
print(f"dW1 {dW1[0, 0]:.8f}   db1 {dZ1[0, 0]:.8f}")

# %% [markdown]
# The error reaches the hidden layer a good seventy times smaller than it was:
# times 0.1 for the weight, then times 0.1398 for the hidden sigmoid's slope.
# Lesson 14 follows this through many layers. Let us make sure of the slope and
# of one gradient by nudging, as in lesson 1.


# %%
def loss_with(W1):
    A1 = sigmoid(W1.T @ X + b1)
    return -np.log(sigmoid(W2.T @ A1 + b2)).item()


nudge = np.array([[1e-4, 0.0], [0.0, 0.0]])
slope = (loss_with(W1 + nudge) - loss_with(W1 - nudge)) / 2e-4
print(f"slope of the hidden sigmoid {(A1 * (1 - A1))[0, 0]:.6f}")
print(f"dW1[0, 0] by the chain rule {dW1[0, 0]:.6f}, by nudging {slope:.6f}")

# %% [markdown]
# ## Fifty epochs by hand and in Keras
#
# The learning rate is 0.0001. In Keras, two words change: the activation and
# the loss.

# %%
keras.config.set_floatx("float64")
keras.config.set_dtype_policy("float64")

model = keras.Sequential(
    [
        keras.Input((2,)),
        keras.layers.Dense(2, activation="sigmoid"),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
model.set_weights(
    [np.full((2, 2), 0.1), np.zeros(2), np.full((2, 1), 0.1), np.zeros(1)]
)
model.compile(keras.optimizers.SGD(0.0001), "binary_crossentropy")
history = model.fit(
    tutorial.PLACEMENTS[:, :2].astype("float64"),
    tutorial.PLACEMENTS[:, 2:].astype("float64"),
    batch_size=1,
    epochs=50,
    shuffle=False,
    verbose=0,
)
theirs = history.history["loss"]

keras.config.set_floatx("float32")
keras.config.set_dtype_policy("float32")

parameters = tutorial.initialize_parameters([2, 2, 1])
ours, parameters = tutorial.train_classification(parameters, epochs=50)

print("epoch       by hand         Keras")
for epoch in (1, 2, 10, 50):
    print(f"{epoch:5}  {ours[epoch - 1]:.10f}  {theirs[epoch - 1]:.10f}")

# %% [markdown]
# The same numbers again, and `compare` says so for every step. But look at how
# little happens: from 0.69391 to 0.69386 in 200 steps.

# %%
for verdict in compare(problems.get("classification")):
    print(f"{verdict.mode:7}{verdict.sentence}")
print(f"log 2 = {np.log(2):.8f}")

# %% [markdown]
# Somebody who always answers "50 %" has the loss −log 0.5 = log 2, 0.693. This
# network is just there. That is no mistake of the code: the learning rate is
# small, and the gradients of the first layer are smaller still. With a larger
# rate and more time the same code learns:

# %%
parameters = tutorial.initialize_parameters([2, 2, 1])
losses, parameters = tutorial.train_classification(
    parameters, epochs=8000, learning_rate=0.02
)
for epoch in (1, 1000, 4000, 8000):
    print(f"epoch {epoch:4}  loss {losses[epoch - 1]:.6f}")
for cgpa, profile_score, placed in tutorial.PLACEMENTS:
    x = np.array([[cgpa], [profile_score]], float)
    y_hat, _ = tutorial.L_layer_forward_clf(x, parameters)
    answer = f"placed {placed}  predicted {y_hat.item():.4f}"
    print(f"{cgpa}, {profile_score:2}  {answer}")

# %% [markdown]
# ## Try it
#
# * In *Forward, and the loss*, set `y = 0.0`. What becomes of the sign of
#   every gradient? (In `loss_with` the loss is that of `y = 1`: the check by
#   nudging must now disagree.)
# * In *Fifty epochs*, write `SGD(0.01)` for Keras alone, and see how far apart
#   the two columns are after one epoch and after fifty.
# * In the last cell, write `learning_rate=0.1`. The loss starts to fall sooner
#   and then gets stuck. Which students can the network no longer tell apart?
