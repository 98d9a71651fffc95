"""Runs: trainers along the reference, and the twins that measure what rounding may do."""

from comparisons.runs.guarded import TrainerError, guarded
from comparisons.runs.reference import (
    Beginning,
    Block,
    Kept,
    KerasMissingError,
    LiveKeras,
    Reference,
    import_keras_ref,
)
from comparisons.runs.running import MODES, Mode, Run, Start, check_modes, modes_of, starts
from comparisons.runs.trainers import (
    InHigherPrecision,
    Record,
    ScratchTrainer,
    Trainer,
    scratch_trainer,
    witness_dtype,
)
from comparisons.runs.tutorial import TutorialTrainer
from comparisons.runs.twins import is_small, make_twins, usual_twins

__all__ = [
    "MODES",
    "Beginning",
    "Block",
    "InHigherPrecision",
    "Kept",
    "KerasMissingError",
    "LiveKeras",
    "Mode",
    "Record",
    "Reference",
    "Run",
    "ScratchTrainer",
    "Start",
    "Trainer",
    "TrainerError",
    "TutorialTrainer",
    "check_modes",
    "guarded",
    "import_keras_ref",
    "is_small",
    "make_twins",
    "modes_of",
    "scratch_trainer",
    "starts",
    "usual_twins",
    "witness_dtype",
]
