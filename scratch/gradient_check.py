"""Gradients checked by finite differences: no rule of calculus, no other library.

The derivative of ``f`` along a direction ``v`` is ``<gradient, v>``, and also the limit of
``(f(p + h v) - f(p - h v)) / (2 h)``. One random ``v`` has a part in every coordinate, so two
evaluations of ``f`` question the whole gradient at once.

Points are trees: an array, or a dict or a list of trees. All of a tree is computed in its
widest dtype; long double leaves the difference about 12 digits, float64 about 10. Two kinds of
point cannot be judged this way: one within ``h`` of a kink, where the slopes on both sides
differ, and one in a plateau, where ``f`` changes by less than its own rounding.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from scratch import training
from scratch.arrays import Array, Params
from scratch.layers import Layer

Tree: TypeAlias = Any


@dataclass(frozen=True)
class GradientCheck:
    """One slope, twice: ``analytic = <gradient, v>``, and ``numerical`` by a difference.

    ``relative_error`` divides their distance by the size that the slope has along a typical
    ``v``: the root mean square of ``<gradient, v>`` over all directions, ``|gradient| / sqrt(n)``,
    or ``|numerical|`` where that is more. Dividing by ``analytic`` itself would blame a ``v``
    that happens to run along a level line of ``f``. It is 0 where both are 0.
    """

    analytic: Any
    numerical: Any
    relative_error: float


def step_size(dtype: npt.DTypeLike) -> Any:
    """Return ``h = eps**(1/3)``: 5e-3 in float32, 6e-6 in float64, 5e-7 in long double.

    The difference is wrong by about ``h**2`` (Taylor) plus ``eps / h`` (rounding of ``f``), for
    points and derivatives of order 1. The sum is least where both are ``eps**(2/3)``.
    """
    return np.cbrt(np.finfo(np.dtype(dtype)).eps)


def central_difference(f: Callable[[Tree], Any], p: Tree, v: Tree, h: Any) -> Any:
    """Return ``(f(p + h v) - f(p - h v)) / (2 h)``; ``v`` is a tree like ``p``."""

    def at(distance: Any) -> Any:
        return f(_map(lambda a, b: a + distance * b, p, v))

    return (at(h) - at(-h)) / (2 * h)


def check_gradient(
    f: Callable[[Tree], Any], p: Tree, gradient: Tree, rng: np.random.Generator
) -> GradientCheck:
    """Compare ``gradient``, a tree like ``p``, with the slope of a scalar ``f`` at ``p``.

    Raises ``ValueError`` where names or shapes of ``gradient`` are not those of ``p``, where
    ``f(p)`` is not a scalar, and where ``p`` holds no floating point numbers.
    """
    wanted, received = _map(np.shape, p), _map(np.shape, gradient)
    if received != wanted:
        message = f"a gradient has the shapes of its parameters, {wanted}, but this has {received}"
        raise ValueError(message)
    dtype = np.result_type(*_leaves(p))
    h = step_size(dtype)
    p = _map(lambda a: np.asarray(a, dtype), p)
    if np.ndim(f(p)) != 0:
        message = f"only a scalar has a gradient, but f(p) has shape {np.shape(f(p))}"
        raise ValueError(message)
    v = _direction(p, dtype, rng)
    analytic = _inner(gradient, v)
    numerical = central_difference(f, p, v, h)
    size = sum(np.size(a) for a in _leaves(p))
    typical = max(np.sqrt(_inner(gradient, gradient) / size), abs(numerical))
    difference = abs(analytic - numerical)
    return GradientCheck(analytic, numerical, float(difference / typical) if typical else 0.0)


def check_pullback(
    function: Callable[[Tree], tuple[Array, Callable[[Array], Tree]]],
    x: Tree,
    rng: np.random.Generator,
) -> GradientCheck:
    """Check ``<Jᵀ u, v> = <u, J v>``, where ``J`` is the Jacobian of ``y`` at ``x``.

    ``function(x)`` returns ``y`` and its pullback, which maps a ``u`` shaped like ``y`` to
    ``Jᵀ u``, a tree like ``x``. The right side is the slope of ``<u, y>`` along ``v``.
    """
    y, pullback = function(x)
    u = _direction(y, y.dtype, rng)
    return check_gradient(lambda point: _inner(u, function(point)[0]), x, pullback(u), rng)


def check_layer(layer: Layer, params: Params, x: Array, rng: np.random.Generator) -> GradientCheck:
    """Check a layer's pullback, to its input ``x`` and to all its parameters together."""

    def function(point: Tree) -> tuple[Array, Callable[[Array], Tree]]:
        y, layer_pullback = layer(point["params"], point["x"])

        def pullback(dy: Array) -> Tree:
            promise, dparams = layer_pullback(dy)
            return {"params": dparams, "x": promise()}

        return y, pullback

    return check_pullback(function, {"params": params, "x": x}, rng)


def check_network(
    net: training.Network,
    params: dict[str, Params],
    x: Array,
    y: Array,
    rng: np.random.Generator,
    dtype: npt.DTypeLike = np.longdouble,
) -> dict[str, GradientCheck]:
    """Check every gradient that ``training.step`` records for the batch ``x``, ``y``.

    Returns a check for each site, ``backward/layer/tensor``, each along a direction of its own,
    so that a wrong gradient is found by name. Parameters and ``x`` are taken to ``dtype`` first.
    Raises ``ValueError`` for a network without parameters: it would pass unseen.
    """
    params, x = _map(lambda a: np.asarray(a, dtype), [params, x])
    if not _leaves(params):
        message = "this network has no parameters, so there is no gradient to check"
        raise ValueError(message)

    def loss(layer: str, tensor: str, w: Array) -> Any:
        moved = params | {layer: params[layer] | {tensor: w}}
        return net.loss(y, training.forward(net, moved, x))[0]

    state = training.State(params, training.new_slots(net, params))
    _, record = training.step(net, state, x, y)
    checks = {}
    for layer, tensors in params.items():
        for tensor, w in tensors.items():
            site = f"backward/{layer}/{tensor}"
            checks[site] = check_gradient(partial(loss, layer, tensor), w, record[site], rng)
    return checks


def _map(f: Callable[..., Any], tree: Tree, *rest: Tree) -> Tree:
    """Apply ``f`` to each array of a tree and the arrays in the same place of the others."""
    if isinstance(tree, Mapping):
        return {name: _map(f, tree[name], *(other[name] for other in rest)) for name in tree}
    if isinstance(tree, list | tuple):
        return [_map(f, *branches) for branches in zip(tree, *rest, strict=True)]
    return f(tree, *rest)


def _leaves(tree: Tree) -> list[Array]:
    leaves: list[Array] = []
    _map(leaves.append, tree)
    return leaves


def _inner(a: Tree, b: Tree) -> Any:
    return sum(_leaves(_map(lambda left, right: np.sum(left * right), a, b)))


def _direction(like: Tree, dtype: npt.DTypeLike, rng: np.random.Generator) -> Tree:
    """Return a random tree of length 1, all directions equally likely."""
    v = _map(lambda a: rng.normal(size=np.shape(a)).astype(dtype), like)
    length = np.sqrt(_inner(v, v))
    return _map(lambda a: a / length, v)
