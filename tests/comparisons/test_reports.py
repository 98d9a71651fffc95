"""The reports say what the verdict holds, to people and to machines, and files stay whole."""

import io
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from rich.console import Console

from comparisons import reports
from comparisons.verdicts import (
    EpochLosses,
    Evidence,
    Given,
    Judge,
    Measured,
    Outcome,
    Spread,
    Verdict,
    kinks_of,
)
from scratch.layers import Dense
from scratch.losses import MeanSquaredError
from scratch.optimizers import SGD
from scratch.training import Network

Array = npt.NDArray[Any]
Arrays = Mapping[str, Array]

OUTPUT, LOSS = "forward/dense/output", "loss/value"
GRADIENT, PARAMETER = "backward/dense/kernel", "update/dense/kernel"
STEPS = 4
ENVIRONMENT = {
    "keras": "3.15.1",
    "backend": "tensorflow",
    "tensorflow": "2.21.0",
    "numpy": "2.3.0",
    "device": "cpu",
    "dtype": "float64",
}


def run() -> dict[str, Array]:
    rng = np.random.default_rng(0)
    shapes = {OUTPUT: (3, 2), LOSS: (), GRADIENT: (4, 2), PARAMETER: (4, 2)}
    return {site: rng.uniform(1, 2, (STEPS, *shape)) for site, shape in shapes.items()}


def with_value(arrays: Arrays, site: str, place: Any, value: Any) -> dict[str, Array]:
    copy = {name: array.copy() for name, array in arrays.items()}
    copy[site][place] = value
    return copy


def verdict(
    candidate: Arrays,
    reference: Arrays | None = None,
    twins: Sequence[Arrays] = (),
    *,
    tolerance: Measured | Given | None = None,
    **fields: Any,
) -> Verdict:
    """Return the verdict on all steps of a one-layer relu network, with a witness."""
    reference = run() if reference is None else reference
    network = Network((Dense(2, "relu", name="dense"),), MeanSquaredError(), SGD())
    judge = Judge(
        tuple(reference),
        "float64",
        Measured() if tolerance is None else tolerance,
        kinks_of(network),
        never_decreasing=True,
    )
    scratch = {site: candidate.get(site, array) for site, array in reference.items()}
    targets = np.ones((STEPS, 3, 2))
    judge.add(
        Evidence(
            first_step=0,
            targets=targets,
            reference=reference,
            candidate=candidate,
            scratch=scratch,
            spread=Spread.of(scratch, twins, kinks_of(network), targets),
            witness={site: array.astype(np.longdouble) for site, array in run().items()},
        )
    )
    budgets = judge.budgets
    last = np.array(PARAMETER in candidate and candidate[PARAMETER][-1])
    whole = Verdict(
        problem="synthetic",
        dtype="float64",
        mode="free",
        steps_per_epoch=2,
        tolerance=judge.tolerance,
        tables=judge.tables,
        not_offered=(),
        first=judge.first,
        ended=judge.ended,
        undecided=() if budgets is None else tuple(budgets.undecided),
        undecided_count=0 if budgets is None else budgets.undecided_count,
        twins=len(twins),
        witness_dtype="longdouble",
        epoch_losses=EpochLosses((0.5, 0.25), (0.5, 0.125)),
        final_parameters={"dense/kernel": (last, reference[PARAMETER][-1])},
        environment=ENVIRONMENT,
    )
    return replace(whole, **fields)


def passing() -> Verdict:
    reference = run()
    return verdict(with_value(reference, GRADIENT, (1, 2, 0), reference[GRADIENT][1, 2, 0] + 2e-16))


def diverged() -> Verdict:
    return verdict(with_value(run(), GRADIENT, 1, np.arange(8.0).reshape(4, 2) * -1e200))


def not_a_number() -> Verdict:
    return verdict(with_value(run(), GRADIENT, (1, 2, 0), np.nan))


def incomparable() -> Verdict:
    return verdict({site: array for site, array in run().items() if site != GRADIENT})


def overflown() -> Verdict:
    both = with_value(run(), PARAMETER, (2, 0, 0), np.inf)
    both = with_value(both, PARAMETER, (2, 0, 1), np.nan)
    return verdict(both, both, epoch_losses=EpochLosses((np.inf, np.nan), (np.inf, np.nan)))


def undecided() -> Verdict:
    base = with_value(run(), OUTPUT, 1, 1e-17)
    twin = with_value(base, OUTPUT, 1, 0.0)
    return verdict(base, base, [with_value(twin, GRADIENT, 1, 5.0)])


def given_tolerance() -> Verdict:
    tolerance = Given(1e-9, 1e-9)
    return verdict(with_value(run(), LOSS, 0, 0.0), tolerance=tolerance)


def nothing_allowed() -> Verdict:
    return verdict(with_value(run(), LOSS, 0, 0.0), tolerance=Given(0, 0))


KINDS = {
    kind.__name__: kind
    for kind in (
        passing,
        diverged,
        not_a_number,
        incomparable,
        overflown,
        undecided,
        given_tolerance,
        nothing_allowed,
    )
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def document(*verdicts: Verdict) -> Any:
    """Return the parsed JSON; what the standard does not know (NaN, Infinity) is an error."""

    def refuse(constant: str) -> None:
        message = f"{constant} is not JSON"
        raise AssertionError(message)

    return json.loads(reports.to_json(verdicts), parse_constant=refuse)


def shown(*verdicts: Verdict, width: int = 80) -> str:
    file = io.StringIO()
    reports.show(verdicts, Console(file=file, width=width, highlight=False))
    return file.getvalue()


def words(text: str) -> str:
    """Return text without its line breaks and indents."""
    return re.sub(r"\s+", " ", text)


# JSON.


@every_kind
def test_json_has_every_documented_field_whatever_the_verdict(kind: str) -> None:
    found = document(KINDS[kind]())
    assert set(found) == {"schema", "versions", "results"}
    assert found["schema"] == reports.SCHEMA
    assert found["versions"] == {k: v for k, v in ENVIRONMENT.items() if k != "dtype"}
    (result,) = found["results"]
    assert set(result) >= {
        "problem",
        "dtype",
        "mode",
        "outcome",
        "comparisons",
        "steps",
        "sites",
        "worst",
        "first_divergence",
        "epoch_losses",
        "final_parameters",
    }
    assert set(result["worst"]) >= {
        "site",
        "step",
        "index",
        "candidate",
        "reference",
        "allowed",
        "multiple",
    }
    assert set(result["epoch_losses"]) == {"candidate", "reference"}
    assert set(result["final_parameters"]["dense/kernel"]) == {"candidate", "reference"}


def test_json_holds_the_numbers_of_the_verdict() -> None:
    found = diverged()
    (result,) = document(found)["results"]
    assert result["outcome"] == "DIVERGED"
    assert (result["comparisons"], result["steps"]) == (found.comparisons, STEPS)
    assert result["sites"] == [OUTPUT, LOSS, GRADIENT, PARAMETER]
    assert result["epoch_losses"] == {"candidate": [0.5, 0.25], "reference": [0.5, 0.125]}
    first = result["first_divergence"]
    assert (first["step"], first["site"], first["outcome"]) == (2, GRADIENT, "DIVERGED")
    assert first["agreed"] == [OUTPUT, LOSS]
    assert [row["index"] for row in first["rows"]] == [[3, 1], [3, 0], [2, 1], [2, 0], [1, 1]]
    parameters = result["final_parameters"]["dense/kernel"]
    np.testing.assert_array_equal(parameters["reference"], run()[PARAMETER][-1])


@pytest.mark.parametrize("kind", ["passing", "diverged", "given_tolerance"])
def test_the_worst_value_is_the_largest_difference_over_its_budget(kind: str) -> None:
    found = KINDS[kind]()
    worst = document(found)["results"][0]["worst"]
    assert worst["multiple"] == worst["difference"] / worst["budget"]
    assert worst["allowed"] == worst["budget"] * found.tolerance.factor
    assert worst["difference"] == abs(worst["candidate"] - worst["reference"])
    table = found.tables[worst["site"]]
    assert worst["difference"] == table.column("difference")[worst["step"] - 1]
    assert worst["multiple"] == found.to_frame()["multiple"].max()


def test_json_writes_numbers_that_are_not_finite_as_words() -> None:
    (result,) = document(overflown())["results"]
    assert result["epoch_losses"]["candidate"] == ["inf", "nan"]
    (result,) = document(not_a_number())["results"]
    assert result["first_divergence"]["rows"][0]["candidate"] == "nan"
    (result,) = document(nothing_allowed())["results"]
    assert result["worst"]["multiple"] == "inf"


def test_json_has_one_result_for_each_verdict_in_order() -> None:
    free, locked = passing(), replace(passing(), mode="locked")
    assert [r["mode"] for r in document(free, locked)["results"]] == ["free", "locked"]


# CSV.


@every_kind
def test_csv_read_by_pandas_is_the_frame(kind: str) -> None:
    found = KINDS[kind]()
    frame = pd.read_csv(io.StringIO(reports.to_csv([found])))
    pd.testing.assert_frame_equal(
        frame,
        found.to_frame().assign(index=found.to_frame()["index"].map(str)),
        check_dtype=False,
        check_exact=True,
    )


def test_the_frame_has_a_row_for_each_step_and_site_in_causal_order() -> None:
    frame = diverged().to_frame()
    assert frame["site"].tolist() == [OUTPUT, LOSS, GRADIENT, PARAMETER] * STEPS
    assert frame["step"].tolist() == [1] * 4 + [2] * 4 + [3] * 4 + [4] * 4
    assert frame["epoch"].tolist() == [1] * 8 + [2] * 8
    bad = frame[frame["outcome"] == "DIVERGED"]
    assert bad[["step", "site", "index"]].to_numpy().tolist() == [[2, GRADIENT, (3, 1)]]


def test_csv_holds_all_verdicts_one_below_the_other() -> None:
    frame = pd.read_csv(io.StringIO(reports.to_csv([passing(), replace(passing(), mode="locked")])))
    assert frame["mode"].value_counts().to_dict() == {"free": 16, "locked": 16}


# Text.


@every_kind
@pytest.mark.parametrize("name", ["synthetic", "a_problem_with_a_name_too_long_for_a_line_" * 3])
def test_text_fits_80_columns_and_has_no_escape_codes(kind: str, name: str) -> None:
    text = shown(replace(KINDS[kind](), problem=name))
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text


def test_a_pass_says_what_was_compared_and_never_correct() -> None:
    found = passing()
    text = words(shown(found))
    assert f"no difference found in {found.comparisons} comparisons (of 4 sites, 4 steps)" in text
    assert f"at step 2, {GRADIENT}[2,0]" in text
    assert "correct" not in text


def test_equal_bits_are_said_to_be_exactly_equal() -> None:
    assert "exactly equal everywhere" in words(shown(verdict(run())))


@pytest.mark.parametrize("kind", ["not_a_number", "incomparable"])
def test_a_failure_is_never_said_to_be_exactly_equal(kind: str) -> None:
    found = KINDS[kind]()
    assert not found.passed
    assert "exactly equal" not in words(shown(found))


def test_a_divergence_is_told_with_its_place_what_agreed_and_the_worst_values() -> None:
    text = shown(diverged())
    told = words(text)
    assert f"DIVERGED first at step 2, {GRADIENT}: its inputs agree and its values do not" in told
    assert f"shape (4, 2), float64; agreed before it: {OUTPUT}, {LOSS}" in told
    assert "8 of 8 values beyond its rounding budget" in told
    rows = re.findall(r"^ *\[(\d),(\d)\] +(\S+) +(\S+) +(\S+) +(\S+)$", text, re.MULTILINE)
    assert [row[:2] for row in rows] == [("3", "1"), ("3", "0"), ("2", "1"), ("2", "0"), ("1", "1")]
    worst = diverged().first
    assert worst is not None
    assert rows[0][2:] == (
        "-7e+200",
        f"{worst.rows[0].reference:.9g}",
        "7e+200",
        f"{worst.rows[0].multiple:.2g}",
    )


def test_what_cannot_be_compared_is_told_with_its_reason() -> None:
    told = words(shown(incomparable()))
    assert f"INCOMPARABLE first at step 1, {GRADIENT}: missing from the candidate" in told


def test_an_overflow_on_both_sides_is_told_with_its_place() -> None:
    assert f"both sides overflow alike at step 3, {PARAMETER}, where the comparison ends" in words(
        shown(overflown())
    )


def test_undecided_places_are_counted_and_a_few_named() -> None:
    told = words(shown(undecided()))
    assert "6 undecided, rounding decides the branch" in told
    places = ", ".join(f"step 2 {OUTPUT}[0,{i}]" for i in (0, 1))
    assert f"{places}, step 2 {OUTPUT}[1,0], …" in told


def test_the_user_is_told_that_the_tolerance_is_theirs() -> None:
    assert "beyond your tolerance (rtol 1e-09, atol 1e-09)" in words(shown(given_tolerance()))


@pytest.mark.parametrize("name", ["[red]x", "[bold][link=y]x", ":cat:", "[/]"])
def test_markup_in_the_name_of_a_problem_is_printed_as_it_stands(name: str) -> None:
    assert f"{name}, float64" in shown(replace(passing(), problem=name))
    line = reports.summary([replace(diverged(), problem=name)])
    assert name in line


@pytest.mark.parametrize("name", ["[red]x", "[bold][link=y]x", ":cat:"])
def test_markup_in_the_name_of_a_layer_is_printed_as_it_stands(name: str) -> None:
    found = passing()
    both = found.final_parameters["dense/kernel"]
    assert f"  {name}/kernel[0,0]" in shown(
        replace(found, final_parameters={f"{name}/kernel": both})
    )


def test_the_last_line_counts_the_runs_and_names_those_that_differ() -> None:
    good, bad = passing(), diverged()
    total = good.comparisons + bad.comparisons
    assert reports.summary([good]) == (
        f"1 run: no difference found in {good.comparisons} comparisons"
    )
    assert reports.summary([good, bad]) == (
        f"1 of 2 runs differ, in {total} comparisons: synthetic float64 free"
    )


def test_a_verdict_passes_only_while_no_value_is_beyond_bounds() -> None:
    outcomes = {kind: make().outcome for kind, make in KINDS.items()}
    assert outcomes == {
        "passing": Outcome.CLOSE,
        "diverged": Outcome.DIVERGED,
        "not_a_number": Outcome.DIVERGED,
        "incomparable": Outcome.INCOMPARABLE,
        "overflown": Outcome.EXACT,
        "undecided": Outcome.EXACT,
        "given_tolerance": Outcome.DIVERGED,
        "nothing_allowed": Outcome.DIVERGED,
    }


# Files.


def test_a_file_is_written_under_its_name_and_nothing_else_is_left(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    reports.write(file, "old")
    reports.write(file, "new ×\n")
    assert file.read_text("utf-8") == "new ×\n"
    assert list(tmp_path.iterdir()) == [file]


def test_a_write_that_fails_midway_leaves_the_old_file_whole_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "results.json"
    file.write_text("old")

    def interrupted(*_: object) -> None:
        # Everything is on the disk by now, but not under its name.
        assert len(list(tmp_path.iterdir())) == 2
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        reports.write(file, "new")
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_text_that_cannot_be_encoded_leaves_the_old_file_whole(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    file.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        reports.write(file, "new \ud800")
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_asking_whether_a_file_can_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    reports.check_writable(tmp_path / "new.json")
    old = tmp_path / "old.json"
    old.write_text("old")
    reports.check_writable(old)
    assert list(tmp_path.iterdir()) == [old]
    assert old.read_text() == "old"


def test_a_pipe_or_a_device_is_refused_since_a_file_would_take_its_place(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(reports.OutputError, match="pipe"):
        reports.check_writable(pipe)
    assert pipe.is_fifo()


def test_a_name_too_long_for_the_file_system_is_refused(tmp_path: Path) -> None:
    with pytest.raises(reports.OutputError, match="cannot be written"):
        reports.check_writable(tmp_path / ("x" * 300))


def test_the_longest_name_that_the_file_system_takes_is_written(tmp_path: Path) -> None:
    file = tmp_path / ("x" * os.pathconf(tmp_path, "PC_NAME_MAX"))
    reports.check_writable(file)
    reports.write(file, "whole")
    assert file.read_text() == "whole"


def test_a_link_is_written_through_and_stays_a_link(tmp_path: Path) -> None:
    file, link = tmp_path / "results.json", tmp_path / "latest.json"
    file.write_text("old")
    link.symlink_to(file.name)
    reports.write(link, "new")
    assert link.is_symlink()
    assert file.read_text() == "new"
