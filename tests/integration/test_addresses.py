"""Addresses, methods and keys: what is not there is said in a way that helps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import burnish
from burnish.server.app import create
from burnish.server.settings import KEYS, Settings, keys_of

Trained = Callable[..., Path]
KEY = "k" * 32


@pytest.fixture(scope="module")
def client(trained: Trained) -> Iterator[TestClient]:
    bundles = [f"reviews@1={trained('label')}", f"reviews@2={trained('label')}", f"intents@7={trained('score')}"]
    with TestClient(create(Settings(bundles=bundles))) as found:
        yield found


@pytest.mark.parametrize(
    "place", ["/", "/healthz", "/readyz", "/models", "/metrics", "/v2", "/v2/models/reviews", "/openapi.json"]
)
def test_head_is_get_without_the_body(client: TestClient, place: str) -> None:
    head, get = client.head(place), client.get(place)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "content-length"):
        assert head.headers[name] == get.headers[name] or place == "/metrics"


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("/models/review/predict", ["no model 'review'", "intents, reviews", "did you mean reviews?"]),
        ("/models/x/versions/1/explain", ["no model 'x'", "intents, reviews"]),
        ("/models/reviews/versions/3/predict", ["'reviews' has no version '3'", "1, 2"]),
        ("/v2/models/none/infer", ["no model 'none'"]),
        ("/v2/models/intents/versions/8", ["'intents' has no version '8'", "expected 7"]),
        ("/models/reviews/predictions", ["nothing is at /models/reviews/predictions", "/openapi.json"]),
        ("/predcit", ["nothing is at /predcit", "did you mean /predict?"]),
        ("/docs", ["/openapi.json"]),
        ("/models/nothing/", ["no model"]),
        ("/" + "a" * 5000, ["aaa"]),
        ("/models/%00%0a%22/predict", ["no model"]),
        ("/a//b", ["nothing is at"]),
    ],
)
def test_what_is_not_here_is_said_with_what_is(client: TestClient, place: str, words: list[str]) -> None:
    for method in ("GET", "POST", "HEAD", "DELETE"):
        found = client.request(method, place, follow_redirects=False)
        assert found.status_code == 404
        if method != "HEAD":
            body = found.json()
            assert body["request_id"] == found.headers["x-request-id"]
            assert not [w for w in words if w not in body["error"]], body
            assert len(body["error"]) < 600


@pytest.mark.parametrize(
    ("method", "place", "allowed"),
    [
        ("GET", "/predict", "POST"),
        ("HEAD", "/predict", "POST"),
        ("PUT", "/models/reviews/predict", "POST"),
        ("GET", "/v2/models/reviews/infer", "POST"),
        ("POST", "/healthz", "GET"),
        ("POST", "/", "GET"),
        ("DELETE", "/models", "GET"),
    ],
)
def test_methods_that_are_not_taken(client: TestClient, method: str, place: str, allowed: str) -> None:
    found = client.request(method, place)
    assert (found.status_code, found.headers["allow"]) == (405, allowed)
    if method != "HEAD":
        assert f"expected {allowed}" in found.json()["error"]


def test_names_are_not_told_without_a_key(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEYS, KEY)
    with TestClient(create(Settings(bundles=[f"secret@1={trained('label')}"]))) as closed:
        found = closed.get("/models/x/predict")
        assert (found.status_code, "secret" in found.text) == (401, False)
        assert "secret" in closed.get("/models/x/predict", headers={"x-api-key": KEY}).json()["error"]


LINES = f"# ours\n\n{KEY}\n  {'m' * 20}\t\n#{'n' * 20}\n{'o' * 16}"


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_keys_as_editors_save_them(tmp_path: Path, encoding: str, ends: str) -> None:
    (tmp_path / "keys").write_bytes(LINES.replace("\n", ends).encode(encoding))
    assert keys_of(Settings(bundles=["x"], keys_file=tmp_path / "keys")) == [KEY, "m" * 20, "o" * 16]
    (tmp_path / "keys").write_bytes(f"{KEY}{ends}".encode(encoding))
    assert keys_of(Settings(bundles=["x"], keys_file=tmp_path / "keys")) == [KEY]


def test_keys_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEYS, f"\ufeff{KEY}\r\n{'m' * 20}, {'o' * 16},")
    assert keys_of(Settings(bundles=["x"])) == [KEY, "m" * 20, "o" * 16]


@pytest.mark.parametrize(
    "content", [f"{KEY} # mine", f"{KEY[:10]} {KEY}", "schlüssel" * 4, "\u200b" + KEY, b"\xff\xfa" * 20]
)
def test_keys_that_no_client_could_send(tmp_path: Path, content: str | bytes) -> None:
    (tmp_path / "keys").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(burnish.InputError) as error:
        keys_of(Settings(bundles=["x"], keys_file=tmp_path / "keys"))
    assert KEY not in str(error.value)
