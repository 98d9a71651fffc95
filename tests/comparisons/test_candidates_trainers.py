"""A trainer of anyone's own: copies in, copies out, and a sentence for whatever does not fit."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pytest

from comparisons import compare, problems
from comparisons.candidates import BindingError, Bound, CandidateError, bind
from comparisons.traces import shipped

PROBLEM = problems.get("regression_asymmetric")
UPDATE = [f"update/{path}" for path in PROBLEM.weights]


class Plain:
    """Right, in place, and always with the same arrays in the same record.

    ``change`` does something to a record, given it and the number of steps.
    """

    def __init__(self, change: Callable[[Any, int], Any] = lambda record, _: record) -> None:
        self.change, self.record = change, dict[str, Any]()
        self.loss = np.zeros(())

    def init(self, weights: Any, slots: Any = None, iterations: int = 0) -> Any:
        self.steps = 0
        return weights

    def step(self, state: Any, x: Any, y: Any) -> Any:
        w1, b1, w2, b2 = state.values()
        hidden = x @ w1 + b1
        out = hidden @ w2 + b2
        d2 = 2 * (out - y)
        d1 = d2 @ w2.T
        self.loss[...] = np.mean((out - y) ** 2)
        moved = [x.T @ d1, d1[0], hidden.T @ d2, d2[0]]
        for path, g in zip(state, moved, strict=True):
            state[path] -= 0.001 * g
        self.steps += 1
        self.record |= {
            "forward/dense/output": hidden,
            "forward/dense_1/output": out,
            "loss/value": self.loss,
        }
        self.record |= {f"backward/{path}": g for path, g in zip(state, moved, strict=True)}
        self.record |= {f"update/{path}": w for path, w in state.items()}
        x[...], y[...] = np.nan, np.inf
        return state, self.change(self.record, self.steps)


def named(trainer: Any, sites: Any) -> Any:
    trainer.sites = sites
    return trainer


def two_steps(bound: Bound) -> list[Mapping[str, Any]]:
    state, records = bound.init(PROBLEM.weights), []
    for i in range(2):
        state, record = bound.step(state, PROBLEM.x[i : i + 1], PROBLEM.y[i : i + 1])
        records.append(record)
    return records


def passes(bound: Bound) -> bool:
    reference = shipped(PROBLEM.name, "float64")
    found = compare(PROBLEM, candidate=bound, reference=reference, sensitive=False)
    return all(verdict.passed for verdict in found)


def test_one_that_changes_its_arrays_in_place_is_recorded_rightly() -> None:
    before = [array.copy() for array in (PROBLEM.x, PROBLEM.y, *PROBLEM.weights.values())]
    bound = bind(Plain(), PROBLEM)
    assert bound.binding == ("trainer: Plain, which offers all sites",)
    assert passes(bound)
    first, second = two_steps(bound)
    assert all(not np.shares_memory(first[site], second[site]) for site in first)
    assert any((first[site] != second[site]).any() for site in UPDATE)
    after = (PROBLEM.x, PROBLEM.y, *PROBLEM.weights.values())
    assert all((a == b).all() for a, b in zip(before, after, strict=True))


def test_slots_are_handed_over_as_copies_too() -> None:
    class Greedy(Plain):
        def init(self, weights: Any, slots: Any = None, iterations: int = 0) -> Any:
            for slot in slots.values():
                slot[...] = np.nan
            return super().init(weights)

    slots = {"dense/kernel/momentum": np.zeros((2, 2))}
    slots["dense/kernel/momentum"].flags.writeable = False
    bind(Greedy(), PROBLEM).init(PROBLEM.weights, slots, 3)
    assert (slots["dense/kernel/momentum"] == 0).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_and_lists_of_python_s_own_become_arrays_of_the_problem_s_dtype(dtype: str) -> None:
    def listed(record: Any, _: int) -> Any:
        return {site: np.asarray(value).tolist() for site, value in record.items()}

    bound = bind(Plain(listed), PROBLEM.astype(dtype))
    for record in two_steps(bound):
        assert {(type(array), array.dtype.name) for array in record.values()} == {
            (np.ndarray, dtype)
        }
    if dtype == "float64":
        assert passes(bound)


def test_a_record_may_be_any_mapping_and_a_step_a_list() -> None:
    class Records(Mapping[str, Any]):
        def __init__(self, record: Any) -> None:
            self.record = record

        def __getitem__(self, site: str) -> Any:
            return self.record[site]

        def __iter__(self) -> Iterator[str]:
            return iter(self.record)

        def __len__(self) -> int:
            return len(self.record)

    class Listing(Plain):
        def step(self, state: Any, x: Any, y: Any) -> Any:
            return list(super().step(state, x, y))

    assert passes(bind(Listing(lambda record, _: Records(record)), PROBLEM))


class Unwilling:
    """What cannot be made an array, for reasons of its own."""

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("detach it first")


class Lost(Mapping[str, Any]):
    """A record that raises when it is read."""

    def __getitem__(self, site: str) -> Any:
        raise OSError("disk")

    def __iter__(self) -> Iterator[str]:
        return iter(UPDATE)

    def __len__(self) -> int:
        return len(UPDATE)


def with_loss(value: Any) -> Callable[[Any, int], Any]:
    return lambda record, _: record | {"loss/value": value}


def later(change: Callable[[Any], Any]) -> Callable[[Any, int], Any]:
    return lambda record, steps: record if steps < 2 else change(record)


#: What is done to a record, and what is said of it at the first step or later.
WRONG: dict[str, tuple[Callable[[Any, int], Any], str]] = {
    "a list of arrays": (
        lambda record, _: list(record.values()),
        "Plain.step returned a record of type list, and a mapping from site to array was wanted",
    ),
    "nothing": (lambda _, __: None, "Plain.step returned a record of type NoneType"),
    "one that raises when it is read": (
        lambda _, __: Lost(),
        r"the record of Plain.step raised OSError: disk \(test_candidates_trainers.py, line",
    ),
    "a loss of each sample": (
        lambda record, _: record | {"loss/value": np.zeros(4)},
        r"loss/value has shape \(4,\), and \(\) was wanted",
    ),
    "a loss of whole numbers": (
        with_loss(np.int64(1)),
        "loss/value holds int64 values, and floats",
    ),
    "text": (with_loss("low"), "loss/value holds <U3 values, and floats were wanted"),
    "complex numbers": (with_loss(1j), "loss/value holds complex128 values"),
    "what cannot be an array": (with_loss(Unwilling()), "loss/value is no array: detach it first"),
    "rows of unequal lengths": (
        with_loss([[1.0], [1.0, 2.0]]),
        "loss/value is no array: its rows have unequal lengths",
    ),
    "a site that is never there": (
        lambda record, _: {site: value for site, value in record.items() if site in UPDATE},
        (
            "forward/dense/output is offered, and the record of a step has none: Plain.sites is "
            "None or not there, which offers all"
        ),
    ),
    "a site missing later": (
        later(lambda record: {s: a for s, a in record.items() if s != "loss/value"}),
        "loss/value is offered, and the record of a step has none",
    ),
    "another shape later": (
        later(lambda record: record | {UPDATE[1]: record[UPDATE[1]][None]}),
        r"update/dense/bias has shape \(1, 2\), and \(2,\) was wanted",
    ),
    "no mapping later": (later(list), "returned a record of type list"),
}


@pytest.mark.parametrize(("change", "said"), WRONG.values(), ids=WRONG.keys())
def test_a_record_that_does_not_fit_is_told_so(
    change: Callable[[Any, int], Any], said: str
) -> None:
    with pytest.raises(CandidateError, match=said):
        two_steps(bind(Plain(change), PROBLEM))


def test_another_dtype_is_left_to_the_comparison() -> None:
    def single(record: Any) -> Any:
        return {site: array.astype("float32") for site, array in record.items()}

    first, second = two_steps(bind(Plain(later(single)), PROBLEM))
    assert {array.dtype.name for array in first.values()} == {"float64"}
    assert {array.dtype.name for array in second.values()} == {"float32"}
    assert not passes(bind(Plain(lambda record, _: single(record)), PROBLEM))


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (None, "Plain.step returned None, and a state and a record were wanted"),
        ((1, {}, 3), "Plain.step returned a tuple of 3, and a state and a record were wanted"),
    ],
)
def test_a_step_that_returns_something_else_is_told_so(returned: Any, said: str) -> None:
    plain = Plain()
    plain.step = lambda *_: returned  # type: ignore[method-assign]
    with pytest.raises(CandidateError, match=said):
        two_steps(bind(plain, PROBLEM))


class Stumbling(Plain):
    """It cannot say what it offers."""

    @property
    def sites(self) -> Any:
        return self.names


@pytest.mark.parametrize(
    ("trainer", "error", "said"),
    [
        (
            named(Plain(), {"foo/bar"}),
            BindingError,
            "Plain offers foo/bar, and the sites of problem 'regression_asymmetric' are forward/",
        ),
        (
            named(Plain(), [*UPDATE, 3, ["a"]]),
            BindingError,
            r"Plain offers 3, \['a'\], and the sites of",
        ),
        (named(Plain(), ()), BindingError, "Plain does not offer update/dense/kernel, "),
        (
            named(Plain(), "loss/value"),
            BindingError,
            "Plain.sites is of type str, and names of sites were wanted, or None for all",
        ),
        (named(Plain(), 3), BindingError, "Plain.sites is of type int, and names of sites"),
        (Stumbling(), CandidateError, "Stumbling.sites raised AttributeError"),
    ],
)
def test_sites_that_are_none_are_refused(trainer: Any, error: Any, said: str) -> None:
    with pytest.raises(error, match=said):
        bind(trainer, PROBLEM)


@pytest.mark.parametrize(
    "sites",
    [[*UPDATE, UPDATE[0]], tuple(UPDATE), dict.fromkeys(UPDATE), dict.fromkeys(UPDATE).keys()],
)
def test_sites_may_be_any_collection_of_names(sites: Any) -> None:
    bound = bind(named(Plain(), sites), PROBLEM)
    assert bound.binding == ("trainer: Plain, which offers 4 of 11 sites",)
    assert bound.sites == set(UPDATE)
    assert passes(bound)


def test_one_that_says_it_is_free_only_stays_so() -> None:
    plain = Plain()
    assert not bind(plain, PROBLEM).free_only
    plain.free_only = True  # type: ignore[attr-defined]
    bound = bind(plain, PROBLEM)
    assert bound.free_only
    assert bound.notes == ("free run only, as Plain says of itself (free_only)",)
