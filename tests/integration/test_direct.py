"""Questions that pass by the framework are answered as those that go through it."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from burnish.server.app import create
from burnish.server.settings import Settings

Trained = Callable[..., Path]
JSON = {"content-type": "application/json"}
ID = {"x-request-id": "one"}


@pytest.fixture(scope="module")
def both(trained: Trained) -> Iterator[tuple[TestClient, TestClient]]:
    """Directly, and through the framework, which answers where pages of other origins may ask."""
    settings: dict[str, Any] = {"bundles": [f"reviews@1={trained('label')}"], "max_rows": 8}
    through = Settings(**settings, cors=["https://example.org"])
    with TestClient(create(Settings(**settings))) as direct, TestClient(create(through)) as layered:
        yield direct, layered


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b'{"text": "a good film"}', JSON),
        (b'[{"text": "a good film"}, {"text": 7}, {"text": "\\ud800"}]', JSON),
        (b'[{"text": "word "}, {"text": ""}, "bare", {"text": "a"}, {"text": "b"}, {"text": "c"}]', JSON),
        (b'{"text": "' + b"long " * 1000 + b'"}', JSON),
        (b"plain words", {"content-type": "text/plain"}),
        (gzip.compress(b'{"text": "packed"}', mtime=0), {**JSON, "content-encoding": "gzip"}),
        (b"{", JSON),
        (b"", JSON),
        (b"[]", JSON),
        (b'{"other": 1}', JSON),
        (b'{"rows": 3}', JSON),
        (b"[" + b'"x",' * 8 + b'"x"]', JSON),
        (b"x", {"content-type": "image/png"}),
        (b"x", {**JSON, "content-encoding": "br"}),
    ],
)
@pytest.mark.parametrize("place", ["/predict", "/models/reviews/predict", "/models/reviews/versions/1/predict"])
def test_answers_and_refusals_are_the_same(
    both: tuple[TestClient, TestClient], place: str, body: bytes, headers: dict[str, str]
) -> None:
    direct, layered = (client.post(place, content=body, headers={**headers, **ID}) for client in both)
    assert direct.status_code == layered.status_code
    assert direct.content == layered.content
    assert {**direct.headers, "vary": "Origin"} == {**layered.headers, "vary": "Origin"}  # said where others may ask


def test_they_are_counted_under_their_address_and_described(both: tuple[TestClient, TestClient]) -> None:
    direct, layered = both
    assert direct.post("/predict", json={"text": "a"}).status_code == 200
    counted = direct.get("/metrics").text
    assert 'burnish_requests_total{route="/predict",status="200"}' in counted
    assert direct.get("/openapi.json").json() == layered.get("/openapi.json").json()
    assert direct.get("/predict").status_code == 405
