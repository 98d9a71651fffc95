"""What both sides must call the same."""

#: The exit status of a process whose channel is gone, or no longer ours.
CHANNEL_LOST = 97

#: Names of arrays in a message: of the state before a step, and of its batch.
WEIGHT, SLOT, ITERATIONS, X, Y = "weight:", "slot:", "iterations", "x", "y"

#: What a message asks.
STEP, STEP_WITH_SLOTS, END = "step", "step with slots", "end"
