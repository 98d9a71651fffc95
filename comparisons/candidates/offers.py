"""What an object offers besides its weights: gradients, activations and an optimizer's slots."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from comparisons.candidates.calling import call
from comparisons.candidates.errors import CandidateError
from comparisons.candidates.forms import described
from comparisons.candidates.numbers import MisfitError, numbers
from comparisons.runs.trainers import Record

GRADIENTS = ("get_gradients", "gradients", "grads")
ACTIVATIONS = ("get_activations", "activations")


@dataclass(frozen=True)
class Offers:
    """The names to ask an object by, empty where what it offers is not compared.

    ``outputs`` are the sites of its activations, in order, after ``skipped`` of them. ``misfits``
    says of ``gradients`` or ``activations`` that are offered why they are not compared.
    """

    gradients: str = ""
    activations: str = ""
    outputs: tuple[str, ...] = ()
    skipped: int = 0
    misfits: tuple[tuple[str, str], ...] = ()

    def misfit(self, kind: str) -> str:
        """Return why something is not compared though it is offered, empty where it is not."""
        return dict(self.misfits).get(kind, "")


def had(learner: Any, whose: str, name: str) -> Any:
    """Return what an object has by a name, called if it is a method; ``None`` where it has none.

    A method that returns ``None`` offers something all the same: raises ``MisfitError``.
    """
    what = f"{whose}.{name}"
    if not hasattr(type(learner), name) and not hasattr(learner, name):
        return None
    found = call(what, getattr, learner, name)
    if not callable(found):
        return found
    returned = call(what, found)
    if returned is None:
        raise MisfitError(f"{what} returned None")
    return returned


def first_fitting(
    learner: Any, whose: str, names: Sequence[str], fit: Callable[[Any], Any]
) -> tuple[str, Any, str]:
    """Return by which name an object offers what fits, and what ``fit`` made of it.

    Last comes, where nothing fits, what is wrong with the first that is offered.
    """
    wrong = ""
    for name in names:
        try:
            offered = had(learner, whose, name)
            if offered is not None:
                return name, fit(offered), ""
        except MisfitError as error:
            wrong = wrong or f"are offered and do not fit: {error}"
        except CandidateError as error:
            wrong = wrong or f"are offered and cannot be had: {error}"
    return "", None, wrong


def skipped_in(values: Any, wanted: Mapping[str, tuple[int, ...]], dtype: str, whose: str) -> int:
    """Return how many activations come before those of the sites ``wanted``, with their shapes.

    One more is the input, for which there is no site. Raises ``MisfitError`` for any others.
    """
    found = listed(values)
    more = len(found) - len(wanted)
    if more not in {0, 1}:
        raise MisfitError(
            f"{whose} offers {described(values)}, and a list of {len(wanted)} arrays was wanted, "
            f"for {', '.join(wanted)}"
        )
    for site, value in zip(wanted, found[more:], strict=True):
        array = numbers(value, dtype, site)
        if array.shape != wanted[site]:
            raise MisfitError(f"{site} has shape {array.shape}, and {wanted[site]} was wanted")
    return more


def slots_in(returned: Any, what: str) -> Record:
    """Return the slots that an optimizer's state has, by their sites; raises ``MisfitError``."""
    if not isinstance(returned, Mapping):
        raise MisfitError(
            f"{what} returned {described(returned)}, and a dict of slots by layer/tensor/slot "
            "was wanted"
        )
    return {f"slot/{path}": slot for path, slot in returned.items()}


def listed(values: Any) -> list[Any]:
    """Return the values of a list or a dict, none of anything else."""
    if isinstance(values, Mapping):
        return list(values.values())
    return list(values) if isinstance(values, list | tuple) else []
