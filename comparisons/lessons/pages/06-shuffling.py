# %% [markdown]
# # What does shuffling do, and where did 1.47 come from?
#
# After ten minutes you will know why two runs of the same Keras script print
# different losses, how far apart they may be, and what can be said about the
# 1.47 that the course notes report for Keras.
#
# Lesson 2 found 1.2238 for the last epoch, in Keras and by hand. It said
# `shuffle=False`. The notes say nothing of it, and then `fit` shuffles.

# %%
from dataclasses import replace
from itertools import permutations

import numpy as np

from comparisons import problems
from comparisons.shuffling import last_losses

problem = problems.get("regression")
print(problem.order[:5].tolist())

# %% [markdown]
# A problem of the catalogue says in which order its rows are taken: one line
# of row numbers for each epoch. Here they come as they stand in the table, five
# times.
#
# ## The order matters, because the weights move
#
# Each step moves the weights, so the next row meets other weights. Take the
# same four students in another order, and each loss, each gradient and the
# final weights change. `last_losses` trains a problem and returns the loss
# that `fit` would report for its last epoch (lesson 5): first in the
# problem's own order, then for as many shuffles as we like.

# %%
rng = np.random.default_rng(0)
in_order, shuffled = last_losses(problem, 400, rng)

print(f"rows in order  {in_order:.6f}")
print(f"least          {shuffled.min():.6f}")
print(f"median         {np.median(shuffled):.6f}")
print(f"largest        {shuffled.max():.6f}")

# %% [markdown]
# Each of the 400 trainings has a new order in every epoch. Same data, same
# start, same arithmetic: only the order differs, and the last loss lies
# anywhere from 1.28 to 1.88.
#
# ## Is 1.47 unusual?

# %%
low, high = np.quantile(shuffled, [0.05, 0.95])
below = np.mean(shuffled < 1.47)
near = np.mean(abs(shuffled - 1.47) < 0.01)
print(f"nine of ten lie between {low:.2f} and {high:.2f}")
print(f"below 1.47: {below:.0%}   within 0.01 of it: {near:.1%}")

edges = np.linspace(1.2, 1.9, 8)
counts, _ = np.histogram(shuffled, edges)
for left, right, count in zip(edges, edges[1:], counts, strict=False):
    print(f"{left:.1f} to {right:.1f}  {'#' * (count // 4)}")

# %% [markdown]
# Not at all: 1.47 is an ordinary draw. What is unusual is 1.2238: with the rows
# in the order of the table, the loss lies below all 400.
#
# So the notes' 1.47 says nothing about whether their code does what Keras
# does. It is one draw from this spread, set beside a number that has other
# causes (lesson 4).
#
# ## One order for all epochs
#
# Once `keras.utils.set_random_seed` has been called, Keras 3.15.1 draws the
# order once and takes the rows in that order in every epoch. Then only 24
# results are possible, for four rows have only 24 orders, and we can try them
# all.

# %%
possible = []
for rows in permutations(range(4)):
    again = replace(problem, order=np.tile(rows, (5, 1)))
    loss, _ = last_losses(again, 1, rng)
    possible.append((loss, rows))

possible.sort()
print("rank  rows          loss")
for rank, (loss, rows) in enumerate(possible, start=1):
    if rank in (1, 2, 9, 12, 13, 23, 24):
        print(f"{rank:4}  {rows}  {loss:.4f}")

# %% [markdown]
# The table's own order is the first of them, its reverse the last, 1.9181. One
# of the 24, rows 1, 2, 0, 3, gives 1.4708. It would be tempting to say that this
# is what the notes ran. But many shuffles that change from epoch to epoch come
# as near, so nobody can tell.
#
# ## What to do
#
# To compare two programs, take the order away: `shuffle=False` in Keras, or the
# same array of row numbers for both. Then differences mean something. To judge
# a *method*, train several times with shuffling, and report the spread. One
# number from one run is a draw.

# %% [markdown]
# ## Try it
#
# * In the second cell, write `default_rng(1)`. Which of the four numbers stays
#   the same, and how much do the others move?
# * In the first cell, write `problems.get("classification")`: 50 epochs, but a
#   tiny learning rate. (It takes some seconds, and the picture stays empty.) How
#   wide is the spread now, and why?
# * In the last cell, write `(2, 1)` in place of `(5, 1)`: what remains of the
#   spread after two epochs?
