# %% [markdown]
# # Why do constant 0.1 weights hide mistakes?
#
# After ten minutes you will know which mistakes leave no trace when all weights
# start equal, which leave one that is easily misread, and what start to use when
# you test a network.

# %% [markdown]
# ## Two units, one network
#
# The notes start every weight at 0.1. Here is their regression, trained for five
# epochs.

# %%
import numpy as np

from scratch import tutorial

parameters = tutorial.initialize_parameters([2, 2, 1])
losses, parameters = tutorial.train_regression(parameters)
print(f"loss of epoch 5: {losses[-1]:.9f}")
print("W1, one column per hidden unit:")
print(np.round(parameters["W1"], 9))
print("W2, one row per hidden unit:")
print(np.round(parameters["W2"], 9))

# %% [markdown]
# The columns of `W1` are still equal, and so are the rows of `W2`. Units that
# start alike compute the same output, so they get the same gradient and stay
# alike. It is one hidden unit, written twice.
#
# So whatever mixes up the two units changes nothing. Let us make such a mistake.
# The error that goes down to hidden unit 0 belongs to `W2[0]`; below, `[::-1]`
# hands each unit the other one's.

# %%
from comparisons import examine, problems
from comparisons.candidates import bind_functions


def update_parameters(parameters, y, y_hat, A1, X, learning_rate):
    dZ2 = 2 * (y_hat - y)
    dZ1 = parameters["W2"][::-1] * dZ2
    parameters["W2"] -= learning_rate * A1 * dZ2
    parameters["b2"] -= learning_rate * dZ2
    parameters["W1"] -= learning_rate * X @ dZ1.T
    parameters["b1"] -= learning_rate * dZ1


for name in ["regression", "regression_asymmetric"]:
    problem = problems.get(name)
    mine = bind_functions(
        problem, forward=tutorial.L_layer_forward, update=update_parameters
    )
    sentence = examine(problem, mine).verdicts[0].sentence
    print(f"{name}:\n  {sentence.split(':')[0]}")

# %% [markdown]
# From equal weights no difference is found: output and parameters are Keras's,
# at every step. The pass is honest, and the code is wrong.
# `regression_asymmetric` is the same network on the same students, but no two
# weights are alike. It finds the mistake in the first update.
#
# ## A trace that comes late
#
# The kernel gradient is `X @ dZ1.T`. Its transpose is a common mistake, and for a
# 2 by 2 kernel the shapes fit. With equal units both columns of the gradient are
# the sample times one number. If, besides, both features of the sample are equal,
# then all four values are, and the transpose is the same matrix. The notes' first
# student is [8, 8].

# %%
delta = np.full((2, 1), 2 * (0.32 - 4) * 0.1)
for student in [[8, 8], [7, 9]]:
    gradient = np.array(student).reshape(2, 1) @ delta.T
    print(student, "transposed is the same:", (gradient == gradient.T).all())

# %% [markdown]
# So the mistake shows only at the second student. We plant it, and beside it
# another: a forward pass that multiplies by the transposed kernel.

# %%
from comparisons.causes import faults_for, plant
from comparisons.runs import ScratchTrainer


def planted(name, mistake):
    problem = problems.get(name)
    (fault,) = [f for f in faults_for(problem) if f.name == mistake]
    return examine(problem, plant(ScratchTrainer(problem.network), [fault]))


for name in ["regression", "regression_asymmetric"]:
    print(name)
    for mistake in ["kernel gradient transposed", "kernel used transposed"]:
        verdict = planted(name, f"{mistake} (dense)").verdicts[0]
        first, loss = verdict.first, verdict.epoch_losses.candidate[-1]
        print(f"  {mistake}:")
        print(f"    parts at step {first.step}, {first.site}")
        print(f"    loss of epoch 5: {loss:.9f}")

# %% [markdown]
# From equal weights the two mistakes have the same loss, 1.496981182, to the last
# digit shown: the kernel of one is always the transpose of the other's. Looking
# at losses, nobody could tell which was made. Comparing every quantity tells them
# apart, one in the backward pass and one in the forward pass. From unequal
# weights both part at step 1, and their losses differ.
#
# ## Two causes for one set of numbers
#
# Sometimes even that is not enough. The notes' own code begins the update of `b2`
# from `W2[1][0]`. Take this mistake by itself. Had it been `W2[0][0]`, not one
# number would be different, because the two are always equal. Asked for the
# cause, the tool names both, and names a problem that would separate them.

# %%
mistake = "bias started from the new kernel[1, 0] (dense_1)"
for name in ["regression", "regression_asymmetric"]:
    checked = planted(name, mistake)
    print(name)
    for explanation in checked.explanations:
        print("  possible cause:", *explanation.names)
    print("  told apart by:", checked.separated_by)

# %% [markdown]
# ## What a pass is worth
#
# With every pass the tool plants its known mistakes, one at a time, and says
# which of them this comparison would have caught: its *sensitivity*. Here it is
# for scratch, which shows every quantity, and for functions without a loss.

# %%
from comparisons import compare
from comparisons.traces import shipped

problem = problems.get("regression")
recorded = shipped("regression", "float64")
functions = bind_functions(
    problem,
    forward=tutorial.L_layer_forward,
    update=tutorial.update_parameters,
)
for what, candidate in [("scratch", None), ("functions", functions)]:
    verdict = compare(problem, reference=recorded, candidate=candidate)[0]
    print(f"{what}, blind to:", *verdict.sensitivity.blind, sep="\n  ")

# %% [markdown]
# *Error passed to the wrong units* is the mistake at the start of this lesson.
# From equal weights it changes no number at all, and a comparison can only see
# numbers. So test with weights that are all different, and keep equal ones for
# working by hand.
#
# Two more need other data: *sum over the batch* a batch of several rows, for of
# one number sum and mean are the same; and a *relu* in the place of a linear
# layer a negative number. Functions that show no loss cannot be told that it is
# wrong, either.

# %% [markdown]
# ## Try it
#
# * In the second code cell remove `[::-1]`. Now both problems find no difference.
# * In the third, change `[[8, 8], [7, 9]]` to `[[9, 9], [9, 8]]`: what counts is
#   whether the two features are equal.
# * Change `mistake` to `"bias started from the new kernel[0] (dense)"`, the same
#   mistake one layer below. Its kernel has two different rows, and there is one
#   cause only, already from equal weights.
