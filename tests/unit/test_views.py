"""Several views of a row: one answer, the mean of their logits, the same wherever it is asked for, and few in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from burnish.answering.opening import answers
from burnish.answering.predictor import Predictor
from burnish.bundle.bundle import Bundle
from burnish.core.batch import Array, Encoded, Example
from burnish.core.component import build
from burnish.core.views import HELD, joined
from burnish.data.feeding.encode import encode_part
from burnish.data.feeding.loader import Loader
from burnish.data.table import Part
from burnish.evaluation.predict import features, predict
from burnish.inputs.image import Image, ImageProcessor
from burnish.losses import Loss
from tests.data_cases import label_target, table
from tests.image_cases import picture, save

PROCESSOR = ImageProcessor(16, 1.0, "bilinear", (0.5, 0.4, 0.3), (0.2, 0.3, 0.4))


def collate(views: Sequence[Encoded]) -> tuple[dict[str, Array], int]:
    """Numbers padded with zeros to the longest."""
    longest = max(len(v["x"]) for v in views)
    return {"x": np.stack([np.pad(v["x"], (0, longest - len(v["x"]))) for v in views])}, longest


def view(*values: float) -> Encoded:
    return {"x": np.array(values, np.float32), "_length": np.int32(len(values))}  # type: ignore[dict-item]


class Counting:
    """A network whose logits are sums, and that says how much went through it at once."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.elements = 0

    def __call__(self, **arrays: Array) -> Array:
        x = arrays["x"]
        self.sizes.append(len(x))
        self.elements += x.size
        return np.stack([x.sum(axis=1), (x**2).sum(axis=1)], axis=1).astype(np.float32)


def test_one_view_is_the_networks_own_answer_bit_for_bit() -> None:
    rows = [view(*np.random.default_rng(i).normal(size=3)) for i in range(5)]
    run = Counting()
    expected = Counting()(**collate(rows)[0])
    seen = joined(run, collate, ([row] for row in rows), limit=5)
    np.testing.assert_array_equal(seen.values, expected)
    assert seen.values.dtype == np.float32
    assert run.sizes == [5]
    assert seen.length == 3
    assert [sorted(f) for f in seen.first] == [["_length"]] * 5


def test_views_are_averaged_row_by_row_and_never_more_than_the_limit_at_once() -> None:
    random = np.random.default_rng(0)
    rows = [[view(*random.normal(size=random.integers(1, 9))) for _ in range(n)] for n in (1, 7, 2, 30, 1, 3)]
    alone = Counting()
    expected = [np.mean([alone(**collate([v])[0])[0] for v in views], axis=0) for views in rows]
    for limit in (1, 3, 4, 100):
        run = Counting()
        seen = joined(run, collate, iter(rows), limit=limit)
        np.testing.assert_allclose(seen.values, expected, rtol=1e-5)
        assert max(run.sizes) <= limit
        assert sum(run.sizes) == sum(map(len, rows))


def test_views_of_like_length_go_through_together() -> None:
    rows = [[view(*[1.0] * n)] for n in (1, 64) * 8]
    run = Counting()
    joined(run, collate, rows, limit=8)
    assert run.elements == 8 * 64 + 8 * 1


def test_few_views_are_held_however_many_a_row_has() -> None:
    made, done, most = 0, 0, 0

    def windows(count: int) -> Iterator[Encoded]:
        nonlocal made, most
        for i in range(count):
            made += 1
            most = max(most, made - done)
            yield view(float(i))

    def run(**arrays: Array) -> Array:
        nonlocal done
        done += len(arrays["x"])
        return cast(Array, arrays["x"][:, :1])

    seen = joined(run, collate, (windows(n) for n in (1000, 1, 500)), limit=4)
    np.testing.assert_allclose(seen.values[:, 0], [499.5, 0, 249.5])
    assert most <= HELD * 4


def test_rows_without_views_and_torn_elements_are_errors() -> None:
    with pytest.raises(ValueError, match="row 1 has no view"):
        joined(Counting(), collate, [[view(1.0)], []], limit=4)
    with pytest.raises(ValueError, match="cannot be joined"):
        joined(lambda x: x[:, :, None], collate, [[view(1.0)], [view(1.0, 2.0)]], limit=1)
    assert joined(Counting(), collate, [], limit=4).first == []


class Mirrored(Image):
    """Each picture as it is, and mirrored; a tall one upside down as well."""

    def views(self, examples: Sequence[Example], processor: Any) -> Iterator[Iterable[Encoded]]:
        for row in (self.encode([e], processor)[0] for e in examples):
            values = row["pixel_values"]
            ways = [values, values[:, :, ::-1]] + ([values[:, ::-1]] if int(values[0].sum()) % 2 else [])
            yield ({**row, "pixel_values": np.ascontiguousarray(way)} for way in ways)


def corner(pixel_values: Array) -> Array:
    """Logits that a mirrored picture changes: the mean of each channel in a corner."""
    return (pixel_values[:, :, :6, :4].mean(axis=(2, 3)) * 3).astype(np.float32)


def test_test_features_bundle_and_predictor_give_the_same_answers(tmp_path: Path) -> None:
    paths = [str(save(picture(i), tmp_path / f"{i}.png")) for i in range(11)]
    rows = [{"image": path, "label": "abc"[i % 3]} for i, path in enumerate(paths)]
    input_, target = Mirrored(root=None), label_target("a", "b", "c")
    expected = []
    counts = set()
    for views in input_.views(rows, PROCESSOR):
        own = [corner(v["pixel_values"][None])[0] for v in views]
        counts.add(len(own))
        expected.append(np.mean(own, axis=0))
    assert counts == {2, 3}
    wanted = target.decode(np.stack(expected), [{}] * len(rows))

    part = Part(table(rows), np.arange(len(rows)))
    encoded = encode_part(part, Image(root=None), target, PROCESSOR, cache=tmp_path / "cache")
    loader = Loader(encoded, input_, target, PROCESSOR)
    loss = cast(Loss, build("burnish.losses", "cross_entropy"))
    table_, total = predict(corner, loader, part, loss=loss, batch_size=4)
    bundle = Bundle(tmp_path, input_, target, PROCESSOR, {})
    predictor = Predictor(bundle, corner, batch_size=3)
    assert table_.answer == [w.answer for w in wanted]
    assert [a.answer for a in predictor(rows)] == table_.answer
    assert [d.answer for d in answers(bundle, corner, rows)] == table_.answer
    for i, own in enumerate(wanted):
        np.testing.assert_allclose(table_.probabilities[i], own.probabilities, atol=1e-6)
        assert list(predictor(rows[i]).probabilities.values()) == pytest.approx(own.probabilities.tolist(), abs=1e-6)
        truth = "abc".index(rows[i]["label"])
        assert table_.table["loss"][i].as_py() == pytest.approx(-np.log(own.probabilities[truth]), abs=1e-5)
    assert total.weight == len(rows)


def test_frozen_features_of_a_row_are_the_mean_over_its_views(tmp_path: Path) -> None:
    import torch

    class Corner(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one = torch.nn.Parameter(torch.ones(1))

        def features(self, pixel_values: Any) -> Any:
            return pixel_values[:, :, :6, :4].mean(dim=(2, 3)) * self.one

    rows = [{"image": str(save(picture(i), tmp_path / f"{i}.png")), "label": "ab"[i % 2]} for i in range(5)]
    input_, target = Mirrored(root=None), label_target("a", "b")
    part = Part(table(rows), np.arange(5))
    encoded = encode_part(part, Image(root=None), target, PROCESSOR, cache=tmp_path / "cache")
    loader = Loader(encoded, input_, target, PROCESSOR)
    found = dict(features(Corner(), loader, np.arange(5), batch_size=2))
    for i, views in enumerate(input_.views(rows, PROCESSOR)):
        own = np.mean([v["pixel_values"][:, :6, :4].mean(axis=(1, 2)) for v in views], axis=0)
        np.testing.assert_allclose(found[i], own, atol=1e-6)


def test_views_are_joined_as_the_target_says() -> None:
    """By hand: mean, max, and for labels that one view is enough for, one minus the product of what speaks against."""
    views = np.array([[0.0, 2.0], [2.0, -4.0], [1.0, -1.0]], np.float32)
    label = build("burnish.targets", {"kind": "label", "labels": ["a", "b"], "joining": "max"})
    labels = build("burnish.targets", {"kind": "labels", "labels": ["a", "b"], "joining": "noisy_or"})
    np.testing.assert_array_equal(cast(Any, label).joined(views), [2.0, 2.0])
    none = np.prod(1 - 1 / (1 + np.exp(-views.astype(float))), axis=0)
    np.testing.assert_allclose(cast(Any, labels).joined(views), np.log((1 - none) / none), rtol=1e-6)
    np.testing.assert_array_equal(cast(Any, labels).joined(views[:1]), views[0])
    assert np.isfinite(cast(Any, labels).joined(np.array([[800.0], [-800.0]], np.float32))).all()


def test_a_target_of_its_own_joining_sees_the_views_in_their_order() -> None:
    """As stitched transcripts need it, whatever the order in which they went through the network."""
    rows = [[view(1.0), view(2.0, 3.0), view(4.0)], [view(5.0)]]
    seen = joined(Counting(), collate, rows, limit=1, join=lambda views: views[:, 0] @ 10.0 ** -np.arange(len(views)))
    np.testing.assert_allclose(seen.values, [1.0 + 0.5 + 0.04, 5.0])
