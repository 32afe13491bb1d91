"""The audit of speech: texts that are none, or not those of their sounds, what cannot be learned, and whose voices they are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from burnish.core.errors import InputError
from burnish.data.looking.audit import Audit, Finding, audit, examine
from burnish.data.looking.audit.timing import unusual
from burnish.data.looking.inspection import inspected, without_problems
from burnish.data.reading.tables import read
from burnish.data.table import Part, Table
from burnish.inputs import Input
from burnish.report.run import audited
from tests.sound_cases import save, sound
from tests.speech_cases import Recordings, Told, file

WORDS = "the quick brown fox jumps over the lazy dog and runs"
FRAMES = SimpleNamespace(frames_a_second=100)


class NothingKnown(Told):
    """Without bounds."""

    def longest(self, processor: Any) -> int | None:
        return None

    def needed_frames(self, value: Any, processor: Any) -> int:
        return 0

    def unwritable(self, value: Any, processor: Any) -> str:
        return ""


def table(rows: Sequence[dict[str, Any]], folder: Path, name: str = "train", rate: float = 0.05) -> Table:
    """A table of texts, and for each a sound of its length, or of the `seconds` that the row says."""
    for number, row in enumerate(rows):
        if "audio" not in row:
            row["audio"] = f"{name}{number}.wav"
            text = row["text"] if isinstance(row["text"], str) else ""
            seconds = row.pop("seconds", 0.3 + rate * len(text))
            seed = int.from_bytes(f"{name}{number}".encode(), "big") % 2**31
            save(sound(seed, seconds, 2000), folder / row["audio"], 2000)
    path = file(folder / f"{name}.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    return inspected(read(path, cache=folder / "cache"), recordings(folder), folder / "cache")


def recordings(folder: Path) -> Recordings:
    return Recordings(root=str(folder))


def parts(**tables: Table) -> dict[str, Part]:
    return {name: Part(t, np.arange(len(t), dtype=np.int64)) for name, t in tables.items()}


def looked(folder: Path, target: Told | None = None, heard: Any = (2000, 30.0), **tables: Table) -> Audit:
    processor = SimpleNamespace(heard=heard)
    return examine(parts(**tables), recordings(folder), target or NothingKnown(), processor=processor, whole=FRAMES)


def only(found: Audit, code: str) -> Finding:
    (finding,) = found.find(code)
    return finding


def texts(count: int) -> list[dict[str, Any]]:
    """Different sentences of 2 to 11 words."""
    words = WORDS.split()
    return [{"text": " ".join([f"n{'abcdefghij'[n % 10]}{n // 10}", *words[: 1 + n % 10]])} for n in range(count)]


def test_good_speech_has_no_faults(tmp_path: Path) -> None:
    rows = [{**row, "text": row["text"].replace("0", "a").replace("1", "b").replace("2", "c")} for row in texts(30)]
    found = looked(tmp_path, train=table(rows, tmp_path))
    assert [f.code for f in found.findings] == []
    assert found.figures["hours_lost"]["train"]["all"]["recordings"] == 30


def test_texts_that_do_not_fit_their_sounds_are_named_worst_first(tmp_path: Path) -> None:
    rows = texts(40)
    rows[7] |= {"text": WORDS, "seconds": 0.4}
    rows[9] |= {"text": WORDS * 3, "seconds": 0.4}
    rows[11] |= {"text": "hi", "seconds": 4.0}
    finding = only(looked(tmp_path, train=table(rows, tmp_path)), "speech_rate")
    assert finding.severity == "warning"
    assert "3 of 40 train texts do not fit the length of their sounds (2 too long, 1 too short" in finding.message
    assert finding.rows[0].row == 9
    assert {row.row for row in finding.rows} == {7, 9, 11}
    first = finding.rows[0]
    assert first.place.endswith("train9.wav")
    assert f"{tmp_path}/train.jsonl, row 10: 126 characters in 0.40 s, 315.0 a second" in first.detail


def test_short_texts_with_silence_around_them_are_usual(tmp_path: Path) -> None:
    """A second of silence makes short sentences seem slow: three times slower than long ones here."""
    rows = [{"text": WORDS[: 4 + n], "seconds": 1.0 + 0.05 * (4 + n)} for n in range(40)]
    assert not looked(tmp_path, train=table(rows, tmp_path)).find("speech_rate")


def test_scripts_are_judged_apart(tmp_path: Path) -> None:
    """A sign of Han takes as long as a syllable; few of a script are not judged."""
    rows = texts(60)
    rows += [{"text": "今天天气很好我们去公园"[: 3 + n % 8], "seconds": 0.3 + 0.5 * (3 + n % 8)} for n in range(25)]
    rows += [{"text": "Привет", "seconds": 9.0}]
    found = looked(tmp_path, train=table(rows, tmp_path))
    assert not found.find("speech_rate")
    scripts = only(found, "scripts_differ")
    assert "train texts are in 3 scripts: Latin (60), Han (25), Cyrillic (1)" in scripts.message
    assert scripts.count == 26
    assert "'今天天' Han" in scripts.rows[0].detail


def test_few_rows_have_no_usual_rate() -> None:
    rows = SimpleNamespace(
        characters=np.array([1, 100] * 5), seconds=np.ones(10), scripts=np.zeros(10, np.int64), __len__=None
    )

    class Sized(SimpleNamespace):
        def __len__(self) -> int:
            return 10

    assert not unusual(Sized(**vars(rows))).any()  # type: ignore[arg-type]


def test_what_cannot_be_learned_is_named_and_counted_in_hours(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"text": "one two", "seconds": 1.0},
        {"text": "oo" * 10, "seconds": 0.2},  # 20 labels and 19 repeats in 20 frames
        {"text": "a" + "b" * 45, "seconds": 3.0},
        {"text": "", "seconds": 0.5},
        {"text": "five", "seconds": 2.5},
        {"text": "four"},
        {"text": "été à", "seconds": 1.0},
    ]
    made = table(rows, tmp_path)
    (tmp_path / "train5.wav").unlink()
    made = inspected(read(str(tmp_path / "train.jsonl"), cache=tmp_path / "c"), recordings(tmp_path), tmp_path / "c")
    found = looked(tmp_path, Told(), heard=(2000, 2.0), train=made)
    short, long = only(found, "too_few_frames"), only(found, "texts_longer_than_decoder")
    assert [(r.row, r.detail.split(": ")[1]) for r in short.rows] == [(1, "20 frames, 39 needed")]
    assert [(r.row, r.detail.split(": ")[1]) for r in long.rows] == [(2, "46 places needed")]
    assert "more tokens than the 40 places of the decoder" in long.message
    written = only(found, "characters_not_in_vocabulary")
    assert "3 of 84 characters of the train texts (3.57%) are not in the vocabulary" in written.message
    lost = found.figures["hours_lost"]["train"]
    assert {cause: known["recordings"] for cause, known in lost.items() if known["recordings"]} == {
        "all": 7,
        "lost: cannot be read": 1,
        "lost: no text": 1,
        "lost: text longer than the decoder": 1,
        "lost: fewer frames than the text needs": 1,
        "lost: longer than a window of 2 s": 1,
    }
    assert lost["all"]["seconds"] == pytest.approx(8.2)
    assert lost["lost: text longer than the decoder"]["seconds"] == pytest.approx(3.0)
    shown = "\n".join(audited(found.to_dict()))
    assert "lost: longer than a window of 2 s" in shown
    assert "seconds (least / median / most)" in shown  # the table of sounds is there as well


def test_silent_recordings_are_in_doubt(tmp_path: Path) -> None:
    rows = texts(3)
    made = table(rows, tmp_path)
    save(np.zeros(2000, np.float32), tmp_path / "train1.wav", 2000)
    made = inspected(read(str(tmp_path / "train.jsonl"), cache=tmp_path / "c"), recordings(tmp_path), tmp_path / "c")
    found = looked(tmp_path, train=made)
    assert found.figures["hours_lost"]["train"]["in doubt: silent"] == {"recordings": 1, "seconds": 1.0}
    assert found.find("silent_sounds")


def test_repeated_sentences_are_noted_and_refuse_nothing(tmp_path: Path) -> None:
    train = table([{"text": "Open the door."}, {"text": "open the door"}, {"text": "Close it."}], tmp_path)
    test = table([{"text": "OPEN THE DOOR!"}, {"text": "Wait."}], tmp_path, "test")
    found = looked(tmp_path, train=train, test=test)
    assert {f.severity for f in found.findings} == {"note"}
    assert (
        only(found, "repeated_texts").message == "1 of 3 train texts repeat an earlier one: there are 2 different ones"
    )
    shared = only(found, "test_texts_in_train")
    assert "1 of 2 test texts are in train as well, in other recordings: usual for read speech" in shared.message
    assert shared.rows[0].detail == f"'OPEN THE DOOR!' as {tmp_path}/train0.wav in train"


def test_ways_of_writing_are_noted(tmp_path: Path) -> None:
    rows = [{"text": f"Sentence {'abcdefghijklmnopqrstuvwxyz'[n]} is here"} for n in range(24)]
    rows += [
        {"text": "SHOUTED"},
        {"text": "Room 101"},
        {"text": "pаss the sаlt"},
        {"text": "日本語のテキスト"},
        {"text": "12"},
    ]
    found = looked(tmp_path, train=table(rows, tmp_path))
    case = only(found, "case_differs")
    assert "1 in small letters alone, 1 in capitals alone, 25 in both" in case.message
    assert [row.row for row in case.rows] == [24, 26]
    assert [row.row for row in only(found, "digits_in_texts").rows] == [25, 28]
    assert [row.row for row in only(found, "words_mix_scripts").rows] == [26]
    assert "Han and Kana (1)" in only(found, "scripts_differ").message


def test_half_in_capitals_are_counted_and_not_listed(tmp_path: Path) -> None:
    rows = [{"text": f"word {'abcdef'[n]}".upper() if n % 2 else f"word {'abcdef'[n]}"} for n in range(6)]
    finding = only(looked(tmp_path, train=table(rows, tmp_path)), "case_differs")
    assert (finding.rows, finding.count) == ((), 6)


def test_empty_texts_are_named(tmp_path: Path) -> None:
    finding = only(
        looked(tmp_path, train=table([*texts(3), {"text": "  ", "seconds": 0.5}], tmp_path)), "empty_transcripts"
    )
    assert [row.row for row in finding.rows] == [3]


@pytest.mark.parametrize(
    ("value", "words"), [(3.5, "a number (3.5)"), (["a", "b"], "a list (['a', 'b'])"), (True, "true or false (True)")]
)
def test_a_column_of_no_texts_is_refused(value: Any, words: str, tmp_path: Path) -> None:
    made = table([{"text": value, "seconds": 0.2 + 0.1 * n} for n in range(4)], tmp_path)
    with pytest.raises(InputError) as error:
        audit(parts(train=made), recordings(tmp_path), NothingKnown(), allow=["no_labels"])
    assert f"'text' is no column of texts: 4 of 4 train cells are none, the first is {words}" in str(error.value)
    assert "train0.wav" in str(error.value)


# Parts of files


def cut(folder: Path, *spans: dict[str, Any], name: str = "train") -> Table:
    save(sound(5, 2.0, 2000), folder / "long.wav", 2000)
    rows = [{"text": f"text {'abcdefgh'[n]}", "audio": "long.wav", **span} for n, span in enumerate(spans)]
    return table(rows, folder, name)


def test_parts_of_one_file_are_different_rows(tmp_path: Path) -> None:
    made = cut(
        tmp_path, {"start": 0.0, "end": 1.0}, {"start": 1.0, "end": 2.0}, {"start": 1.0, "end": 2.0}, {"start": None}
    )
    assert made.inspection is not None
    assert len(set(made.inspection.contents.tolist())) == 3
    found = looked(tmp_path, train=made)
    assert [row.row for row in only(found, "exact_duplicates").rows] == [2]
    assert found.figures["hours_lost"]["train"]["all"]["seconds"] == pytest.approx(5.0)


def test_a_whole_file_is_the_same_with_and_without_columns_of_parts(tmp_path: Path) -> None:
    with_parts = cut(tmp_path, {"start": None, "end": None}, {"start": 0.5, "end": None})
    without = cut(tmp_path, {}, name="other")
    assert with_parts.inspection is not None
    assert without.inspection is not None
    assert with_parts.inspection.contents[0] == without.inspection.contents[0] != with_parts.inspection.contents[1]


@pytest.mark.parametrize(
    ("span", "words"),
    [
        ({"start": 2.5}, "from 2.5 to 2 s there is nothing in a file of 2.00 s"),
        ({"start": 2.5, "end": 3.0}, "from 2.5 to 3 s there is nothing in a file of 2.00 s"),
        ({"start": -1.0, "end": 1.0}, "from -1 to 1 s there is nothing"),
        ({"start": 1.0, "end": 0.5}, "from 1 to 0.5 s there is nothing"),
        ({"start": "soon"}, "its start is 'soon', which is no time in seconds"),
    ],
)
def test_parts_without_sound_are_refused_like_broken_files(span: dict[str, Any], words: str, tmp_path: Path) -> None:
    good = {"start": "0" if isinstance(span["start"], str) else 0.0, "end": 1.0}
    made = cut(tmp_path, good, span)
    assert made.inspection is not None
    assert list(made.inspection.problems) == [1]
    assert words in made.inspection.problems[1]
    with pytest.raises(InputError, match="1 of 2 train files cannot be read"):
        audit(parts(train=made), recordings(tmp_path), NothingKnown())
    assert without_problems(parts(train=made))["train"].rows.tolist() == [0]


def test_parts_that_end_behind_their_file_are_named(tmp_path: Path) -> None:
    made = cut(tmp_path, {"start": 0.0, "end": 2.05}, {"start": 1.0, "end": 3.0})
    finding = only(looked(tmp_path, train=made), "parts_end_behind_their_file")
    assert [row.row for row in finding.rows] == [1]
    assert "row 2: to 3 s of 2.00 s" in finding.rows[0].detail


# Speakers


def test_speakers_in_two_splits_are_named(tmp_path: Path) -> None:
    train = table([{**row, "speaker": "ab"[n % 2]} for n, row in enumerate(texts(4))], tmp_path)
    test = table([{**row, "speaker": "bc"[n % 2]} for n, row in enumerate(texts(4))], tmp_path, "test")
    found = looked(tmp_path, train=train, test=test)
    finding = only(found, "test_speakers_in_train")
    assert finding.message == "1 of 2 speakers of test are in train as well (2 of 4 rows): scores are of known voices"
    assert finding.rows[0].detail == "speaker 'b'"
    assert found.figures["speakers"] == {"column": "speaker", "different": {"train": 2, "test": 2}}


def test_one_speaker_is_said(tmp_path: Path) -> None:
    made = [table([{**r, "speaker": "jackson"} for r in texts(3)], tmp_path, name) for name in ("train", "test")]
    finding = only(looked(tmp_path, train=made[0], test=made[1]), "one_speaker")
    assert finding.message == "every row is of one speaker: scores say nothing of other voices"
    assert finding.severity == "warning"


def test_an_input_without_columns_of_groups_knows_no_speakers() -> None:
    assert Input.group_columns == ()
