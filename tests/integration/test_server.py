"""The application over tiny bundles: what it answers, and what it refuses."""

from __future__ import annotations

import base64
import gzip
import json
import logging
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import burnish
from burnish.server.app import create
from burnish.server.schema import scores_shown
from burnish.server.settings import KEYS, Settings
from tests.integration import tiny_runs
from tests.integration.serving_bundles import picture_bundle

KEY = "k" * 32
Trained = Callable[..., Path]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return picture_bundle(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def client(trained: Trained, pictures: Path) -> Iterator[TestClient]:
    """Every task behind one server."""
    tasks = [f"{task}@1={trained(task)}" for task in tiny_runs.TASKS]
    settings = Settings(bundles=[*tasks, f"pictures@7={pictures}"], max_rows=40, max_body=200_000, max_pixels=10_000)
    with TestClient(create(settings)) as found:
        yield found


def row_of(task: str, number: int = 0) -> dict[str, Any]:
    """A row without its truth."""
    row = tiny_runs.rows(task)[number]
    return {k: v for k, v in row.items() if k not in ("id", "label", "labels", "score", "tags")}


@pytest.mark.parametrize("task", tiny_runs.TASKS)
def test_answers_are_those_of_the_predictor(client: TestClient, trained: Trained, task: str) -> None:
    rows = [row_of(task, i) for i in range(9)]
    expected = burnish.load(trained(task))(rows)
    many = client.post(f"/models/{task}/versions/1/predict", json=rows).json()
    assert (many["model"], many["version"]) == (task, "1")
    for row, answer, found in zip(rows, expected, many["answers"], strict=True):
        one = client.post(f"/models/{task}/predict", json=row).json()
        for said in (found, one):
            close = isinstance(answer.answer, float)
            assert said["answer"] == (pytest.approx(answer.answer, abs=1e-4) if close else answer.answer)
            assert said["probabilities"] == pytest.approx(answer.probabilities, abs=1e-5)
    wrapped = client.post(f"/models/{task}/predict", json={"rows": rows}).json()
    assert [a["answer"] for a in wrapped["answers"]] == [a["answer"] for a in many["answers"]] or task == "score"


def test_each_tag_stands_beside_its_token(client: TestClient, trained: Trained) -> None:
    """Beside the bare list of tags, in every protocol, in the description and in the examples."""
    rows = [row_of("tags", i) for i in range(3)]
    expected = [
        [{"token": w, "tag": t} for w, t in zip(r["words"], a.answer, strict=True)]
        for r, a in zip(rows, burnish.load(trained("tags"))(rows), strict=True)
    ]
    answers = client.post("/models/tags/predict", json=rows).json()["answers"]
    assert [a["tagged"] for a in answers] == expected
    assert [[pair["tag"] for pair in a["tagged"]] for a in answers] == [a["answer"] for a in answers]
    text = " ".join(rows[0]["words"])
    assert client.post("/models/tags/predict", json={"words": text}).json()["tagged"] == expected[0]
    tensor = {"name": "words", "datatype": "BYTES", "shape": [1], "data": [text]}
    found = client.post("/v2/models/tags/infer", json={"inputs": [tensor], "outputs": [{"name": "tagged"}]}).json()
    assert json.loads(found["outputs"][0]["data"][0]) == expected[0]
    model = next(m for m in client.get("/models").json()["models"] if m["name"] == "tags")
    for example in model["examples"]:
        assert [pair["token"] for pair in example["answer"]["tagged"]] == example["row"]["words"]
    assert "tagged" not in client.post("/models/label/predict", json="my card").json()


def test_the_metric_that_decides_is_shown_first(client: TestClient) -> None:
    """The page shows one score: accuracy flatters a model of rare classes."""
    firsts = {m["name"]: next(iter(m["scores"]["metrics"])) for m in client.get("/models").json()["models"]}
    assert {name: firsts[name] for name in tiny_runs.TASKS} == {
        "label": "macro_f1",
        "labels": "macro_f1",
        "score": "pearson",
        "tags": "span_f1",
        "pairs": "macro_f1",
    }


def test_of_older_bundles_the_metric_that_decides_is_shown_first_too(trained: Trained) -> None:
    """Burnish 0.9.0 and older wrote the metrics in the order of the target."""
    bundle = burnish.Bundle.load(trained("label"))
    metrics = {"accuracy": {"value": 0.9}, "macro_f1": {"value": 0.2}, "log_loss": {"value": 0.3}}
    for named, first in (("log_loss", "log_loss"), ("loss", "macro_f1"), (7, "macro_f1")):
        told = {
            **bundle.settings,
            "scores": {"split": "test", "metrics": metrics},
            "recipe": {"deciding_metric": named},
        }
        assert next(iter(scores_shown(replace(bundle, settings=told))["metrics"])) == first
    for strange in (None, [], {"split": "test"}, {"metrics": []}):
        assert scores_shown(replace(bundle, settings={**bundle.settings, "scores": strange})) == strange


def test_one_text_in_every_form(client: TestClient) -> None:
    text = row_of("label")["text"]
    expected = client.post("/predict", json={"text": text, "more": 1}).json()["answer"]
    forms: list[dict[str, Any]] = [
        {"json": text},
        {"content": text, "headers": {"content-type": "text/plain; charset=utf-8"}},
        {"content": gzip.compress(json.dumps(text).encode()), "headers": {"content-encoding": "gzip"}},
        {"files": {"text": ("a.txt", text.encode())}},
    ]
    for form in forms:
        found = client.post("/predict", **form)
        assert (found.status_code, found.json().get("answer")) == (200, expected), form
    assert len(client.post("/predict", json=[text]).json()["answers"]) == 1


def test_pictures_in_every_form(client: TestClient, pictures: Path) -> None:
    golden = burnish.Bundle.load(pictures).golden()[0]
    data = base64.b64decode(golden["example"]["image"]["base64"])
    url = "/models/pictures/predict"
    forms: list[dict[str, Any]] = [
        {"json": golden["example"]},
        {"json": golden["example"]["image"]},
        {"json": {"image": "data:image/png;base64," + golden["example"]["image"]["base64"]}},
        {"content": data, "headers": {"content-type": "image/png"}},
        {"content": data, "headers": {"content-type": "application/octet-stream"}},
        {"files": {"file": ("a.png", data)}},
    ]
    for form in forms:
        found = client.post(url, **form)
        assert (found.status_code, found.json().get("answer")) == (200, golden["answer"]), (form, found.text)
    several = client.post(url, files=[("file", ("a.png", data)), ("file", ("b.png", b"broken"))])
    assert several.status_code == 200
    first, second = several.json()["answers"]
    assert first["answer"] == golden["answer"]
    assert "cannot be read" in second["error"]


def test_files_of_this_machine_cannot_be_named(client: TestClient, pictures: Path) -> None:
    inside = next(pictures.parent.parent.rglob("*.png"))
    for value in (str(inside), {"path": str(inside)}, {"bytes": None, "path": str(inside)}, f"file://{inside}"):
        found = client.post("/models/pictures/predict", json={"image": value})
        assert found.status_code == 422
        assert str(inside) not in found.text


BAD: list[tuple[int, dict[str, Any]]] = [
    (400, {"content": b"{"}),
    (400, {"content": b""}),
    (400, {"content": b'{"text": NaN}'}),
    (400, {"content": b"\xff\xfe"}),
    (400, {"content": b"[" * 100_000}),
    (400, {"content": b'{"text": ' + b"9" * 100_000 + b"}"}),
    (400, {"content": b"nothing packed", "headers": {"content-encoding": "gzip"}}),
    (400, {"content": gzip.compress(b'{"text": "a"}')[:-9], "headers": {"content-encoding": "gzip"}}),
    (400, {"content": b"--x", "headers": {"content-type": "multipart/form-data; boundary=y"}}),
    (400, {"content": b"--x", "headers": {"content-type": "multipart/form-data"}}),
    (413, {"content": gzip.compress(b" " * 50_000_000), "headers": {"content-encoding": "gzip"}}),
    (413, {"content": b" " * 300_000}),
    (413, {"json": ["a"] * 41}),
    (415, {"content": b"a=b", "headers": {"content-type": "application/x-www-form-urlencoded"}}),
    (415, {"content": b"{}", "headers": {"content-encoding": "br"}}),
    (415, {"content": b"<a/>", "headers": {"content-type": "application/xml"}}),
    (422, {"content": b"null"}),
    (422, {"json": []}),
    (422, {"json": {}}),
    (422, {"json": {"rows": "a"}}),
    (422, {"json": {"text": ["a"]}}),
    (422, {"json": [{"text": None}, {"texts": "b"}]}),
    (422, {"content": b'{"text": "\\ud800"}'}),
    (422, {"json": 10**400}),
]


@pytest.mark.parametrize(("status", "request_"), BAD)
def test_bad_requests_say_what_is_wrong(client: TestClient, status: int, request_: dict[str, Any]) -> None:
    found = client.post("/predict", **request_)
    assert found.status_code == status, found.text
    body = found.json()
    assert body["error"]
    assert body["request_id"] == found.headers["x-request-id"]
    assert "Traceback" not in found.text


def test_bad_pictures(client: TestClient) -> None:
    import io

    from PIL import Image

    large = io.BytesIO()
    Image.new("1", (200, 200)).save(large, "PNG")
    for data, words in ((large.getvalue(), "too large"), (b"GIF89a", "cannot be read"), (b"", "cannot be read")):
        found = client.post("/models/pictures/predict", content=data, headers={"content-type": "image/png"})
        assert (found.status_code, words in found.text) == (422, True), found.text


def test_open_inference_protocol(client: TestClient, trained: Trained) -> None:
    assert client.get("/v2").json()["name"] == "burnish"
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").status_code == 200
    about = client.get("/v2/models/pairs/versions/1").json()
    assert [t["name"] for t in about["inputs"]] == ["question", "passage"]
    assert client.get("/v2/models/pairs/ready").json() == {"name": "pairs", "ready": True}
    rows = [row_of("pairs", i) for i in range(3)]
    tensors = [
        {"name": c, "shape": [3], "datatype": "BYTES", "data": [r[c] for r in rows]} for c in ("question", "passage")
    ]
    asked = client.post("/v2/models/pairs/infer", json={"id": "x", "inputs": tensors}).json()
    expected = burnish.load(trained("pairs"))(rows)
    assert (asked["id"], asked["model_version"]) == ("x", "1")
    answer, probabilities = asked["outputs"]
    assert answer["data"] == [a.answer for a in expected]
    assert probabilities["shape"] == [3, 2]
    assert probabilities["data"] == pytest.approx([p for a in expected for p in a.probabilities.values()], abs=1e-5)


def test_open_inference_protocol_with_binary_tensors(client: TestClient) -> None:
    text = row_of("label")["text"].encode()
    packed = struct.pack("<I", len(text)) + text
    tensor = {"name": "text", "shape": [2, 1], "datatype": "BYTES", "parameters": {"binary_data_size": 2 * len(packed)}}
    head = json.dumps(
        {
            "inputs": [tensor],
            "outputs": [
                {"name": n, "parameters": {"binary_data": n == "probabilities"}} for n in ("answer", "probabilities")
            ],
        }
    )
    found = client.post(
        "/v2/models/label/infer",
        content=head.encode() + packed * 2,
        headers={"inference-header-content-length": str(len(head))},
    )
    length = int(found.headers["inference-header-content-length"])
    answer, probabilities = json.loads(found.content[:length])["outputs"]
    expected = client.post("/predict", json=text.decode()).json()
    assert answer["data"] == [expected["answer"]] * 2
    size = probabilities["parameters"]["binary_data_size"]
    values = struct.unpack(f"<{size // 4}f", found.content[length:])
    assert values == pytest.approx([*expected["probabilities"].values()] * 2, abs=1e-5)


@pytest.mark.parametrize(
    "tensor",
    [
        {},
        {"name": "text"},
        {"name": "text", "shape": [1], "datatype": "FP32", "data": [1]},
        {"name": "text", "shape": [2], "datatype": "BYTES", "data": ["a"]},
        {"name": "text", "shape": [10**30], "datatype": "BYTES", "data": ["a"]},
        {"name": "text", "shape": [-1], "datatype": "BYTES", "data": ["a"]},
        {"name": "text", "shape": [1], "datatype": "BYTES", "data": [1]},
        {"name": "text", "shape": [1], "datatype": "BYTES", "data": "a"},
        {"name": "text", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": 99}},
        {"name": "other", "shape": [1], "datatype": "BYTES", "data": ["a"]},
        None,
    ],
)
def test_bad_tensors(client: TestClient, tensor: Any) -> None:
    found = client.post("/v2/models/label/infer", json={"inputs": [tensor]})
    assert (found.status_code, bool(found.json()["error"])) == (400, True)


def test_nothing_else_is_here(client: TestClient) -> None:
    for path in ("/docs", "/redoc", "/models/label/versions/2/predict", "/v2/models/none", "/../etc/passwd"):
        assert client.get(path).status_code in (404, 405)
    assert client.get("/predict").status_code == 405


def test_examples_of_this_model_are_in_its_description(client: TestClient, trained: Trained) -> None:
    described = client.get("/openapi.json").json()
    operation = described["paths"]["/models/label/versions/1/predict"]["post"]
    golden = burnish.Bundle.load(trained("label")).golden()
    shown = operation["requestBody"]["content"]["application/json"]["examples"]
    assert [e["value"] for e in shown.values()] == [g["example"] for g in golden[:5]]
    for place, methods in described["paths"].items():
        for example in (
            methods.get("post", {})
            .get("requestBody", {})
            .get("content", {})
            .get("application/json", {})
            .get("examples", {})
            .values()
        ):
            assert client.post(place, json=example["value"]).status_code == 200, place
    settings = Settings(bundles=[str(trained("label"))], examples=False)
    with TestClient(create(settings)) as closed:
        assert golden[0]["example"]["text"] not in closed.get("/openapi.json").text + closed.get("/models").text


@pytest.fixture
def alone(trained: Trained) -> Iterator[TestClient]:
    """A server that nobody else has asked: what it has answered so far is what drift is measured on."""
    with TestClient(create(Settings(bundles=[f"label@1={trained('label')}"]))) as found:
        yield found


def test_metrics_count_what_happened(alone: TestClient) -> None:
    from prometheus_client.parser import text_string_to_metric_families

    def counted() -> dict[tuple[str, str], float]:
        text = alone.get("/metrics").text
        samples = [s for family in text_string_to_metric_families(text) for s in family.samples]
        return {(s.name, json.dumps(s.labels, sort_keys=True)): s.value for s in samples}

    before = counted()
    row = row_of("label")
    for _ in range(120):
        answer = alone.post("/predict", json=row).json()["answer"]
    alone.post("/predict", json={"texts": "secret words"})
    after = counted()
    grown = {k: v - before.get(k, 0.0) for k, v in after.items()}
    assert grown["burnish_requests_total", '{"route": "/predict", "status": "200"}'] == 120
    assert grown["burnish_requests_total", '{"route": "/predict", "status": "422"}'] == 1
    assert grown["burnish_answers_total", json.dumps({"answer": answer, "model": "label", "version": "1"})] == 120
    assert grown["burnish_batch_rows_count", '{"model": "label", "version": "1"}'] == 120
    assert after["burnish_queue_rows", '{"model": "label", "version": "1"}'] == 0
    # A hundred and more of one class is not what the test rows were answered with.
    assert after["burnish_drift_psi", '{"model": "label", "of": "answers", "version": "1"}'] > 0.25
    assert not [name for name, _ in after if "secret" in name]


def test_keys(trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "keys").write_text(f"# ours\n{KEY}\n\n")
    monkeypatch.setenv(KEYS, "e" * 32)
    settings = Settings(bundles=[f"m={trained('label')}"], keys_file=tmp_path / "keys")
    with TestClient(create(settings)) as client:
        for path in ("/", "/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"):
            assert client.get(path).status_code == 200
        for headers in ({}, {"authorization": "Bearer " + "x" * 32}, {"x-api-key": ""}, {"authorization": KEY}):
            found = client.post("/predict", json="a", headers=headers)
            assert (found.status_code, found.headers["www-authenticate"]) == (401, "Bearer")
            for path in ("/models", "/metrics", "/openapi.json", "/v2"):
                assert client.get(path, headers=headers).status_code == 401
        for headers in ({"authorization": f"Bearer {KEY}"}, {"x-api-key": KEY}, {"x-api-key": "e" * 32}):
            assert client.post("/predict", json="a", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("content", "word"), [("", "no key"), ("# only this\n", "no key"), ("short\n", "16 characters")]
)
def test_keys_that_protect_nothing_are_refused(trained: Trained, tmp_path: Path, content: str, word: str) -> None:
    (tmp_path / "keys").write_text(content)
    with pytest.raises(burnish.InputError, match=word):
        create(Settings(bundles=[str(trained("label"))], keys_file=tmp_path / "keys"))


def test_other_origins(trained: Trained) -> None:
    asked = {"origin": "https://a.example", "access-control-request-method": "POST"}
    with TestClient(create(Settings(bundles=[str(trained("label"))]))) as closed:
        assert "access-control-allow-origin" not in closed.options("/predict", headers=asked).headers
    with TestClient(create(Settings(bundles=[str(trained("label"))], cors=["https://a.example"]))) as opened:
        assert opened.options("/predict", headers=asked).headers["access-control-allow-origin"] == "https://a.example"
        other = opened.options("/predict", headers={**asked, "origin": "https://b.example"})
        assert "access-control-allow-origin" not in other.headers


def test_names_and_versions(trained: Trained) -> None:
    one, other = trained("label"), trained("label", epochs=1)
    with TestClient(create(Settings(bundles=[f"m@1={one}", f"m@2={other}"]))) as client:
        assert client.post("/models/m/predict", json="a").json()["version"] == "2"  # the last that was named
        assert client.post("/models/m/versions/1/predict", json="a").json()["version"] == "1"
        assert client.post("/predict", json="a").json()["version"] == "1"
        assert client.get("/v2/models/m").json()["versions"] == ["1", "2"]
    with pytest.raises(burnish.InputError, match="two bundles"):
        create(Settings(bundles=[f"m={one}", f"m={one}"]))
    with pytest.raises(burnish.InputError, match="address"):
        create(Settings(bundles=[f"a/b={one}"]))


def test_request_ids_and_log(client: TestClient, logged: list[logging.LogRecord]) -> None:
    given = client.post("/predict", json="very secret", headers={"x-request-id": "mine-1"})
    assert given.headers["x-request-id"] == "mine-1"
    made = client.post("/predict", json="very secret", headers={"x-request-id": "no\tgood " * 50})
    assert len(made.headers["x-request-id"]) == 32
    noted = [r for r in logged if r.getMessage() == "request"]
    assert [vars(r)["request_id"] for r in noted][:1] == ["mine-1"]
    assert "secret" not in json.dumps([vars(r) for r in noted], default=str)


def test_payloads_are_logged_when_asked_for(trained: Trained, logged: list[logging.LogRecord]) -> None:
    with TestClient(create(Settings(bundles=[str(trained("label"))], log_payloads=True))) as client:
        client.post("/predict", json="said aloud")
    assert "said aloud" in str([vars(r).get("payload") for r in logged])
