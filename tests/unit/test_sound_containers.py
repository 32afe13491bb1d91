"""M4A, AAC, MP4 and WebM: read by PyAV where it is installed, and where it is not, refused with what to install."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from burnish.core.errors import InputError
from burnish.inputs.audio import Audio
from burnish.media.sound import containers, files, reading
from burnish.media.sound.containers import container_of
from burnish.media.sound.reading import at_rate, decoded, look_version, looked_at, looks_like_sound
from burnish.server.limits import check_file
from burnish.server.settings import Settings

RATE = 16000
JUNK = {
    "m4a": b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00" + bytes(100),
    "aac": b"\xff\xf1\x50\x80" + bytes(100),
    "webm": b"\x1aE\xdf\xa3" + bytes(100),
}
LAYOUTS = [
    ("mp4", "aac", RATE, "mono", False),
    ("ipod", "aac", 44100, "stereo", False),
    ("adts", "aac", RATE, "mono", False),
    ("webm", "libopus", 48000, "mono", False),
    ("matroska", "aac", RATE, "mono", True),
    ("mp4", "aac", RATE, "stereo", True),
]


def tone(seconds: float, rate: int) -> Any:
    return (0.3 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def written(
    form: str, codec: str, rate: int = RATE, layout: str = "mono", video: bool = False, seconds: float = 1.0
) -> bytes:
    """A tone as such a file; of stereo only the left channel sounds."""
    av = pytest.importorskip("av", reason="PyAV is not installed (pip install 'burnish[video]')")
    stream = io.BytesIO()
    left = tone(seconds, rate)
    channels = [left] if layout == "mono" else [left, np.zeros_like(left)]
    with av.open(stream, "w", format=form) as file:
        out = file.add_stream(codec, rate=rate, layout=layout)
        if video:
            pictures = file.add_stream("mpeg4", rate=5)
            pictures.width = pictures.height = 32
            pictures.pix_fmt = "yuv420p"
            for _ in range(5):
                file.mux(pictures.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")))
            file.mux(pictures.encode(None))
        for at in range(0, len(left), 1024):
            frame = av.AudioFrame.from_ndarray(
                np.stack([c[at : at + 1024] for c in channels]), format="fltp", layout=layout
            )
            frame.sample_rate, frame.pts = rate, at
            file.mux(out.encode(frame))
        file.mux(out.encode(None))
    return stream.getvalue()


@pytest.fixture
def without_av(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (containers, files, reading):
        monkeypatch.setattr(module, "readable", lambda: False)


@pytest.mark.parametrize("kind", JUNK)
@pytest.mark.usefixtures("without_av")
def test_without_pyav_it_is_said_what_to_install(kind: str, tmp_path: Path) -> None:
    problem = looked_at(JUNK[kind])["problem"]
    assert "which is not read without PyAV; install it (pip install 'burnish[video]'), or convert it: ffmpeg" in problem
    (tmp_path / "a").write_bytes(JUNK[kind])
    made = Audio(root=str(tmp_path), features="log_mel", sampling_rate=8000, seconds=1)
    with pytest.raises(InputError, match=r"a: the sound cannot be read: .*PyAV"):
        made.encode([{"audio": "a"}], made.processor(tmp_path))


def test_what_was_found_without_pyav_is_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that could not be read is looked at again once PyAV is installed."""
    monkeypatch.setattr(containers, "readable", lambda: False)
    before = look_version()
    assert "PyAV" not in before
    monkeypatch.undo()
    assert (look_version() != before) == containers.readable()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_first_sound_is_read(layout: tuple[str, str, int, str, bool]) -> None:
    """At its own rate, channels averaged: the tone is there, half as loud where the other channel is silent."""
    form, codec, rate, channels, video = layout
    data = written(form, codec, rate, channels, video)
    waveform, found = decoded(data)
    assert found == rate
    assert waveform.dtype == np.float32
    assert abs(len(waveform) / rate - 1.0) < 0.1
    spectrum = np.abs(np.fft.rfft(waveform[: rate // 2]))
    assert abs(int(spectrum.argmax()) * 2 - 440) <= 4
    size = 0.3 if channels == "mono" else 0.15
    assert np.abs(waveform[rate // 4 : rate // 2]).max() == pytest.approx(size, rel=0.15)
    facts = looked_at(data)
    assert facts["channels"] == (1 if channels == "mono" else 2)
    assert facts["format"] in ("MP4", "WEBM", "AAC")
    assert looks_like_sound(data)
    assert len(at_rate(data, 8000)) == pytest.approx(len(waveform) * 8000 / rate, abs=2)


def test_the_server_bounds_them_before_they_are_decoded() -> None:
    """Also those whose header says no length, as browsers record them."""
    for form, codec, rate in (("mp4", "aac", RATE), ("adts", "aac", RATE), ("webm", "libopus", 48000)):
        data = written(form, codec, rate, seconds=3.0)
        check_file(data, Audio(), "sound", Settings(bundles=["x"], max_seconds=4))
        with pytest.raises(InputError, match="the sound is too large"):
            check_file(data, Audio(), "sound", Settings(bundles=["x"], max_seconds=2))


def test_more_sound_than_its_packets_say_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = written("mp4", "aac", seconds=3.0)
    monkeypatch.setattr(containers, "container_seconds", lambda *_: 1.0)
    assert "more sound than the 1.0 s that its packets say" in looked_at(data)["problem"]


def test_long_sounds_are_not_decoded_to_their_end(monkeypatch: pytest.MonkeyPatch) -> None:
    data = written("mp4", "aac", seconds=3.0)
    monkeypatch.setattr(reading, "_SAMPLES", RATE)
    assert "too long to be opened safely" in looked_at(data)["problem"]


@pytest.mark.parametrize("kind", JUNK)
def test_broken_ones_are_said_to_be_broken(kind: str) -> None:
    pytest.importorskip("av", reason="PyAV is not installed")
    problem = looked_at(JUNK[kind])["problem"]
    assert any(words in problem for words in ("cannot be read", "broken", "without sound", "no samples")), problem


def test_a_file_that_is_cut_off_is_no_whole_sound() -> None:
    """Of MP4 the index is lost with its end."""
    data = written("mp4", "aac", seconds=3.0)
    assert set(looked_at(data[: len(data) // 2])) == {"problem"}


def test_a_video_without_sound_is_said_to_be_one() -> None:
    av = pytest.importorskip("av", reason="PyAV is not installed")
    stream = io.BytesIO()
    with av.open(stream, "w", format="mp4") as file:
        pictures = file.add_stream("mpeg4", rate=5)
        pictures.width = pictures.height = 32
        pictures.pix_fmt = "yuv420p"
        file.mux(pictures.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")))
        file.mux(pictures.encode(None))
    assert "without sound" in looked_at(stream.getvalue())["problem"]


@pytest.mark.parametrize("brand", [b"heic", b"avif", b"mif1"])
def test_pictures_in_the_same_container_are_no_sounds(brand: bytes) -> None:
    data = b"\x00\x00\x00\x18ftyp" + brand + b"\x00\x00\x00\x00mif1heic" + bytes(64)
    assert container_of(data) is None
    assert not looks_like_sound(data)
    assert not looks_like_sound({"bytes": data, "path": None})


def test_a_playlist_is_no_sound() -> None:
    """FFmpeg opens the files that a playlist names; here only the demuxer of the first bytes is asked."""
    for text in ("#EXTM3U\n#EXTINF:1,\n/etc/passwd\n", "ffconcat version 1.0\nfile /etc/passwd\n"):
        assert container_of(text.encode()) is None
        assert "not a sound" in looked_at(text.encode())["problem"]
