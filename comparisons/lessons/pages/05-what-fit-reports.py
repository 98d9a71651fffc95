# %% [markdown]
# # Which loss does `fit` report?
#
# After ten minutes you will know of which weights the number in Keras's
# progress bar speaks (of none that ever existed), and why `evaluate`, called
# right after `fit`, says something else.

# %%
import keras
import numpy as np

from scratch import Dense, Input, Sequential, tutorial
from scratch.optimizers import SGD

X = tutorial.SALARIES[:, :2].astype("float32")
y = tutorial.SALARIES[:, 2:].astype("float32")
start = [np.full((2, 2), 0.1), np.zeros(2), np.full((2, 1), 0.1), np.zeros(1)]

model = keras.Sequential(
    [keras.Input((2,)), keras.layers.Dense(2), keras.layers.Dense(1)]
)
model.compile(keras.optimizers.SGD(0.001), "mean_squared_error")

model.set_weights(start)
history = model.fit(X, y, batch_size=1, epochs=5, shuffle=False, verbose=0)
reported = history.history["loss"]
print(f"fit reports for epoch 5  {reported[-1]:.5f}")
print(f"evaluate says            {model.evaluate(X, y, verbose=0):.5f}")

# %% [markdown]
# The same model, the same data, one line later: 1.2238 against 0.7736. Neither
# is wrong.
#
# ## One epoch in slow motion
#
# `scratch.Sequential` has Keras's verbs, and we can watch it. Each step
# computes a loss *first* and moves the weights *afterwards*. Here is the first
# epoch, one sample after the other. Beside each loss stands what `evaluate`
# would say of all four samples after that step.

# %%
ours = Sequential([Input((2,)), Dense(2), Dense(1)])
ours.set_weights(start)
ours.compile(SGD(0.001), "mse")

losses = []
print("step  loss before update  mean so far  evaluate after it")
for row in range(4):
    losses.append(ours.train_on_batch(X[[row]], y[[row]]))
    mean = np.mean(losses)
    after = ours.evaluate(X, y)
    print(f"{row + 1:4}  {losses[-1]:18.4f}  {mean:11.4f}  {after:17.4f}")

print(f"fit reported for epoch 1  {reported[0]:.4f}")

# %% [markdown]
# So what `fit` reports is the last entry of the middle column, 26.3456: the
# mean of four losses that belong to *four different sets of weights*, each
# from before its update. `evaluate` uses one set, the last. While a network
# improves, `fit` lags behind and shows a larger loss.
#
# The progress bar, and the `logs` that a callback gets after each batch, are
# that running mean too, and not the loss of the batch:


# %%
class Watch(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        print(f"after batch {batch + 1}  logs say {logs['loss']:.4f}")


model.set_weights(start)
model.fit(X, y, batch_size=1, shuffle=False, verbose=0, callbacks=[Watch()])
model.set_weights(start)
for row in range(4):
    loss = model.train_on_batch(X[[row]], y[[row]])
    print(f"train_on_batch {row + 1} says {float(loss):.4f}")

# %% [markdown]
# `train_on_batch` starts its mean anew each time and so returns the true loss
# of its batch.
#
# ## With larger batches
#
# Three samples a batch, four samples: the second batch has one sample only.
# Each batch's loss is a mean over its own rows, and the epoch's loss weighs it
# by how many rows there were.

# %%
ours.set_weights(start)
first = ours.train_on_batch(X[:3], y[:3])
second = ours.train_on_batch(X[3:], y[3:])
print(f"batch losses       {first:.4f}  {second:.4f}")
print(f"mean of the two    {(first + second) / 2:.4f}")
print(f"weighted by rows   {(3 * first + 1 * second) / 4:.4f}")

model.set_weights(start)
history = model.fit(X, y, batch_size=3, shuffle=False, verbose=0)
print(f"fit reports        {history.history['loss'][0]:.4f}")

# %% [markdown]
# (What the short last batch does to the *gradient* is lesson 7.)
#
# ## Validation
#
# `val_loss` is no running mean: it is `evaluate` on the validation data, after
# the epoch's last update. Give the training data itself as validation data,
# and the two columns are not the same.

# %%
model.set_weights(start)
history = model.fit(
    X,
    y,
    batch_size=1,
    epochs=5,
    shuffle=False,
    verbose=0,
    validation_data=(X, y),
)
print("epoch     loss  val_loss")
for epoch in range(5):
    loss, val_loss = (history.history[k][epoch] for k in ("loss", "val_loss"))
    print(f"{epoch + 1:5}  {loss:7.4f}  {val_loss:8.4f}")

# %% [markdown]
# The validation loss is lower in every epoch, on the very same data. A
# validation loss below the training loss need not mean anything more than
# this: it was measured later.

# %% [markdown]
# ## Try it
#
# * In the last cell, set `batch_size=4`: one step an epoch. Then `loss` of an
#   epoch equals `val_loss` of the epoch before. Why?
# * In *One epoch in slow motion*, write `SGD(0.0)`. Which two columns agree in
#   the last line now, and why not in the first?
# * Where Keras's model is compiled, write `SGD(0.01)`. Is the validation loss
#   still the lower one in every epoch?
