"""Tunes seen and heard: the report's section and page, files beside predictions, and the blind comparison."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from burnish.core.errors import InputError
from burnish.core.filed import FileAnswer
from burnish.core.predictions import Predictions, schema
from burnish.evaluation.music import musical_scores
from burnish.media.music.abc import read
from burnish.media.music.midi import midi_of_tune, tune_of_midi
from burnish.report.blind import BlindPair, blind_page
from burnish.report.tunes import tunes
from burnish.stages.listen import listen
from burnish.stages.predict.tune_files import tune_files
from burnish.targets.midi import Midi
from burnish.targets.tune import Tune
from tests.musical_cases import REEL, SHORT_BAR, WALTZ, tune_table
from tests.reply_cases import reply_table

TRUTH = [REEL, WALTZ, REEL]
AFTER, BEFORE = [REEL, SHORT_BAR, WALTZ], ["no tune", WALTZ, ""]


def section(folder: Path, table: Predictions, base: Predictions | None) -> tuple[str, str]:
    told = musical_scores(table, [Tune().music(REEL)], base, seed=0, resamples=50)
    lines = tunes(folder / "pictures", told, table, base, lambda row: f"a tune & {row}", None)
    page = folder / "pictures" / "tunes.html"
    return "\n".join(lines), page.read_text() if page.is_file() else ""


def test_the_report_shows_tunes(tmp_path: Path) -> None:
    told, page = section(tmp_path, tune_table(TRUTH, AFTER), tune_table(TRUTH, BEFORE))
    assert "[Look at and listen to 3 tunes](pictures/tunes.html)" in told
    assert "| pitch classes |" in told
    assert "Histograms of the 3 of 3 predictions" in told
    assert "Copying: the longest passage" in told
    assert page.count("<article>") == 3
    assert page.count("<section>") == 9
    assert page.count("<audio") == 7  # two of the tunes before cannot be read
    assert "a tune &amp; 1" in page
    assert "its meter 3 quarters" in page
    assert "nothing was written" in page
    assert "script" not in page.lower()


def test_without_a_checkpoint_there_is_no_before(tmp_path: Path) -> None:
    told, page = section(tmp_path, tune_table(TRUTH, AFTER), None)
    assert page.count("<section>") == 6
    assert "| pitch classes |" in told


def test_where_nothing_can_be_read_that_is_said(tmp_path: Path) -> None:
    told, page = section(tmp_path, tune_table(TRUTH, ["no", "tune", ""]), None)
    assert "No prediction could be read as a tune" in told
    assert "<pre>no</pre>" in page


def test_other_answers_have_no_section(tmp_path: Path) -> None:
    assert section(tmp_path, reply_table(["yes"], ["yes"]), None) == ("", "")


def test_files_beside_predictions(tmp_path: Path) -> None:
    for number, answer in enumerate([REEL, "no tune", None], 1):
        tune_files(Tune(), answer, tmp_path / "out-files", number)
    names = sorted(path.name for path in (tmp_path / "out-files").iterdir())
    assert names == ["00000001.abc", "00000001.mid", "00000001.wav", "00000002.abc"]
    assert (tmp_path / "out-files" / "00000001.abc").read_text() == REEL
    written = Tune().music(REEL)
    assert written is not None
    again = tune_of_midi((tmp_path / "out-files" / "00000001.mid").read_bytes())
    assert [(note.start, note.pitch) for note in again.notes] == [(note.start, note.pitch) for note in written.notes]
    assert (tmp_path / "out-files" / "00000001.wav").read_bytes().startswith(b"RIFF")


def midi_table(folder: Path, answers: list[str | None]) -> Predictions:
    """Answers that are MIDI files beside their table, and the true music of two waltzes and a reel."""
    folder.mkdir()
    for name, texts in (("answers", answers), ("truths", [WALTZ, WALTZ, REEL])):
        (folder / name).mkdir()
        for number, text in enumerate(texts, 1):
            if text is not None:
                (folder / name / f"{number:08d}.mid").write_bytes(midi_of_tune(read(text)))
    target = Midi(column="music")
    rows: dict[str, Any] = {
        "row": range(len(answers)),
        "truth": [f"piece{n}.mid" for n in range(len(answers))],
        "answer": [None if text is None else f"answers/{n:08d}.mid" for n, text in enumerate(answers, 1)],
        "probabilities": [[]] * len(answers),
        "loss": [1.0] * len(answers),
        "group": [None] * len(answers),
        "weight": [1.0] * len(answers),
        "nats": [1.0] * len(answers),
        "tokens": [1.0] * len(answers),
        "written": [9.0] * len(answers),
        "stopped": [1.0, 0.0, 1.0],
    }
    form = schema("midi", (), target.arrow_type(), target.model_dump(), target.columns())
    table = pa.table([pa.array(rows[field.name], field.type) for field in form], schema=form)
    Predictions(table).save(folder / "predictions.parquet")
    return Predictions.load(folder / "predictions.parquet")


def test_midi_files_are_judged_seen_and_heard(tmp_path: Path) -> None:
    """The first is right; the second in another meter, and was cut off; the third was not written."""
    table = midi_table(tmp_path / "run", [WALTZ, REEL, None])
    told, page = section(tmp_path / "run", table, table)
    scores = musical_scores(table, [read(WALTZ)], None, seed=0, resamples=50)["music"]
    assert scores["tunes"] == {"rows": 3, "read": 2}
    assert scores["asked"]["whole"]["value"] == pytest.approx(1 / 3)
    assert scores["asked"]["meter"]["value"] == pytest.approx(1 / 3)
    assert 0 < scores["asked"]["key"]["value"] < 1
    assert scores["copied"]["value"] > 0.5
    assert re.search(r"in the meter of the label +\| 0\.333", told)
    assert (page.count("<article>"), page.count("<section>"), page.count("<audio")) == (3, 6, 5)
    assert "nothing was written" in page
    assert "<pre>" not in page, "there is no ABC"


def test_midi_files_of_two_runs_are_compared(tmp_path: Path) -> None:
    midi_table(tmp_path / "one", [WALTZ, REEL, None])
    midi_table(tmp_path / "two", [REEL, None, REEL])
    with pytest.raises(InputError, match="none were written by the checkpoint"):
        listen(tmp_path / "one", out=tmp_path / "page.html")
    made = listen(tmp_path / "one", tmp_path / "two", out=tmp_path / "page.html")
    assert (made["pairs"], made["silent"]) == (1, 2)
    assert embedded(tmp_path / "page.html")["pairs"][0]["caption"] == "example 1"


def test_a_sound_beside_a_midi_file(tmp_path: Path) -> None:
    answer = FileAnswer(midi_of_tune(read(REEL)), ".mid", "audio/midi", "x")
    tune_files(Midi(column="music"), answer, tmp_path / "files", 1)
    assert [path.name for path in (tmp_path / "files").iterdir()] == ["00000001.wav"]


def embedded(page: Path) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.read_text(), re.S)
    assert found is not None
    value: dict[str, Any] = json.loads(found[1])
    return value


def test_sides_are_drawn_by_the_seed(tmp_path: Path) -> None:
    pairs = [BlindPair(f"</script><b>{n}", bytes([n]), bytes([n, n])) for n in range(40)]
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        blind_page(tmp_path / name, ("one", "two"), pairs, seed)
    one, same, other = (embedded(tmp_path / name) for name in "abc")
    assert one == same
    assert one["identity"] != other["identity"]
    turned = sum(pair["order"] == [1, 0] for pair in one["pairs"])
    assert 8 < turned < 32
    assert {tuple(pair["order"]) for pair in one["pairs"]} == {(0, 1), (1, 0)}
    assert [pair["order"] for pair in one["pairs"]] != [pair["order"] for pair in other["pairs"]]


def run_folder(folder: Path, answers: list[str], base: list[str] | None = None, truth: list[str] = TRUTH) -> Path:
    folder.mkdir()
    tune_table(truth, answers).save(folder / "predictions.parquet")
    if base is not None:
        tune_table(truth, base).save(folder / "base_predictions.parquet")
    return folder


def test_a_run_beside_its_checkpoint(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "run", AFTER, BEFORE)
    made = listen(run, out=tmp_path / "page.html")
    assert made == {"pairs": 1, "silent": 2, "path": str(tmp_path / "page.html")}
    told = embedded(tmp_path / "page.html")
    assert told["names"] == ["the checkpoint as it was", "run"]
    assert told["pairs"][0]["caption"] == "A tune in A minor, 3/4 time."
    with pytest.raises(InputError, match="is there already"):
        listen(run, out=tmp_path / "page.html")


def test_two_runs(tmp_path: Path) -> None:
    one, two = run_folder(tmp_path / "one", AFTER), run_folder(tmp_path / "two", [WALTZ, REEL, REEL])
    assert listen(one, two, out=tmp_path / "page.html", pairs=2)["pairs"] == 2
    assert embedded(tmp_path / "page.html")["names"] == ["two", "one"]


def test_what_cannot_be_compared(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "run", AFTER)
    with pytest.raises(InputError, match=r"no base_predictions\.parquet"):
        listen(run, out=tmp_path / "page.html")
    other = run_folder(tmp_path / "other", AFTER, truth=[WALTZ, WALTZ, REEL])
    with pytest.raises(InputError, match="not tested on the same examples"):
        listen(run, other, out=tmp_path / "page.html")
    replies = tmp_path / "replies"
    replies.mkdir()
    reply_table(["yes"], ["yes"]).save(replies / "predictions.parquet")
    with pytest.raises(InputError, match="cannot be listened to"):
        listen(replies, replies, out=tmp_path / "page.html")
    silent = run_folder(tmp_path / "silent", ["", "", ""])
    with pytest.raises(InputError, match="no example that both sides answered"):
        listen(run, silent, out=tmp_path / "page.html")
