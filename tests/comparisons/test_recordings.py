"""Recordings: what is read is what was written, or there is a sentence that says why not."""

import io
import os
import random
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rewriting import Changed, changed, entries, rewritten, with_bytes, with_file
from rich.console import Console

from comparisons import compare, problems
from comparisons.problems import DTYPES
from comparisons.reports import show
from comparisons.runs import Block, LiveKeras, ScratchTrainer, scratch_trainer
from comparisons.traces import (
    Recording,
    RecordingError,
    Writer,
    differing,
    record,
    sentence,
    shipped,
    shipped_names,
    what_moved,
)
from comparisons.verdicts import Outcome

ROOT = Path(__file__).parents[2]

#: What reading a recording must not import.
HEAVY = ("keras", "tensorflow", "keras_ref", "pandas")


@pytest.fixture(scope="module")
def small() -> Recording:
    return shipped("short_last_batch", "float64")


def content(recording: Recording) -> tuple[Any, ...]:
    """Everything that a comparison could read of a recording, arrays as bytes."""
    steps = []
    for block in recording.blocks():
        for at in range(len(block)):
            values = {site: (a[at].shape, a[at].tobytes()) for site, a in block.values.items()}
            steps.append((block.first_step + at, block.x[at].tobytes(), values))
    problem = recording.problem
    head = (problem.name, problem.question, dict(recording.environment), recording.sites)
    return (head, dict(recording.constants), steps)


def refused(path: Path) -> str:
    """Return the sentence with which reading all of a recording is refused."""
    with pytest.raises(RecordingError) as error:
        content(Recording(path))
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)
    return str(error.value)


# What is read is what was written.


@pytest.mark.parametrize("name", ["short_last_batch", "softmax_sparse", "flatten", "rmsprop"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("chunk_bytes", [1, 1_000, 4_000_000])
def test_what_is_read_is_what_was_written(
    recorded: Callable[[str, str], Any], tmp_path: Path, name: str, dtype: str, chunk_bytes: int
) -> None:
    problem, live = problems.get(name).astype(dtype), recorded(name, dtype)
    path = tmp_path / "recording"
    done: list[int] = []
    read = record(problem, path, reference=live, chunk_bytes=chunk_bytes, on_steps=done.append)
    assert sum(done) == read.steps == problem.steps
    assert read.complete
    assert not differing(read.problem, problem)
    assert (read.problem.name, read.problem.question) == (problem.name, problem.question)
    assert read.environment == {**live.environment, "reference": "recorded"}
    assert (read.constants, read.sites) == (live.constants, live.sites)
    ours, theirs = ([step for b in r.blocks() for step in steps(b)] for r in (read, live))
    assert [number for number, _ in ours] == list(range(problem.steps))
    for (_, got), (_, wanted) in zip(ours, theirs, strict=True):
        assert list(got) == list(wanted)
        for what, array in got.items():
            assert array.dtype == wanted[what].dtype
            assert array.shape == wanted[what].shape
            assert array.tobytes() == wanted[what].tobytes()
    chunks = len([entry for entry in entries(path) if "file" in entry])
    assert (chunks == 1) == (chunk_bytes == 4_000_000)


def steps(block: Block) -> Iterator[tuple[int, dict[str, Any]]]:
    for at in range(len(block)):
        values = {site: array[at] for site, array in block.values.items()}
        yield block.first_step + at, {"x": block.x[at], "y": block.y[at], **values}


def test_reading_twice_gives_the_same_and_nothing_that_could_be_written_to(
    small: Recording,
) -> None:
    assert content(small) == content(small)
    for block in small.blocks():
        assert not any(array.flags.writeable for array in block.values.values())


# Refused: what would be lost, and what was left undone.


def test_what_is_there_is_never_written_over(small: Recording, tmp_path: Path) -> None:
    path = tmp_path / "recording"
    record(small.problem, path, reference=small)
    before = content(Recording(path))
    with pytest.raises(RecordingError, match="exists already: remove it first"):
        record(small.problem, path)  # live: it must be refused before Keras is imported
    file = tmp_path / "file"
    file.write_text("kept")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nowhere")
    for taken in (path, file, link):
        with pytest.raises(RecordingError, match="exists already"):
            record(small.problem, taken, reference=small)
    assert content(Recording(path)) == before
    assert file.read_text() == "kept"
    assert sorted(tmp_path.iterdir()) == sorted([path, file, link])


def test_an_empty_directory_and_missing_parents_will_do(small: Recording, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "a" / "b" / "c"):
        assert content(record(small.problem, path, reference=small)) == content(small)


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, ValueError])
def test_what_fails_on_the_way_leaves_nothing(
    small: Recording, tmp_path: Path, error: type[BaseException]
) -> None:
    path = tmp_path / "recording"

    def fail() -> None:
        with Writer(path, small.problem, small, chunk_bytes=1) as writer:
            writer.add(next(small.blocks()))
            assert Recording(path).steps > 0
            raise error

    with pytest.raises(error):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_ends_early_or_out_of_order_is_not_completed(
    small: Recording, tmp_path: Path
) -> None:
    first, second, *_ = small.blocks()
    path = tmp_path / "recording"
    other = Block(0, first.x, first.y, {s: a[..., None] for s, a in first.values.items()})

    def write(block: Block) -> None:
        with Writer(path, small.problem, small, chunk_bytes=1) as writer:
            writer.add(block)

    for block, told in (
        (first, "was given 2 of 30 steps"),
        (second, "step 1 of 30 must come next"),
        (other, "forward/dense/output must be float64 of shape"),
    ):
        with pytest.raises(RecordingError, match=told):
            write(block)
    assert list(tmp_path.iterdir()) == []


def test_an_incomplete_recording_tells_so_and_gives_only_what_it_has(
    small: Recording, tmp_path: Path
) -> None:
    path = tmp_path / "recording"
    record(small.problem, path, reference=small, chunk_bytes=1)
    lines = (path / "index.jsonl").read_bytes().splitlines(keepends=True)
    (path / "index.jsonl").write_bytes(b"".join(lines[:4]) + lines[4][:-20])
    part = Recording(path)
    assert not part.complete
    assert part.steps == 5
    told = "is incomplete, it has 5 of 30 steps: record again"
    for read in (
        lambda: list(part.blocks()),
        lambda: compare(part.problem, reference=part),
        lambda: part.check(part.problem),
        lambda: what_moved(part, small),
        lambda: what_moved(small, part),
    ):
        with pytest.raises(RecordingError, match=told):
            read()
    got = [step for block in part.blocks(partly=True) for step in steps(block)]
    wanted = [step for block in small.blocks() for step in steps(block)][:5]
    assert repr(got) == repr(wanted)
    for a, b in ((part, small), (small, part)):
        found = what_moved(a, b, partly=True)
        assert (found.steps, found.outcome) == (5, Outcome.EXACT)


def test_a_recording_of_another_problem_is_refused_by_what_differs(small: Recording) -> None:
    mine = small.problem
    small.check(problems.get("short_last_batch"))
    small.check(replace(mine, name="another", question="Another?"))
    weights = {path: w + 1 for path, w in mine.weights.items()}
    others = {
        "x": replace(mine, x=mine.x + 1),
        "y": replace(mine, y=-mine.y),
        "initial weights": replace(mine, weights=weights),
        "batch size": replace(mine, batch_size=4),
        "order of the rows": replace(mine, order=mine.order[:, ::-1]),
        "optimizer": replace(mine, training={**mine.training, "optimizer": "sgd"}),
        "loss": replace(mine, training={**mine.training, "loss": "mae"}),
    }
    for what, other in others.items():
        with pytest.raises(RecordingError, match=f"they differ in {what};") as error:
            small.check(other)
        assert "is a recording of another problem than 'short_last_batch'" in str(error.value)
    with pytest.raises(RecordingError, match="model"):
        small.check(problems.get("several_outputs"))
    with pytest.raises(RecordingError, match="these are of two problems, adam and adamw"):
        what_moved(shipped("adam", "float64"), shipped("adamw", "float64"))


# Killed.

KILLED = """
import os, random, signal, sys, time
from pathlib import Path
from comparisons.traces import Recording, record, shipped

source = shipped("classification", "float64")
wanted = {site: [] for site in source.sites}
for block in source.blocks():
    for site in wanted:
        wanted[site] += [row.tobytes() for row in block.values[site]]
where, rng, seen = Path(sys.argv[1]), random.Random(7), []

def write(path):
    record(source.problem, path, reference=InPieces(), chunk_bytes=1)

class InPieces:
    environment, constants, sites = source.environment, source.constants, source.sites
    def blocks(self):
        from comparisons.runs import Block
        for block in source.blocks():
            for at in range(0, len(block), 5):
                part = slice(at, at + 5)
                values = {site: array[part] for site, array in block.values.items()}
                yield Block(block.first_step + at, block.x[part], block.y[part], values)

start = time.perf_counter()
write(where / "whole")
took = time.perf_counter() - start
for number in range(60):
    path = where / str(number)
    child = os.fork()
    if child == 0:
        write(path)
        os._exit(0)
    time.sleep(rng.uniform(0, 1.1 * took))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    if not path.exists():
        seen.append("nothing")
        continue
    found = Recording(path)
    steps = 0
    for block in found.blocks(partly=True):
        for at in range(len(block)):
            assert block.first_step + at == steps
            for site in wanted:
                assert block.values[site][at].tobytes() == wanted[site][steps], (number, site)
            steps += 1
    assert steps == found.steps and (found.complete == (steps == 200) or steps == 200)
    seen.append("complete" if found.complete else "some" if steps else "none")
print(*seen)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forked processes")
def test_after_a_kill_at_any_moment_what_is_there_can_be_read(tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603  our own code
        [sys.executable, "-c", KILLED, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    seen = done.stdout.split()
    assert len(seen) == 60
    assert seen.count("some") >= 20


# Damaged.


@pytest.mark.parametrize("seed", range(40))
def test_damage_to_any_file_is_found_or_does_not_matter(
    small: Recording, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)  # noqa: S311  no secrets here
    wanted = content(small)
    for number, original in enumerate(sorted(small.path.iterdir())):
        for kind in ("flip", "cut", "add", "remove"):
            path = tmp_path / f"{number}{kind}"
            shutil.copytree(small.path, path)
            file = path / original.name
            data = bytearray(file.read_bytes())
            at = rng.randrange(len(data))
            if kind == "flip":
                data[at] ^= 1 << rng.randrange(8)
            elif kind == "cut":
                del data[at:]
            elif kind == "add":
                data[at:at] = rng.randbytes(rng.randrange(1, 9))
            file.write_bytes(data)
            if kind == "remove":
                file.unlink()
            try:
                found = content(Recording(path))
            except RecordingError as error:
                assert "\n" not in str(error)  # noqa: PT017  finding nothing is right too
            else:
                assert found == wanted


def test_every_place_of_the_index_is_covered(small: Recording, tmp_path: Path) -> None:
    path = tmp_path / "recording"
    shutil.copytree(small.path, path)
    index, wanted = path / "index.jsonl", content(small)
    data = index.read_bytes()
    for at in range(0, len(data), 7):
        index.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        try:
            found = content(Recording(path))
        except RecordingError:
            continue
        assert found == wanted


def test_what_is_no_recording_is_told_by_what_it_is(small: Recording, tmp_path: Path) -> None:
    path = tmp_path / "recording"
    assert "there is no such directory" in refused(path)
    path.mkdir()
    assert "it has no index.jsonl" in refused(path)
    index = path / "index.jsonl"
    for text, told in {
        b"": "has no whole line",
        b"{}": "has no whole line",
        b"{}\n": "is damaged at line 1",
        b"\x00\xff\n": "is damaged at line 1",
        b"[" * 100_000 + b"\n": "is damaged at line 1",
        b"9" * 10_000 + b"\n": "is damaged at line 1",
        b'{"line": {"x": NaN}, "sha256": ""}\n': "is damaged at line 1",
    }.items():
        index.write_bytes(text)
        assert told in refused(path)
    with index.open("wb") as file:
        file.truncate(1_000_000_000_000)
    assert "more than the 16,000,000 it may have" in refused(path)
    index.unlink()
    os.mkfifo(index)
    assert "is not a file" in refused(path)
    shutil.rmtree(path)
    shutil.copytree(small.path, path)
    (path / "steps-00000000.safetensors").unlink()
    os.mkfifo(path / "steps-00000000.safetensors")
    assert "is not a file" in refused(path)
    assert "there is no such directory" in refused(index)


def test_a_file_of_another_recording_is_refused(small: Recording, tmp_path: Path) -> None:
    path = tmp_path / "recording"
    shutil.copytree(small.path, path)
    other = shipped("short_last_batch", "float32").path
    for name in ("problem.safetensors", "steps-00000000.safetensors"):
        shutil.copyfile(other / name, path / name)
        assert f"{name} " in refused(path)
        shutil.copyfile(small.path / name, path / name)


HEADERS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "format": (lambda h: h.update(format="keras-parity/recording/2"), "has the format"),
    "no format": (lambda h: h.pop("format"), "has the format 'no format'"),
    "name": (lambda h: h.update(name=3), "the name in its index"),
    "batch size": (lambda h: h.update(batch_size=3.0), "the batch_size in its index"),
    "true": (lambda h: h.update(batch_size=True), "the batch_size in its index"),
    "zero": (lambda h: h.update(batch_size=0), "batch_size must be"),
    "huge batch": (lambda h: h.update(batch_size=10**30), "is not"),
    "dtype": (lambda h: h.update(dtype="float16"), "the environment in its index"),
    "environment": (lambda h: h["environment"].update(keras=3), "the environment in its index"),
    "backend": (lambda h: h["environment"].update(backend=[]), "the environment in its index"),
    "no keras": (lambda h: h["environment"].pop("keras"), "the environment in its index"),
    "constants": (lambda h: h["constants"].update(rho="0.9"), "the constants in its index"),
    "sites": (lambda h: h.update(sites=[3]), "the sites in its index"),
    "a site": (lambda h: h["sites"].append("update/dense/x"), "sites are not those"),
    "a site twice": (lambda h: h["sites"].append("loss/value"), "it has a site twice"),
    "order": (lambda h: h["sites"].reverse(), "not in causal order"),
    "no loss": (lambda h: h["sites"].remove("loss/value"), "its sites lack loss/value"),
    "fewer sites": (lambda h: h["sites"].pop(0), "exactly the sites"),
    "weights": (lambda h: h["weights"].reverse(), "weights must be"),
    "fewer weights": (lambda h: h["weights"].pop(), "exactly x, y, order and the weights"),
    "no layers": (lambda h: h.update(model={}), "the model in its index"),
    "layers": (lambda h: h["model"].update(layers=[3]), "no problem can be made"),
    "empty": (lambda h: h["model"].update(layers=[]), "no problem can be made"),
    "training": (lambda h: h["training"].pop("loss"), "the training in its index"),
    "loss": (lambda h: h["training"].update(loss=[3]), "the training in its index"),
    "another loss": (lambda h: h["training"].update(loss="hinge"), "is not a recording"),
    "optimizer": (lambda h: h["training"].update(optimizer=None), "the training in its index"),
    "rate": (lambda h: h["training"]["optimizer"].update(config=[]), "the optimizer in its index"),
    "decay": (
        lambda h: h["training"]["optimizer"]["config"].update(weight_decay=[3]),
        "the optimizer in its index",
    ),
    "word as a decay": (
        lambda h: h["training"]["optimizer"]["config"].update(weight_decay="x"),
        "is not a recording",
    ),
    "units": (lambda h: h["model"]["layers"][1]["config"].update(units=10**9), "is larger"),
    "word": (lambda h: h["model"]["layers"][1]["config"].update(units="3"), "is not a recording"),
    "activation": (
        lambda h: h["model"]["layers"][1]["config"].update(activation="magic"),
        "is not a recording",
    ),
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_that_says_something_else_is_refused(
    small: Recording, tmp_path: Path, name: str
) -> None:
    change, told = HEADERS[name]
    assert told in refused(rewritten(small, tmp_path / name, lambda lines: change(lines[0])))


JUNK = (None, 3, -1, 0, 2.5, "x", "", [], [3], {}, {"a": 1}, True, 10**12, -1e300)


def places(value: Any, where: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to everything inside a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in inside:
        yield (*where, key)
        if isinstance(item, dict | list):
            yield from places(item, (*where, key))


@pytest.mark.parametrize("seed", range(60))
def test_any_header_is_either_refused_or_makes_a_comparison(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311  no secrets here
    recording = shipped(rng.choice(["flatten", "adam", "softmax_smoothed"]), "float64")
    path = tmp_path / "recording"

    def change(lines: list[Any]) -> None:
        *way, last = rng.choice(list(places(lines[0])))
        inner = lines[0]
        for key in way:
            inner = inner[key]
        inner[last] = rng.choice(JUNK)

    rewritten(recording, path, change)
    try:
        found = Recording(path)
        found.check(found.problem)
    except RecordingError as error:
        assert "\n" not in str(error)  # noqa: PT017  accepting it is right too
        return
    (verdict,) = compare(found.problem, reference=found, modes=["locked"], twins=1, sensitive=False)
    assert verdict.comparisons > 0


LINES: dict[str, tuple[Callable[[list[Any]], Any], str]] = {
    "climbing": (lambda lines: lines[1].update(file="../steps-00000000.safetensors"), "line 2"),
    "absolute": (lambda lines: lines[1].update(file="/dev/zero"), "line 2"),
    "late": (lambda lines: lines[1].update(first_step=1), "line 2"),
    "negative": (lambda lines: lines[1].update(steps=-1), "line 2"),
    "none": (lambda lines: lines[1].update(steps=0), "line 2"),
    "more": (lambda lines: lines[1].update(steps=31), "line 2"),
    "fewer": (lambda lines: lines[1].update(steps=29), "its end is not where it says"),
    "words": (lambda lines: lines[1].update(bytes="3"), "line 2"),
    "further": (lambda lines: lines[1].update(more=3), "line 2"),
    "twice": (lambda lines: lines.insert(1, lines[1]), "line 3"),
    "no chunk": (lambda lines: lines.pop(1), "its end is not where it says"),
    "other end": (lambda lines: lines[2].update(steps=29), "its end is not where it says"),
    "not complete": (lambda lines: lines[2].update(complete=False), "its end is not where"),
    "after the end": (lambda lines: lines.append(lines[1]), "line 3"),
    "two ends": (lambda lines: lines.append(lines[2]), "line 3"),
    "only the end": (lambda lines: lines.__delitem__(slice(0, 2)), "has the format"),
}


@pytest.mark.parametrize("name", LINES)
def test_a_chunk_that_does_not_follow_is_refused(
    small: Recording, tmp_path: Path, name: str
) -> None:
    change, told = LINES[name]
    assert told in refused(rewritten(small, tmp_path / name, change))


ARRAYS: dict[str, tuple[int, Callable[[dict[str, Any]], Any], str]] = {
    "no x": (0, lambda a: a.pop("x"), "exactly x, y, order and the weights"),
    "shape of x": (0, lambda a: a.update(x=a["x"][:, :1]), "x must have shape"),
    "rows of x": (0, lambda a: a.update(x=a["x"][:0]), "x must have at least one row"),
    "dtype of x": (0, lambda a: a.update(x=a["x"].astype("f4")), "x is float32 in a float64"),
    "nan": (0, lambda a: a.update(x=a["x"] * np.nan), "x must be finite"),
    "order": (0, lambda a: a.update(order=a["order"] + 7), "order must hold row numbers"),
    "short order": (0, lambda a: a.update(order=a["order"][:5]), "line 2 does not tell"),
    "weight": (
        0,
        lambda a: a.update({"weight/dense/bias": np.zeros(9)}),
        "weight dense/bias must have shape",
    ),
    "no site": (1, lambda a: a.pop("loss/value"), "exactly the sites"),
    "a site more": (1, lambda a: a.update(more=np.zeros(3)), "exactly the sites"),
    "steps": (1, lambda a: a.update({"loss/value": np.zeros(29)}), "loss/value must be float64"),
    "dtype": (
        1,
        lambda a: a.update({"loss/value": a["loss/value"].astype("f4")}),
        "loss/value must be float64",
    ),
    "half": (
        1,
        lambda a: a.update({"loss/value": a["loss/value"].astype("f2")}),
        "holds 'loss/value' as F16",
    ),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_that_do_not_fit_are_refused(small: Recording, tmp_path: Path, name: str) -> None:
    number, change, told = ARRAYS[name]
    assert told in refused(with_file(small, tmp_path / name, number, change))


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x04K*.",
        b"\xff" * 8,
        (2**40).to_bytes(8, "little") + b"{}",
        (200_000_000).to_bytes(8, "little") + b"{",
        (2).to_bytes(8, "little") + b"{}" + b"\0" * 64,
        (2).to_bytes(8, "little") + b"[]",
        (200).to_bytes(8, "little")
        + b'{"x":{"dtype":"F64","shape":[9999999999999],"data_offsets":[0,8]}}'.ljust(200)
        + b"\0" * 8,
    ],
)
def test_what_is_no_safetensors_file_is_refused(
    small: Recording, tmp_path: Path, number: int, data: bytes
) -> None:
    assert "is not a safetensors file" in refused(
        with_bytes(small, tmp_path / "recording", number, data)
    )


# Shipped.


def test_all_of_the_catalogue_is_shipped_as_it_is_today() -> None:
    wanted = {f"{name}-{dtype}" for name in problems.names() for dtype in DTYPES}
    assert set(shipped_names()) == wanted
    for name in problems.names():
        for dtype in DTYPES:
            shipped(name, dtype).check(problems.get(name).astype(dtype))


@pytest.mark.parametrize("name", shipped_names())
def test_scratch_agrees_with_what_is_shipped(name: str) -> None:
    reference = shipped(*name.rsplit("-", 1))
    verdicts = compare(reference.problem, reference=reference, sensitive=False)
    assert [verdict.mode for verdict in verdicts] == ["free", "locked"]
    for verdict in verdicts:
        assert verdict.passed, verdict.sentence
        assert verdict.environment["reference"] == "recorded"


def test_a_planted_mistake_is_found_with_a_recording() -> None:
    reference = shipped("classification_asymmetric", "float64")
    textbook = scratch_trainer(reference.problem, reference.constants)
    optimizer = replace(textbook.network.optimizer, learning_rate=0.0500001)
    candidate = ScratchTrainer(replace(textbook.network, optimizer=optimizer))
    for verdict in compare(
        reference.problem, reference=reference, candidate=candidate, sensitive=False
    ):
        assert not verdict.passed
        assert verdict.first is not None
        assert (verdict.first.step, verdict.first.site) == (1, "update/dense/kernel")


def test_neither_reading_nor_comparing_needs_keras() -> None:
    code = f"""
import sys
from comparisons import compare
from comparisons.traces import shipped, shipped_names, what_moved
one, two = shipped("regression", "float32"), shipped("regression", "float64")
what_moved(one, two)
print(*(verdict.passed for verdict in compare(one.problem, reference=one)))
print("loaded", *({{*sys.modules}} & {{*{HEAVY}}}))
"""
    done = subprocess.run(  # noqa: S603  our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines() == ["True True", "loaded"]


def test_what_is_not_shipped_is_refused_with_what_is_and_how_to_record_it() -> None:
    with pytest.raises(RecordingError) as error:
        shipped("mnist", "float32")
    told = str(error.value)
    assert "no recording of 'mnist' in float32 comes with keras-parity, which has " in told
    assert "classification" in told
    assert "keras-parity record mnist --dtype float32 --out DIR" in told


def test_the_package_contains_what_is_shipped() -> None:
    data = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    patterns = data["package-data"]["comparisons"]
    included = {file for pattern in patterns for file in (ROOT / "comparisons").glob(pattern)}
    files = {file for file in (ROOT / "comparisons/traces/shipped").rglob("*") if file.is_file()}
    assert files
    assert files <= included
    assert sum(file.stat().st_size for file in files) < 2_000_000


# What moved.


@pytest.mark.parametrize(
    ("name", "step", "site", "where"),
    [
        ("classification-float64", 1, "forward/dense/output", (0, 1)),
        ("classification-float32", 137, "backward/dense_1/kernel", (1, 0)),
        ("short_last_batch-float64", 30, "loss/value", ()),
        ("adam-float32", 12, "slot/dense/kernel/velocity", (1, 2)),
        ("relu_kinks-float64", 23, "update/dense/kernel", (0, 1)),
        ("overflow-float64", 2, "update/dense/kernel", (0, 1)),
    ],
)
def test_one_number_that_moved_much_is_found_at_its_place(
    tmp_path: Path, name: str, step: int, site: str, where: tuple[int, ...]
) -> None:
    before = shipped(*name.rsplit("-", 1))
    assert site in before.sites
    after = changed(before, tmp_path / "after", step, site, where, lambda x: x * 1.01 + 1e-3)
    for one, two in ((before, after), (after, before)):
        found = what_moved(one, two)
        assert found.outcome == found.sites[site].outcome == Outcome.DIVERGED
        assert (found.moved, found.sites[site].moved) == (1, 1)
        assert found.first is not None
        assert (found.first.step, found.first.site, found.first.index) == (step, site, where)
        assert found.beyond is not None
        assert (found.beyond.step, found.beyond.site) == (step, site)
        assert found.beyond.rows[0].index == where
        worst = found.sites[site].worst
        assert worst is not None
        assert (worst.step, worst.index) == (step, where)
        assert sum(at.outcome == Outcome.EXACT for at in found.sites.values()) == (
            len(found.sites) - 1
        )
        assert sentence(found, "A", "B").startswith(
            f"moved beyond rounding, first at step {step}, {site}"
        )


@pytest.mark.parametrize("step", [1, 77, 200])
@pytest.mark.parametrize("dtype", DTYPES)
def test_one_number_that_moved_by_one_rounding_is_rounding(
    tmp_path: Path, dtype: str, step: int
) -> None:
    before = shipped("classification_asymmetric", dtype)
    place = (step, "update/dense/kernel", (1, 0))
    after = Changed(before, *place, lambda x: np.nextafter(x, x.dtype.type(9)))
    found = what_moved(before, record(before.problem, tmp_path / "after", reference=after))
    assert (found.outcome, found.moved, found.beyond) == (Outcome.CLOSE, 1, None)
    assert found.first is not None
    assert (found.first.step, found.first.site, found.first.index) == place
    assert 0 < found.multiple <= 4
    told = sentence(found, "A", "B")
    assert told.startswith("1 of 4,400 numbers moved by rounding only, at most ")
    assert f"first at step {step}, update/dense/kernel[1,0]: A " in told


@pytest.mark.parametrize("change", [np.negative, lambda _: np.nan, lambda _: np.inf])
def test_what_is_no_longer_a_number_is_beyond_rounding(
    tmp_path: Path, change: Callable[[Any], Any]
) -> None:
    before = shipped("regression", "float64")
    after = changed(before, tmp_path / "after", 3, "loss/value", (), change)
    found = what_moved(before, after)
    assert found.outcome == Outcome.DIVERGED
    assert found.beyond is not None
    assert (found.beyond.step, found.beyond.site) == (3, "loss/value")


def test_a_zero_that_changed_its_sign_has_moved(tmp_path: Path) -> None:
    zero = shipped("regression", "float64")
    minus = changed(zero, tmp_path / "a", 3, "backward/dense/bias", (0,), lambda _: -0.0)
    plus = changed(zero, tmp_path / "b", 3, "backward/dense/bias", (0,), lambda _: 0.0)
    found = what_moved(plus, minus)
    assert (found.moved, found.outcome) == (1, Outcome.CLOSE)


@pytest.mark.parametrize("name", [name for name in problems.names() if name != "overflow"])
def test_both_dtypes_of_a_problem_differ_by_rounding_only(name: str) -> None:
    recordings = [shipped(name, dtype) for dtype in DTYPES]
    for pair in (recordings, recordings[::-1]):
        found = what_moved(*pair)
        assert found.outcome == Outcome.CLOSE, sentence(found, "A", "B")
        assert found.dtype == "float32"
        assert found.dtypes == tuple(recording.problem.dtype for recording in pair)


def test_a_site_that_only_one_has_makes_them_incomparable(tmp_path: Path) -> None:
    before = shipped("momentum", "float64")
    slots = {site for site in before.sites if site.startswith("slot/dense/")}
    after = Changed(before, 0, "", (), abs)
    after.sites = tuple(site for site in before.sites if site not in slots)
    other = record(before.problem, tmp_path / "after", reference=after)
    with pytest.raises(RecordingError, match="has other slots than scratch's SGD"):
        other.check(before.problem)
    for pair in ((before, other), (other, before)):
        found = what_moved(*pair)
        assert found.outcome == Outcome.INCOMPARABLE
        assert set(found.missing) == slots
        assert "only one of the two has slot/dense/kernel/momentum" in sentence(found, "A", "B")


@pytest.mark.parametrize("name", ["classification", "short_last_batch", "softmax_sparse"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_live_keras_is_within_rounding_of_what_is_shipped(name: str, dtype: str) -> None:
    before = shipped(name, dtype)
    found = what_moved(before, LiveKeras(before.problem))
    assert found.outcome <= Outcome.CLOSE
    assert found.steps == before.problem.steps


def test_a_comparison_refuses_the_recording_of_another_problem() -> None:
    with pytest.raises(RecordingError, match="a recording of another problem than 'momentum'"):
        compare(problems.get("momentum"), reference=shipped("nesterov", "float64"))


def test_a_comparison_with_a_recording_says_that_it_is_one() -> None:
    reference = shipped("regression", "float64")
    verdicts = compare(reference.problem, reference=reference)
    console = Console(width=80, record=True, file=io.StringIO())
    show(verdicts, console)
    assert "compared with a recording of Keras 3.15.1, tensorflow" in console.export_text()
