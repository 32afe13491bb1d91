"""MusicGen behind burnish's seam: its loss by hand and by transformers, captions that are hidden, a cache, saved weights."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from burnish.adapters.full import Full
from burnish.adapters.lora import Lora
from burnish.core.batch import Array, Truth, a_row_a_line
from burnish.core.network import Network
from burnish.core.terms import Outputs
from burnish.inputs.caption import Caption
from burnish.losses.cross_entropy import CrossEntropy
from burnish.models.transformers import Transformers
from burnish.models.transformers.music import FROZEN
from tests import music_cases as cases

SIZE = cases.SIZE
LENGTHS = (9, 6, 3)


def batch(channels: int = 1, lengths: tuple[int, ...] = LENGTHS) -> tuple[dict[str, Array], Truth[Array]]:
    """Captions and codes of rows of different lengths, as the loader collates them."""
    target, reads, processor = cases.target(channels), Caption(column="caption"), cases.processor(channels)
    cells = [cases.cell(cases.codes(seed, length, 4 * channels)) for seed, length in enumerate(lengths)]
    encoded = reads.encode([{"caption": cases.CAPTIONS[n]} for n in range(len(cells))], processor.for_input)  # type: ignore[arg-type]
    given = [target.given(own, row, processor) for own, row in zip(cells, encoded, strict=True)]
    arrays, length = reads.collate([{**e, **g} for e, g in zip(encoded, given, strict=True)], processor.for_input)  # type: ignore[arg-type]
    pairs = [target.encode(own, row, processor) for own, row in zip(cells, encoded, strict=True)]
    targets, weights = target.collate(pairs, length)
    inputs = {**arrays, **target.collate_given(given, length, processor)}
    return inputs, Truth(targets, weights, a_row_a_line(weights), np.arange(len(cells)))


def tensors(inputs: dict[str, Array]) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(value) for name, value in inputs.items()}


def truth_of(truth: Truth[Array]) -> Truth[torch.Tensor]:
    return Truth(*map(torch.from_numpy, (truth.targets, truth.weights, truth.owner, truth.lines)))


def one(inputs: dict[str, Array], row: int, frames: int) -> dict[str, torch.Tensor]:
    """A row of a batch by itself, without any padding."""
    words = int(inputs["attention_mask"][row].sum())
    alone = {name: value[row : row + 1] for name, value in inputs.items()}
    alone |= {name: alone[name][:, :words] for name in ("input_ids", "attention_mask")}
    alone["decoder_input_ids"] = alone["decoder_input_ids"][:, :, :frames]
    return tensors({name: np.ascontiguousarray(value) for name, value in alone.items()})


@torch.no_grad()
@pytest.mark.parametrize("channels", [1, 2])
def test_the_loss_is_that_of_a_hand_computation_with_delay(channels: int) -> None:
    """Row by row, code by code: code t of codebook k is told at step t + delay from what was written before it."""
    network = cases.network(channels)
    inputs, truth = batch(channels)
    terms = CrossEntropy().terms(Outputs(network(**tensors(inputs))), truth_of(truth))
    sums, weights = terms.by_part(len(LENGTHS))
    for row, frames in enumerate(LENGTHS):
        codes = cases.codes(row, frames, 4 * channels).astype(int)
        text = one(inputs, row, frames)
        text.pop("decoder_input_ids")
        for codebook in range(4 * channels):
            late, nats = codebook // channels, 0.0
            for place in range(frames - late):
                step = place + late  # the input of this step: a first column of fillers, then all steps before it
                before = torch.full((1, 4 * channels, step + 1), SIZE)
                for other in range(4 * channels):
                    for earlier in range(step):
                        if (at := earlier - other // channels) >= 0:
                            before[0, other, earlier + 1] = codes[other, at]
                logits = network(**text, decoder_input_ids=before)[0, -1, codebook]
                nats -= float(logits.log_softmax(-1)[codes[codebook, place]])
            assert float(sums[row, codebook]) == pytest.approx(nats, rel=1e-5)
            assert float(weights[row, codebook]) == max(0, frames - late)


@torch.no_grad()
@pytest.mark.parametrize("channels", [1, 2])
def test_the_mean_over_codebooks_is_the_loss_of_transformers(channels: int) -> None:
    """Given the delayed codes as labels: it shifts nothing, and masks the filler."""
    network = cases.network(channels)
    inputs, truth = batch(channels)
    terms = CrossEntropy().terms(Outputs(network(**tensors(inputs))), truth_of(truth))
    sums, weights = terms.by_part(len(LENGTHS))
    labels = torch.from_numpy(np.where(truth.weights > 0, truth.targets, SIZE))
    given = tensors(inputs)
    theirs = network.model(
        input_ids=given["input_ids"],
        attention_mask=given["attention_mask"],
        decoder_input_ids=given["decoder_input_ids"].flatten(0, 1),
        labels=labels,
    )
    assert float((sums.sum(0) / weights.sum(0)).mean()) == pytest.approx(float(theirs.loss), rel=1e-6)


@torch.no_grad()
def test_a_row_alone_is_a_row_in_a_batch() -> None:
    network = cases.network()
    inputs, _ = batch()
    together = network(**tensors(inputs))
    for row, frames in enumerate(LENGTHS):
        alone = network(**one(inputs, row, frames))
        torch.testing.assert_close(together[row, :frames], alone[0], rtol=0, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("channels", [1, 2])
def test_written_with_a_cache_is_one_pass_over_the_whole(channels: int) -> None:
    network = cases.network(channels)
    inputs, _ = batch(channels, (9, 9, 9))
    given = tensors(inputs)
    whole, hidden = network(**given), network(**{**given, "conditioned": torch.zeros(3, dtype=torch.long)})
    shown = given.pop("decoder_input_ids")
    logits, cache = network.step({**given, "guided": torch.ones(3, dtype=torch.long)}, None, None)
    for step in range(9):
        torch.testing.assert_close(logits[:, 0], whole[:, step], rtol=0, atol=1e-5)
        torch.testing.assert_close(logits[:, 1], hidden[:, step], rtol=0, atol=1e-5)
        if step == 4:  # rows leave, and stand in another order
            rows = torch.tensor([2, 0])
            cache = network.picked(cache, rows)
            whole, hidden, shown = whole[rows], hidden[rows], shown[rows]
        if step < 8:
            logits, cache = network.step(given, shown[:, :, step + 1], cache)


@torch.no_grad()
def test_a_hidden_caption_is_the_zeroed_states_of_generation() -> None:
    """transformers' unconditional half: encoder states of zeros under a mask of zeros."""
    from transformers.modeling_outputs import BaseModelOutput

    network = cases.network()
    given = tensors(batch(lengths=(6, 6, 6))[0])
    hidden = network(**{**given, "conditioned": torch.zeros(3, dtype=torch.long)})
    width = network.model.config.text_encoder.hidden_size
    theirs = network.model(
        encoder_outputs=BaseModelOutput(last_hidden_state=torch.zeros(3, 5, width)),
        attention_mask=torch.zeros(3, 5, dtype=torch.long),
        decoder_input_ids=given["decoder_input_ids"].flatten(0, 1),
    ).logits
    torch.testing.assert_close(hidden.transpose(1, 2).flatten(0, 1), theirs, rtol=0, atol=1e-6)
    told = network(**given)
    assert not torch.allclose(hidden, told, atol=1e-3)
    some = network(**{**given, "conditioned": torch.tensor([1, 0, 1])})
    torch.testing.assert_close(some, torch.stack([told[0], hidden[1], told[2]]), rtol=0, atol=1e-6)


def test_no_gradient_reaches_the_projection_where_all_captions_are_hidden() -> None:
    network = cases.network()
    given = tensors(batch()[0])
    network(**{**given, "conditioned": torch.zeros(3, dtype=torch.long)}).sum().backward()
    assert not network.model.enc_to_dec_proj.weight.grad.any()


@pytest.mark.parametrize("adapter", [Full(), Lora(rank=2)])
def test_text_encoder_and_codec_never_learn_and_never_drop(adapter: Any) -> None:
    network = cases.network(dropout=0.2)
    adapter.prepare(network)
    network.train()
    learning = [name for name, p in network.named_parameters() if p.requires_grad]
    assert learning
    assert not [name for name in learning if name.removeprefix("model.").startswith(FROZEN)]
    assert not network.model.text_encoder.training
    assert not network.model.audio_encoder.training
    assert network.model.decoder.training
    assert not [name for name, _ in network.named_parameters() if "lora_" in name and "text_encoder" in name]


def loss_of(network: Network, inputs: dict[str, Array], truth: Truth[Array]) -> Any:
    return CrossEntropy()(Outputs(network(**tensors(inputs))), truth_of(truth))


def test_micro_batches_are_one_batch() -> None:
    """Sums and weights add, and so do gradients: in float64, of rows of different lengths."""
    network = cases.network().double()
    inputs, truth = batch()
    whole = loss_of(network, inputs, truth)
    (whole.total / whole.weight).backward()
    learns = [p for p in network.parameters() if p.requires_grad]
    expected = [p.grad.clone() for p in learns if p.grad is not None]
    network.zero_grad()
    for rows in (slice(0, 2), slice(2, 3)):
        piece = Truth(
            truth.targets[rows], truth.weights[rows], truth.owner[rows] - rows.start, truth.lines[rows] - rows.start
        )
        own = loss_of(network, {name: value[rows] for name, value in inputs.items()}, piece)
        (own.total / whole.weight).backward()
    for was, now in zip(expected, (p.grad for p in learns if p.grad is not None), strict=True):
        torch.testing.assert_close(now, was, rtol=0, atol=1e-10)


@torch.no_grad()
def test_saved_and_loaded_in_plain_transformers_it_gives_equal_logits(tmp_path: Path) -> None:
    import transformers

    network = cases.network()
    torch.nn.init.normal_(network.model.decoder.lm_heads[0].weight)  # as if it had learned
    network.save(tmp_path)
    plain = transformers.MusicgenForConditionalGeneration.from_pretrained(tmp_path).eval()
    given = tensors(batch(lengths=(6, 6, 6))[0])
    theirs = plain(
        input_ids=given["input_ids"],
        attention_mask=given["attention_mask"],
        decoder_input_ids=given["decoder_input_ids"].flatten(0, 1),
    ).logits
    own = network(**given).transpose(1, 2).flatten(0, 1)
    torch.testing.assert_close(theirs, own, rtol=0, atol=1e-6)
    again = Transformers(name=str(tmp_path)).load(tmp_path, Caption(column="caption"), cases.target())
    torch.testing.assert_close(again.eval()(**given), network(**given), rtol=0, atol=0)
    assert plain.generation_config.guidance_scale == 3.0


@torch.no_grad()
def test_low_rank_parts_merged_are_low_rank_parts_apart(tmp_path: Path) -> None:
    import transformers

    network = cases.network()
    given = tensors(batch()[0])
    before = network(**given)
    Lora(rank=4, alpha=8.0).prepare(network)
    torch.testing.assert_close(network.eval()(**given), before, rtol=0, atol=1e-6)
    for name, parameter in network.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.2)
    apart = network(**given)
    assert not torch.allclose(apart, before, atol=1e-2)
    network.save(tmp_path)
    merged = Transformers(name=str(tmp_path)).load(tmp_path, Caption(column="caption"), cases.target()).eval()
    torch.testing.assert_close(merged(**given), apart, rtol=0, atol=1e-5)
    base = transformers.MusicgenForConditionalGeneration.from_pretrained(cases.checkpoint())
    for name, value in base.state_dict().items():
        if name.startswith(FROZEN):
            torch.testing.assert_close(merged.state_dict()[f"model.{name}"], value, rtol=0, atol=0)


@torch.no_grad()
def test_a_step_of_half_precision_is_near_float32() -> None:
    network = cases.network()
    inputs, truth = batch()
    with torch.autocast("cpu", torch.bfloat16):
        half = loss_of(network, inputs, truth)
    whole = loss_of(network, inputs, truth)
    assert math.isclose(float(half.total / half.weight), float(whole.total / whole.weight), rel_tol=0.02)


def test_padding_behind_a_row_is_nothing() -> None:
    """Whatever stands there, in the codes and in the logits."""
    network = cases.network()
    inputs, truth = batch()
    with torch.no_grad():
        expected = loss_of(network, inputs, truth)
    changed = inputs["decoder_input_ids"].copy()
    changed[1, :, LENGTHS[1] :] = 5
    with torch.no_grad():
        found = loss_of(network, {**inputs, "decoder_input_ids": changed}, truth)
    assert float(found.total) == pytest.approx(float(expected.total), rel=1e-6)
    assert F.cross_entropy(torch.zeros(1, SIZE), torch.zeros(1, dtype=torch.long)) == pytest.approx(math.log(SIZE))
