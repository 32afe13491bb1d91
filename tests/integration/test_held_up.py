"""What keeps a server busy: readers that do not come back, clients that leave, rows that are none."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from burnish.server import readers
from burnish.server.app import create
from burnish.server.readers import Readers
from burnish.server.settings import Settings
from tests.integration import tiny_runs
from tests.integration.serving_bundles import picture_bundle

Trained = Callable[..., Path]
STUCK = "loops for ever"


@pytest.fixture
def client(trained: Trained) -> Iterator[TestClient]:
    """Two models, of which the first has a reader that may be held up, and is given a fifth of a second a row."""
    settings = Settings(bundles=[f"slow@1={trained('label')}", f"other@1={trained('score')}"], deadline=3.0)
    with TestClient(create(settings)) as found:
        yield found


@pytest.fixture
def release(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Texts that say so hold up the thread that reads them until this is set."""
    served = client.app.state.models[0]  # type: ignore[attr-defined]
    found, prepare = threading.Event(), served.predictor.prepare

    def held_up(rows: Any, **settings: Any) -> Any:
        while any(STUCK in row["text"] for row in rows) and not found.is_set():
            try:
                found.wait(5)
            except BaseException:  # as foreign code is, which nothing can end
                continue
        return prepare(rows, **settings)

    monkeypatch.setattr(served.predictor, "prepare", held_up)
    object.__setattr__(served, "readers", Readers(2, 0.2, 2, served.path))
    monkeypatch.setattr(readers, "STALLED", 0.1)
    yield found
    found.set()


def test_a_reader_that_does_not_come_back(client: TestClient, release: threading.Event) -> None:
    rows = [{"text": "my card"}, {"text": STUCK}, {"text": "my parcel"}]
    first, stuck, last = client.post("/models/slow/predict", json=rows).json()["answers"]
    assert ("answer" in first, "answer" in last) == (True, True)
    assert "could not be read within 0.2 s" in stuck["error"]
    assert client.get("/healthz").json() == {"status": "ok", "stuck": [], "lost_readers": {"slow/versions/1": 1}}
    assert client.get("/readyz").status_code == 200  # another thread has taken its place
    assert client.post("/models/slow/predict", json="my card").status_code == 200
    for _ in range(3):
        assert client.post("/models/slow/predict", json=STUCK).status_code == 422
    for place, status in (
        ("/healthz", 503),
        ("/readyz", 503),
        ("/v2/health/ready", 503),
        ("/v2/models/slow/ready", 503),
    ):
        assert client.get(place).status_code == status, place
    assert client.get("/readyz").json() == {"status": "stuck", "stuck": ["slow/versions/1"]}
    refused = client.post("/models/slow/predict", json="my card")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert client.get("/v2/models/other/ready").status_code == 200
    assert client.post("/models/other/predict", json="my card").status_code == 200
    assert 'burnish_lost_readers{model="slow",version="1"} 4.0' in client.get("/metrics").text
    release.set()
    deadline = time.monotonic() + 10
    while client.get("/healthz").json() != {"status": "ok", "stuck": [], "lost_readers": {}}:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert client.get("/readyz").status_code == 200
    assert client.post("/models/slow/predict", json="my card").status_code == 200


def test_an_explanation_whose_row_is_not_read(client: TestClient, release: threading.Event) -> None:
    found = client.post("/models/slow/explain", json=STUCK)
    assert (found.status_code, "within 0.2 s" in found.json()["error"]) == (422, True)


def test_what_a_client_asked_that_left_is_not_computed(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    app = create(Settings(bundles=[f"m@1={trained('label')}"]))
    (served,) = app.state.models
    begun: list[Any] = []
    prepare = served.predictor.prepare

    def slowly(rows: Any, **settings: Any) -> Any:
        begun.extend(rows)
        time.sleep(0.02)
        return prepare(rows, **settings)

    monkeypatch.setattr(served.predictor, "prepare", slowly)
    messages = [{"type": "http.request", "body": b'["a", ' * 0 + b'["a"' + b', "a"' * 99 + b"]", "more_body": False}]
    sent: list[Any] = []

    async def receive() -> Any:
        if messages:
            return messages.pop()
        await asyncio.sleep(0.2)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/predict", "headers": [], "query_string": b"", "asgi": {}}
    started = time.monotonic()
    asyncio.run(app(scope, receive, send))
    assert time.monotonic() - started < 5
    assert sent[0]["status"] == 499
    count = len(begun)
    time.sleep(0.1)
    assert len(begun) == count < 60
    assert (served.batcher.taken, served.batcher.requests) == (0, 0)
    served.readers.close()
    served.batcher.close()


BAD_ROWS = [
    None,
    {"text": None},
    {"txt": "a"},
    {},
    {"text": 5},
    {"text": True},
    {"text": ["a"]},
    {"text": {}},
    7,
    ["a"],
]


@pytest.fixture(scope="module")
def rows(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Every kind of row."""
    bundles = [f"{task}@1={trained(task)}" for task in ("label", "pairs", "tags")]
    bundles.append(f"pictures@1={picture_bundle(tmp_path_factory.mktemp('pictures'))}")
    with TestClient(create(Settings(bundles=bundles, max_characters=1000))) as found:
        yield found


def answers(rows: TestClient, place: str, sent: Any) -> list[Any]:
    found = rows.post(place, **(sent if isinstance(sent, dict) else {"json": sent}))
    assert found.status_code == 200, found.text
    return list(found.json()["answers"])


@pytest.mark.parametrize("bad", [*BAD_ROWS, {"text": "x" * 1001}])
def test_one_bad_row_costs_the_others_nothing(rows: TestClient, bad: Any) -> None:
    good = {"text": "my card"}
    first, wrong, last = answers(rows, "/predict", [good, bad, good])
    assert first["answer"] == last["answer"] == rows.post("/predict", json=good).json()["answer"]
    assert list(wrong) == ["error"]
    alone = rows.post("/predict", json={"rows": [bad]})
    assert alone.status_code == 422
    assert alone.json()["details"] == [{"row": 0, "error": wrong["error"]}]
    explained = rows.post(
        "/explain", content=b"null" if bad is None else httpx.Request("POST", "http://h", json=bad).content
    )
    assert explained.status_code == 422
    if not isinstance(bad, list):
        assert explained.json()["error"] == wrong["error"]


def test_half_a_surrogate_pair_costs_the_others_nothing(rows: TestClient) -> None:
    body = b'[{"text": "fine"}, {"text": "bad \\ud83d half"}, {"text": "fine", "unread": "\\udc00"}]'
    first, wrong, last = answers(rows, "/predict", {"content": body})
    assert ("answer" in first, "answer" in last) == (True, True)
    assert "character 5" in wrong["error"]
    tags = b'[{"words": ["a", "\\ud83d"]}, {"words": ["a", "b"]}]'
    wrong, last = answers(rows, "/models/tags/predict", {"content": tags})
    assert ("error" in wrong, "answer" in last) == (True, True)


def test_bad_rows_of_other_inputs(rows: TestClient) -> None:
    pair = {"question": "a", "passage": "b"}
    for bad in (None, {"question": "a"}, {"question": None, "passage": "b"}, {"question": "a", "passage": ["b"]}):
        first, wrong = answers(rows, "/models/pairs/predict", [pair, bad])
        assert ("answer" in first, "error" in wrong) == (True, True), bad
    words = tiny_runs.rows("tags")[0]["words"]
    for bad in (
        None,
        {"words": None},
        {"words": ["a", None]},
        {"words": [["a"]]},
        {"words": ["x" * 1001]},
        {"words": 1},
    ):
        first, wrong = answers(rows, "/models/tags/predict", [{"words": words}, bad])
        assert ("answer" in first, "error" in wrong) == (True, True), bad
    golden = rows.app.state.models[-1].predictor.bundle.golden()[0]["example"]  # type: ignore[attr-defined]
    for bad in (
        None,
        {"image": None},
        {"image": 1},
        {"image": "?"},
        {"image": {"base64": 1}},
        {"image": {"path": "a"}},
        {},
    ):
        first, wrong = answers(rows, "/models/pictures/predict", [golden, bad])
        assert ("answer" in first, "error" in wrong) == (True, True), bad


def test_all_bad_rows_are_refused_and_told(rows: TestClient) -> None:
    found = rows.post("/predict", json=BAD_ROWS * 3)
    assert found.status_code == 422
    assert [d["row"] for d in found.json()["details"]] == list(range(20))


def test_a_bad_element_fails_its_inference(rows: TestClient) -> None:
    tensor = {"name": "text", "shape": [3], "datatype": "BYTES", "data": ["a", "x" * 1001, "b"]}
    found = rows.post("/v2/models/label/infer", json={"inputs": [tensor]})
    assert (found.status_code, found.json()["error"].startswith("element 1: ")) == (422, True)
    for more, word in (({"inputs": [tensor, tensor]}, "twice"),):
        assert word in rows.post("/v2/models/label/infer", json=more).json()["error"]
    import json
    import struct

    packed = struct.pack("<I", 1) + b"a"
    head = {**tensor, "shape": [1], "parameters": {"binary_data_size": len(packed)}}
    del head["data"]
    body = json.dumps({"inputs": [head]}).encode()
    for behind, status in ((b"", 200), (b"garbage", 400), (packed, 400)):
        headers = {"inference-header-content-length": str(len(body))}
        assert (
            rows.post("/v2/models/label/infer", content=body + packed + behind, headers=headers).status_code == status
        )


def form(*parts: bytes, end: bytes = b"--b--\r\n") -> dict[str, Any]:
    body = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="text"; filename="a"\r\n\r\n' + p + b"\r\n" for p in parts
    )
    return {"content": body + end, "headers": {"content-type": "multipart/form-data; boundary=b"}}


def test_forms_are_read_whole_or_not(rows: TestClient) -> None:
    assert len(answers(rows, "/predict", form(b"my card", b"my parcel"))) == 2
    first, wrong = answers(rows, "/predict", form(b"my card", b"\xff\xfe"))
    assert ("answer" in first, "UTF-8" in wrong["error"]) == (True, True)
    for end in (b"", b"--b", b"--b\r\n", b"--b\r\nContent-Disposition: form-data", b"--"):
        found = rows.post("/predict", **form(b"my card", b"my parcel", end=end))
        assert (found.status_code, bool(found.json()["error"])) == (400, True), end


def test_texts_in_other_character_sets(rows: TestClient) -> None:
    text = "Größe über alles"
    for content_type, body in (
        ("text/plain", text.encode()),
        ("text/plain", b"\xef\xbb\xbf" + text.encode()),
        ('text/plain; charset="UTF-8"', text.encode()),
        ("text/plain; charset=iso-8859-1", text.encode("latin-1")),
        ("text/plain; charset=utf-16", text.encode("utf-16")),
    ):
        found = rows.post("/predict", content=body, headers={"content-type": content_type})
        assert found.json()["probabilities"] == pytest.approx(rows.post("/predict", json=text).json()["probabilities"])
    for content_type, status in (
        ("text/plain", 400),
        ("text/plain; charset=utf-7", 415),
        ("text/plain; charset=x", 415),
    ):
        found = rows.post("/predict", content=text.encode("latin-1"), headers={"content-type": content_type})
        assert found.status_code == status
    for kind in ("text/csv", "application/x-ndjson", "application/jsonl", "application/vnd.apache.arrow.stream"):
        assert rows.post("/predict", content=b'"a"\n"b"', headers={"content-type": kind}).status_code == 415


def test_a_picture_is_never_run_as_a_program(rows: TestClient) -> None:
    """PostScript that loops, under every name: refused by its first bytes, at once, and by nothing that interprets it."""
    loop = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 32 32\n%%EndComments\n{} loop\n%%EOF\n"
    for kind in ("image/jpeg", "image/png", "application/postscript", "application/octet-stream"):
        started = time.monotonic()
        found = rows.post("/models/pictures/predict", content=loop, headers={"content-type": kind})
        assert found.status_code in (415, 422), found.text
        assert time.monotonic() - started < 2
    assert rows.get("/healthz").json()["lost_readers"] == {}
