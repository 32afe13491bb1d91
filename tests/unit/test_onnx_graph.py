"""Exact changes to exported graphs, and fixed shapes."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from burnish.bundle.artifacts import Artifact
from burnish.core.errors import InputError, RunFailed
from burnish.exporters.onnx import Onnx
from burnish.runtimes.torch import running
from tests.export_cases import cut, exported, exported_once, opened, source

onnx = pytest.importorskip("onnx", reason="the extra `export` is not installed")


def operators(folder: Path) -> Counter[str]:
    return Counter(node.op_type for node in onnx.load(str(folder / "model.onnx")).graph.node)


@pytest.mark.slow
def test_only_the_first_token_is_computed_where_only_it_is_read(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    plain = exported(Onnx(optimize=False), "bert", tmp_path / "plain")
    changed = exported_once("bert", tmp_path_factory)
    facts = Artifact.read(changed).facts
    assert plain["graph_changes"] == {}
    # What follows attention in the last block the network itself computes for the first token alone: that is in both.
    assert facts["graph_changes"]["operators narrowed to the first token"] >= 2
    assert facts["graph_changes"]["groups of projections merged"] == 2
    first, second = operators(tmp_path / "plain"), operators(changed)
    assert second["MatMul"] == first["MatMul"] - 4  # three in one, in both blocks
    assert facts["graph_changes"]["attentions given flat states"] == first["Attention"] == second["Attention"] == 2
    assert second["Transpose"] <= first["Transpose"] - 8
    arrays = source("bert").arrays
    before, after = (opened("onnx", "bert", folder)(**arrays) for folder in (tmp_path / "plain", changed))
    np.testing.assert_allclose(after, before, atol=2e-6)


@pytest.mark.slow
def test_answers_for_each_word_keep_every_token(tmp_path_factory: pytest.TempPathFactory) -> None:
    facts = Artifact.read(exported_once("tags", tmp_path_factory)).facts
    assert "operators narrowed to the first token" not in facts["graph_changes"]


@pytest.mark.slow
def test_fixed_shapes_are_padded_cut_into_batches_and_refused_when_too_long(tmp_path: Path) -> None:
    facts = exported(Onnx(static=True, batch=2, length=16), "bert", tmp_path)
    assert facts["inputs"]["input_ids"]["shape"] == [2, 16]
    assert facts["max_length"] == 16
    run, network = opened("onnx", "bert", tmp_path), running(source("bert").network)
    for rows in (1, 2, 3):
        arrays = cut(source("bert").arrays, rows, 11)
        np.testing.assert_allclose(run(**arrays), network(**arrays), atol=2e-5)
    with pytest.raises(InputError, match="exported with fixed shapes"):
        run(**cut(source("bert").arrays, 1, 17))


def test_a_provider_that_is_not_there_is_named(tmp_path: Path) -> None:
    from burnish.runtimes.onnx import opened as session

    with pytest.raises(InputError, match="no NoSuchExecutionProvider here"):
        session(tmp_path / "model.onnx", ["NoSuchExecutionProvider"], 1)


@pytest.mark.slow
def test_weights_over_the_limit_of_one_file_lie_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("burnish.exporters.onnx.LARGEST", 1000)
    exported(Onnx(), "bert", tmp_path)
    assert (tmp_path / "model.onnx.data").is_file()
    arrays = source("bert").arrays
    expected = running(source("bert").network)(**arrays)
    np.testing.assert_allclose(opened("onnx", "bert", tmp_path)(**arrays), expected, atol=2e-5)


@pytest.mark.parametrize("element", [False, True])
def test_padding_is_left_out_where_another_call_costs_less(element: bool) -> None:
    from burnish.runtimes._padding import without_padding

    lengths = np.array([3, 90, 4, 88, 2])  # mean 37, under the overhead
    mask = (np.arange(100) < lengths[:, None]).astype(np.int64)
    ids = np.arange(500).reshape(5, 100) * mask
    seen: list[tuple[int, ...]] = []

    def run(arrays: dict[str, np.ndarray]) -> np.ndarray:
        seen.append(arrays["input_ids"].shape)
        tokens = (arrays["input_ids"] * arrays["attention_mask"]).astype(np.float32)[..., None]
        return tokens if element else tokens.sum(axis=1)

    arrays = {"input_ids": ids, "attention_mask": mask}
    whole = run(arrays)
    seen.clear()
    np.testing.assert_array_equal(without_padding(arrays, run, 40, element=element), whole)
    assert sorted(seen) == [(2, 90), (3, 4)]
    seen.clear()
    np.testing.assert_array_equal(without_padding(arrays, run, 10**6, element=element), whole)
    assert seen == [(5, 90)]  # the columns that are padding in every row cost nothing to leave out
    seen.clear()
    np.testing.assert_array_equal(without_padding(arrays, run, 40, element=element, pairs=90 * 90), whole)
    assert sorted(seen) == [(1, 88), (1, 90), (3, 4)]
    full = {name: np.tile(value[1:2, :90], (5, 1)) for name, value in arrays.items()}
    whole = run(full)
    seen.clear()
    np.testing.assert_array_equal(without_padding(full, run, 40, element=element, pairs=2 * 90 * 90), whole)
    assert seen == [(2, 90), (2, 90), (1, 90)]
    left = {name: value[:, ::-1].copy() for name, value in arrays.items()}
    seen.clear()
    np.testing.assert_array_equal(without_padding(left, run, 40, element=element), run(left))
    assert seen[0] == (5, 100)


@pytest.mark.parametrize("element", [False, True])
def test_threads_share_a_batch_and_answer_in_its_order(element: bool) -> None:
    """A batch of one length is halved for two threads; each row is answered once, whoever computes it."""
    from burnish.runtimes._padding import without_padding
    from burnish.runtimes._parallel import Parallel

    lengths = np.array([40, 40, 40, 40, 40, 40, 40, 7])
    mask = (np.arange(40) < lengths[:, None]).astype(np.int64)
    ids = np.arange(1, 321).reshape(8, 40) * mask
    both, seen = threading.Barrier(2), []

    def run(arrays: dict[str, np.ndarray]) -> np.ndarray:
        both.wait(30)  # neither ends unless the other has begun
        seen.append(arrays["input_ids"].shape)
        tokens = arrays["input_ids"].astype(np.float32)[..., None]
        return tokens if element else tokens.sum(axis=1)

    arrays = {"input_ids": ids, "attention_mask": mask}
    told = without_padding(arrays, run, 40, element=element, parallel=Parallel(2))
    np.testing.assert_array_equal(told, ids.astype(np.float32)[..., None] if element else ids.sum(1)[:, None])
    assert len(seen) == 2
    assert sum(rows for rows, _ in seen) == 8


def test_a_batch_is_shared_until_all_threads_have_about_equally_much() -> None:
    from burnish.runtimes._parallel import LEAST, shared

    lengths = np.array([500] + [20] * 64)
    parts = shared([np.array([0]), np.arange(1, 65)], lengths, 4)
    assert sorted(row for rows in parts for row in rows) == list(range(65))
    assert [len(rows) for rows in parts] == [1, 16, 16, 16, 16]  # one row cannot be cut
    small = [np.arange(2)]
    assert len(shared(small, np.array([LEAST, LEAST]), 4)) == 1  # another call would cost more than it spares
    assert len(shared([np.arange(8)], np.full(8, 400), 1)) == 1


def test_an_error_of_any_thread_is_raised() -> None:
    from burnish.runtimes._padding import without_padding
    from burnish.runtimes._parallel import Parallel

    def run(arrays: dict[str, np.ndarray]) -> np.ndarray:
        raise RunFailed("no memory")

    arrays = {"input_ids": np.ones((8, 100), np.int64), "attention_mask": np.ones((8, 100), np.int64)}
    with pytest.raises(RunFailed, match="no memory"):
        without_padding(arrays, run, 16, element=False, parallel=Parallel(2))
