"""Long rows: which tokens stand in which window, how windows are joined, and what makes no sense."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch

from burnish.core import joining
from burnish.core.batch import Array
from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.core.windows import KEPT, MEMBERSHIP, WINDOWS, doubled, membership
from burnish.inputs.text import Text
from burnish.long import Long, Windowed
from burnish.long.slide import Slide
from burnish.long.truncate import Truncate
from burnish.models._joining import Attention, OverWindows, joining_of
from burnish.models.transformers.rotary import stretched
from burnish.recipe.recipe import Recipe
from burnish.runtimes._windows import row_by_row
from burnish.stages.prepare.long_rows import check_long, require_way
from tests.checkpoints import tiny_checkpoint

TEXT = "a good film with a bad ending and a very good cast"
COUNTS = [3, 1, 2]


def of(**settings: Any) -> Long:
    return cast(Long, build("burnish.long", settings))


def places(long: Any, count: int, room: int) -> list[list[tuple[int, int]]]:
    return [list(ranges) for ranges in long.places(count, room)]


def test_which_tokens_of_a_long_text_are_kept() -> None:
    """Ten tokens, four of which have room."""
    assert places(Truncate(keep="head"), 10, 4) == [[(0, 4)]]
    assert places(Truncate(keep="tail"), 10, 4) == [[(6, 10)]]
    assert places(Truncate(keep="head_and_tail"), 10, 4) == [[(0, 1), (7, 10)]]
    assert places(Truncate(keep="head_and_tail", head_share=0.5), 10, 4) == [[(0, 2), (8, 10)]]
    for keep in ("head", "tail", "head_and_tail"):
        assert places(Truncate(keep=keep), 4, 4) == [[(0, 4)]]


def test_windows_slide_and_the_last_is_moved_back_to_the_end() -> None:
    assert places(Slide(), 10, 4) == [[(0, 4)], [(3, 7)], [(6, 10)]]
    assert places(Slide(stride=4, window=8), 11, 4) == [[(0, 4)], [(4, 8)], [(7, 11)]]
    assert places(Slide(max_windows=2), 10, 4) == [[(0, 4)], [(3, 7)]]
    assert places(Slide(), 4, 4) == [[(0, 4)]]
    assert places(Slide(), 5, 4) == [[(0, 4)], [(1, 5)]]


@pytest.mark.parametrize("room", [1, 2, 5, 9])
@pytest.mark.parametrize("stride", [1, 3, 9, None])
def test_no_token_is_lost_between_windows_and_none_is_a_remnant(room: int, stride: int | None) -> None:
    for count in range(1, 40):
        windows = Slide(stride=stride, max_windows=4096).places(count, room)
        seen = {i for ((start, end),) in windows for i in range(start, end)}
        assert seen == set(range(count))
        assert all(end - start == min(room, count) for ((start, end),) in windows)
        assert len({tuple(ranges) for ranges in windows}) == len(windows)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_checkpoint(tmp_path_factory.mktemp("long") / "bert")


def encoded(checkpoint: Path, text: str, long: dict[str, Any] | None) -> dict[str, Array]:
    input_ = Text(columns=["text"], max_length=8, long=long)
    (row,) = input_.encode([{"text": text}], input_.processor(checkpoint))
    return row


def test_each_window_is_framed_and_what_is_lost_is_counted(checkpoint: Path) -> None:
    whole = Text(columns=["text"]).processor(checkpoint).tokenizer.encode(TEXT).ids
    inside = whole[1:-1]
    assert len(inside) == 12
    row = encoded(checkpoint, TEXT, {"kind": "slide", "stride": 6})
    assert row[WINDOWS].tolist() == [8, 8]
    assert row["input_ids"].tolist() == [whole[0], *inside[:6], whole[-1], whole[0], *inside[6:], whole[-1]]
    assert (int(row["_length"]), int(row["_full_length"]), int(row[KEPT])) == (16, 14, 14)
    row = encoded(checkpoint, TEXT, {"kind": "truncate", "keep": "head_and_tail", "head_share": 0.5})
    assert row["input_ids"].tolist() == [whole[0], *inside[:3], *inside[-3:], whole[-1]]
    assert (int(row["_length"]), int(row["_full_length"]), int(row[KEPT])) == (8, 14, 8)
    row = encoded(checkpoint, TEXT, {"kind": "slide", "max_windows": 1, "joining": "max"})
    assert row["input_ids"].tolist() == encoded(checkpoint, TEXT, None)["input_ids"].tolist()
    assert int(row[KEPT]) == 8


@pytest.mark.parametrize("architecture", ["bert", "roberta", "gpt2", "llama", "modernbert"])
def test_a_text_that_fits_is_read_as_ever_by_every_kind_of_tokenizer(architecture: str, tmp_path: Path) -> None:
    folder = tiny_checkpoint(tmp_path / architecture, architecture)
    for text in ("a good film", "", "ü 🙂"):
        plain, slid = (
            Text(columns=["text"], max_length=64),
            Text(columns=["text"], max_length=64, long=Slide(joining="max")),
        )
        (one,), (other,) = (i.encode([{"text": text}], i.processor(folder)) for i in (plain, slid))
        assert one["input_ids"].tolist() == other["input_ids"].tolist()


def test_a_batch_has_a_line_for_each_window(checkpoint: Path) -> None:
    input_ = Text(columns=["text"], max_length=8, long=Slide(stride=6))
    processor = input_.processor(checkpoint)
    rows = input_.encode([{"text": TEXT}, {"text": "good"}], processor)
    arrays, length = input_.collate(rows, processor)
    assert arrays["input_ids"].shape == (3, 8)
    assert arrays[MEMBERSHIP].tolist() == [[1, 1, 0], [0, 0, 1]]
    assert length == 12  # elements of the batch by rows, padding included
    assert input_.parts({"text": TEXT}, processor, 99)[-1].place["text"] == "cast"


def test_a_batch_twice_over_keeps_windows_with_their_rows() -> None:
    twice = doubled({"input_ids": torch.arange(3)[:, None], MEMBERSHIP: torch.tensor([[1.0, 1, 0], [0, 0, 1]])})
    assert twice["input_ids"].flatten().tolist() == [0, 1, 2, 0, 1, 2]
    assert twice[MEMBERSHIP].tolist() == [
        [1, 1, 0, 0, 0, 0],
        [0, 0, 1, 0, 0, 0],
        [0, 0, 0, 1, 1, 0],
        [0, 0, 0, 0, 0, 1],
    ]


def windows(seed: int = 0) -> tuple[Array, list[Array]]:
    """Logits of the windows of three rows, and those of each row."""
    values = 4 * np.random.default_rng(seed).standard_normal((sum(COUNTS), 4)).astype(np.float32)
    return values, np.split(values, np.cumsum(COUNTS)[:-1])


@pytest.mark.parametrize("kind", ["mean", "max", "noisy_or"])
def test_joined_as_views_are(kind: str) -> None:
    """`core.joining` computes the same in float64, for views."""
    values, rows = windows()
    made = joining_of(Slide(joining=kind), 0, 4)(torch.tensor(membership(COUNTS)), torch.tensor(values), None)
    expected = np.stack([joining.joined(row, kind) for row in rows])  # type: ignore[arg-type]
    np.testing.assert_allclose(made.numpy(), expected, rtol=1e-5, atol=1e-5)
    assert made[1].tolist() == rows[1][0].tolist(), "one window comes out bit for bit"


def test_noisy_or_of_large_and_small_logits_is_finite_and_learns() -> None:
    values = torch.tensor([[-200.0, 90.0, 0.0], [-200.0, 90.0, 0.0]], requires_grad=True)
    made = joining_of(Slide(joining="noisy_or"), 0, 3)(torch.tensor(membership([2])), values, None)
    made.sum().backward()
    assert torch.isfinite(made).all()
    assert torch.isfinite(cast(torch.Tensor, values.grad)).all()
    assert made[0, 2].item() == pytest.approx(np.log(3), rel=1e-5)  # 1 - 1/4 against 1/4


def test_attention_is_a_softmax_of_a_small_layer_and_begins_as_the_mean() -> None:
    values, rows = windows()
    states = np.random.default_rng(1).standard_normal((sum(COUNTS), 6)).astype(np.float32)
    made = Attention(6)
    given = (torch.tensor(membership(COUNTS)), torch.tensor(values), torch.tensor(states))
    np.testing.assert_allclose(made(*given).detach(), np.stack([r.mean(0) for r in rows]), rtol=1e-5, atol=1e-6)
    torch.nn.init.normal_(made.score.weight)
    weight, bias, score = (t.detach().numpy() for t in (made.hidden.weight, made.hidden.bias, made.score.weight[0]))
    expected = []
    for some, seen in zip(rows, np.split(states, np.cumsum(COUNTS)[:-1]), strict=True):
        scores = np.exp(np.tanh(seen @ weight.T + bias) @ score)
        expected.append((scores / scores.sum()) @ some)
    np.testing.assert_allclose(made(*given).detach(), np.stack(expected), rtol=1e-4, atol=1e-5)


def test_the_transformer_sees_the_windows_of_one_row_in_their_order_and_begins_as_the_mean() -> None:
    torch.manual_seed(0)
    values, rows = windows()
    states = torch.randn(sum(COUNTS), 8)
    made = OverWindows(8, 4, layers=2, heads=2, dropout=0.0)
    given = torch.tensor(membership(COUNTS)), torch.tensor(values)
    np.testing.assert_allclose(made(*given, states).detach(), np.stack([r.mean(0) for r in rows]), rtol=1e-5, atol=1e-6)
    torch.nn.init.normal_(made.added.weight)
    whole = made(*given, states)
    for row, (start, end) in enumerate(((0, 3), (3, 4), (4, 6))):
        alone = made(torch.ones(1, end - start), given[1][start:end], states[start:end])
        torch.testing.assert_close(alone[0], whole[row], rtol=1e-4, atol=1e-5)
    turned = made(torch.ones(1, 3), given[1][:3].flip(0), states[:3].flip(0))
    assert not torch.allclose(turned[0], whole[0], atol=1e-3), "the order of windows matters"


def test_what_is_not_finite_in_one_document_stays_there() -> None:
    values, _ = windows()
    values[0] = np.nan
    for kind in ("mean", "max", "noisy_or"):
        made = joining_of(Slide(joining=kind), 0, 4)(torch.tensor(membership(COUNTS)), torch.tensor(values), None)
        assert torch.isfinite(made).all(dim=1).tolist() == [False, True, True]


def test_a_runtime_computes_a_few_documents_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("burnish.runtimes._windows.AT_ONCE", 3)
    sizes = []

    def call(arrays: dict[str, Array]) -> Array:
        sizes.append(arrays["input_ids"].shape)
        return cast(Array, arrays[MEMBERSHIP] @ arrays["input_ids"].sum(1, keepdims=True))

    mask = np.ones((6, 4), np.int64)
    mask[3, 2:] = 0
    ids = np.arange(24).reshape(6, 4) * mask
    arrays = {"input_ids": ids, "attention_mask": mask, MEMBERSHIP: membership(COUNTS)}
    assert row_by_row(arrays, call).tolist() == (membership(COUNTS) @ ids.sum(1, keepdims=True)).tolist()
    assert sizes == [(3, 4), (3, 4)]
    assert row_by_row({n: v[3:4] if n != MEMBERSHIP else v[1:2, 3:4] for n, v in arrays.items()}, call).shape == (1, 1)
    assert sizes[-1] == (1, 2), "padding is left out"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"long": "slide", "input": {"columns": ["a", "b"]}}, "which of the two is cut"),
        ({"long": "tiles", "input": "text"}, "is of pictures"),
        ({"long": "slide", "input": "image"}, "is of texts"),
        ({"long": "slide", "input": "audio"}, "recordings are cut into windows without it"),
        ({"long": "slide", "input": {"kind": "text", "long": "truncate"}}, "leave out one of the two"),
        ({"long": "slidee"}, "slide"),
        ({"long": {"kind": "slide", "joining": "sum"}}, "joining"),
        ({"long": {"kind": "slide", "window": 16, "stride": 15}}, "leaves tokens out"),
        ({"long": {"kind": "auto", "joining": "max"}}, "joining"),
        ({"long": {"kind": "context", "rope_scaling": "yarn"}}, "without tokens"),
        ({"long": {"kind": "context", "tokens": 99}, "input": {"max_length": 64}}, "leave input.max_length out"),
        ({"long": "tiles", "input": {"kind": "image", "test_views": ["mirrored"]}}, "joined with the other"),
    ],
)
def test_what_makes_no_sense_is_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Recipe.load({"data": "x.csv", **settings})


def settled(long: dict[str, Any], target: str = "label", **more: Any) -> Any:
    usual: dict[str, Any] = {"mixing": None, "cache_features": "auto"}
    made = build("burnish.targets", {"kind": target, "column": "y", **more.pop("of_target", {})})
    return SimpleNamespace(input=SimpleNamespace(long=of(**long)), target=made, **{**usual, **more})


def test_what_does_not_go_with_the_rest_of_a_recipe_is_refused() -> None:
    with pytest.raises(InputError, match="do not exclude each other"):
        check_long(settled({"kind": "slide", "joining": "noisy_or"}))
    with pytest.raises(InputError, match="do not exclude each other"):
        check_long(settled({"kind": "slide", "joining": "noisy_or"}, "score"))
    check_long(settled({"kind": "slide", "joining": "noisy_or"}, "labels"))
    with pytest.raises(InputError, match=r"target.joining is 'max'"):
        check_long(settled({"kind": "slide"}, of_target={"joining": "max"}))
    with pytest.raises(InputError, match="mixes two rows"):
        check_long(settled({"kind": "slide"}, mixing=build("burnish.data.mixing", "embedding_mixup")))
    with pytest.raises(InputError, match="joins windows behind the head"):
        check_long(settled({"kind": "hierarchical"}, cache_features="always"))
    check_long(settled({"kind": "truncate", "keep": "tail"}, cache_features="always"))
    with pytest.raises(InputError, match="decided by `burnish train` alone"):
        require_way(Recipe.load({"data": "x.csv", "long": "auto"}))


def test_a_way_is_written_into_the_input() -> None:
    recipe = Recipe.load({"data": "x.csv", "long": {"kind": "slide", "window": 64}, "input": {"columns": ["text"]}})
    assert isinstance(recipe.input, Text)
    assert recipe.input.long == Slide(window=64)
    assert recipe.long is None
    again = Recipe.load(recipe.model_dump(mode="json"))
    assert again.input == recipe.input


def test_windows_longer_than_the_checkpoint_reads_and_texts_that_no_graph_reads(checkpoint: Path) -> None:
    with pytest.raises(InputError, match="at most 8"):
        Text(columns=["text"], max_length=8, long=Slide(window=9)).processor(checkpoint)
    with pytest.raises(InputError, match="rope_scaling=yarn"):
        Text(columns=["text"], long=of(kind="context", tokens=4096)).processor(checkpoint)
    long = Text(columns=["text"], max_length=8, long=Slide())
    with pytest.raises(InputError, match="without torch"):
        long.raw(long.processor(checkpoint))


def test_rotary_positions_are_scaled_where_there_are_some() -> None:
    from transformers import BertConfig, LlamaConfig, ModernBertConfig

    llama = LlamaConfig(max_position_embeddings=64)
    assert "by 4: 256 tokens instead of 64" in stretched(llama, "yarn", 256)
    assert llama.rope_parameters["factor"] == 4
    assert llama.rope_parameters["original_max_position_embeddings"] == 64
    assert llama.max_position_embeddings == 256
    modern = ModernBertConfig(max_position_embeddings=64)
    stretched(modern, "linear", 128)
    assert modern.rope_parameters["full_attention"]["factor"] == 2
    assert modern.rope_parameters["sliding_attention"]["rope_type"] == "default", "it sees near tokens only"
    for config, tokens, words in (
        (BertConfig(), 1024, "no rotary positions"),
        (LlamaConfig(max_position_embeddings=64), 64, "without it"),
        (llama, 512, "scaled already"),
    ):
        with pytest.raises(InputError, match=words):
            stretched(config, "linear", tokens)


def test_the_most_tokens_of_a_document(checkpoint: Path) -> None:
    processor = Text(columns=["text"], max_length=8, long=Slide(stride=4, max_windows=3)).processor(checkpoint)
    assert processor.limit == 6 + 2 * 4 + 2
    assert isinstance(of(kind="hierarchical"), Windowed)
