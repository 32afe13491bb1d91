"""Input music_file and target midi: what is read, what is learned, and what is asked."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from burnish.core.errors import InputError
from burnish.core.filed import FileAnswer
from burnish.core.generated import Generated
from burnish.data.augmentations.transposed import Transposed
from burnish.data.sources import Rows
from burnish.data.sources.music_folder import MusicFolder
from burnish.inputs.music_file import MusicFile
from burnish.media.music.events.processor import MusicProcessor
from burnish.media.music.midi import midi_of_tune, tune_of_midi
from burnish.media.music.reading import looked_at, tune_of_file
from burnish.targets import Outcome
from burnish.targets.midi import Midi
from tests.midi_cases import configuration, folder, piece

XML = (
    b'<?xml version="1.0"?><score-partwise><work><work-title>Alone</work-title></work><part-list><score-part id="P">'
    b'<part-name>Flute</part-name></score-part></part-list><part id="P"><measure><attributes><divisions>1</divisions>'
    b"<key><fifths>2</fifths></key><time><beats>3</beats><beat-type>4</beat-type></time></attributes><note><pitch>"
    b"<step>D</step><octave>4</octave></pitch><duration>3</duration></note></measure></part></score-partwise>"
)


@pytest.fixture
def music(tmp_path: Path) -> Path:
    return folder(tmp_path / "music", 4, captions=True, bars=12)


@pytest.fixture
def input_(music: Path) -> MusicFile:
    return MusicFile(caption="caption", root=str(music), max_length=128)


@pytest.fixture
def processor(input_: MusicFile, tmp_path: Path) -> MusicProcessor:
    return input_.processor(configuration(tmp_path / "network"))


def unfolded(input_: MusicFile, processor: MusicProcessor, name: str = "piece00.mid") -> list[dict[str, Any]]:
    how = input_.unfolding(processor, Midi(column="music"), held_out=False)
    return [dict(row) for row in how.rows({"music": name, "caption": "A waltz in D"}, "row 1")]


def test_what_is_learned_is_the_music_and_its_end(input_: MusicFile, processor: MusicProcessor) -> None:
    rows = unfolded(input_, processor)
    assert len(rows) > 1
    target, learned = Midi(column="music"), list[int]()
    for row, encoded in zip(rows, input_.encode(rows, processor), strict=True):
        given = target.given(row["music"], encoded, processor)
        targets, weights = target.encode(row["music"], encoded, processor)
        assert len(given["input_ids"]) == len(targets) == len(weights) <= 127
        prompt = encoded["input_ids"].tolist()
        assert given["input_ids"][: len(prompt)].tolist() == prompt, "asked as it was learned"
        assert weights.tolist() == [0.0] * (len(prompt) - 1) + [1.0] * (len(targets) - len(prompt) + 1)
        assert targets[:-1].tolist() == given["input_ids"][1:].tolist()
        learned += targets[weights > 0].tolist()
    assert learned[-1] == processor.end
    assert learned.count(processor.end) == 1
    tune = processor.events.tune_of(learned)
    assert len(tune.notes) == len(piece(0, 12).notes)


def test_a_row_without_music_has_no_weight(input_: MusicFile, processor: MusicProcessor) -> None:
    (encoded,) = input_.encode([{"caption": "a jig"}], processor)
    target = Midi(column="music")
    targets, weights = target.encode(None, encoded, processor)
    assert weights.sum() == 0
    assert len(target.given(None, encoded, processor)["input_ids"]) == len(targets)
    assert target.problem_with(None)
    assert target.truth(None) is None


def test_asked_is_the_caption_alone_or_a_file_to_go_on_with(
    input_: MusicFile, processor: MusicProcessor, music: Path
) -> None:
    assert input_.required_columns == ("music", "caption")
    assert input_.whole().required_columns == ("caption",)
    assert MusicFile(caption="").whole().required_columns == ("music",)
    alone, on, given = input_.encode(
        [
            {"caption": "A Waltz"},
            {"caption": "a waltz", "music": "piece01.mid"},
            {"caption": "a waltz", "music": (music / "piece01.mid").read_bytes()},
        ],
        processor,
    )
    assert alone["input_ids"].tolist() == processor.prompt("a waltz")
    assert alone["_music"].tolist() == []
    assert on["input_ids"].tolist() == given["input_ids"].tolist()
    assert on["input_ids"].tolist()[: len(alone["input_ids"])] == alone["input_ids"].tolist()
    assert processor.events.names[on["_music"][0]] == "Bar_None"
    assert len(on["_music"]) <= 65


def test_what_is_portable_is_read_alike(input_: MusicFile, processor: MusicProcessor) -> None:
    rows = [*unfolded(input_, processor), {"caption": "x", "music": "piece02.mid"}, {"caption": "x", "music": None}]
    for row, encoded in zip(rows, input_.encode(rows, processor), strict=True):
        (again,) = input_.encode([input_.portable(row)], processor)
        assert again["input_ids"].tolist() == encoded["input_ids"].tolist()
    for wrong in ("Pitch_999", -1, 10**6, None):
        with pytest.raises(InputError, match="no event token"):
            input_.encode([{"caption": "x", "music": {"events": [wrong]}}], processor)
    named, numbered = input_.encode(
        [{"music": {"events": ["Bar_None"]}}, {"music": {"events": [processor.events.ids["Bar_None"]]}}], processor
    )
    assert named["input_ids"].tolist() == numbered["input_ids"].tolist()


def test_training_rows_move_to_another_key_with_their_caption(input_: MusicFile, processor: MusicProcessor) -> None:
    target = Midi(column="music")
    (row, *_) = unfolded(input_, processor)
    row = {**row, "caption": "A waltz in G"}
    moved = input_.rewritten(row, Transposed(lowest=2, highest=2), 0)
    assert moved["caption"] == "A waltz in A"
    assert input_.rewritten(row, Transposed(lowest=0, highest=0), 0) == row
    tunes = []
    for one in (row, moved):
        (encoded,) = input_.encode([one], processor)
        ids = target.given(one["music"], encoded, processor)["input_ids"]
        assert ids[: len(encoded["input_ids"])].tolist() == processor.prompt(one["caption"])
        tunes.append(processor.events.tune_of(processor.music_of(ids)))
    drums = [n for n, part in enumerate(tunes[0].parts) if part.drums]
    for before, after in zip(tunes[0].notes, tunes[1].notes, strict=True):
        assert after.start == before.start
        assert after.pitch == before.pitch + (0 if before.voice in drums else 2)
    unknown = {**row, "music": {**row["music"], "key": ""}}
    assert input_.rewritten(unknown, Transposed(lowest=2, highest=2), 0) == unknown
    nameless = input_.rewritten({**unknown, "caption": ""}, Transposed(lowest=2, highest=2), 0)
    assert nameless["music"]["new"] != row["music"]["new"], "without a caption nothing can be at odds with the key"


def test_what_was_written_is_a_file(input_: MusicFile, processor: MusicProcessor) -> None:
    target = Midi(column="music")
    (encoded,) = input_.encode([{"caption": "a jig", "music": "piece01.mid"}], processor)
    names = ["Bar_None", "TimeSig_3/4", "Position_0", "Program_40", "Pitch_71", "Velocity_79", "Duration_1.0.12"]
    ids = np.array([processor.first + processor.events.ids[name] for name in names])
    said = target.said([Generated(ids, -1.0, "stop")], encoded, processor)
    assert isinstance(said.answer, FileAnswer)
    tune = tune_of_midi(target.content(said.answer))
    assert tune.notes[-1].pitch == 71
    assert len(tune.notes) > 1, "the music that was gone on with is in it"
    assert (said.ended, said.written) == ("stop", 7)
    assert target.measures(Outcome("x.mid", said, 14.0, 7.0)) == (14.0, 7.0, 7.0, 1.0)
    (fresh,) = input_.encode([{"caption": "a jig"}], processor)
    assert target.said([Generated(ids[:2], -1.0, "length")], fresh, processor).answer is None


def test_columns_are_inferred() -> None:
    rows = [{"file": "a.mid", "caption": "x", "words": "y"}]
    found = MusicFile().inferred(("file", "caption", "words"), rows, "")
    assert found is not None
    assert (found.column, found.caption) == ("file", "caption")
    assert found.inferred(("file", "caption", "words"), rows, "file") == found
    asked = MusicFile(caption="").inferred(("file", "caption"), rows, "")
    assert asked is not None
    assert asked.caption == ""
    assert MusicFile().inferred(("words",), rows, "") is None


def test_files_are_told_apart_by_what_is_played() -> None:
    first, second = midi_of_tune(piece(0)), midi_of_tune(piece(1))
    assert looked_at(first)["content"] == looked_at(first)["content"] != looked_at(second)["content"]
    assert looked_at(first)["notes"] == len(piece(0).notes)
    assert "problem" in looked_at(first[:40])
    assert "neither MIDI nor MusicXML" in looked_at(b"RIFF....WAVE")["problem"]


def read(place: Path) -> tuple[dict[str, list[Any]], list[tuple[str, str]]]:
    pieces: list[Rows] = list(MusicFolder().read(place))
    columns: dict[str, list[Any]] = {}
    for one in pieces:
        for name, values in one.columns.items():
            columns.setdefault(name, []).extend(values)
    return columns, [said for one in pieces for said in one.left_out]


def test_a_folder_is_read_with_what_its_files_say(tmp_path: Path) -> None:
    place = folder(tmp_path / "a", 2)
    (place / "inner").mkdir()
    (place / "inner" / "score.xml").write_bytes(XML)
    (place / "notes.xml").write_text("<note>no music</note>", encoding="utf-8")
    (place / "broken.mid").write_bytes(b"MThd")
    columns, said = read(place)
    assert [Path(p).name for p in columns["music"]] == ["piece00.mid", "piece01.mid", "score.xml"]
    assert columns["title"] == [None, None, "Alone"]
    assert columns["key"] == ["G major", "G major", "D major"]
    assert columns["meter"] == ["3/4", "6/8", "3/4"]
    assert "caption" not in columns
    (warned,) = said
    assert warned[0] == "warning"
    assert "broken.mid" in warned[1]
    assert tune_of_file(XML).title == "Alone"


def test_a_folder_with_a_table_has_captions(tmp_path: Path) -> None:
    place = folder(tmp_path / "a", 2, captions=True)
    (place / "extra.mid").write_bytes((place / "piece00.mid").read_bytes())
    with (place / "metadata.csv").open("a", encoding="utf-8") as file:
        file.write("gone.mid,a lost one\n")
    columns, said = read(place)
    assert columns["caption"] == [None, "a piece in 3/4, number 0", "a piece in 6/8, number 1"]
    assert [severity for severity, _ in said] == ["warning", "warning"]
    assert "extra.mid" in said[0][1]
    assert "gone.mid" in said[1][1]
    (place / "metadata.csv").write_text("file_name,words\npiece00.mid,x\n", encoding="utf-8")
    with pytest.raises(InputError, match="file_name, words"):
        read(place)
    (place / "metadata.csv").write_text("file_name,text\npiece00.mid,x\npiece00.mid,y\n", encoding="utf-8")
    with pytest.raises(InputError, match="named twice"):
        read(place)


def test_a_folder_is_known_by_what_lies_in_it(tmp_path: Path) -> None:
    music = folder(tmp_path / "music", 2)
    assert MusicFolder.reads_folder(music)
    assert MusicFolder.reads_folder(tmp_path)
    sounds = tmp_path / "sounds"
    sounds.mkdir()
    for number in range(5):
        (sounds / f"{number}.wav").write_bytes(b"x")
    (sounds / "one.mid").write_bytes(b"x")
    assert not MusicFolder.reads_folder(sounds)
    both = tmp_path / "both"
    folder(both / "train", 2)
    folder(both / "test", 1)
    known = MusicFolder.arrangement(both)
    assert known is not None
    assert {part: [p.name for p in paths] for part, paths in known.parts.items()} == {
        "train": ["train"],
        "test": ["test"],
    }
    with pytest.raises(InputError, match="no MIDI or MusicXML"):
        read(sounds.parent / "empty")


def test_the_digest_follows_files_and_table(tmp_path: Path) -> None:
    place = folder(tmp_path / "a", 2, captions=True)
    before = MusicFolder().digest(place)
    assert MusicFolder().digest(place) == before
    with (place / "metadata.csv").open("a", encoding="utf-8") as file:
        file.write("other.mid,x\n")
    assert MusicFolder().digest(place) != before


def test_bytes_in_base64_are_a_file(input_: MusicFile, processor: MusicProcessor, music: Path) -> None:
    data = base64.b64encode((music / "piece00.mid").read_bytes()).decode()
    (row,) = input_.encode([{"caption": "", "music": {"base64": data}}], processor)
    assert len(row["_music"]) > 10
