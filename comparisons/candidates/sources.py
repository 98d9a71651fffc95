"""What the source of a function tells: the names it returns, and a return that it lacks."""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

from comparisons.candidates.vocabulary import numbered_role

_MAKERS = frozenset({"dict", "list", "copy", "deepcopy", "zeros_like", "OrderedDict"})


def returned_names(code: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names in ``return a, b``, if all returns of a function have the same.

    Empty where the source is not there or the returns are of another kind.
    """
    found = {_names_of(node.value) for node in _own(code) if isinstance(node, ast.Return)}
    return found.pop() if len(found) == 1 else ()


def unpacked_names(code: Callable[..., Any]) -> Iterator[tuple[str, ...]]:
    """Yield the names in each ``a, b = …`` of a function."""
    for node in _own(code):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple | ast.List):
            yield _names_of(node.targets[0])


def forgotten_return(code: Callable[..., Any]) -> str:
    """Return what a function without any ``return`` makes and drops, as in ``return new``.

    That is a new dict or list, or parameters by new values of their names (``W1 = W1 - …``). Empty
    where there is no such thing, or where something else is changed in place.
    """
    nodes = list(_own(code))
    if any(isinstance(node, ast.Return) and node.value is not None for node in nodes):
        return ""
    assigned = [
        (node.targets[0].id, node.value)
        for node in sorted(
            (n for n in nodes if isinstance(n, ast.Assign)), key=lambda assign: assign.lineno
        )
        if isinstance(node.targets[0], ast.Name)
    ]
    made = [name for name, value in assigned if _is_new(value)]
    if _changed(nodes) - set(made):
        return ""
    filled = [name for name in made if name in _filled(nodes)]
    if made:
        return f"return {(filled or made)[-1]}"
    parts = [name for name, _ in assigned if (r := numbered_role(name)) and r.kind in "Wb"]
    return f"return {', '.join(dict.fromkeys(parts))}" if parts else ""


def _is_new(value: ast.expr) -> bool:
    """Return whether an expression makes a new container."""
    if isinstance(value, ast.Call):
        named = value.func
        name = named.attr if isinstance(named, ast.Attribute) else getattr(named, "id", "")
        return name in _MAKERS
    return isinstance(value, ast.Dict | ast.List | ast.DictComp | ast.ListComp)


def _changed(nodes: list[ast.AST]) -> set[str]:
    """Return the names of what is changed in place: by ``name[…] = …`` or ``name -= …``."""
    changed = [n.target for n in nodes if isinstance(n, ast.AugAssign)]
    parts = ast.Subscript | ast.Attribute
    holders: list[ast.expr] = [*changed]
    holders += [n for n in nodes if isinstance(n, parts) and isinstance(n.ctx, ast.Store)]
    return {_base(holder) for holder in holders}


def _base(holder: ast.expr) -> str:
    while isinstance(holder, ast.Subscript | ast.Attribute):
        holder = holder.value
    return holder.id if isinstance(holder, ast.Name) else ""


def _filled(nodes: list[ast.AST]) -> set[str]:
    """Return the names that get items, by ``name[…] = …`` or ``name.append(…)``."""
    parts = [n for n in nodes if isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store)]
    calls = [n for n in nodes if isinstance(n, ast.Attribute) and n.attr == "append"]
    holders = [n.value for n in parts] + [n.value for n in calls]
    return {holder.id for holder in holders if isinstance(holder, ast.Name)}


def _own(code: Callable[..., Any]) -> Iterator[ast.AST]:
    """Yield the nodes of a function's source, not those of functions inside it."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(code)))
    except (OSError, TypeError, SyntaxError, ValueError):
        return
    pending: list[ast.AST] = list(ast.iter_child_nodes(tree.body[0]))
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            pending.extend(ast.iter_child_nodes(node))


def _names_of(value: ast.expr | None) -> tuple[str, ...]:
    items = value.elts if isinstance(value, ast.Tuple | ast.List) else [value]
    return tuple(item.id if isinstance(item, ast.Name) else "" for item in items)
