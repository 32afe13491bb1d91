"""Packed language models: each example is answered as if it were alone, by architecture and attention; what does not is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch
import transformers

from burnish.core.errors import InputError
from burnish.data.feeding.batches import TrainingBatches
from burnish.data.feeding.order import Order
from burnish.data.feeding.packing import lines_of, packed_batch
from burnish.data.samplers.packed import Packed
from burnish.inputs._in_line import in_line, with_positions
from burnish.models.transformers.language import LanguageModel
from burnish.training.accelerator import Accelerator
from burnish.training.packed_alone import require_alone, shared_lines
from tests.sequence_cases import sequences

SMALL = {
    "vocab_size": 60, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 1, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "max_position_embeddings": 64,
    "initializer_range": 0.3,
}  # fmt: skip
GPT2 = {
    "vocab_size": 60, "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 64, "bos_token_id": 1, "eos_token_id": 2,
    "initializer_range": 0.3,
}  # fmt: skip
CONFIGS: dict[str, Callable[[], Any]] = {
    "llama": lambda: transformers.LlamaConfig(**SMALL),
    "qwen2": lambda: transformers.Qwen2Config(**SMALL),
    "gpt2": lambda: transformers.GPT2Config(**GPT2),
    "gemma": lambda: transformers.GemmaConfig(**SMALL, head_dim=8),
    "mistral, windows": lambda: transformers.MistralConfig(**SMALL, sliding_window=8),
}
LENGTHS = (7, 12, 5, 20)


def model(config: Any, attention: str = "sdpa") -> LanguageModel:
    torch.manual_seed(0)
    config._attn_implementation = attention
    return LanguageModel(transformers.AutoModelForCausalLM.from_config(config).eval())


def rows_of(vocabulary: int = 60) -> list[dict[str, Any]]:
    random = np.random.default_rng(0)
    ids = [random.integers(3, vocabulary, n).astype(np.int32) for n in LENGTHS]
    return [{"input_ids": row, "_length": np.int32(len(row))} for row in ids]


def inputs_of(rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
    longest = max(len(row["input_ids"]) for row in rows)
    ids = np.stack([np.pad(row["input_ids"], (0, longest - len(row["input_ids"]))) for row in rows]).astype(np.int64)
    arrays = with_positions({"input_ids": ids}, rows, longest)
    return {name: torch.from_numpy(value) for name, value in arrays.items()}


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("name", list(CONFIGS))
def test_packed_logits_are_those_of_each_row_alone(name: str, attention: str) -> None:
    """Two lines of different length, the shorter one padded."""
    network, rows = model(CONFIGS[name](), attention), rows_of()
    with torch.inference_mode():
        packed = network(**inputs_of([in_line(rows[:3]), in_line(rows[3:])]))
        alone = [network(**inputs_of([row]))[0] for row in rows]
    together = [packed[0, :7], packed[0, 7:19], packed[0, 19:24], packed[1, :20]]
    for one, other in zip(together, alone, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-5 * float(other.abs().max()))


class Rows:
    """A loader over rows of token ids, as far as packing asks one."""

    def __init__(self) -> None:
        self.kept = rows_of()
        self.rows = SimpleNamespace(given_lengths=np.array(LENGTHS), rows=np.arange(len(LENGTHS)))
        self.processor = SimpleNamespace(for_input=None)
        self.input = SimpleNamespace(packed=lambda rows, processor: in_line(rows))
        self.target: Any = None

    def with_truths(self, positions: Any, epoch: int) -> Any:
        rows = [self.kept[p] for p in positions]
        return rows, [(row["input_ids"].astype(np.int64), np.ones(len(row["input_ids"]), np.float32)) for row in rows]

    def collate(self, encoded: Any) -> Any:
        inputs = {name: value.numpy() for name, value in inputs_of(list(encoded)).items()}
        return inputs, inputs["input_ids"].shape[1]

    def weighed(self, pairs: Any, length: int, real: int | None) -> Any:
        return tuple(np.stack([np.pad(pair[i], (0, length - len(pair[i]))) for pair in pairs]) for i in range(2))

    def batch(self, positions: Any) -> Any:
        return SimpleNamespace(inputs=self.collate([self.kept[p] for p in positions])[0])


def batches(line: int = 40, batch_size: int = 4) -> TrainingBatches:
    lengths = np.array(LENGTHS)
    order = Order(Packed(line=line), np.arange(4), lengths, lengths, batch_size, seed=0)
    return TrainingBatches(order, cast(Any, Rows()), 4, 80, 0, 1)


def test_what_keeps_examples_apart_is_told_so() -> None:
    network = model(CONFIGS["llama"]())
    network.train()
    (said,) = require_alone(network, batches(), Accelerator("cpu", "float32"))
    assert "none sees another" in said
    assert all(module.training for module in network.modules()), "left as it was"


class WithoutPositions(LanguageModel):
    """Positions are not counted anew."""

    def place_states(self, **inputs: torch.Tensor) -> torch.Tensor:
        return super().place_states(**{name: v for name, v in inputs.items() if name != "position_ids"})


class WithMaskOfOnes(LanguageModel):
    """What a usual collator gives beside positions."""

    def place_states(self, **inputs: torch.Tensor) -> torch.Tensor:
        ones = torch.ones_like(inputs["input_ids"])
        states: torch.Tensor = self.model.model(**inputs, attention_mask=ones, use_cache=False).last_hidden_state
        return states


class WithCache(LanguageModel):
    """What a model of the library does by itself."""

    def place_states(self, **inputs: torch.Tensor) -> torch.Tensor:
        states: torch.Tensor = self.model.model(**inputs, use_cache=True).last_hidden_state
        return states


@pytest.mark.parametrize("kind", [WithoutPositions, WithMaskOfOnes, WithCache])
def test_contamination_is_seen(kind: type[LanguageModel]) -> None:
    """The three ways in which libraries contaminate packed rows without a word."""
    network = kind(model(CONFIGS["llama"]()).model)
    with pytest.raises(InputError, match="see each other in LlamaForCausalLM") as caught:
        require_alone(network, batches(), Accelerator("cpu", "float32"))
    assert "length_bucketed" in caught.value.fix


def test_a_state_space_model_is_refused() -> None:
    config = transformers.MambaConfig(
        vocab_size=60, hidden_size=16, num_hidden_layers=2, state_size=4, initializer_range=0.3
    )
    with pytest.raises(InputError, match="see each other in MambaForCausalLM"):
        require_alone(model(config, "eager"), batches(), Accelerator("cpu", "float32"))


def test_lines_of_one_row_need_no_check() -> None:
    assert shared_lines(batches(line=20, batch_size=1)) == []
    (said,) = require_alone(cast(Any, torch.nn.Linear(1, 1)), batches(line=20, batch_size=1), cast(Any, None))
    assert said == "packing: no example shares a line in the first 4 steps"


def test_the_check_reads_rows_of_any_packing_input(tmp_path: Path) -> None:
    """The toy network and sampler of the tests, whose rows know nothing of transformers."""
    made = sequences(tmp_path, "Reply")
    lengths = made.encoded.given_lengths
    order = Order(Packed(), np.arange(len(lengths)), lengths, np.zeros_like(lengths), 8, seed=0)
    given = TrainingBatches(order, made.loader, 2, 80, 0, 1)
    assert "none sees another" in require_alone(made.network, given, Accelerator("cpu", "float32"))[0]


def test_best_fit_loses_no_row_and_leaves_little_room() -> None:
    random = np.random.default_rng(0)
    for _ in range(20):
        lengths = random.geometric(0.02, 64).astype(np.int64)
        sampler = Packed(line=int(random.integers(60, 400)))
        lines = lines_of(sampler, lengths)
        assert all(len(line) == 1 or lengths[line].sum() <= cast(int, sampler.line) for line in lines)
        sums = np.sort(
            [lengths[line].sum() for line in lines if len(line) > 1 or lengths[line[0]] <= (sampler.line or 0)]
        )
        assert len(sums) < 2 or sums[0] + sums[1] > (sampler.line or 0), "two lines would have been one"
    assert [line.tolist() for line in Packed(line=10).packed(np.array([6, 5, 4, 5, 11]))] == [[4], [0, 2], [1, 3]]
    assert [line.tolist() for line in Packed(line=10).packed(np.array([7, 5, 3, 5, 2]))] == [[0, 2], [1, 3], [4]]


def test_a_line_is_as_long_as_the_longest_example_unless_it_is_named() -> None:
    assert Packed().fitted(np.array([3, 9, 4])) == Packed(line=9)
    assert Packed(line=5).fitted(np.array([3, 9, 4])) == Packed(line=5)
    assert [line.tolist() for line in Packed().packed(np.array([3, 9, 4]))] == [[1], [0, 2]]


def test_the_first_token_of_a_packed_row_is_no_target() -> None:
    """What is learned at the last place of a row is the row's own last token, never the first of the next."""
    loader: Any = Rows()
    loader.with_truths = lambda positions, epoch: (
        [loader.kept[p] for p in positions],
        [
            (np.append(loader.kept[p]["input_ids"][1:], 2).astype(np.int64), np.ones(LENGTHS[p], np.float32))
            for p in positions
        ],
    )
    batch = packed_batch(loader, [np.array([0, 2])])
    assert batch.targets[0, 6] == 2
    assert batch.targets[0, 7] == loader.kept[2]["input_ids"][1]
    assert loader.kept[2]["input_ids"][0] not in batch.targets[0, 6:7]
