"""OpenAI's protocol over bundles that transcribe, with the official client, and what it refuses."""

from __future__ import annotations

import base64
import io
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile
from starlette.testclient import TestClient

import burnish
from burnish.server.app import create
from burnish.server.settings import Settings
from tests import speech_bundles
from tests.integration.serving import serving
from tests.sound_cases import sound

PLACE = "/v1/audio/transcriptions"
RATE = speech_bundles.RATE
LONG = 4.3
"""Seconds of a recording of five windows of a second."""


def wav(seconds: float, seed: int = 0, rate: int = RATE) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, sound(seed, seconds, rate), rate, format="WAV")
    return file.getvalue()


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Whisper with natural windows of a second, and an encoder with frames."""
    folder = tmp_path_factory.mktemp("speech")
    kinds = {"whisper": "natural", "spelt": "wav2vec2"}
    return {name: speech_bundles.speech_bundle(folder / name, kind, seconds=1.0) for name, kind in kinds.items()}


@pytest.fixture(scope="module")
def client(bundles: dict[str, Path]) -> Iterator[TestClient]:
    app = create(Settings(bundles=[f"{name}@1={path}" for name, path in bundles.items()], deadline=60))
    with TestClient(app) as found:
        yield found


def expected(bundle: Path, data: bytes) -> str:
    return str(burnish.load(bundle)({"audio": data}).answer)


def post(client: TestClient, data: bytes | None, **fields: Any) -> Any:
    files = {} if data is None else {"file": ("a.wav", data, "audio/wav")}
    return client.post(PLACE, files=files or {"x": ""}, data={"model": "whisper", **fields})


@pytest.mark.parametrize("name", ["whisper", "spelt"])
@pytest.mark.parametrize("seconds", [0.6, LONG])
def test_the_transcript_is_that_of_the_predictor(
    client: TestClient, bundles: dict[str, Path], name: str, seconds: float
) -> None:
    data = wav(seconds)
    whole = expected(bundles[name], data)
    assert whole
    said = post(client, data, model=name)
    assert said.status_code == 200, said.text
    assert said.json() == {"text": whole, "usage": {"type": "duration", "seconds": int(np.ceil(seconds))}}
    assert post(client, data, model=f"{name}@1", response_format="text").text == whole + "\n"
    asked = client.post("/models/whisper/predict", content=data, headers={"Content-Type": "audio/wav"})
    assert asked.json()["answer"] == expected(bundles["whisper"], data)


def test_files_and_base64_are_answered_by_predict(client: TestClient, bundles: dict[str, Path]) -> None:
    one, other = wav(0.5), wav(0.9, 1)
    answers = [expected(bundles["whisper"], data) for data in (one, other)]
    form = client.post("/predict", files=[("file", ("a.wav", one)), ("file", ("b.wav", other))]).json()
    assert [answer["answer"] for answer in form["answers"]] == answers
    rows = [{"audio": {"base64": base64.b64encode(data).decode()}} for data in (one, other)]
    assert [answer["answer"] for answer in client.post("/predict", json=rows).json()["answers"]] == answers


@pytest.mark.parametrize("name", ["whisper", "spelt"])
def test_segments_and_subtitles_are_the_whole_in_order(client: TestClient, name: str) -> None:
    data = wav(LONG)
    verbose = post(client, data, model=name, response_format="verbose_json").json()
    assert (verbose["task"], verbose["duration"]) == ("transcribe", LONG)
    segments = verbose["segments"]
    assert " ".join(one["text"] for one in segments).split() == verbose["text"].split()
    assert all(0 <= one["start"] <= one["end"] <= LONG + 0.02 for one in segments)
    assert all(one["end"] <= other["start"] + 1e-6 for one, other in pairwise(segments))
    subtitles = post(client, data, model=name, response_format="srt").text.split("\n\n")
    assert [block.splitlines()[2] for block in subtitles] == [one["text"] for one in segments]
    assert subtitles[0].splitlines()[1] == " --> ".join(clock(segments[0][side]) for side in ("start", "end"))
    vtt = post(client, data, model=name, response_format="vtt")
    assert vtt.headers["content-type"].startswith("text/vtt")
    assert vtt.text.startswith("WEBVTT\n\n00:00:00.")


def clock(seconds: float) -> str:
    """As SubRip writes times below a minute."""
    return f"00:00:{seconds:06.3f}".replace(".", ",")


def test_recordings_cut_at_pauses_keep_their_times(tmp_path: Path) -> None:
    """Windows do not overlap then, and stretches in which nobody speaks belong to none."""
    bundle = speech_bundles.speech_bundle(tmp_path / "paused", "natural", seconds=1.0, pauses=True)
    file, quiet = io.BytesIO(), np.zeros(2 * RATE, np.float32)
    whole = np.concatenate([sound(1, 0.7, RATE), quiet, sound(2, 0.8, RATE), quiet])
    soundfile.write(file, whole, RATE, format="WAV")
    with TestClient(create(Settings(bundles=[f"whisper={bundle}"], deadline=60))) as paused:
        told = post(paused, file.getvalue(), response_format="verbose_json").json()
        assert told["text"] == expected(bundle, file.getvalue())
        assert told["duration"] == 5.5
        early = [one for one in told["segments"] if one["end"] < 1.6]
        late = [one for one in told["segments"] if 2.2 < one["start"] < one["end"] < 4.6]
        assert early
        assert late
        assert [*early, *late] == told["segments"]
        streamed = events(post(paused, file.getvalue(), stream="true"))
        assert streamed[0]["delta"] == early[0]["text"]
        assert "".join(one["delta"] for one in streamed[:-1]) == told["text"]


@pytest.mark.parametrize("name", ["whisper", "spelt"])
def test_words_have_their_times(client: TestClient, name: str) -> None:
    """By what Whisper looks at, or by the frames of CTC; in order, inside their segments, and all of the text."""
    asked = {"response_format": "verbose_json", "timestamp_granularities[]": ["word", "segment"]}
    for seconds in (0.8, LONG):
        told = post(client, wav(seconds), model=name, **asked).json()
        words = told["words"]
        assert [word["word"] for word in words] == told["text"].split()
        assert all(0 <= word["start"] <= word["end"] <= seconds + 0.02 for word in words)
        assert all(one["end"] <= other["start"] + 1e-6 for one, other in pairwise(words))
        assert all(0 < word["confidence"] <= 1 for word in words)
        assert told["segments"][0]["start"] == words[0]["start"]
        assert told["segments"][-1]["end"] == words[-1]["end"]


def events(response: Any) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data: ") for line in response.text.splitlines() if line]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


def test_pieces_make_the_transcript(client: TestClient, bundles: dict[str, Path]) -> None:
    data = wav(LONG)
    told = events(post(client, data, stream="true"))
    whole = expected(bundles["whisper"], data)
    assert "".join(one["delta"] for one in told if one["type"] == "transcript.text.delta") == whole
    assert told[-1]["type"] == "transcript.text.done"
    assert told[-1]["text"] == whole
    verbose = events(post(client, data, stream="true", response_format="verbose_json"))
    progress = [one for one in verbose if one["type"] == "transcript.progress"]
    assert [one["windows"] for one in progress] == list(range(1, progress[0]["of"] + 1))
    assert progress[-1]["seconds"] == progress[-1]["duration"] == LONG
    assert verbose[-1]["segments"]


def test_the_official_client(client: TestClient, bundles: dict[str, Path]) -> None:
    openai = pytest.importorskip("openai", reason="the openai package is not installed")
    official = openai.OpenAI(api_key="none", base_url="http://testserver/v1", http_client=client, max_retries=0)
    data = wav(LONG)
    whole = expected(bundles["whisper"], data)
    create_ = official.audio.transcriptions.create
    asked = {"model": "whisper", "file": ("a.wav", data)}
    assert {model.id for model in official.models.list()} == {"whisper", "spelt"}
    assert create_(**asked).text == whole
    assert create_(**asked, response_format="text") == whole + "\n"
    verbose = create_(**asked, response_format="verbose_json", timestamp_granularities=["segment"])
    assert verbose.duration == LONG
    assert verbose.segments[0].start == 0
    told = list(create_(**asked, stream=True))
    assert "".join(one.delta for one in told if one.type == "transcript.text.delta") == told[-1].text == whole
    with pytest.raises(openai.NotFoundError, match="there is no model"):
        create_(model="other", file=("a.wav", data))
    with pytest.raises(openai.BadRequestError, match="cannot be read"):
        create_(model="whisper", file=("a.wav", b"no sound" * 99))


@pytest.mark.parametrize(
    ("fields", "status", "param", "words"),
    [
        ({"language": "de"}, 400, "language", "writes 'en'"),
        ({"language": "xx"}, 400, "language", "'xx' is asked for"),
        ({"model": "spelt", "language": "english!"}, 400, "language", "no code"),
        ({"model": ""}, 400, "model", "missing"),
        ({"model": "other"}, 404, "model", "there is no model"),
        ({"prompt": "Harbour, ferry"}, 400, "prompt", "not read"),
        ({"temperature": "0.4"}, 400, "temperature", "as the model was tested"),
        ({"temperature": "hot"}, 400, "temperature", "no number"),
        ({"response_format": "xml"}, 400, "response_format", "none of json"),
        ({"response_format": "srt", "stream": "true"}, 400, "stream", "not streamed"),
        ({"stream": "perhaps"}, 400, "stream", "neither"),
        ({"timestamp_granularities[]": "word"}, 400, "timestamp_granularities", "verbose_json"),
        ({"timestamp_granularities[]": "letter"}, 400, "timestamp_granularities", "none of word"),
        ({"include[]": "logprobs"}, 400, "include", "not given"),
        ({"known_speaker_names[]": "me"}, 400, "known_speaker_names", "not told apart"),
        ({"chunking_strategy": '{"type": "server_vad"}'}, 400, "chunking_strategy", "windows"),
        ({"zebra": "1"}, 400, "zebra", "not known"),
    ],
)
def test_what_is_not_done_is_refused(
    client: TestClient, fields: dict[str, str], status: int, param: str, words: str
) -> None:
    response = post(client, wav(0.4), **fields)
    assert response.status_code == status
    error = response.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert error["param"] == param
    assert words in error["message"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"no sound" * 100, "not a sound"),
        (wav(1.0)[:2000], "sound"),
        (None, "one file is expected"),
    ],
)
def test_files_that_are_no_recording(client: TestClient, data: bytes | None, words: str) -> None:
    response = post(client, data)
    assert response.status_code == 400
    assert words in response.json()["error"]["message"]


def test_what_is_harmless_is_accepted(client: TestClient) -> None:
    response = post(client, wav(0.4), language="EN", temperature="0", prompt="", chunking_strategy="auto", user="me")
    assert response.status_code == 200, response.text
    assert post(client, wav(0.4), model="spelt", language="fr").status_code == 200


def test_recordings_that_are_too_long_or_too_large(bundles: dict[str, Path]) -> None:
    app = create(Settings(bundles=[f"whisper={bundles['whisper']}"], max_seconds=2, max_body=200_000))
    with TestClient(app) as small:
        long = post(small, wav(3.0, rate=8000))
        assert long.status_code == 400
        assert "too large: 3 seconds" in long.json()["error"]["message"]
        large = post(small, wav(9.0))
        assert large.status_code == 413
        assert "more than 200,000 bytes" in large.json()["error"]["message"]


def test_other_bodies_are_refused(client: TestClient) -> None:
    response = client.post(PLACE, json={"model": "whisper"})
    assert response.status_code == 415
    assert "multipart/form-data" in response.json()["error"]["message"]
    assert client.get(PLACE).status_code == 405
    assert client.post("/v1/audio/translations").status_code == 404


@pytest.mark.slow
def test_many_at_once_are_each_what_they_are_alone(client: TestClient, bundles: dict[str, Path]) -> None:
    files = [wav(0.3 + 0.17 * (seed % 7), seed) for seed in range(12)]
    alone = [expected(bundles["whisper"], data) for data in files]
    with ThreadPoolExecutor(12) as threads:
        said = list(threads.map(lambda data: post(client, data).json()["text"], files))
    assert said == alone


def test_what_was_heard_is_counted(client: TestClient) -> None:
    post(client, wav(0.5))
    text = client.get("/metrics").text
    assert 'burnish_heard_seconds_total{model="whisper",version="1"}' in text
    assert "burnish_real_time_factor_bucket" in text


@pytest.mark.slow
def test_a_client_that_leaves_is_not_transcribed_for(bundles: dict[str, Path], tmp_path: Path) -> None:
    """What of its windows was not begun is dropped, and the next client is answered."""
    with serving(tmp_path / "log", f"whisper@1={bundles['whisper']}", "--max-body", "40") as server:
        address = server.wait_ready().address
        long = wav(240.0)
        asked = {"data": {"model": "whisper", "stream": "true"}, "files": {"file": ("a.wav", long)}}
        with httpx.stream("POST", f"{address}{PLACE}", timeout=60, **asked) as response:
            assert response.status_code == 200
        deadline = time.monotonic() + 60
        while "burnish_queue_rows{" in (text := httpx.get(f"{address}/metrics").text):
            (line,) = [one for one in text.splitlines() if one.startswith("burnish_queue_rows{")]
            if line.endswith(" 0.0"):
                break
            assert time.monotonic() < deadline
            time.sleep(0.1)
        short = {"data": {"model": "whisper"}, "files": {"file": ("a.wav", wav(0.5))}}
        said = httpx.post(f"{address}{PLACE}", timeout=60, **short).json()
        assert said["text"] == expected(bundles["whisper"], wav(0.5))
        heard = [one for one in httpx.get(f"{address}/metrics").text.splitlines() if "heard_seconds_total{" in one]
        assert float(heard[0].rpartition(" ")[2]) == pytest.approx(0.5)
