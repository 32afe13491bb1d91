"""/explain beside /predict: what each part of a row did for its answer, within the same limits as an answer."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import burnish
from burnish.answering.predictor import PreparedRow
from burnish.core.answer import Answer
from burnish.server.app import create
from burnish.server.batcher import Batcher
from burnish.server.explaining import explained
from burnish.server.limits import Bodies
from burnish.server.refusal import Refused
from burnish.server.served import Served
from burnish.server.settings import KEYS, Settings
from tests.integration import tiny_runs
from tests.integration.serving_bundles import picture_bundle, sound_bundle

Trained = Callable[..., Path]
TEXT = "my broken parcel near me"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("files")
    return {"pictures": picture_bundle(folder / "pictures"), "sounds": sound_bundle(folder / "sounds")}


@pytest.fixture(scope="module")
def client(trained: Trained, files: dict[str, Path]) -> Iterator[TestClient]:
    tasks = [f"{task}@1={trained(task)}" for task in tiny_runs.TASKS]
    more = [f"{name}@1={path}" for name, path in files.items()]
    settings = Settings(bundles=[*tasks, *more], max_parts=16, max_rows=8, max_body=200_000, max_pixels=10_000)
    with TestClient(create(settings)) as found:
        yield found


def row_of(task: str) -> dict[str, Any]:
    row = tiny_runs.rows(task)[7]
    return {k: v for k, v in row.items() if k not in ("id", "label", "labels", "score", "tags")}


@pytest.mark.parametrize("task", [t for t in tiny_runs.TASKS if t != "tags"])
def test_explanations_are_those_of_the_predictor(client: TestClient, trained: Trained, task: str) -> None:
    row = row_of(task)
    expected = burnish.load(trained(task)).explain(row, parts=16)
    answer = client.post(f"/models/{task}/predict", json=row).json()
    for address in (f"/models/{task}/explain", f"/models/{task}/versions/1/explain"):
        found = client.post(address, json=row)
        assert found.status_code == 200, found.text
        body = found.json()
        assert {n: v for n, v in body.items() if n in ("model", "version")} == {"model": task, "version": "1"}
        close = isinstance(answer["answer"], float)
        assert body["answer"] == (pytest.approx(answer["answer"], abs=1e-5) if close else answer["answer"])
        assert body["probabilities"] == pytest.approx(answer["probabilities"], abs=1e-5)
        assert body["parts"] == list(expected.parts)
        assert body["effects"].keys() == expected.effects.keys()
        for name, effects in body["effects"].items():
            assert effects == pytest.approx(expected.effects[name], abs=2e-5)
            assert len(effects) == len(body["parts"])


def test_an_effect_is_the_difference_of_two_answers(client: TestClient) -> None:
    whole = client.post("/explain", json=TEXT).json()
    assert [p["text"] for p in whole["parts"]] == ["my ", "broken ", "parcel ", "near ", "me"]
    name = whole["answer"]
    for part, effect in zip(whole["parts"], whole["effects"][name], strict=True):
        left = (TEXT[: part["start"]] + TEXT[part["end"] :]).strip()
        other = client.post("/predict", json=left).json()["probabilities"][name]
        assert effect == pytest.approx(whole["probabilities"][name] - other, abs=2e-5)
    assert max(map(abs, whole["effects"][name])) > 0.01


def test_files_in_every_form(client: TestClient, files: dict[str, Path]) -> None:
    for name, kind, column in (("pictures", "image/png", "image"), ("sounds", "audio/wav", "audio")):
        golden = burnish.Bundle.load(files[name]).golden()[0]
        data = base64.b64decode(golden["example"][column]["base64"])
        expected = burnish.load(files[name]).explain(golden["example"], parts=16)
        forms: list[dict[str, Any]] = [
            {"json": golden["example"]},
            {"content": data, "headers": {"content-type": kind}},
            {"files": {"file": ("a", data)}},
        ]
        for form in forms:
            found = client.post(f"/models/{name}/explain", **form)
            assert found.status_code == 200, found.text
            assert found.json()["answer"] == golden["answer"]
            assert found.json()["parts"] == list(expected.parts)
            assert found.json()["effects"][golden["answer"]] == pytest.approx(
                expected.effects[golden["answer"]], abs=2e-5
            )
    assert len(client.post("/models/pictures/explain", **forms[0]).json().get("parts", [])) == 0  # a sound: refused


BAD: list[tuple[int, str, str, dict[str, Any]]] = [
    (422, "label", "one example is explained at a time", {"json": [TEXT]}),
    (422, "label", "one example is explained at a time", {"json": {"rows": [TEXT, TEXT]}}),
    (422, "label", "there is no word", {"json": "  "}),
    (422, "label", "'text' is missing", {"json": {}}),
    (413, "label", "at most 8", {"json": ["a"] * 9}),
    (400, "label", "not JSON", {"content": b"{"}),
    (413, "label", "200,000 bytes", {"content": b" " * 300_000}),
    (415, "label", "not read", {"content": b"<a/>", "headers": {"content-type": "application/xml"}}),
    (422, "tags", "predictions for each word are not explained", {"json": {"words": "my parcel"}}),
    (422, "pictures", "cannot be read", {"content": b"GIF89a", "headers": {"content-type": "image/png"}}),
    (422, "pictures", "one example is explained", {"files": [("file", ("a", b"x")), ("file", ("b", b"x"))]}),
    (422, "sounds", "cannot be read", {"content": b"RIFF", "headers": {"content-type": "audio/wav"}}),
]


@pytest.mark.parametrize(("status", "model", "words", "request_"), BAD)
def test_bad_requests_say_what_is_wrong(
    client: TestClient, status: int, model: str, words: str, request_: dict[str, Any]
) -> None:
    found = client.post(f"/models/{model}/explain", **request_)
    assert (found.status_code, words in found.json()["error"]) == (status, True), found.text
    assert found.json()["request_id"] == found.headers["x-request-id"]


def plain_picture(mode: str, side: int) -> dict[str, Any]:
    """A request with a picture that is small as a file."""
    import io

    from PIL import Image

    file = io.BytesIO()
    Image.new(mode, (side, side)).save(file, "PNG")
    return {"content": file.getvalue(), "headers": {"content-type": "image/png"}}


def test_a_picture_too_large_to_be_opened_is_not(client: TestClient) -> None:
    found = client.post("/models/pictures/explain", **plain_picture("1", 200))
    assert (found.status_code, "too large" in found.text) == (422, True)


def test_what_is_decoded_counts_as_held(files: dict[str, Path]) -> None:
    with TestClient(create(Settings(bundles=[str(files["pictures"])], max_held=50_000))) as client:
        assert client.post("/explain", **plain_picture("RGB", 100)).status_code == 200
        assert client.post("/predict", **plain_picture("RGB", 200)).status_code == 200
        found = client.post("/explain", **plain_picture("RGB", 200))
        assert (found.status_code, "decoded it takes" in found.text) == (413, True), found.text


def test_long_recordings_have_fewer_parts_or_none(files: dict[str, Path], tmp_path: Path) -> None:
    import io

    import numpy as np
    import soundfile

    def sound(seconds: float) -> dict[str, Any]:
        file = io.BytesIO()
        soundfile.write(file, np.random.default_rng(0).normal(0, 0.1, int(8000 * seconds)), 8000, format="WAV")
        return {"content": file.getvalue(), "headers": {"content-type": "audio/wav"}}

    with TestClient(create(Settings(bundles=[str(files["sounds"])], max_parts=10))) as client:
        assert len(client.post("/explain", **sound(1.2)).json()["parts"]) == 10
        assert 4 <= len(client.post("/explain", **sound(2.8)).json()["parts"]) < 10  # views of 0.4 s, half overlapping
        found = client.post("/explain", **sound(30))
        assert (found.status_code, "too long to be explained" in found.text) == (422, True), found.text
        assert client.post("/predict", **sound(30)).status_code == 200


def test_described_with_examples_and_on_the_list(client: TestClient, trained: Trained) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    operation = paths["/models/label/versions/1/explain"]["post"]
    golden = burnish.Bundle.load(trained("label")).golden()
    shown = operation["requestBody"]["content"]["application/json"]["examples"]
    assert [e["value"] for e in shown.values()] == [g["example"] for g in golden[:5]]
    assert "not explained" in paths["/models/tags/explain"]["post"]["description"]
    listed = {m["name"]: m for m in client.get("/models").json()["models"]}
    assert (listed["label"]["explain"], listed["label"]["unexplained"]) == ("/models/label/versions/1/explain", "")
    assert (listed["tags"]["explain"], "not explained" in listed["tags"]["unexplained"]) == (None, True)


def test_keys_and_switch(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    own = Settings(bundles=[str(trained("label"))], explanations=False)
    with TestClient(create(own)) as closed:
        assert closed.post("/explain", json=TEXT).status_code == 404
        assert "explain" not in closed.get("/openapi.json").text
        assert closed.get("/models").json()["models"][0]["unexplained"] == "this server explains no predictions"
    monkeypatch.setenv(KEYS, "k" * 32)
    with TestClient(create(Settings(bundles=[str(trained("label"))]))) as locked:
        assert locked.post("/explain", json=TEXT).status_code == 401
        assert locked.post("/explain", json=TEXT, headers={"x-api-key": "k" * 32}).status_code == 200


def test_changed_rows_are_nobodys_answers(client: TestClient, logged: list[logging.LogRecord]) -> None:

    def counted(word: str) -> float:
        lines = client.get("/metrics").text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(word))

    before = counted("burnish_answers_total{answer"), counted('burnish_batch_rows_sum{model="label"')
    assert client.post("/explain", json=TEXT).status_code == 200
    assert counted("burnish_answers_total{answer") == before[0]
    assert counted('burnish_batch_rows_sum{model="label"') == before[1] + 6
    assert counted('burnish_requests_total{route="/explain",status="200"}') >= 1
    assert counted('burnish_queue_rows{model="label"') == 0
    (noted,) = (vars(r) for r in logged if r.getMessage() == "request" and vars(r)["route"] == "/explain")
    assert (noted["model"], noted["rows"], noted["status"]) == ("label", 1, 200)
    assert "parcel" not in json.dumps(noted, default=str)


class Slow:
    """A model that takes its time, and notes the size of each batch."""

    def __init__(self, served: Served, seconds: float) -> None:
        self.answer, self.seconds, self.batches = served.predictor.answer, seconds, list[int]()

    def __call__(self, prepared: Sequence[PreparedRow]) -> list[Answer]:
        self.batches.append(len(prepared))
        time.sleep(self.seconds)
        return self.answer(prepared)


def slowed(client: TestClient, seconds: float, **settings: Any) -> tuple[Served, Slow]:
    """The label model with its batches slowed, and other limits."""
    (served,) = (m for m in client.app.state.models if m.name == "label")  # type: ignore[attr-defined]
    slow = Slow(served, seconds)
    own = served.settings.model_copy(update={"max_batch": 8, "max_parts": 49, **settings})
    batcher = Batcher(slow, 8, own.max_wait, own.max_queue, lambda batch: None)
    return replace(served, batcher=batcher, settings=own), slow


LONG = {"text": "my late parcel " * 40}


def test_others_are_answered_while_an_explanation_is_computed(client: TestClient) -> None:
    """49 parts wait a quarter of a batch at a time: whoever comes in between waits for two batches at most, not for all."""
    served, slow = slowed(client, 0.02)

    async def work() -> tuple[int, int]:
        explaining = asyncio.create_task(explained(served, LONG, Bodies(served.settings)))
        await asyncio.sleep(0.1)
        assert served.batcher.taken == 49
        before = len(slow.batches)
        await served.answers([{"text": TEXT}])
        between = len(slow.batches) - before
        assert not explaining.done()
        assert len((await explaining).parts) == 49
        return between, served.batcher.taken

    try:
        between, taken = asyncio.run(work())
    finally:
        served.batcher.close()
    assert between <= 3
    assert taken == 0
    assert max(slow.batches) <= 3
    assert sum(slow.batches) == 51


def test_an_explanation_has_a_deadline_and_a_place_in_the_queue_as_every_request(client: TestClient) -> None:
    served, slow = slowed(client, 0.05, deadline=0.3)

    async def late() -> None:
        await explained(served, LONG, Bodies(served.settings))

    try:
        with pytest.raises(Refused, match=r"no prediction within 0\.3 s") as error:
            asyncio.run(late())
        assert error.value.status == 503
        time.sleep(0.2)
        computed = sum(slow.batches)
        time.sleep(0.3)
        assert sum(slow.batches) == computed < 20  # what was not computed by then never is
        assert served.batcher.taken == 0
    finally:
        served.batcher.close()
    full, slow = slowed(client, 0.05, max_queue=50)

    async def two() -> list[Any]:
        rows = [explained(full, LONG, Bodies(full.settings)) for _ in range(2)]
        return await asyncio.gather(*rows, return_exceptions=True)

    try:
        found = asyncio.run(two())
    finally:
        full.batcher.close()
    refused = [f for f in found if isinstance(f, Refused)]
    assert [f.status for f in refused] == [429]
    assert sum(slow.batches) == 51
