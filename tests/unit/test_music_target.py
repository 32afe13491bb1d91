"""Recordings as codes: how they are cut, kept and said; what a decoder is shown of them; captions that are hidden in training."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.core.filed import FileAnswer
from burnish.core.generated import Generated
from burnish.data.feeding.encode import encode_part
from burnish.data.feeding.loader import Loader
from burnish.data.table import Part
from burnish.data.unfolding import unfolded_parts
from burnish.inputs.caption import Caption
from burnish.media.codec import kept
from burnish.media.codec.encodec import Codec
from burnish.media.codec.recording import recording
from burnish.targets.music import Music
from tests import music_cases as cases
from tests.data_cases import table
from tests.sound_cases import save

READS = Caption(column="caption")
SIZE = cases.SIZE


def codec(channels: int = 1) -> Codec:
    known = cases.processor(channels).for_target
    assert isinstance(known, Codec)
    return known


def cut(folder: Path, seconds: list[float], **settings: Any) -> tuple[Part, list[str]]:
    """Rows with recordings so long, as they are unfolded, and what is said of them."""
    rows = []
    for number, length in enumerate(seconds):
        save(cases.tune(number, length), folder / f"{number}.wav", cases.RATE)
        rows.append({"caption": f"tune {number}", "audio": f"{number}.wav"})
    said: list[str] = []
    target = cases.target(**{"seconds": 1.0, "root": str(folder), **settings})
    parts = {"train": Part(table(rows), np.arange(len(rows)))}
    made = unfolded_parts(parts, READS, target, cases.processor(), ["audio"], None, said.append, folder / "cache")
    return made["train"], said


def test_long_recordings_are_windows_and_their_short_ends_are_left_out(tmp_path: Path) -> None:
    part, said = cut(tmp_path, [2.9, 0.4, 2.3])
    cells = part.table.arrow["audio"].to_pylist()
    assert [(c["path"], c["start"], round(c["seconds"], 3)) for c in cells] == [
        ("0.wav", 0.0, 1.0), ("0.wav", 1.0, 1.0), ("0.wav", 2.0, 0.9),
        ("1.wav", 0.0, 0.4), ("2.wav", 0.0, 1.0), ("2.wav", 1.0, 1.0),
    ]  # fmt: skip
    assert part.table.arrow["caption"].to_pylist() == ["tune 0"] * 3 + ["tune 1"] + ["tune 2"] * 2
    assert part.table.group is not None, "windows of one recording are resampled together"
    assert len(said) == 3
    assert "3 (0.1 minutes) as 6 windows of at most 1 s; codes computed of 3" in said[0]
    assert "ends of 1 recordings are left out (0.3 s" in said[1]
    assert "1 recordings are shorter than 0.8 s" in said[2]
    whole = codec().codes(recording((tmp_path / "1.wav").read_bytes(), cases.RATE, 1))
    np.testing.assert_array_equal(np.frombuffer(cells[3]["codes"], "<i2").reshape(4, -1), whole)
    assert len(np.unique(whole[0])) > 3, "the codec of these tests tells sounds apart"


def test_codes_are_computed_once_for_what_is_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found by content, whatever the name; computed again where the content, the cut or the codec is another one."""
    first, said = cut(tmp_path, [1.5])
    assert "computed of 1, found in the cache of 0" in said[0]
    monkeypatch.setattr(Codec, "codes", lambda *_: pytest.fail("computed again"))
    (tmp_path / "0.wav").rename(tmp_path / "other.wav")
    told = kept.coded((tmp_path / "other.wav").read_bytes(), codec(), 1.0, 0.8, tmp_path / "cache")
    assert told.found
    again, said = cut(tmp_path, [1.5])
    assert "computed of 0, found in the cache of 1" in said[0]
    assert again.table.fingerprint == first.table.fingerprint
    monkeypatch.undo()
    assert not kept.coded((tmp_path / "0.wav").read_bytes(), codec(), 1.0, 0.3, tmp_path / "cache").found
    (kept_file, *_) = (tmp_path / "cache" / "codes").glob("*.npz")
    kept_file.write_bytes(kept_file.read_bytes()[:50])  # damaged files are made again
    for path in (tmp_path / "cache" / "codes").glob("*.npz"):
        path.write_bytes(path.read_bytes()[:50])
    assert not kept.coded((tmp_path / "0.wav").read_bytes(), codec(), 1.0, 0.8, tmp_path / "cache").found
    save(cases.tune(9, 1.5), tmp_path / "0.wav", cases.RATE)
    target = cases.target(seconds=1.0, root=str(tmp_path))
    part = {"train": Part(table([{"caption": "tune 0", "audio": "0.wav"}]), np.arange(1))}
    changed = unfolded_parts(part, READS, target, cases.processor(), ["audio"], cache=tmp_path / "cache")["train"]
    assert changed.table.fingerprint != first.table.fingerprint, "rows are encoded anew"


def test_what_a_decoder_is_shown_and_learns() -> None:
    """By hand, two frames longer than the delays."""
    own = np.arange(20).reshape(4, 5).astype(np.int16)
    target, processor = cases.target(), cases.processor()
    row = {"conditioned": np.int32(1)}
    given = target.given(cases.cell(own), row, processor)  # type: ignore[arg-type]
    f = SIZE
    assert given["decoder_input_ids"].reshape(5, 4).T.tolist() == [
        [f, 0, 1, 2, 3], [f, f, 5, 6, 7], [f, f, f, 10, 11], [f, f, f, f, 15]
    ]  # fmt: skip
    assert (int(given["_length"]), int(given["conditioned"])) == (5, 1)
    truth, weights = target.encode(cases.cell(own), row, processor)  # type: ignore[arg-type]
    assert truth.reshape(5, 4).T.tolist() == [[0, 1, 2, 3, 4], [0, 5, 6, 7, 8], [0, 0, 10, 11, 12], [0, 0, 0, 15, 16]]
    assert weights.reshape(5, 4).T.tolist() == [[1] * 5, [0] + [1] * 4, [0, 0, 1, 1, 1], [0, 0, 0, 1, 1]]
    assert target.encode(cases.cell(own[:, :0]), row, processor)[1].sum() == 0  # type: ignore[arg-type]
    assert target.encode(None, row, processor)[1].sum() == 0  # type: ignore[arg-type]


def test_rows_of_a_batch_keep_their_codes_and_captions(tmp_path: Path) -> None:
    part, _ = cut(tmp_path, [0.5, 0.9])
    target, processor = cases.target(seconds=1.0), cases.processor()
    encoded = encode_part(part, READS, target, processor, cache=tmp_path / "cache")
    batch = Loader(encoded, READS, target, processor).batch(np.array([0, 1]))
    assert batch.inputs["decoder_input_ids"].shape == (2, 4, 45)
    assert batch.targets.shape == batch.weights.shape == (2, 45, 4)
    assert (batch.useful, batch.size) == (25 + 45, 90)
    assert batch.inputs["conditioned"].tolist() == [1, 1]
    assert batch.weights[0].sum() == 4 * 25 - 6
    assert batch.inputs["input_ids"].shape[0] == 2


def test_captions_are_hidden_in_training_alone_and_the_same_after_a_resume(tmp_path: Path) -> None:
    part, _ = cut(tmp_path, [0.5] * 40)
    target, processor = cases.target(seconds=1.0, condition_dropout=0.3), cases.processor()
    encoded = encode_part(part, READS, target, processor, cache=tmp_path / "cache")
    plain = Loader(encoded, READS, target, processor)
    drawn = Loader(encoded, READS, target, processor, redraws=True, seed=5)
    every = np.arange(40)
    assert plain.batch(every).inputs["conditioned"].all()
    shares = [drawn.batch(every, epoch=epoch).inputs["conditioned"] for epoch in range(20)]
    assert not np.array_equal(shares[0], shares[1])
    assert 0.64 < np.mean(shares) < 0.76
    again = Loader(encoded, READS, target, processor, redraws=True, seed=5)
    np.testing.assert_array_equal(again.batch(every, epoch=7).inputs["conditioned"], shares[7])
    some = again.batch(every[10:20], epoch=7).inputs["conditioned"]
    np.testing.assert_array_equal(some, shares[7][10:20])
    np.testing.assert_array_equal(drawn.batch(every).targets, plain.batch(every).targets)


def test_a_row_without_a_caption_is_one_without_a_condition() -> None:
    tokens: Any = cases.processor().for_input
    rows = READS.encode([{"caption": None}, {"caption": "  "}, {"caption": "A  waltz"}], tokens)
    assert [int(row["conditioned"]) for row in rows] == [0, 0, 1]
    assert READS.text({"caption": " A \n waltz"}) == "A waltz"
    assert Caption(column="caption", case="lower").text({"caption": "A waltz"}) == "a waltz"


def test_captions_may_be_shared_by_splits_and_recordings_may_not(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        save(cases.tune(seed, 0.3), tmp_path / f"{name}.wav", cases.RATE)
    reads = READS.inferred(["caption", "audio"], [], "audio")
    assert reads is not None
    reads = reads.located(tmp_path)
    same, copied, other = (reads.audited_text({"caption": "x", "audio": f"{n}.wav"}) for n in "abc")
    assert same == copied != other


def test_stereo_is_two_sounds_whose_codebooks_take_turns(tmp_path: Path) -> None:
    left, right = cases.tune(1, 0.6), cases.tune(2, 0.6)
    save(np.stack([left, right], axis=1), tmp_path / "both.wav", cases.RATE, subtype="FLOAT")
    both = recording((tmp_path / "both.wav").read_bytes(), cases.RATE, 2)
    codes = codec(2).codes(both)
    assert codes.shape == (8, 30)
    one = replace(codec(2), codebooks=4, channels=1)
    np.testing.assert_array_equal(codes[0::2], one.codes(left[None]))
    np.testing.assert_array_equal(codes[1::2], one.codes(right[None]))
    assert codec(2).sound(codes).shape == (2, 960)
    mono = recording((tmp_path / "both.wav").read_bytes(), cases.RATE, 1)
    np.testing.assert_allclose(mono[0], (left + right) / 2, atol=1e-6)
    save(left, tmp_path / "one.wav", cases.RATE, subtype="FLOAT")
    doubled = recording((tmp_path / "one.wav").read_bytes(), cases.RATE, 2)
    np.testing.assert_array_equal(doubled[0], doubled[1])
    resampled = recording((tmp_path / "one.wav").read_bytes(), 2 * cases.RATE, 1)
    assert resampled.shape == (1, 1920)


def test_what_was_written_is_a_wav_file_of_the_codes() -> None:
    codes = cases.codes(3, 25)
    target, processor = cases.target(), cases.processor()
    told = target.said([Generated(codes.ravel().astype(np.int64), -3.0, "length")], {}, processor)
    assert isinstance(told.answer, FileAnswer)
    assert told.written == 25
    samples, rate = soundfile.read(io.BytesIO(target.content(told.answer)), dtype="float32")
    assert (rate, len(samples)) == (cases.RATE, 25 * cases.HOP)
    np.testing.assert_allclose(samples, np.clip(codec().sound(codes)[0], -1, 1), atol=1e-4)
    other = target.said([Generated(cases.codes(4, 25).ravel().astype(np.int64), -3.0, "length")], {}, processor)
    assert other.answer.identity != told.answer.identity
    none = target.said([Generated(codes.ravel().astype(np.int64), float("nan"), "length")], {}, processor)
    assert none.answer is None


@pytest.mark.parametrize("value", [None, "", float("nan"), 7, {}])
def test_what_is_no_recording(value: Any) -> None:
    assert cases.target().problem_with(value)
    assert cases.target().truth(value) is None


def test_a_missing_file_is_named_with_its_row(tmp_path: Path) -> None:
    rows = [{"caption": "x", "audio": "gone.wav"}]
    target = cases.target(root=str(tmp_path))
    parts = {"train": Part(table(rows), np.arange(1))}
    with pytest.raises(InputError, match=r"no such recording.*gone\.wav"):
        unfolded_parts(parts, READS, target, cases.processor(), ["audio"])


def test_settings_are_read_back_and_thirty_seconds_are_the_most() -> None:
    target = cases.target(2)
    assert (target.codebooks, target.channels, target.levels) == (8, 2, 4)
    assert build("burnish.targets", target.model_dump()) == target
    again = target.processor(cases.checkpoint(2), cases.processor(2).for_input, codec(2).settings())
    assert again.fingerprint() == codec(2).fingerprint()
    with pytest.raises(InputError, match="30"):
        build("burnish.targets", {"kind": "music", "seconds": 31})
    with pytest.raises(InputError, match="writes no music"):
        Music().of_checkpoint(Path(__file__).parent)


def test_columns_of_a_row_are_sums_of_each_level() -> None:
    from burnish.targets import Decoded, Outcome

    target = cases.target(2)
    parts = [(float(number), 10.0 - number) for number in range(8)]
    nothing = Decoded(None, np.zeros(0, np.float32))
    told = dict(zip(target.columns(), target.measures(Outcome("a", nothing, 28.0, 52.0, parts)), strict=True))
    assert [told[f"nats_{n}"] for n in range(1, 5)] == [1.0, 5.0, 9.0, 13.0]
    assert [told[f"codes_{n}"] for n in range(1, 5)] == [19.0, 15.0, 11.0, 7.0]
    assert (told["nats"], told["tokens"]) == (28.0, 52.0)
    assert isinstance(told, Mapping)
