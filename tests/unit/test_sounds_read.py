"""Every format of sound ends as the same kind of numbers, and what is no sound is named."""

from __future__ import annotations

import io
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from burnish.core.errors import InputError
from burnish.inputs.audio import Audio
from burnish.media.sound.files import _Bytes
from burnish.media.sound.reading import LISTENED, at_rate, decoded, looked_at, looks_like_sound
from tests.sound_cases import save, sound

SETTINGS: dict[str, Any] = {"features": "log_mel", "sampling_rate": 8000, "seconds": 0.5, "mels": 32}


def written(waveform: Any, form: str, rate: int = 8000, **options: Any) -> bytes:
    """A sound as the bytes of a file."""
    stream = io.BytesIO()
    soundfile.write(stream, waveform, rate, format=form, **options)
    return stream.getvalue()


LOSSLESS = [
    ("WAV", "PCM_16"),
    ("WAV", "PCM_24"),
    ("WAV", "FLOAT"),
    ("WAV", "DOUBLE"),
    ("FLAC", "PCM_16"),
    ("AIFF", "PCM_16"),
]


@pytest.mark.parametrize(("form", "subtype"), LOSSLESS)
def test_lossless_formats_give_the_samples(form: str, subtype: str) -> None:
    waveform = sound(1)
    found, rate = decoded(written(waveform, form, subtype=subtype))
    assert rate == 8000
    np.testing.assert_allclose(found, waveform, atol=1e-4)


@pytest.mark.parametrize(
    ("form", "subtype"), [("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III"), ("WAV", "ULAW")]
)
def test_lossy_formats_sound_alike(form: str, subtype: str) -> None:
    """Bands of the log-mel differ little in what is loud."""
    waveform = sound(2, 0.5, 16000)
    data = written(waveform, form, 16000, subtype=subtype)
    processor = Audio(**{**SETTINGS, "normalisation": "none"}).processor(Path("."))
    ours, theirs = (
        processor.numbers(at_rate(data, 8000)[:4000]),
        processor.numbers(at_rate(written(waveform, "WAV", 16000), 8000)),
    )
    loud = theirs > np.quantile(theirs, 0.8)
    assert np.abs(ours - theirs)[loud].mean() < 1.0
    assert looks_like_sound(data)


def test_channels_are_averaged_and_rates_resampled() -> None:
    left, right = sound(1), sound(2)
    data = written(np.stack([left, right], axis=1), "WAV", subtype="FLOAT")
    np.testing.assert_allclose(decoded(data)[0], (left + right) / 2, atol=1e-6)
    assert len(at_rate(data, 16000)) == 2 * len(left)
    assert looked_at(data)["channels"] == 2


def broken() -> dict[str, bytes]:
    """Bytes that are no whole sound, by what is said of them."""
    waveform, whole = sound(1), written(sound(1), "WAV")
    return {
        "empty": b"",
        "not a sound": b"hello, this is no sound at all" * 9,
        "cut off": whole[: len(whole) // 2],
        "no samples": written(np.zeros(0, np.float32), "WAV"),
        "not finite": written(np.array([0.1, np.nan, 0.2], np.float32), "WAV", subtype="FLOAT"),
        "": written(waveform, "FLAC")[:2000],
        "cut off: ": written(waveform, "MP3")[:900],
    }


@pytest.mark.parametrize("words", list(broken()))
def test_what_is_no_sound_is_named(words: str, tmp_path: Path) -> None:
    data = broken()[words]
    problem = looked_at(data)
    assert set(problem) == {"problem"}
    assert words in problem["problem"]
    path = tmp_path / "broken.wav"
    path.write_bytes(data)
    made = Audio(**SETTINGS)
    with pytest.raises(InputError) as error:
        made.encode([{"audio": str(path)}], made.processor(tmp_path))
    assert "broken.wav" in str(error.value)


def test_what_people_listen_to_is_what_the_network_hears(tmp_path: Path) -> None:
    """At its rate, and of a long sound the beginning."""
    made = Audio(**SETTINGS)
    processor = made.processor(tmp_path)
    row = {"audio": written(np.tile(sound(1, 1.0), 12), "WAV")}
    heard, rate = decoded(made.sounded(row, processor))
    assert (rate, len(heard)) == (processor.sampling_rate, LISTENED * processor.sampling_rate)
    np.testing.assert_allclose(heard, np.clip(made.heard(row, processor), -1, 1)[: len(heard)], atol=1e-4)


def test_a_wav_that_was_piped_has_no_length_and_is_whole() -> None:
    data = bytearray(written(sound(1), "WAV", subtype="PCM_16"))
    at = data.index(b"data") + 4
    data[at : at + 4] = struct.pack("<I", 0xFFFFFFFF)
    assert "problem" not in looked_at(bytes(data))


def test_facts_of_a_sound() -> None:
    time = np.arange(16000) / 16000
    facts = looked_at(written(np.sin(2 * np.pi * 440 * time), "WAV", 16000, subtype="PCM_16"))
    assert facts["seconds"] == 1.0
    assert facts["sampling_rate"] == 16000
    assert facts["loudness"] == pytest.approx(-3.0, abs=0.05)
    assert facts["peak"] == pytest.approx(0.0, abs=0.01)
    assert looked_at(written(np.clip(2 * np.sin(2 * np.pi * 440 * time), -1, 1), "WAV"))["clipped"] > 0.3
    assert looked_at(written(np.zeros(800), "WAV"))["loudness"] < -100
    # Equal only where the network is given the same: not for another rate, but for another container of the same samples.
    samples = (sound(1) * 32767).astype(np.int16)
    assert looked_at(written(samples, "WAV"))["content"] == looked_at(written(samples, "FLAC"))["content"]
    assert looked_at(written(samples, "WAV"))["content"] != looked_at(written(samples, "WAV", 16000))["content"]


def test_paths_bytes_and_samples_are_the_same_row(tmp_path: Path) -> None:
    path = save(sound(1), tmp_path / "a.wav", subtype="FLOAT")
    made = Audio(root=str(tmp_path), **SETTINGS)
    processor = made.processor(tmp_path)
    cells: list[Any] = [
        "a.wav",
        str(path),
        path.read_bytes(),
        {"bytes": path.read_bytes(), "path": "elsewhere.wav"},
        {"bytes": None, "path": "a.wav"},
        {"array": sound(1), "sampling_rate": 8000, "path": None},
        {"array": sound(1).tolist(), "sampling_rate": 8000},
        {"array": np.stack([sound(1)] * 2), "sampling_rate": 8000},
    ]
    assert all(looks_like_sound(cell) for cell in cells)
    first, *others = [e["pixel_values"] for e in made.encode([{"audio": cell} for cell in cells], processor)]
    for own in others:
        np.testing.assert_allclose(own, first, atol=1e-4)
    rows = [{"audio": cell, "label": "x"} for cell in cells]
    found = made.inferred(["audio", "label"], rows, "label")
    assert found is not None
    portable = json.loads(json.dumps([made.portable(row) for row in rows]))
    np.testing.assert_allclose(made.encode(portable, processor)[5]["pixel_values"], first, atol=1e-4)


@pytest.mark.parametrize(
    "cell",
    [
        None,
        "",
        {"path": None, "bytes": None},
        5,
        {"array": [], "sampling_rate": 8000},
        {"array": ["a"], "sampling_rate": 8000},
    ],
)
def test_a_cell_without_a_sound_is_an_error(cell: Any, tmp_path: Path) -> None:
    made = Audio(**SETTINGS)
    with pytest.raises(InputError):
        made.encode([{"audio": cell}], made.processor(tmp_path))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"seconds": None}, "seconds"),
        ({"normalisation": "fixed"}, "mean"),
        ({"mean": 1.0, "std": 2.0}, "fixed"),
        ({"seconds": 0.01}, "frame"),
    ],
)
def test_settings_that_do_not_go_together(settings: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words):
        Audio(**{**SETTINGS, **settings}).processor(tmp_path)


def test_a_checkpoint_is_not_contradicted(tmp_path: Path) -> None:
    stated = {"feature_extractor_type": "WhisperFeatureExtractor", "sampling_rate": 16000, "chunk_length": 30}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(stated))
    assert Audio(seconds=5).processor(tmp_path).numbers(sound(1, 1, 16000)).shape == (80, 3000)
    for settings, words in (
        ({"sampling_rate": 8000}, "trained with 16000"),
        ({"seconds": 31}, "at most 30"),
        ({"features": "log_mel"}, "trained with 'whisper'"),
    ):
        with pytest.raises(InputError, match=words):
            Audio(**settings).processor(tmp_path)  # type: ignore[arg-type]
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({"feature_extractor_type": "ClapFeatureExtractor"}))
    with pytest.raises(InputError, match="ClapFeatureExtractor"):
        Audio().processor(tmp_path)


def test_training_hears_a_long_sound_part_by_part(tmp_path: Path) -> None:
    """A random view in each epoch, a function of the seed; evaluation takes all views, or the middle one."""
    from burnish.data.augmentations.none import NoAugmentation

    path = str(save(sound(4, 3.0), tmp_path / "long.wav"))
    made = Audio(**{**SETTINGS, "normalisation": "none"})
    processor = made.processor(tmp_path)
    rows = [{"audio": path}]
    views = [v["pixel_values"] for v in next(iter(made.views(rows, processor)))]
    assert len(views) == 11
    middle = made.encode(rows, processor)[0]["pixel_values"]
    assert any(np.array_equal(middle, view) for view in views)
    drawn = [made.augmented(rows, processor, NoAugmentation(), [seed])[0]["pixel_values"] for seed in range(12)]
    again = made.augmented(rows, processor, NoAugmentation(), [7])[0]["pixel_values"]
    np.testing.assert_array_equal(again, drawn[7])
    assert len({d.tobytes() for d in drawn}) == 12


@pytest.mark.parametrize("rate", [2**31 - 1, 15_485_863, 191_999])
def test_a_header_with_a_rate_that_nobody_records_is_refused(rate: int) -> None:
    """A filter from such a rate would take gigabytes: one small file ended a server."""
    data = bytearray(written(sound(1), "WAV"))
    data[24:28] = struct.pack("<I", rate)
    with pytest.raises(InputError, match=f"{rate:,} samples a second"):
        at_rate(bytes(data), 16000)


@pytest.mark.parametrize("rate", [8000, 11_127, 44_100, 44_056, 47_999, 96_000, 192_000, 384_000])
def test_rates_that_are_recorded_are_read(rate: int) -> None:
    assert abs(len(at_rate(written(sound(1, 0.25, rate), "WAV", rate), 16000)) - 4000) <= 1


def test_a_file_that_points_before_its_beginning_is_said_without_a_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    """libsndfile asks for such a place in broken files; what fails in its callbacks would be printed."""
    stream = _Bytes(b"RIFF")
    assert stream.seek(-1) == 0
    assert stream.seek(2) == 2
    assert stream.seek(0, io.SEEK_END) == 4
    with pytest.raises(InputError):
        decoded(b"RIFF\xff\xff\xff\xffWAVEfmt " + bytes(12))
    assert "Traceback" not in capfd.readouterr().err
