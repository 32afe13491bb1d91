"""A language model as a graph with a cache: what the graph is given, by one that adds up what each token sees."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest

from burnish.core.batch import Array
from burnish.core.errors import RunFailed
from burnish.runtimes._cached_graph import CachedGraph, GraphSteps

SIZE = 97
INPUTS = {
    "input_ids": {"type": "int64", "shape": ["batch", "new"]},
    "allowed": {"type": "float32", "shape": ["batch", 1, "new", "length"]},
    "position_ids": {"type": "int64", "shape": ["batch", "new"]},
    "kept": {"type": "int64", "shape": ["told"]},
    "past_0_keys": {"type": "float32", "shape": ["batch", 1, "past", 1]},
    "past_0_values": {"type": "float32", "shape": ["batch", 1, "past", 1]},
}


class Adding:
    """Its logits are highest for the sum, over the tokens that one sees, of token times place, plus its own place."""

    def get_inputs(self) -> list[Any]:
        return [type("Input", (), {"name": name}) for name in INPUTS]

    def run_with_ort_values(self, names: list[str], fed: dict[str, Any]) -> list[Any]:
        given = {name: value.numpy() for name, value in fed.items()}
        places = given["position_ids"]
        own = (given["input_ids"] * (1 + places)).astype(np.float32)[:, None, :, None]
        keys = np.concatenate([given["past_0_keys"], own], axis=2)
        seen = given["allowed"][:, 0] == 0
        sums = (seen * keys[:, 0, :, 0][:, None, :]).sum(-1) + places
        logits = np.eye(SIZE, dtype=np.float32)[sums.astype(int) % SIZE][:, given["kept"]]
        values = np.concatenate([given["past_0_values"], own], axis=2)
        return [onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(one)) for one in (logits, keys, values)]


def expected(ids: list[int]) -> int:
    """What follows a text."""
    return (sum(token * (1 + place) for place, token in enumerate(ids)) + len(ids) - 1) % SIZE


def batch(*rows: list[int]) -> dict[str, Array]:
    width = max(map(len, rows))
    ids = np.array([row + [0] * (width - len(row)) for row in rows], np.int64)
    return {"input_ids": ids, "attention_mask": np.array([[1] * len(r) + [0] * (width - len(r)) for r in rows])}


def written(steps: GraphSteps, count: int) -> list[list[int]]:
    logits, cache = steps(None, None)
    out = [[int(row.argmax())] for row in logits]
    for _ in range(count - 1):
        logits, cache = steps(np.array([one[-1] for one in out]), cache)
        for one, row in zip(out, logits, strict=True):
            one.append(int(row.argmax()))
    return out


def alone(prompt: list[int], count: int) -> list[int]:
    out: list[int] = []
    for _ in range(count):
        out.append(expected(prompt + out))
    return out


PROMPTS = [3, 5, 8], [7], [2, 9, 4, 6, 1]


def test_rows_of_a_batch_see_their_own_tokens_alone() -> None:
    graph = CachedGraph(Adding(), INPUTS)
    assert written(GraphSteps(graph, batch(*PROMPTS)), 6) == [alone(prompt, 6) for prompt in PROMPTS]
    for prompt in PROMPTS:
        assert written(GraphSteps(graph, batch(prompt)), 6) == [alone(prompt, 6)]


def test_rows_leave_and_join() -> None:
    graph = CachedGraph(Adding(), INPUTS)
    steps = GraphSteps(graph, batch(*PROMPTS))
    logits, cache = steps(None, None)
    out = [[int(row.argmax())] for row in logits]
    cache = steps.picked(cache, np.array([1]))
    later = GraphSteps(graph, batch([6, 2]))
    logits, other = later(None, None)
    both, cache = [out[1], [int(logits[0].argmax())]], steps.joined(cache, other)
    assert cache.mask.shape[1] == 2  # padding that every row has leaves
    for _ in range(4):
        logits, cache = steps(np.array([one[-1] for one in both]), cache)
        for one, row in zip(both, logits, strict=True):
            one.append(int(row.argmax()))
    assert both == [alone([7], 5), alone([6, 2], 5)]


def test_all_places_are_told_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("burnish.runtimes._cached_graph.PIECE", 2)
    steps = GraphSteps(CachedGraph(Adding(), INPUTS), batch(*PROMPTS))
    pieces = list(steps.reading())
    assert [piece.shape[1] for piece, _ in pieces] == [2, 2, 1]
    told = np.concatenate([piece for piece, _ in pieces], axis=1).argmax(-1)
    for row, prompt in zip(told, PROMPTS, strict=True):
        assert row.tolist()[-len(prompt) :] == [expected(prompt[: n + 1]) for n in range(len(prompt))]
    logits, _ = steps(np.array([1, 1, 1]), pieces[-1][1])
    assert logits.argmax(-1).tolist() == [expected([*prompt, 1]) for prompt in PROMPTS]


def test_what_cannot_be_computed_is_said() -> None:
    class Broken(Adding):
        def run_with_ort_values(self, names: list[str], fed: dict[str, Any]) -> list[Any]:
            raise RuntimeError("[ONNXRuntimeError] : 6 : no room")

    with pytest.raises(RunFailed, match="no room"):
        GraphSteps(CachedGraph(Broken(), INPUTS), batch([1, 2]))(None, None)
