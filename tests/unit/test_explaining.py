"""What each part did for an answer, over runtimes made by hand whose answers without a part are known exactly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image as Pillow

import burnish
from burnish.answering.explaining import PARTS
from burnish.answering.predictor import Predictor
from burnish.bundle.bundle import Bundle
from burnish.core.batch import Array
from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.inputs import Input
from burnish.media.picture.patches import grid, middle
from burnish.media.sound.reading import silenced, slices
from burnish.media.text.words import groups, without, words
from burnish.targets import Target
from tests.checkpoints import tiny_checkpoint
from tests.data_cases import label_target
from tests.sound_cases import save as save_sound

VOCABULARY = ["good", "bad", "film", "the", "very", "a", "plot"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_checkpoint(tmp_path_factory.mktemp("checkpoint") / "bert", "bert", texts=[" ".join(VOCABULARY)] * 20)


class BagOfWords:
    """Logits that are sums over the words of a text, so that each word's effect on a score is its own weight."""

    def __init__(self, processor: Any, weights: dict[str, list[float]]) -> None:
        self.rows = 0
        self._table = np.zeros((processor.tokenizer.get_vocab_size(), len(next(iter(weights.values())))), np.float32)
        for word, own in weights.items():
            (number,) = processor.tokenizer.encode(word, add_special_tokens=False).ids
            self._table[number] = own

    def __call__(self, **arrays: Array) -> Array:
        self.rows += len(arrays["input_ids"])
        seen = self._table[arrays["input_ids"]] * arrays["attention_mask"][..., None]
        return cast(Array, seen.sum(axis=1).astype(np.float32))


def texts(checkpoint: Path, target: Any, weights: dict[str, list[float]], **settings: Any) -> Predictor:
    input_ = cast(Input, build("burnish.inputs", {"kind": "text", "columns": ["text"], **settings}))
    processor = input_.processor(checkpoint)
    return Predictor(Bundle(checkpoint, input_, target, processor, {}), BagOfWords(processor, weights), batch_size=8)


def of(kind: str, **settings: Any) -> Target:
    return cast(Target, build("burnish.targets", {"kind": kind, **settings}))


def test_each_word_of_a_score_has_its_own_weight_as_its_effect(checkpoint: Path) -> None:
    target = of("score", mean=3.0, scale=2.0)
    predictor = texts(checkpoint, target, {"good": [1.5], "bad": [-1.0], "film": [0.25]})
    found = predictor.explain("the good film  bad")
    assert isinstance(found, burnish.Explanation)
    assert found.answer.answer == pytest.approx(3 + 2 * 0.75)
    assert [p["text"] for p in found.parts] == ["the ", "good ", "film  ", "bad"]
    assert found.effects["score"] == pytest.approx([0, 3.0, 0.5, -2.0])
    assert sum(found.effects["score"]) == pytest.approx(found.answer.answer - 3.0)
    assert json.loads(json.dumps(found.parts)) == list(found.parts)


def test_effects_on_a_label_are_differences_of_its_probability(checkpoint: Path) -> None:
    predictor = texts(checkpoint, label_target("no", "yes"), {"good": [0.0, 2.0], "bad": [0.0, -1.0]})
    found = predictor.explain({"text": "good bad film"})

    def sure(logit: float) -> float:
        return float(1 / (1 + np.exp(-logit)))

    assert found.answer.answer == "yes"
    assert found.effects == {"yes": pytest.approx([sure(1) - sure(-1), sure(1) - sure(2), 0], abs=1e-6)}
    against = predictor.explain("bad")
    assert against.answer.answer == "no"
    assert against.effects["no"] == pytest.approx([sure(1) - 0.5])


def test_of_several_labels_each_given_one_is_explained_and_the_likeliest_where_none_is(checkpoint: Path) -> None:
    weights = {"good": [3.0, 0.0, -2.0], "bad": [0.0, 4.0, -1.0], "film": [-9.0, -9.0, -1.0]}
    predictor = texts(checkpoint, of("labels", labels=["a", "b", "c"]), weights)
    both = predictor.explain("good bad")
    assert sorted(both.effects) == sorted(both.answer.answer) == ["a", "b"]
    assert both.effects["a"][0] > 0.4
    assert both.effects["a"][1] == pytest.approx(0)
    none = predictor.explain("film")
    assert none.answer.answer == []
    assert list(none.effects) == ["c"]
    assert none.effects["c"][0] < 0


def test_words_of_both_texts_of_a_pair(checkpoint: Path) -> None:
    predictor = texts(checkpoint, of("score", mean=0.0, scale=1.0), {"good": [1.0], "bad": [-1.0]}, columns=["q", "p"])
    found = predictor.explain({"q": "good", "p": "the bad film", "more": 1})
    assert [(p["column"], p["text"]) for p in found.parts] == [
        ("q", "good"),
        ("p", "the "),
        ("p", "bad "),
        ("p", "film"),
    ]
    assert found.effects["score"] == pytest.approx([1, 0, -1, 0])
    assert [p["column"] for p in predictor.explain({"q": None, "p": "bad"}).parts] == ["p"]


def test_many_words_cost_no_more_than_the_parts_that_were_asked_for(checkpoint: Path) -> None:
    predictor = texts(checkpoint, of("score", mean=0.0, scale=1.0), {"good": [1.0]})
    text = "the film " * 60 + "good " * 7
    found = predictor.explain(text, parts=10)
    assert "".join(p["text"] for p in found.parts) == text
    assert len(found.parts) == 10
    assert sum(found.effects["score"]) == pytest.approx(7)
    assert cast(BagOfWords, predictor._run).rows == 11
    assert len(predictor.explain(text).parts) == PARTS
    with pytest.raises(InputError, match="4 or more"):
        predictor.explain(text, parts=3)


def test_words_that_are_not_read_are_no_parts(checkpoint: Path) -> None:
    predictor = texts(checkpoint, of("score", mean=0.0, scale=1.0), {"good": [1.0]}, max_length=6)
    found = predictor.explain("the good film a very very very good plot")
    assert [p["text"] for p in found.parts] == ["the ", "good ", "film ", "a "]
    assert found.effects["score"] == pytest.approx([0, 1, 0, 0])
    pair = texts(checkpoint, of("score", mean=0.0, scale=1.0), {"good": [1.0]}, columns=["q", "p"], max_length=9)
    found = pair.explain({"q": "a good plot " * 300, "p": "a film"})
    assert [(p["column"], p["start"]) for p in found.parts] == [
        ("q", 0),
        ("q", 2),
        ("q", 7),
        ("q", 12),
        ("p", 0),
        ("p", 2),
    ]


def test_what_cannot_be_explained_says_why(checkpoint: Path) -> None:
    predictor = texts(checkpoint, of("score", mean=0.0, scale=1.0), {"good": [1.0]})
    for empty in ("", "  \n", {"text": None}):
        with pytest.raises(InputError, match="no word"):
            predictor.explain(empty)
    with pytest.raises(InputError, match="'text' is missing"):
        predictor.explain({"words": "good"})
    tags = build("burnish.targets", {"kind": "tags", "labels": ["O", "B-x"]})
    with pytest.raises(InputError, match="each word are not explained"):
        texts(checkpoint, tags, {"good": [1.0, 0.0]}).explain("good")
    broken = texts(checkpoint, of("score", mean=0.0, scale=1.0), {"good": [1.0], "bad": [np.nan]})
    with pytest.raises(InputError, match="not a finite number"):
        broken.explain("good bad")


def brightness(pixel_values: Array) -> Array:
    """A score: the mean of the pixels."""
    return pixel_values.mean(axis=(1, 2, 3))[:, None].astype(np.float32)


def test_patches_of_a_picture(tmp_path: Path) -> None:
    """A black picture with one white patch and one grey one: those alone change the mean when they are painted over."""
    pixels = np.zeros((40, 40, 3), np.uint8)
    pixels[10:20, 20:30] = 255
    pixels[:, 39] = 0
    path = tmp_path / "a.png"
    Pillow.fromarray(pixels).save(path)
    settings = {"size": 40, "crop_ratio": 1.0, "mean": [0, 0, 0], "std": [1, 1, 1]}
    input_ = cast(Input, build("burnish.inputs", {"kind": "image", **settings}))
    bundle = Bundle(tmp_path, input_, of("score", mean=0.0, scale=1.0), input_.processor(tmp_path), {})
    found = Predictor(bundle, brightness).explain(str(path), parts=16)
    assert found.answer.answer == pytest.approx(1 / 16)
    effects = np.array(found.effects["score"]).reshape(4, 4)
    mean = round(255 / 16) / 255
    expected = np.full((4, 4), -mean / 16)
    expected[1, 2] = (1 - mean) / 16
    np.testing.assert_allclose(effects, expected, atol=1e-6)
    assert found.parts[6] == {"left": 0.5, "top": 0.25, "right": 0.75, "bottom": 0.5}


def test_only_what_the_network_sees_of_a_picture_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "wide.png"
    Pillow.fromarray(np.random.default_rng(0).integers(0, 255, (40, 120, 3), np.uint8)).save(path)
    settings = {"size": 20, "crop_ratio": 0.5, "mean": [0, 0, 0], "std": [1, 1, 1]}
    input_ = cast(Input, build("burnish.inputs", {"kind": "image", **settings}))
    processor = input_.processor(tmp_path)
    row, _ = input_.read_once({"image": str(path)}, processor, changed=False)
    places = [piece.place for piece in input_.parts(row, processor, 9)]
    assert (min(p["left"] for p in places), max(p["right"] for p in places)) == pytest.approx((50 / 120, 70 / 120))
    assert (min(p["top"] for p in places), max(p["bottom"] for p in places)) == pytest.approx((0.25, 0.75))
    corners = input_.model_copy(update={"test_views": ["five_crops"]}).parts(row, processor, 12)
    assert len(corners) == 12
    assert (corners[0].place["left"], corners[-1].place["bottom"]) == (0, 1)


def test_slices_of_a_sound(tmp_path: Path) -> None:
    """A second of which one fifth can be heard: only the slices over it have an effect, and together all of it."""
    waveform = np.zeros(8000, np.float32)
    waveform[3200:4800] = 0.5
    path = save_sound(waveform, tmp_path / "a.wav")
    settings = {"features": "waveform", "sampling_rate": 8000, "seconds": 1.0}
    input_ = cast(Input, build("burnish.inputs", {"kind": "audio", **settings}))
    processor = input_.processor(tmp_path, {**settings, "normalise": False})

    def loudness(input_values: Array) -> Array:
        return (input_values**2).sum(axis=1)[:, None].astype(np.float32)

    bundle = Bundle(tmp_path, input_, of("score", mean=0.0, scale=1.0), processor, {})
    found = Predictor(bundle, loudness).explain({"audio": str(path)})
    assert found.answer.answer == pytest.approx(400, rel=1e-3)
    effects = np.array(found.effects["score"])
    assert [p["start"] for p in found.parts] == pytest.approx(np.arange(10) / 10)
    np.testing.assert_allclose(effects[[0, 1, 2, 7, 8, 9]], 0, atol=1e-3)
    np.testing.assert_allclose(effects[4:6], 200, rtol=0.1)  # a little more: it fades beside the slice
    assert effects[3] < 10


def test_words_of_any_script() -> None:
    assert [" a\tb  c\n"[s:e] for s, e in words(" a\tb  c\n")] == [" a\t", "b  ", "c\n"]
    for text in ("很好的酒店 very good", "สวัสดีครับ", "すごく楽しい。", "नमस्ते दुनिया", "👩‍👩‍👧 ok"):
        spans = words(text)
        assert "".join(text[s:e] for s, e in spans) == text
    assert [text for text in ("很", "好", "的") if text in [("很好的")[s:e] for s, e in words("很好的")]] == [
        "很",
        "好",
        "的",
    ]
    assert ["ที่นี่"[s:e] for s, e in words("ที่นี่")] == ["ที่", "นี่"]
    assert words("") == words(" \n\u3000") == []


def test_groups_of_words_are_even_and_never_too_many() -> None:
    for counts, most in (
        ((1, 10_000), 4),
        ((10_000, 1), 5),
        ((30, 30), 49),
        ((3, 4), 49),
        ((0, 100), 7),
        ((50, 0), 49),
    ):
        rows = ["w " * n for n in counts]
        found = groups(rows, [len(r) for r in rows], most)
        assert sum(map(len, found)) <= most
        assert [bool(own) for own in found] == [n > 0 for n in counts]
        for row, spans in zip(rows, found, strict=True):
            assert "".join(row[s:e] for s, e in spans) == row
            sizes = {(e - s) // 2 for s, e in spans}
            assert not sizes or max(sizes) - min(sizes) <= 1


def test_leaving_out_leaves_no_space_hanging() -> None:
    assert without("a b c", 0, 2) == "b c"
    assert without("a b c", 2, 4) == "a c"
    assert without("a b c", 4, 5) == "a b"
    assert without("a", 0, 1) == ""


@pytest.mark.parametrize("box", [(0, 0, 32, 32), (3, 5, 1003, 15), (0, 0, 2, 900), (0, 0, 1, 1), (0, 0, 300, 200)])
@pytest.mark.parametrize("most", [4, 48, 49, 64])
def test_a_grid_covers_the_box_once(box: Any, most: int) -> None:
    patches = grid(box, most)
    assert 1 <= len(patches) <= most
    seen = np.zeros((box[3], box[2]), int)
    for left, top, right, bottom in patches:
        assert right > left
        assert bottom > top
        seen[top:bottom, left:right] += 1
    assert (seen[box[1] :, box[0] :] == 1).all()
    assert seen.sum() == (box[2] - box[0]) * (box[3] - box[1])


def test_grids_of_squares() -> None:
    assert len(grid((0, 0, 224, 224), 49)) == 49
    assert middle(100, 50, 0.5) == (37, 12, 63, 38)


def test_slices_are_not_too_short_and_a_silenced_one_fades() -> None:
    assert len(slices(16000, 16000, 49)) == 10
    assert len(slices(1600, 16000, 49)) == 4
    assert len(slices(3, 16000, 49)) == 3
    assert len(slices(16000 * 60, 16000, 49)) == 49
    own = silenced(np.ones(1000, np.float32), 400, 500, 1000)
    assert not own[400:500].any()
    assert own[:395].all()
    assert 0 < own[398] < own[396] < 1
    assert (own[505:] == 1).all()
    assert not silenced(np.ones(10, np.float32), 0, 10, 1000).any()
