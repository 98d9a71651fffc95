# %% [markdown]
# # What happens when y has shape (n,) and the prediction (n, 1)?
#
# After ten minutes you will know how a forgotten axis turns n errors into n × n,
# why training then still seems to work, and when Keras protects you from it.

# %% [markdown]
# ## Sixteen differences from four samples
#
# Four predictions, all perfect. The prediction has shape (4, 1), as a `Dense(1)`
# gives it, and `y` has shape (4,), as a column of a table gives it.

# %%
import numpy as np

y = np.array([4.0, 5.0, 6.0, 7.0])
p = y.reshape(4, 1)
error = p - y
print(error)
print(f"loss: {np.mean(error**2):.3f}")
print(f"loss with y as (4, 1): {np.mean((p - y.reshape(4, 1)) ** 2):.3f}")

# %% [markdown]
# NumPy lines shapes up from the right. It reads (4,) as a row, (1, 4), and then
# stretches both to (4, 4). Nothing is wrong with that rule and there is no
# warning, but each prediction is now compared with every target.
#
# ## What is learned instead
#
# The derivative for prediction i is the sum over j of 2 (p_i - y_j) / 16, which
# is (p_i - mean(y)) / 2. So every prediction is pulled to the *mean* of y:

# %%
wrong = (2 * error / error.size).sum(axis=1)
print("gradient:         ", wrong)
print("(p - mean(y)) / 2:", (p[:, 0] - y.mean()) / 2)

same = np.full((4, 1), y.mean())
print(f"loss if all predictions are mean(y): {np.mean((same - y) ** 2):.3f}")
print(f"variance of y:                       {y.var():.3f}")

# %% [markdown]
# That is why it is easy to miss. The loss falls, until the network says the same
# for everybody. There it stops, at the variance of y: 1.250, which is less than
# the 2.500 of perfect predictions.
#
# ## Does Keras do this?
#
# Mostly not. The losses, and whatever `compile` is given, bring (n,) and (n, 1)
# to the same shape first. Formulas of your own, in your own loop, do not.

# %%
import keras

loss = keras.losses.MeanSquaredError()(y, p)
print(f"keras.losses.MeanSquaredError: {float(loss):.3f}")


def own_loss(y_true, y_pred):
    shapes.append((tuple(y_true.shape), tuple(y_pred.shape)))
    return keras.ops.mean(keras.ops.square(y_true - y_pred))


shapes = []
print(f"own_loss, called directly:     {float(own_loss(y, p)):.3f}")

dense = keras.layers.Dense(1, kernel_initializer="ones")
model = keras.Sequential([keras.Input((1,)), dense])
model.compile(loss=own_loss)
shapes = []
value = model.evaluate(p, y, batch_size=4, verbose=0)
print(f"own_loss, in compile:          {value:.3f}")
print("shapes that it saw:", shapes[0])

# %% [markdown]
# Called directly, the same formula gives 2.500; in `compile` Keras has added the
# axis before it is called.
#
# One case stays. If the output has *two* columns and y is (n,), no axis is added.
# With n = 3 there is an error. With n = 2 the shapes happen to fit, and y is
# taken as a row: every sample is compared with the targets of both samples.

# %%
import tensorflow as tf

mse = keras.losses.MeanSquaredError()
value = mse(np.array([1.0, 3.0]), np.zeros((2, 2)))
print(f"(2,) against (2, 2): {float(value):.3f}")
try:
    mse(np.array([1.0, 3.0, 5.0]), np.zeros((3, 2)))
except tf.errors.InvalidArgumentError:
    print("(3,) against (3, 2): InvalidArgumentError")

# %% [markdown]
# ## Let the tool find it
#
# Here is a whole network by hand, two layers with tanh, and one line that costs
# it its axis: `y.ravel()`. `bind` makes a trainer of it, and `examine` runs it
# beside a recording of Keras. The problem has batches of three samples.

# %%
from comparisons import examine, problems
from comparisons.candidates import bind


class Mine:
    def __init__(self, learning_rate=0.05):
        self.learning_rate = learning_rate

    def set_weights(self, weights):
        self.weights = [w.copy() for w in weights]

    def get_weights(self):
        return self.weights

    def train_on_batch(self, x, y):
        W1, b1, W2, b2 = self.weights
        y = y.ravel()
        h = np.tanh(x @ W1 + b1)
        error = h @ W2 + b2 - y
        dp = (2 * error / error.size).sum(axis=1, keepdims=True)
        dz = dp @ W2.T * (1 - h * h)
        gradients = [x.T @ dz, dz.sum(axis=0), h.T @ dp, dp.sum(axis=0)]
        self.weights = [
            w - self.learning_rate * gradient
            for w, gradient in zip(self.weights, gradients, strict=True)
        ]
        return np.mean(error**2)


problem = problems.get("short_last_batch")
checked = examine(problem, bind(Mine, problem))
print(checked.verdicts[0].sentence)
for explanation in checked.explanations:
    print(*explanation.names)

# %% [markdown]
# It parts at the very first loss, and the named mistake, planted into correct
# code, gives exactly the numbers of `Mine`. In batches of one sample the same
# line would change nothing: 1 × 1 differences are one difference.

# %% [markdown]
# ## Try it
#
# * In the first code cell change `p = y.reshape(4, 1)` to
#   `p = np.full((4, 1), y.mean())`. Now the wrong gradient is 0: this is where
#   training would end.
# * In `Mine` change `y = y.ravel()` to `y = y.reshape(-1, 1)`. No difference is
#   found, and no cause is named.
# * In `Mine` change `dz = dp @ W2.T * (1 - h * h)` to `dz = dp @ W2.T`. That is a
#   second mistake, and both are named.
