"""`predict` killed and begun again loses no row and doubles none; rows that fail have an error and spoil no other."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import burnish
from burnish.answering.isolating import answers_of
from burnish.answering.predictor import Predictor
from burnish.core.answer import Answer
from burnish.core.errors import InputError, RunFailed
from burnish.stages.predict import pieces as answer_pieces
from burnish.stages.predict import run as predict
from burnish.stages.predict.source import files_below, files_named
from tests.integration import tiny_runs
from tests.integration.serving_bundles import picture_bundle
from tests.integration.spoiled import Said, write_csv
from tests.integration.survival import Runs, kill_before_file_operation, runs

Trained = Callable[..., Path]
Command = Callable[..., Said]
ROWS = 600


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    with runs(tmp_path_factory.mktemp("predicting")) as found:
        yield found


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six hundred rows, no two alike."""
    made = [{"number": i, "text": f"{r['text']} {i}"} for i, r in enumerate(tiny_runs.rows("label") * 10)]
    return tiny_runs.write_jsonl(tmp_path_factory.mktemp("many") / "many.jsonl", made)


def small_pieces() -> None:
    """Pieces of 40 rows, so that six hundred make fifteen."""
    predict.WINDOW = predict.SMALLEST = 40


def dying(hook: Callable[[], None]) -> None:
    """Small pieces, and the kill of `hook`."""
    small_pieces()
    hook()


def kill_in_piece(number: int) -> None:
    """Small pieces; SIGKILL when piece `number` is on disk and not yet noted."""
    small_pieces()
    original = answer_pieces.Pieces.add

    def add(self: Any, written: dict[str, Any]) -> None:
        if written["piece"] == number:
            os.kill(os.getpid(), signal.SIGKILL)
        original(self, written)

    answer_pieces.Pieces.add = add  # type: ignore[method-assign]


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of an answers file, probabilities rounded: batches of another run may differ in the last bit."""
    if path.suffix == ".parquet":
        rows = pq.read_table(path).to_pylist()
    elif path.suffix == ".csv":
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    else:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [{**r, "probability": round(float(r["probability"]), 5), "probabilities": None} for r in rows]


def assert_whole(out: Path, expected: list[dict[str, Any]]) -> None:
    """Every row once, in order, and nothing left beside the file."""
    assert [int(r["number"]) for r in read(out)] == list(range(ROWS))
    answers = read(out)
    assert [(r["text"], r["prediction"]) for r in answers] == [(r["text"], r["prediction"]) for r in expected]
    # rows meet others in their batches: products are summed in another order, so the last written digit may round otherwise
    wanted = [float(r["probability"]) for r in expected]
    assert [float(r["probability"]) for r in answers] == pytest.approx(wanted, abs=1.1e-5, rel=0)
    assert [p for p in out.parent.iterdir() if p.name.startswith(".") and out.name in p.name] == []


@pytest.fixture(scope="module")
def expected(place: Runs, many: Path, trained: Trained) -> list[dict[str, Any]]:
    out = place.folder / "through.jsonl"
    place.complete("predict", trained("label"), many, "-o", out, hook=small_pieces)
    return read(out)


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_killed_anywhere_and_begun_again(
    place: Runs, many: Path, trained: Trained, expected: list[dict[str, Any]], ending: str
) -> None:
    """Killed before a piece is noted, before an operation on a file drawn at random, and while all is joined."""
    out = place.folder / f"killed{ending}"
    words = ("predict", trained("label"), many, "-o", out)
    assert place.start(*words, hook=partial(kill_in_piece, 4)).end() == -9
    assert not out.exists()
    number = random.Random(ending).randint(3, 20)
    watched = partial(dying, kill_before_file_operation(number, str(place.folder / ".writing-killed")))
    assert place.start(*words, hook=watched).end() == -9
    assert place.start(*words, hook=partial(dying, kill_before_file_operation(1, str(out)))).end() in (0, -9)
    child = place.start(*words, hook=small_pieces)
    assert child.end() == 0, child.output
    assert "kept" in child.output
    assert_whole(out, expected)


def test_a_run_killed_when_only_the_pieces_were_left_to_remove(
    burnish_command: Command, many: Path, trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "answers.jsonl"
    monkeypatch.setattr(predict, "forget", lambda folder: None)
    assert burnish_command("predict", trained("label"), many, "-o", out).code == 0
    before = out.read_bytes()
    assert answer_pieces.folder_of(out).is_dir()
    monkeypatch.undo()
    assert burnish_command("predict", trained("label"), many, "-o", out).code == 0
    assert out.read_bytes() == before
    assert not answer_pieces.folder_of(out).exists()
    assert burnish_command("predict", trained("label"), many, "-o", out).code == 2  # now it is just a file


@pytest.mark.slow
def test_two_processes_answer_as_one(
    burnish_command: Command, many: Path, trained: Trained, expected: list[dict[str, Any]], tmp_path: Path
) -> None:
    out = tmp_path / "two.jsonl"
    said = burnish_command("predict", trained("label"), many, "-o", out, "--processes", 2)
    assert said.code == 0, said.err
    assert_whole(out, expected)


@pytest.mark.slow
def test_what_another_job_left_is_not_mixed_in(
    place: Runs, many: Path, trained: Trained, burnish_command: Command, messages: Path
) -> None:
    out = place.folder / "other.csv"
    assert place.start("predict", trained("label"), many, "-o", out, hook=partial(kill_in_piece, 2)).end() == -9
    for words in ((trained("label"), messages), (trained("label", epochs=1), many)):
        said = burnish_command("predict", *words, "-o", out)
        assert (said.code, "interrupted run" in said.err, "rm -r" in said.err) == (2, True, True), said.err
    damaged = next(answer_pieces.folder_of(out).glob("piece-*"))
    damaged.write_bytes(damaged.read_bytes()[:-9])
    assert burnish_command("predict", trained("label"), many, "-o", out).code == 0
    assert [int(r["number"]) for r in read(out)] == list(range(ROWS))


def test_json_lines_from_standard_input(
    burnish_command: Command, many: Path, trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(many.read_bytes())))
    said = burnish_command("predict", trained("label"), "-", "-o", tmp_path / "answers.csv")
    assert said.code == 0, said.err
    assert len(read(tmp_path / "answers.csv")) == ROWS


class Faulty(Predictor):
    """Answers what it can; one word is too much for it."""

    def __init__(self, inner: Predictor, error: Exception) -> None:
        super().__init__(inner.bundle, inner._run, inner.batch_size)
        self.error, self.calls = error, 0

    def __call__(self, examples: Any) -> Any:
        self.calls += 1
        if any("poison" in e["text"] for e in examples):
            raise self.error
        return super().__call__(examples)


def test_one_bad_row_costs_few_batches_and_no_neighbour(trained: Trained) -> None:
    rows = [{"text": r["text"]} for r in tiny_runs.rows("label")] * 4
    rows[77] = {"text": "poison"}
    faulty = Faulty(burnish.load(trained("label")), ValueError("no\nsecond line"))
    found = answers_of(faulty, rows)
    assert found[77]["error"] == "ValueError: no"
    assert found[77]["prediction"] is None
    assert [f["error"] for f in found].count(None) == len(rows) - 1
    assert faulty.calls < 20
    with pytest.raises(RunFailed, match="none of 9 examples"):
        answers_of(faulty, [{"text": "poison"}] * 9)
    bad = answers_of(Faulty(faulty, InputError("spoiled", place="here")), [{"text": "poison"}] * 9)
    assert {row["error"] for row in bad} == {"here: spoiled"}


def test_an_answer_that_is_no_number_is_an_error(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    predictor = burnish.load(trained("label"))
    nothing = Answer("payment", {"payment": float("nan"), "delivery": 0.5})
    monkeypatch.setattr(Predictor, "__call__", lambda self, rows: [nothing for _ in rows])
    assert "finite" in answers_of(predictor, [{"text": "a"}])[0]["error"]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A model of tiny pictures, and a plain folder of them with one that is broken."""
    folder = tmp_path_factory.mktemp("pictures")
    bundle = picture_bundle(folder)
    plain = folder / "plain"
    plain.mkdir()
    for i, path in enumerate(sorted((folder / "data").rglob("*.png"))[:11]):
        (plain / f"{i:02}.png").write_bytes(path.read_bytes())
    (plain / "05.png").write_bytes(b"not a picture")
    (plain / "notes.txt").write_text("left alone")
    return bundle, plain


def test_a_folder_of_pictures_with_a_broken_one(
    burnish_command: Command, pictures: tuple[Path, Path], tmp_path: Path
) -> None:
    run, plain = pictures
    out = tmp_path / "answers.csv"
    said = burnish_command("predict", run, plain, "-o", out, "--batch-size", 4)
    assert said.code == 3, said
    rows = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8"))))
    assert [Path(r["image"]).name for r in rows] == [f"{i:02}.png" for i in range(11)]
    assert ["05.png" in r["error"] for r in rows] == [i == 5 for i in range(11)]
    assert [bool(r["prediction"]) for r in rows] == [i != 5 for i in range(11)]


def test_paths_in_a_table_are_relative_to_it(
    burnish_command: Command, pictures: tuple[Path, Path], tmp_path: Path
) -> None:
    run, plain = pictures
    table = write_csv(plain / "table.csv", [{"image": "03.png"}, {"image": "gone.png"}])
    assert burnish_command("predict", run, table, "-o", tmp_path / "answers.jsonl").code == 3
    first, second = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text().splitlines()]
    assert (first["error"], second["prediction"]) == (None, None)
    assert "gone.png" in second["error"]
    table.unlink()


def test_files_are_found_below_folders(tmp_path: Path) -> None:
    for name in ("b/2.PNG", "a.png", ".hidden/3.png", "b/.4.png", "c.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    found = files_below(tmp_path, (".png",))
    assert [str(Path(p).relative_to(tmp_path)) for p in found] == ["a.png", "b/2.PNG"]


def test_a_file_and_a_glob_of_files_are_rows_too(tmp_path: Path) -> None:
    """A table stays a table, also beside pictures that the same pattern names."""
    for name in ("b.png", "a.PNG", "rows.csv"):
        (tmp_path / name).write_bytes(b"x")
    pictures = [str(tmp_path / name) for name in ("a.PNG", "b.png")]
    assert files_named(str(tmp_path / "b.png"), (".png",)) == pictures[1:]
    assert files_named(str(tmp_path / "*.[pP]*"), (".png",)) == pictures
    assert files_named(str(tmp_path), (".png",)) == pictures
    for other in ("rows.csv", "*", "gone.png"):
        assert files_named(str(tmp_path / other), (".png",)) == []
