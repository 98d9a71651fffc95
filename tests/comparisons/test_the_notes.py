"""The notes, explained: their printed numbers come from three defects, and these are named."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from notes import FAULTS, NotesTrainer, epoch_losses

from comparisons import compare, problems
from comparisons.causes import explain, separating
from comparisons.runs import Kept

Recorded = Callable[[str, str], Kept]
CLASSIC = ("regression", "classification")

#: The losses that the notes print, by epoch.
PRINTED_LOSSES = {
    "regression": {
        1: 25.321744156025517,
        2: 18.320004165722047,
        3: 9.473661050729628,
        4: 3.2520938634031613,
        5: 1.3407132589299962,
    },
    "classification": {
        1: 0.7103199085929446,
        2: 0.6991702892802629,
        10: 0.6991514545559935,
        50: 0.6990582228463785,
    },
}

#: The final parameters as the notes print them.
PRINTED_PARAMETERS = {
    "regression": {
        "W1": "[[0.26507636 0.38558861]\n [0.27800387 0.40980287]]",
        "b1": "[[0.02749056]\n [0.02974394]]",
        "W2": "[[0.41165744]\n [0.48302736]]",
        "b2": "[[0.48646246]]",
    },
    "classification": {
        "W1": "[[0.09994267 0.09984548]\n [0.09994272 0.09984548]]",
        "b1": "[[-3.38405750e-05]\n [-3.38419977e-05]]",
        "W2": "[[0.09920806]\n [0.09920816]]",
        "b2": "[[0.09915209]]",
    },
}

#: Defects present, then the loss of regression's epoch 5 and classification's epochs 1 and 50.
TABLE = [
    ((1, 2, 3), 1.3407132589299964, 0.7103199085929446, 0.6990582228463785),
    ((2, 3), 1.3198454128484565, 0.6939124309994983, 0.6938649194001839),
    ((1, 3), 1.5057565023949804, 0.7103199080782573, 0.6990582131857064),
    ((1, 2), 1.0951067362568438, 0.7103199182057751, 0.6990577720297058),
    ((3,), 1.4969811818672598, 0.6939124305071318, 0.6938649142615947),
    ((2,), 1.0597082587765176, 0.6939124407091894, 0.6938645585804497),
    ((1,), 1.25179815772865, 0.710319917687622, 0.6990577619061389),
    ((), 1.223804496951285, 0.6939124402131229, 0.6938645530419256),
]


def trained(name: str, defects: tuple[int, ...]) -> tuple[list[float], Any]:
    problem = problems.get(name)
    return epoch_losses(NotesTrainer.with_defects(problem, defects), problem)


def agree(found: float, wanted: float, digits: int) -> bool:
    """Whether two numbers are within half a unit of that significant digit."""
    unit = 10.0 ** (np.floor(np.log10(wanted)) + 1 - digits)
    return bool(abs(found - wanted) <= unit / 2)


@pytest.mark.parametrize("name", CLASSIC)
def test_the_printed_losses_come_out_to_the_last_digits(name: str) -> None:
    losses, _ = trained(name, (1, 2, 3))
    for epoch, printed in PRINTED_LOSSES[name].items():
        assert agree(losses[epoch - 1], printed, 15)


@pytest.mark.parametrize("name", CLASSIC)
def test_the_printed_parameters_come_out_to_the_last_digit(name: str) -> None:
    _, parameters = trained(name, (1, 2, 3))
    with np.printoptions(precision=8):
        assert {key: str(w) for key, w in parameters.items()} == PRINTED_PARAMETERS[name]


@pytest.mark.parametrize(("defects", "salary", "first", "last"), TABLE)
def test_every_combination_of_defects_gives_its_losses(
    defects: tuple[int, ...], salary: float, first: float, last: float
) -> None:
    regression, _ = trained("regression", defects)
    classification, _ = trained("classification", defects)
    found = regression[4], classification[0], classification[49]
    for loss, wanted in zip(found, (salary, first, last), strict=True):
        assert agree(loss, wanted, 14)


@pytest.mark.parametrize("name", CLASSIC)
def test_the_printed_code_diverges_from_keras_at_the_first_step(
    name: str, recorded: Recorded
) -> None:
    problem = problems.get(name)
    printed = NotesTrainer.with_defects(problem, (1, 2, 3))
    for verdict in compare(problem, candidate=printed, reference=recorded(name, "float64")):
        assert verdict.first is not None
        assert verdict.first.step == 1
        assert verdict.first.site.startswith("update/")


@pytest.mark.parametrize("defects", [defects for defects, *_ in TABLE])
@pytest.mark.parametrize("name", CLASSIC)
def test_every_combination_is_explained_as_exactly_its_defects(
    name: str, defects: tuple[int, ...], recorded: Recorded
) -> None:
    problem = problems.get(name)
    printed = NotesTrainer.with_defects(problem, defects)
    explanations = explain(problem, printed, recorded(name, "float64"))
    found = {frozenset(one.names) for one in explanations}
    wanted = {frozenset(FAULTS[defect] for defect in defects)} if defects else set()
    if 1 in defects and 3 not in defects:
        # All that starts alike stays alike then: kernel[0, 0] and kernel[1, 0] are one number.
        twin = {fault.replace("[1, 0]", "[0, 0]") for fault in next(iter(wanted))}
        wanted.add(frozenset(twin))
        assert separating(problem, *explanations) == "regression_asymmetric"
    assert found == wanted
