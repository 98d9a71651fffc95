# %% [markdown]
# # Does binary cross-entropy see the probabilities?
#
# After ten minutes you will know that on TensorFlow, Keras's binary
# cross-entropy behind a sigmoid never looks at the probabilities that your
# model puts out, why that is good, and by what small change of a model it stops.

# %%
import keras
import numpy as np

Z = np.array([0.0, 2.0, 10.0, 15.0, 20.0, 25.0])
p = 1 / (1 + np.exp(-Z))
for z, probability in zip(Z, p, strict=True):
    print(f"z {z:4.0f}   p {probability:.12f}   1 - p {1 - probability:.3e}")

# %% [markdown]
# `z` is what the last layer adds up (the *logit*), `p` = σ(z) what it puts out.
#
# ## Two formulas for one loss
#
# Let the right answer be 0. The loss is −log(1 − p): the larger `p`, the worse.
# With a large `z` there is a difficulty. `p` is so near 1 that 1 − p has few
# correct digits left, or is 0, and log 0 is −∞. There are two ways out.
#
# * *On probabilities.* Clip `p` to [1e-7, 1 − 1e-7] first, as Keras does. The
#   loss can then never be larger than about 16, and beyond the clip it is flat:
#   its slope is 0.
# * *On logits.* Put p = σ(z) into the formula and simplify by hand:
#   max(z, 0) − z·y + log(1 + exp(−|z|)). No digit is lost, whatever `z` is.


# %%
def on_probabilities(z, y):
    p = np.clip(1 / (1 + np.exp(-z)), 1e-7, 1 - 1e-7)
    return -(y * np.log(p) + (1 - y) * np.log(1 - p))


def on_logits(z, y):
    return np.maximum(z, 0) - z * y + np.log1p(np.exp(-abs(z)))


print("   z  on probabilities  on logits")
for z in Z:
    print(f"{z:4.0f}  {on_probabilities(z, 0):16.6f}  {on_logits(z, 0):9.6f}")

# %% [markdown]
# Up to z = 15 it makes no difference. At 20 and 25 the first formula says
# 16.118096 twice: it no longer knows how wrong the answer is.
#
# ## Which one does Keras compute?
#
# Here is a model with one unit whose logit is just its bias. The model puts
# out a probability, and the loss is told nothing of logits.

# %%
X, y = np.zeros((1, 1), "float32"), np.zeros((1, 1), "float32")


def new_model(*layers):
    model = keras.Sequential([keras.Input((1,)), *layers])
    model.compile(keras.optimizers.SGD(1.0), "binary_crossentropy")
    return model


def loss_and_slope(model, z):
    """The loss at logit z, and its slope: how far SGD(1.0) moves the bias."""
    model.set_weights([np.zeros((1, 1)), np.array([z])])
    loss = float(model.train_on_batch(X, y))
    return loss, z - model.get_weights()[1].item()


model = new_model(keras.layers.Dense(1, activation="sigmoid"))
print("   z  loss       slope")
for z in Z:
    loss, slope = loss_and_slope(model, z)
    print(f"{z:4.0f}  {loss:9.6f}  {slope:.6f}")

# %% [markdown]
# On TensorFlow it is the formula on logits: 20.000000 at z = 20 and
# 25.000000 at z = 25, and the slope is 1 where the other formula would have 0.
# How can it know `z`? Keras's `sigmoid` leaves a note on its result,
# `_keras_logits`, and the loss, finding it, goes back to the logits and never
# looks at the probabilities. It does so in `fit`, in `train_on_batch` and in
# `evaluate`.
#
# ## How the note gets lost
#
# Whatever makes a new tensor out of the sigmoid's loses the note, even if it
# does not change a number. `Flatten` is such a layer.

# %%
flat = new_model(
    keras.layers.Dense(1, activation="sigmoid"), keras.layers.Flatten()
)
print("   z  loss       slope")
for z in (0.0, 2.0, 20.0, 25.0):
    loss, slope = loss_and_slope(flat, z)
    print(f"{z:4.0f}  {loss:9.6f}  {slope:.6f}")

top = np.float32(1 - 1e-7)
print(f"clip in float32: 1 - {1 - top:.3e}, loss there {-np.log(1 - top):.6f}")

# %% [markdown]
# Same weights, same probabilities, another loss, and at 20 a slope of 0: this
# model is as wrong as can be and does not learn any more. (In float32 the clip
# is at 1 − 1.192e-07, the nearest number that there is, and the loss stops at
# 15.942385, not at 16.118096.)
#
# Nor is there a note on an array. Hand the model's own predictions to the loss
# function, and it can only see probabilities:

# %%
model.set_weights([np.zeros((1, 1)), np.array([20.0])])
predicted = model.predict(X, verbose=0)
by_hand = float(keras.losses.BinaryCrossentropy()(y, predicted))
print(f"evaluate           {model.evaluate(X, y, verbose=0):.6f}")
print(f"loss of predict    {by_hand:.6f}")

# %% [markdown]
# ## What to make of it
#
# * A NumPy network that is to match Keras on TensorFlow takes the loss from
#   the logits. Its gradient is ŷ − y (lesson 3), with no clip anywhere.
# * JAX and PyTorch leave no such note. There the same Keras model computes the
#   formula on probabilities, clip and all: at z = 25 its slope is 0. While no
#   probability is near 0 or 1, as in lesson 3, only last digits differ.
# * To have one formula everywhere, say what you mean: a last layer without
#   activation, and `BinaryCrossentropy(from_logits=True)`.

# %%
plain = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
plain.compile(
    keras.optimizers.SGD(1.0), keras.losses.BinaryCrossentropy(from_logits=True)
)
for z in (20.0, 25.0):
    loss, slope = loss_and_slope(plain, z)
    print(f"from logits, z {z:.0f}: loss {loss:.6f}, slope {slope:.6f}")

# %% [markdown]
# ## Try it
#
# * Put `keras.layers.Activation("linear")` in the place of `Flatten()`. Is the
#   note still there?
# * Where `model` is made, take `activation="hard_sigmoid"`. It leaves no note:
#   at which z has its slope vanished?
# * In the same place, take `"softmax"`. A softmax of one unit is always 1,
#   whatever z is, and yet the table stays as it was: the loss does not ask what
#   kind of activation left the note.
