# %% [markdown]
# # What happens to the rows that are left over?
#
# After ten minutes you will know by what Keras divides a short last batch, how
# much each of its rows counts, and how to see in the numbers which of several
# reasonable-looking answers a program has chosen.
#
# Seven samples in batches of three: two full batches, and one row is left.

# %%
import keras
import numpy as np

from comparisons import compare, problems

problem = problems.get("short_last_batch").astype("float32")
X, y = problem.x, problem.y
batches = [np.arange(7)[i : i + 3] for i in range(0, 7, 3)]
print([rows.tolist() for rows in batches])

# %% [markdown]
# ## Three answers
#
# The gradient of a batch is a sum over its rows, divided by a number. For the
# row that is left over, there are three ways to go on:
#
# 1. keep it, and divide by the batch's own number of rows, which is 1;
# 2. keep it, and divide by the batch size 3, as for the other batches: easily
#    written by mistake, `gradient / batch_size`;
# 3. drop it.
#
# Let us write all three for the smallest network of all, one linear unit, and
# train for ten epochs.


# %%
def train(answer):
    w, b = np.full((2, 1), 0.5, "float32"), np.zeros(1, "float32")
    for _epoch in range(10):
        losses = []
        for rows in batches:
            if answer == "drop" and len(rows) < 3:
                continue
            divisor = 3 if answer == "divide by 3" else len(rows)
            error = X[rows] @ w + b - y[rows]
            losses.append((len(rows), (error**2).sum() / divisor))
            dZ = 2 * error / divisor
            w, b = w - 0.05 * (X[rows].T @ dZ), b - 0.05 * dZ.sum(axis=0)
    return w, b, losses


for answer in ("divide by own rows", "divide by 3", "drop"):
    w, b, _ = train(answer)
    print(f"{answer:20} w {w[0, 0]:.5f} {w[1, 0]:.5f}  b {b[0]:.5f}")

# %% [markdown]
# All three train, and none of these numbers looks wrong. Only a comparison can
# tell: which of the three is Keras?

# %%
model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
model.set_weights([np.full((2, 1), 0.5), np.zeros(1)])
model.compile(keras.optimizers.SGD(0.05), "mean_squared_error")
history = model.fit(X, y, batch_size=3, epochs=10, shuffle=False, verbose=0)

kernel, bias = model.get_weights()
print(f"{'Keras':20} w {kernel[0, 0]:.5f} {kernel[1, 0]:.5f}  b {bias[0]:.5f}")

# %% [markdown]
# The first: Keras keeps the rows that are left over and divides by their own
# number.
#
# ## What that means for a row
#
# A row in a full batch has a third of a say in its step. The row that is alone
# has a step to itself. So it moves the weights three times as far as it would
# in a full batch: seen from the same weights,

# %%
w, b = np.full((2, 1), 0.5, "float32"), np.zeros(1, "float32")
error = X @ w + b - y
for rows in batches:
    for row in rows:
        off = error[row, 0]
        share = 2 * off / len(rows)
        print(f"row {row}  error {off:8.4f}  its share of db {share:8.4f}")

# %% [markdown]
# Without shuffling, that is the same row in every epoch. With shuffling it is
# another one each time, and on average all rows count alike.
#
# ## And for the reported loss
#
# The loss of an epoch is a mean over rows, not over batches (lesson 5): each
# batch's mean is weighted by how many rows it had.

# %%
_, _, losses = train("divide by own rows")
means = [loss for _, loss in losses]
weighted = sum(count * loss for count, loss in losses) / 7
print("batch losses     ", "  ".join(f"{loss:.5f}" for loss in means))
print(f"mean of the three  {np.mean(means):.5f}")
print(f"weighted by rows   {weighted:.5f}")
print(f"fit reports        {history.history['loss'][-1]:.5f}")

# %% [markdown]
# The two conventions belong together for the loss and part for the gradient:
# in the loss every row counts the same, in the training the last one counts
# more.
#
# The catalogue has a problem that asks just this, with a hidden layer. In a
# comparison it catches whoever divides by the wrong number.

# %%
for verdict in compare(problem):
    print(f"{verdict.mode:7}{verdict.sentence}")

for fault in verdict.sensitivity.caught:
    if fault.startswith("short"):
        print("it would have caught:", fault)

# %% [markdown]
# ## Try it
#
# * In the first cell, cut the batches `for i in range(0, 6, 3)`: six rows, and
#   no short batch. Which of the three answers are now the same?
# * In `train`, write `divisor = 1`: a sum in place of a mean. Which learning
#   rate in place of 0.05 then gives the numbers of the second answer?
# * In the cell of Keras, write `shuffle=True` and run it a few times. How much
#   do the weights move when another row is left alone each time?
