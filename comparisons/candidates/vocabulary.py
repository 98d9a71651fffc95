"""What names mean: the words in which hand-written networks name their functions and arguments.

A role is what an argument stands for: ``x``, ``y``, ``y_hat``, ``parameters``, ``grads``,
``cache``, ``learning_rate``, ``samples``, or of layer 2, ``W:2``, ``b:2``, ``A:2`` (its output),
``Z:2`` (before its activation), ``dW:2``, ``db:2``. Capital letters and underscores in a name
do not matter. Layers count from 1; the input is ``A0``.
"""

import re
from typing import NamedTuple


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ROLES: dict[str, frozenset[str]] = {
    "x": _words(
        "x xi xs a0 input inputs inputdata data features feature xtrain xbatch xsample batchx "
        "sample xrow xin"
    ),
    "y": _words(
        "y yi ys t ytrue target targets label labels ytrain ybatch batchy expected actual desired "
        "truth groundtruth yreal yactual"
    ),
    "y_hat": _words(
        "yhat al aout alast ypred yp pred preds prediction predictions predicted ypredicted "
        "output outputs probs probabilities prob out"
    ),
    "parameters": _words(
        "parameters params parameter param weights theta weightsandbiases wb network net "
        "layers nn p"
    ),
    "grads": _words(
        "grads gradients grad gradient derivatives dparams dparameters gradsdict dtheta"
    ),
    "cache": _words(
        "cache caches memory forwardcache cached activationscache activations store tape"
    ),
    "learning_rate": _words("learningrate lr alpha eta rate stepsize lrate"),
    "samples": _words("m n nsamples batchsize numsamples nsample"),
    "A:last": _words("aprev h hidden hiddenoutput hiddenactivation hiddenlayer ahidden"),
}

_NUMBERED = (
    ("W", re.compile(r"(?:w|weights?|kernels?|theta)(\d+)")),
    ("b", re.compile(r"(?:b|bias|biases)(\d+)")),
    ("A", re.compile(r"(?:a|h|activations?|hidden|out|output)(\d+)")),
    ("Z", re.compile(r"(?:z|logits?|net|pre)(\d+)")),
    ("dW", re.compile(r"(?:d|grad|dl|dj|delta|g)(?:w|weights?|kernels?)(\d+)")),
    ("db", re.compile(r"(?:d|grad|dl|dj|delta|g)(?:b|bias|biases)(\d+)")),
)

#: Names of a function by what it does: the first pattern that any candidate fits decides.
FUNCTIONS: dict[str, tuple[re.Pattern[str], ...]] = {
    "forward": (
        re.compile(r"(?!_)(?!.*back).*(forward|feed_?forward)"),
        re.compile(r"(?!_).*(predict|propagate|run_network|compute_output)"),
    ),
    "backward": (
        re.compile(r"(?!_).*(backward|back_?prop)"),
        re.compile(r"(?!_).*(gradients?$|grads?$|gradients?_|grads_|derivatives)(?!.*descent)"),
    ),
    "update": (
        re.compile(r"(?!_).*update"),
        re.compile(
            r"(?!_).*(gradient_?descent|descend|sgd|apply_grad|optimi[sz]e|train_?(step|on|one)|^step)"
        ),
    ),
    "loss": (
        re.compile(r"(?!_).*(loss|cost|objective)"),
        re.compile(
            r"(?!_).*(mse|mean_?squared|cross_?entropy|bce|log_?likelihood|mae|mean_?absolute)"
        ),
    ),
    "initialize": (
        re.compile(r"(?!_).*init.*(param|weight|network|layer)"),
        re.compile(r"(?!_)(init|.*(make|create|new)_(param|weight))"),
    ),
}

#: Words in a function's name that say which kind of problem it is for.
KINDS: dict[str, re.Pattern[str]] = {
    "classification": re.compile(
        r"(?:^|_)(clf|cls|class|classification|classifier|binary|bce|logistic|"
        r"cross_?entropy|crossentropy|log_?loss)(?:_|$)"
    ),
    "regression": re.compile(
        r"(?:^|_)(reg|regression|regressor|mse|mae|squared_error|mean_squared_error)(?:_|$)"
    ),
}


def plain(name: str) -> str:
    """Return a name in small letters, without underscores."""
    return name.lower().replace("_", "")


def role_of(name: str, layers: int) -> str | None:
    """Return what an argument of that name stands for in a network of so many layers."""
    word = plain(name)
    if numbered := numbered_role(name):
        kind, number = numbered
        if kind == "A" and number in {0, layers}:
            return "y_hat" if number else "x"
        return f"{kind}:{number}"
    role = next((role for role, words in ROLES.items() if word in words), None)
    return f"A:{layers - 1}" if role == "A:last" else role


class Numbered(NamedTuple):
    """What a name with a layer's number stands for: ``W``, ``b``, ``A``, ``Z``, ``dW``, ``db``."""

    kind: str
    number: int


def numbered_role(name: str) -> Numbered | None:
    """Return kind and number of a name such as ``W1``, ``kernel_2`` or ``dB1``."""
    word = plain(name)
    for kind, pattern in _NUMBERED:
        if match := pattern.fullmatch(word):
            return Numbered(kind, int(match[1]))
    return None


def kind_of(name: str) -> str | None:
    """Return which kind of problem a function is for, if its name says so."""
    found = [kind for kind, pattern in KINDS.items() if pattern.search(name.lower())]
    return found[0] if len(found) == 1 else None


#: Names of an argument that asks for the width of one layer, of a network with one hidden layer.
WIDTHS: dict[str, frozenset[str]] = {
    "inputs": _words(
        "nx nin ninput ninputs numinput numinputs inputsize inputdim inputnodes inputunits "
        "sizeinput infeatures nfeatures"
    ),
    "hidden": _words(
        "nh nhid nhidden nhiddens numhidden hiddensize hiddendim hiddennodes hiddenunits sizehidden"
    ),
    "outputs": _words(
        "ny nout noutput noutputs numoutput numoutputs outputsize outputdim outputnodes "
        "outputunits sizeoutput outfeatures nclasses"
    ),
}


def width_of(name: str) -> str | None:
    """Return which layer's width an argument asks for, ``inputs``, ``hidden`` or ``outputs``."""
    return next((layer for layer, words in WIDTHS.items() if plain(name) in words), None)


def is_layer_dims(name: str) -> bool:
    """Return whether an argument of that name asks for the widths of all layers."""
    return plain(name) in _words(
        "layerdims layers layersizes sizes dims architecture layersdims units layerunits widths "
        "structure topology"
    )
