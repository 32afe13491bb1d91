"""Corpora of speech as people download them: which rows come of them, which splits, and what is refused with its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from burnish.core.errors import InputError
from burnish.data.looking.inspection import inspected
from burnish.data.reading.places import splits_of
from burnish.data.reading.tables import read
from burnish.data.settings import Data
from burnish.data.sources.audio_metadata import AudioMetadata
from burnish.data.sources.common_voice import CommonVoice
from burnish.data.sources.conll import Conll
from burnish.data.sources.kaldi import Kaldi
from burnish.data.sources.librispeech import Librispeech
from burnish.data.sources.nemo import Nemo
from burnish.data.table import Table
from burnish.inputs.audio import Audio
from burnish.recipe.recipe import Recipe
from burnish.stages.prepare.settle import settle
from burnish.stages.prepare.splits import read_splits, read_tables
from tests.sound_cases import save, sound
from tests.speech_cases import HEADER, common_voice, file, librispeech, voice

CLIPS = {
    "train.tsv": [("a1", "1.mp3", "The first."), ("a2", "2.mp3", "The second.")],
    "dev.tsv": [("b1", "3.mp3", "The third.")],
    "test.tsv": [("c1", "4.mp3", "The fourth.")],
    "validated.tsv": [("a1", "1.mp3", "The first."), ("d1", "5.mp3", "The fifth.")],
    "other.tsv": [("e1", "6.mp3", "The sixth.")],
}


def rows_of(what: Any, cache: Path, **settings: Any) -> list[dict[str, Any]]:
    return read(Data(train=str(what), **settings), cache=cache).arrow.to_pylist()


def looked(what: Any, cache: Path) -> Table:
    """A table whose sounds were looked at, with paths where a run looks for them."""
    table = read(Data(train=str(what)), cache=cache)
    recipe = Recipe.load({"data": str(what), "target": {"kind": "label", "column": "speaker"}, "input": "audio"})
    return inspected(table, settle(recipe, table, lambda _: None).input, cache)


def refused(what: Any, cache: Path, **settings: Any) -> str:
    with pytest.raises(InputError) as error:
        read(Data(train=str(what), **settings), cache=cache)
    return str(error.value)


# Common Voice


def test_common_voice_has_its_own_splits(tmp_path: Path) -> None:
    root = common_voice(tmp_path / "en", CLIPS)
    data, notes = splits_of(Data(train=str(root)))
    assert (data.train, data.validation, data.test) == tuple(str(root / f"{n}.tsv") for n in ("train", "dev", "test"))
    assert notes == (
        f"{root}: Common Voice: train.tsv, dev.tsv and test.tsv are the splits; not read: validated.tsv, other.tsv",
    )
    first = rows_of(data.train, tmp_path / "cache")[0]
    assert first == {
        "audio": "clips/1.mp3",
        "text": "The first.",
        "speaker": "a1",
        "up_votes": "2",
        "down_votes": "0",
        "age": "",
        "gender": "female",
        "accents": "",
        "locale": "en",
    }


def test_common_voice_without_all_splits_is_what_was_validated(tmp_path: Path) -> None:
    tables = {name: rows for name, rows in CLIPS.items() if name != "test.tsv"}
    root = common_voice(tmp_path / "en", tables)
    data, notes = splits_of(Data(train=str(root)))
    assert (data.train, data.validation, data.test) == (str(root / "validated.tsv"), None, None)
    assert notes[0].endswith(
        "validated.tsv is read, and splits are made of it; not read: train.tsv, dev.tsv, other.tsv"
    )
    assert [row["speaker"] for row in rows_of(root, tmp_path / "cache")] == ["a1", "d1"]
    (root / "validated.tsv").unlink()
    assert "without test.tsv, and without validated.tsv" in refused(root, tmp_path / "cache")


def test_common_voice_as_one_table_is_refused_where_it_has_splits(tmp_path: Path) -> None:
    """A comparison or a second data set names one part; all of them together would hold the test."""
    root = common_voice(tmp_path / "en", CLIPS)
    assert "the folder holds splits (train.tsv, dev.tsv, test.tsv)" in refused(root, tmp_path / "cache")


@pytest.mark.parametrize("clips", [True, False])
def test_the_recordings_of_common_voice_are_found(clips: bool, tmp_path: Path) -> None:
    """In clips/ beside the table, or beside the table itself; a missing one is named and no row is lost."""
    root = common_voice(tmp_path / "en", CLIPS, clips=clips)
    (root / ("clips" if clips else "") / "2.mp3").unlink()
    table = looked(root / "train.tsv", tmp_path / "cache")
    assert table.inspection is not None
    assert list(table.inspection.problems) == [1]
    assert len(table) == 2


def test_where_the_clips_are_is_part_of_the_cache_key(tmp_path: Path) -> None:
    root = common_voice(tmp_path / "en", CLIPS, clips=False)
    assert rows_of(root / "train.tsv", tmp_path / "cache")[0]["audio"] == "1.mp3"
    (root / "clips").mkdir()
    assert rows_of(root / "train.tsv", tmp_path / "cache")[0]["audio"] == "clips/1.mp3"


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ('"""No,"" he said."', '"No," he said.'),
        ('"Yes"', "Yes"),
        ('She said "no" twice', 'She said "no" twice'),
        ('"No" and "yes"', '"No" and "yes"'),
        ('"', '"'),
        ("", ""),
        ("naïve \u2028 好 𝄞", "naïve \u2028 好 𝄞"),
    ],
)
def test_quotes_of_common_voice(written: str, text: str, tmp_path: Path) -> None:
    path = file(tmp_path / "x.tsv", "\ufeff" + "client_id\tpath\tsentence\r\n" + f"a\t1.mp3\t{written}\r\n")
    assert rows_of(path, tmp_path / "cache") == [{"audio": "1.mp3", "text": text, "speaker": "a"}]


def test_a_ragged_line_of_common_voice_is_named(tmp_path: Path) -> None:
    path = file(tmp_path / "x.tsv", "client_id\tpath\tsentence\na\t1.mp3\tone\nb\t2.mp3\n")
    assert "row 2 (line 3) has 2 fields" in refused(path, tmp_path / "cache")


def test_other_tables_are_no_common_voice(tmp_path: Path) -> None:
    """Its own tables of lengths and reports neither; what is asked for by name is told what it lacks."""
    lengths = file(tmp_path / "clip_durations.tsv", "clip\tduration[ms]\n1.mp3\t3000\n")
    assert not CommonVoice.recognises(lengths)
    assert not CommonVoice.recognises(file(tmp_path / "x.csv", ",".join(HEADER)))
    assert "no column 'client_id', 'path', 'sentence'" in refused(lengths, tmp_path / "c", source="common_voice")
    both = file(tmp_path / "y.tsv", "client_id\tpath\tsentence\ttext\na\t1.mp3\tx\ty\n")
    assert "column 'sentence' is read as 'text', and the file has" in refused(both, tmp_path / "c")


# LibriSpeech


def test_librispeech_has_the_splits_of_its_folders(tmp_path: Path) -> None:
    root = librispeech(
        tmp_path / "LibriSpeech",
        {
            "train-clean-5/19/198": ["NORTHANGER ABBEY", "THIS LITTLE WORK"],
            "train-clean-5/26/495": ["AND SO IT WAS"],
            "train-other-5/27/1": ["ANOTHER"],
            "dev-clean-2/84/121": ["GO"],
            "dev-other/85/122": ["COME"],
        },
    )
    data, notes = splits_of(Data(train=str(root)))
    assert data.train == [str(root / "train-clean-5"), str(root / "train-other-5")]
    assert data.validation == [str(root / "dev-clean-2"), str(root / "dev-other")]
    assert data.test is None
    assert "validation is dev-clean-2 and dev-other" in notes[0]
    rows = read(data, cache=tmp_path / "cache").arrow.to_pylist()
    chapter = root / "train-clean-5" / "19" / "198"
    assert rows[1] == {
        "audio": str(chapter / "19-198-0001.flac"),
        "text": "THIS LITTLE WORK",
        "speaker": "19",
        "chapter": "198",
    }
    assert [row["speaker"] for row in rows] == ["19", "19", "26", "27"]
    assert "holds splits" in refused(root, tmp_path / "cache")
    assert "none of them is for training" in _no_training(librispeech(tmp_path / "b", {"dev-clean/1/2": ["X"]}))


def _no_training(root: Path) -> str:
    with pytest.raises(InputError) as error:
        splits_of(Data(train=str(root)))
    return str(error.value)


def test_sounds_of_librispeech_are_found_and_missing_ones_named(tmp_path: Path) -> None:
    """Also where somebody made WAV of them; sounds without a line are counted."""
    root = librispeech(tmp_path / "train-clean-5", {"19/198": ["ONE", "TWO", "THREE"]})
    chapter = root / "19" / "198"
    (chapter / "19-198-0001.flac").unlink()
    save(sound(1), chapter / "19-198-0001.wav")
    (chapter / "19-198-0002.flac").unlink()
    save(sound(2), chapter / "19-198-0009.flac")
    table = looked(root, tmp_path / "cache")
    assert table.inspection is not None
    assert list(table.inspection.problems) == [2]
    assert table.values("audio")[1].endswith("19-198-0001.wav")
    ((severity, words),) = table.left_out
    assert severity == "warning"
    assert "1 sounds have no line in a .trans.txt and are not read (such as 19-198-0009.flac)" in words


def test_lines_of_librispeech(tmp_path: Path) -> None:
    path = tmp_path / "t" / "1" / "2" / "1-2.trans.txt"
    file(path, "\ufeff1-2-0000 ÉTÉ  NOIR\r\n\r\n1-2-0001\r\n1-2-0002 好\r\n")
    assert [row["text"] for row in rows_of(tmp_path / "t", tmp_path / "cache")] == ["ÉTÉ  NOIR", "", "好"]
    file(path, "1-2-0000 A\n1-2-0000 B\n")
    said = refused(tmp_path / "t", tmp_path / "cache")
    assert "the id 1-2-0000 stands in line 1 and in line 2" in said
    assert str(path) in said
    file(path, "1-2-0000 A\nHELLO WORLD\n")
    assert "line 2 begins with 'HELLO'" in refused(tmp_path / "t", tmp_path / "cache")
    assert "no file that ends in .trans.txt" in refused(tmp_path / "cache", tmp_path / "c", source="librispeech")


def test_class_folders_are_no_librispeech(tmp_path: Path) -> None:
    save(sound(1), tmp_path / "dog" / "1.wav")
    assert not Librispeech.reads_folder(tmp_path)
    assert Librispeech.arrangement(tmp_path) is None


# Kaldi


def kaldi(root: Path, **files: str) -> Path:
    """A directory of two recordings with what else is named, and their sounds."""
    for n in (1, 2):
        save(voice(f"{root.name}{n}", 1.0), root / f"r{n}.wav")
    for name, text in {"wav.scp": "r1 r1.wav\nr2 r2.wav\n", "text": "r1 one\nr2 zwei drei\n", **files}.items():
        file(root / name.replace("wav_scp", "wav.scp"), text)
    return root


def test_kaldi_with_and_without_segments(tmp_path: Path) -> None:
    root = kaldi(tmp_path / "plain")
    assert rows_of(root, tmp_path / "cache") == [
        {"utterance": "r1", "audio": str(root / "r1.wav"), "text": "one"},
        {"utterance": "r2", "audio": str(root / "r2.wav"), "text": "zwei drei"},
    ]
    cut = kaldi(
        tmp_path / "cut",
        text="\ufeffu1 one\r\nu2\t好  two\r\n\r\nu3\r\n",
        segments="u1 r1 0 0.5\nu2 r1 0.5 1.0\nu3 r2 0.25 -1\nu4 r2 0 0.2\n",
        utt2spk="u1 s1\nu2 s1\n",
    )
    rows = rows_of(cut, tmp_path / "cache")
    assert [(r["text"], r["speaker"], r["start"], r["end"]) for r in rows] == [
        ("one", "s1", 0.0, 0.5),
        ("好  two", "s1", 0.5, 1.0),
        ("", None, 0.25, None),
    ]
    assert {row["audio"] for row in rows} == {str(cut / "r1.wav"), str(cut / "r2.wav")}
    ((_, words),) = read(Data(train=str(cut)), cache=tmp_path / "cache").left_out
    assert "1 segments of segments have no line in text and are not read (such as u4)" in words


def test_paths_of_kaldi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Absolute, below the directory, or from the working folder, in which Kaldi itself runs."""
    save(sound(1), tmp_path / "work" / "corpus" / "a.wav")
    root = kaldi(tmp_path / "data", wav_scp=f"r1 corpus/a.wav\nr2 {tmp_path}/data/r2.wav\n")
    monkeypatch.chdir(tmp_path / "work")
    assert [r["audio"] for r in rows_of(root, tmp_path / "c")] == ["corpus/a.wav", f"{tmp_path}/data/r2.wav"]
    monkeypatch.chdir(tmp_path)
    assert rows_of(root, tmp_path / "c")[0]["audio"] == f"{root}/corpus/a.wav"


def test_directories_of_kaldi_are_splits(tmp_path: Path) -> None:
    for name in ("train", "dev", "test", "local"):
        kaldi(tmp_path / "data" / name)
    data, notes = splits_of(Data(train=str(tmp_path / "data")))
    assert [Path(str(p)).name for p in (data.train, data.validation, data.test)] == ["train", "dev", "test"]
    assert notes[0].endswith("not read: local")
    kaldi(tmp_path / "data" / "train_sp")
    assert "train, train_sp are all named like the train split" in _no_training(tmp_path / "data")


@pytest.mark.parametrize("command", ["sph2pipe -f wav x.sph |", "touch HACKED |", "| tee x"])
def test_commands_are_never_run(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    root = kaldi(tmp_path / "data", wav_scp=f"r1 r1.wav\nr2 {command}\n")
    said = refused(root, tmp_path / "cache")
    assert f"{root}/wav.scp, line 2: 'r2' is a command: {command!r}" in said
    assert "convert the recordings first" in said
    assert not (tmp_path / "HACKED").exists()


BAD_KALDI = [
    ({"wav_scp": "r1 a.ark:17\nr2 r2.wav\n"}, "wav.scp, line 1: 'r1' is a place in an archive"),
    ({"wav_scp": "r1 ark:a.ark\nr2 r2.wav\n"}, "wav.scp, line 1: 'r1' is a place in an archive: 'ark:a.ark'"),
    ({"wav_scp": "r1 r1.wav\nr2 scp,p:b.scp\n"}, "wav.scp, line 2: 'r2' is a place in an archive: 'scp,p:b.scp'"),
    ({"wav_scp": "r1\nr2 r2.wav\n"}, "wav.scp, line 1: 'r1' has no path"),
    ({"wav_scp": "r1 r1.wav\nr1 r2.wav\n"}, "wav.scp: 'r1' stands in line 1 and in line 2"),
    ({"text": "r1 one\nr3 three\n"}, "text, line 2: utterance 'r3' is not in wav.scp"),
    ({"segments": "r1 r1 0 1\n"}, "text, line 2: utterance 'r2' is not in segments"),
    ({"segments": "r1 r1 0 1\nr2 r9 0 1\n"}, "segments, line 2: recording 'r9' is not in wav.scp"),
    ({"segments": "r1 r1 0\nr2 r2 0 1\n"}, "segments, line 1: the line has 3 fields"),
    ({"segments": "r1 r1 -1 1\nr2 r2 0 1\n"}, "segments, line 1: a segment from -1 to 1 seconds"),
    ({"segments": "r1 r1 1 1\nr2 r2 0 1\n"}, "segments, line 1: a segment from 1 to 1 seconds"),
    ({"segments": "r1 r1 0 nan\nr2 r2 0 1\n"}, "segments, line 1: 'nan' is no time"),
    ({"segments": "r1 r1 0 x\nr2 r2 0 1\n"}, "segments, line 1: 'x' is no time"),
    ({"text": ""}, "the file is empty"),
]


@pytest.mark.parametrize(("files", "words"), BAD_KALDI)
def test_bad_lines_of_kaldi_are_named(files: dict[str, str], words: str, tmp_path: Path) -> None:
    assert words in refused(kaldi(tmp_path / "data", **files), tmp_path / "cache")


# NeMo


def manifest(path: Path, *objects: dict[str, Any]) -> Path:
    return file(path, "".join(json.dumps(o) + "\n" for o in objects))


@pytest.mark.parametrize("name", ["m.jsonl", "m.json"])
def test_nemo_manifests(name: str, tmp_path: Path) -> None:
    path = manifest(
        tmp_path / name,
        {"audio_filepath": "a.wav", "duration": 2.5, "text": "one", "speaker": "s1", "lang": "en"},
        {"audio_filepath": "/b.wav", "duration": 1.5, "offset": 0, "text": "two"},
        {"audio_filepath": "c.wav", "offset": 2},
    )
    rows = rows_of(path, tmp_path / "cache")
    assert [(r["audio"], r["text"], r["start"], r["end"]) for r in rows] == [
        ("a.wav", "one", None, None),
        ("/b.wav", "two", 0.0, 1.5),
        ("c.wav", None, 2.0, None),
    ]
    assert (rows[0]["speaker"], rows[0]["lang"], rows[0]["duration"]) == ("s1", "en", 2.5)
    assert "offset" not in rows[0]
    plain = manifest(tmp_path / "plain.jsonl", {"audio_filepath": "a.wav", "text": "x", "duration": 2})
    assert rows_of(plain, tmp_path / "cache") == [{"audio": "a.wav", "text": "x", "duration": 2}]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"offset": -1.0}, "row 2: offset is -1.0"),
        ({"offset": "1"}, "row 2: offset is '1'"),
        ({"offset": True}, "row 2: offset is True"),
        ({"offset": float("nan")}, "row 2: offset is nan"),
        ({"offset": 1, "duration": 0}, "row 2: duration is 0"),
        ({"duration": -3}, "row 2: duration is -3"),
        ({"offset": 1, "start": 3}, "the manifest has 'start' as well"),
        ({"audio": "x.wav"}, "column 'audio_filepath' is read as 'audio'"),
    ],
)
def test_bad_rows_of_nemo_are_named(row: dict[str, Any], words: str, tmp_path: Path) -> None:
    rows = [{"audio_filepath": "a.wav", "text": "x"}, {"audio_filepath": "a.wav", "text": "x", **row}]
    assert words in refused(manifest(tmp_path / "m.jsonl", *rows), tmp_path / "cache")


def test_other_json_is_no_nemo(tmp_path: Path) -> None:
    assert not Nemo.recognises(manifest(tmp_path / "a.jsonl", {"text": "audio_filepath"}))
    assert not Nemo.recognises(file(tmp_path / "b.json", '[{"audio_filepath": "a.wav"}]'))
    assert not Nemo.recognises(file(tmp_path / "c.jsonl", '{"audio_filepath": '))
    assert not Nemo.recognises(tmp_path / "missing.jsonl")
    other = manifest(tmp_path / "d.jsonl", {"path": "a.wav"})
    assert "no NeMo manifest: no 'audio_filepath' from row 1 on" in refused(other, tmp_path / "c", source="nemo")
    assert rows_of(manifest(tmp_path / "e.jsonl", {"audio_filepath": "a"}), tmp_path / "c", source="jsonl") == [
        {"audio_filepath": "a"}
    ]


# Hugging Face audio folders


def test_an_audio_folder_with_its_texts(tmp_path: Path) -> None:
    """Beside the sounds, above them, and in folders of splits; else a table that is no such thing."""
    root = tmp_path / "data"
    for name in ("a.wav", "b.wav"):
        save(sound(1), root / "audio" / name)
    file(root / "metadata.csv", 'file_name,transcription,accent\naudio/a.wav,"One, two.",x\naudio/b.wav,Zwei.,y\n')
    data, notes = splits_of(Data(train=str(root)))
    assert data.train == str(root / "metadata.csv")
    assert "metadata.csv names the sounds and their texts" in notes[0]
    expected = [
        {"audio": "audio/a.wav", "text": "One, two.", "accent": "x"},
        {"audio": "audio/b.wav", "text": "Zwei.", "accent": "y"},
    ]
    assert rows_of(root, tmp_path / "cache") == expected == rows_of(root / "metadata.csv", tmp_path / "cache")


def test_audio_folders_of_splits(tmp_path: Path) -> None:
    root = tmp_path / "data"
    for part, name in (("train", "a.wav"), ("test", "b.wav")):
        save(sound(1), root / part / name)
        file(root / part / "metadata.jsonl", json.dumps({"file_name": name, "sentence": part}) + "\n")
    data, _ = splits_of(Data(train=str(root)))
    assert (data.train, data.test) == tuple(str(root / part / "metadata.jsonl") for part in ("train", "test"))
    assert rows_of(data.train, tmp_path / "cache") == [{"audio": "a.wav", "text": "train"}]


def test_one_table_above_folders_of_splits(tmp_path: Path) -> None:
    """The rows know their split, which is never lost in a random one without a word."""
    root = tmp_path / "data"
    for part in ("train", "test"):
        save(sound(1), root / part / "a.wav")
    file(root / "metadata.csv", "file_name,text\ntrain/a.wav,one\ntest/a.wav,two\n")
    said = refused(root, tmp_path / "cache")
    assert "metadata.csv stands above folders that are named like splits (test, train)" in said
    assert f"data.train={root}/metadata.csv 'split={{kind: column, column: split}}'" in said
    table = read(Data(train=str(root / "metadata.csv")), cache=tmp_path / "cache")
    assert table.values("split") == ["train", "test"]
    assert any("divides by it" in note for note in table.notes)


def test_other_metadata_is_read_as_it_was(tmp_path: Path) -> None:
    """Labels of pictures or sounds, and two columns that may be the text."""
    for header, row in (
        ("file_name,label", "a.wav,x"),
        ("file_name,text", "a.png,x"),
        ("file_name,text,sentence", "a.wav,x,y"),
        ("file,text", "a.wav,x"),
    ):
        path = file(tmp_path / "metadata.csv", f"{header}\n{row}\n")
        assert not AudioMetadata.recognises(path), header
        assert AudioMetadata.arrangement(tmp_path) is None
    assert not AudioMetadata.recognises(file(tmp_path / "rows.csv", "file_name,text\na.wav,x\n"))
    said = refused(
        file(tmp_path / "metadata.csv", "file_name,label\na.wav,x\n"), tmp_path / "c", source="audio_metadata"
    )
    assert "the columns are file_name, label" in said


# All of them


def test_sources_of_speech_are_not_taken_for_each_other(tmp_path: Path) -> None:
    table = common_voice(tmp_path / "en", CLIPS) / "train.tsv"
    assert not Conll.recognises(table)
    assert not Kaldi.reads_folder(table.parent)
    assert Kaldi.arrangement(table.parent) is None
    assert not Nemo.recognises(table)


def corpora(root: Path) -> dict[str, Path]:
    """One of each layout with splits of its own."""
    for name in ("train", "dev", "test"):
        kaldi(root / "kaldi" / name, utt2spk=f"r1 {name}1\nr2 {name}2\n")
        file(root / "hf" / name / "metadata.csv", "file_name,text,speaker\na.wav,One.,x\n")
        save(sound(len(name), 0.3), root / "hf" / name / "a.wav")
    trees = {f"{split}/{n}/1": ["ONE", "TWO"] for n, split in enumerate(("train-a", "train-b", "dev-a", "test-a"), 1)}
    return {
        "common_voice": common_voice(root / "en", CLIPS),
        "librispeech": librispeech(root / "ls", trees),
        "kaldi": root / "kaldi",
        "audio_metadata": root / "hf",
    }


@pytest.mark.parametrize("kind", ["common_voice", "librispeech", "kaldi", "audio_metadata"])
@pytest.mark.parametrize("relative", [True, False])
def test_a_run_finds_every_recording(
    kind: str, relative: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the folder that a user names to splits whose files were all looked at."""
    root = corpora(tmp_path)[kind]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BURNISH_CACHE", str(tmp_path / "cache"))
    data, _ = splits_of(Data(train=str(root.relative_to(tmp_path) if relative else root)))
    tables = read_tables(data, None)
    recipe = Recipe.load({"data": "x", "target": {"kind": "label", "column": "speaker"}, "input": "audio"})
    settled = settle(recipe, tables["train"], lambda _: None)
    made = read_splits(
        *(tables, settled.input, settled.target, tmp_path / "cache"), division=settled, beside_tables=True
    )
    assert set(made.parts) == {"train", "validation", "test"}
    for part in made.parts.values():
        assert part.table.inspection is not None
        assert part.table.inspection.problems == {}
        assert (part.table.inspection.contents != 0).all()
        assert "text" in part.table.columns


def test_paths_and_bytes_of_parquet_are_sounds(tmp_path: Path) -> None:
    """As `datasets` writes its column `audio`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    data = save(sound(1), tmp_path / "a.wav").read_bytes()
    cells = [{"bytes": data, "path": "gone.wav"}, {"bytes": None, "path": "a.wav"}]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    table = pa.table({"audio": pa.array(cells, kind), "speaker": ["x", "y"]})
    pq.write_table(table, tmp_path / "train.parquet")
    known = looked(tmp_path / "train.parquet", tmp_path / "cache").inspection
    assert known is not None
    assert not known.problems
    assert known.facts["seconds"].to_pylist() == [0.5, 0.5]


def test_tables_of_paths_are_read_as_before(tmp_path: Path) -> None:
    """Relative to the table first, then from the working folder, which is said."""
    save(sound(1), tmp_path / "t" / "a.wav")
    path = file(tmp_path / "t" / "rows.csv", "file,text,speaker\na.wav,hello,x\n")
    table = looked(path, tmp_path / "cache")
    assert table.inspection is not None
    assert not table.inspection.problems
    assert Audio().recognised("a.wav")
