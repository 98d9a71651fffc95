# %% [markdown]
# # Why do gradients vanish in a saturated sigmoid network?
#
# After ten minutes you will know what each sigmoid layer does to the error that
# passes through it, what that means for the first layer of a deep network, and
# why a test has to look closely at numbers that are almost 0.

# %% [markdown]
# ## The slope of the sigmoid
#
# The derivative of `a = sigmoid(z)` is `a (1 - a)`. It is largest at z = 0, where
# it is a quarter, and falls quickly on both sides. Where it is nearly 0 the
# sigmoid is *saturated*.

# %%
import numpy as np

from scratch.activations import sigmoid

for z in [0.0, 2.0, 5.0, 10.0]:
    a, pullback = sigmoid(np.array([z]))
    print(f"z = {z:4.1f}   a = {a[0]:.8f}   slope = {pullback(1.0)[0]:.8e}")

# %% [markdown]
# On its way back the error is multiplied by that slope in every layer, and by the
# kernel. With slopes of at most 0.25 it shrinks unless the kernels make up for
# it; but large kernels give large z, and there the slope is smaller still.
#
# ## Through ten layers
#
# Ten hidden layers of four units and one step of `scratch`. `spread` says how
# large the weights are. For each layer we print the size of the kernel gradient
# as a power of ten.

# %%
from scratch import Dense, Input, Sequential, training

x = np.array([[0.5, -1.2], [-0.3, 0.8], [1.1, 0.4], [-0.9, -0.6]])
y = np.array([[1.0], [0.0], [1.0], [0.0]])


def powers_of_ten(activation, spread):
    layers = [Dense(4, activation=activation) for _ in range(10)]
    model = Sequential([Input((2,)), *layers, Dense(1)], dtype="float64")
    model.compile("sgd", "mse")
    draw = np.random.RandomState(0)
    weights = [draw.uniform(-1, 1, w.shape) for w in model.get_weights()]
    model.set_weights([spread * w.round(3) for w in weights])
    _, record = training.step(model.network, model.state, x, y)
    return {
        layer.name: np.log10(
            np.abs(record[f"backward/{layer.name}/kernel"]).max()
        )
        for layer in reversed(model.layers)
    }


columns = {
    "sigmoid 1": powers_of_ten("sigmoid", 1),
    "sigmoid 5": powers_of_ten("sigmoid", 5),
    "sigmoid 20": powers_of_ten("sigmoid", 20),
    "relu 1": powers_of_ten("relu", 1),
}
print("layer   ", *(f"{name:>12}" for name in columns))
for layer in columns["relu 1"]:
    print(f"{layer:<8}", *(f"{round(c[layer]):12}" for c in columns.values()))

# %% [markdown]
# Read it downwards, the way the error goes. With weights up to 1 the first layer
# gets a gradient some eight powers of ten below the last one's. Weights up to 5
# win a little of that back. With weights up to 20 nearly every unit is saturated,
# and twenty powers are lost. A relu has slope 1 wherever it is on, and loses one.
#
# ## What the first layer learns
#
# A step adds `rate * gradient` to a weight. Float32 holds about seven digits, so
# next to a weight of 0.5 a step of 1e-8 is less than half a unit in the last
# place: the sum is rounded back to the old weight.

# %%
weight = np.float32(0.5)
print(f"half a unit: {np.spacing(weight) / 2:.2e}")
for step in [1e-7, 1e-8]:
    print(
        f"a step of {step:.0e} moves it:", weight + np.float32(step) != weight
    )

# %% [markdown]
# So in float32 the first layer of such a network does not learn slowly. It does
# not learn at all, save for weights that happen to be near 0.
#
# ## Why the last layer is spared
#
# With a sigmoid at the end the choice of loss decides whether the last slope
# counts. Say the label is 0 and z is 10, which is very wrong. The squared error
# multiplies its own derivative by the slope. In the cross-entropy the slope
# cancels, and what is left is `a - y`.

# %%
from scratch.losses import BinaryCrossentropy, MeanSquaredError

z, label = np.array([[10.0]]), np.array([[0.0]])
a, pullback = sigmoid(z)
_, da = MeanSquaredError()(label, a)
_, dz = BinaryCrossentropy(from_logits=True)(label, z)
print(f"dL/dz, squared error: {pullback(da)[0, 0]:.8e}")
print(f"dL/dz, cross-entropy: {dz[0, 0]:.8e}")

# %% [markdown]
# That is a cure for one layer. The hidden ones keep their slopes.
#
# ## Testing what is almost 0
#
# Such gradients are correct, and must be Keras's like all others. But a fixed
# tolerance cannot test them. `np.allclose` allows 1e-8 to everything, the wrong
# sign included.

# %%
tiny = 10 ** columns["sigmoid 20"]["dense"]
print("np.allclose(gradient, -gradient):", np.allclose(tiny, -tiny))

# %% [markdown]
# The tool's tolerance is measured at each quantity, so it is small where that is
# small. `saturated_sigmoid` is a problem made for this. We compare it, and then
# leave the first layer without any error at all.

# %%
from comparisons import compare, problems
from comparisons.causes import faults_for, plant
from comparisons.runs import ScratchTrainer
from comparisons.traces import shipped

problem = problems.get("saturated_sigmoid")
recorded = shipped("saturated_sigmoid", "float64")
print(compare(problem, reference=recorded)[0].sentence)

mistake = "error not passed down (dense_1)"
(fault,) = [f for f in faults_for(problem) if f.name == mistake]
mistaken = plant(ScratchTrainer(problem.network), [fault])
found = compare(problem, reference=recorded, candidate=mistaken)[0]
print(found.sentence.split(":")[0])

budget = found.tables["backward/dense/kernel"].column("budget")
print(
    "allowed there:", "less than 1e-13" if 4 * budget.max() < 1e-13 else "more"
)

# %% [markdown]
# ## Try it
#
# * In the second code cell change `range(10)` to `range(3)`. With three layers
#   there is something left for the first.
# * There too, change `powers_of_ten("relu", 1)` to `powers_of_ten("tanh", 1)`.
#   The slope of tanh is 1 at z = 0, and it loses less than the sigmoid.
# * Change `mistake` to `"activation derivative missing (dense)"`. It is found at
#   the same place, for the opposite reason: the gradient is too large.
