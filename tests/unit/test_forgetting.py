"""What a language model has forgotten, by hand: networks that are told how sure they are."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from burnish.core.errors import InputError
from burnish.core.processor import Processor
from burnish.evaluation.forgetting import forgetting, passages
from burnish.report.replies import forgotten_sentence


class Letters(Processor):
    """A token for each letter."""

    def fingerprint(self) -> str:
        return "letters"

    def settings(self) -> dict[str, Any]:
        return {}

    def text_ids(self, text: str) -> list[int]:
        return [ord(c) % 128 for c in text]


class Sure(nn.Module):
    """Gives the true next token this probability, the others share the rest."""

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = nn.Parameter(torch.tensor(probability))

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        following = torch.roll(input_ids, -1, dims=1)
        shares = torch.full((*input_ids.shape, 128), (1 - float(self.probability)) / 127)
        return shares.scatter(2, following[..., None], float(self.probability)).log()


def told(before: float, after: float, place: Path) -> Any:
    return forgetting(Sure(before), Sure(after), Letters(), str(place), seed=0, resamples=200)


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    place = tmp_path / "texts.txt"
    place.write_text("abcde\n\nfghijklmn\n\nopq\n", encoding="utf-8")
    return place


def test_bits_for_each_byte_are_summed_and_divided_once(texts: Path) -> None:
    result = told(0.5, 0.25, texts)
    predicted, size = 4 + 8 + 2, 5 + 9 + 3
    assert result.passages == 3
    assert result.before == pytest.approx(predicted / size, rel=1e-5)
    assert result.after == pytest.approx(2 * predicted / size, rel=1e-5)
    assert result.change == pytest.approx(predicted / size, rel=1e-5)
    assert result.low <= result.change <= result.high
    assert "some of it was forgotten" in forgotten_sentence(result.values())


def test_the_same_network_has_forgotten_nothing(texts: Path) -> None:
    result = told(0.5, 0.5, texts)
    assert (result.change, result.low, result.high) == (0, 0, 0)
    assert "nothing is shown to be forgotten" in forgotten_sentence(result.values())


def test_a_better_reader_has_forgotten_nothing(texts: Path) -> None:
    assert "nothing was forgotten" in forgotten_sentence(told(0.25, 0.5, texts).values())


def test_own_texts_are_many_and_not_empty() -> None:
    own = passages(None)
    assert len(own) >= 20
    assert all(len(text) > 100 for text in own)
    assert math.isclose(len(set(own)), len(own))


@pytest.mark.parametrize(("content", "said"), [(None, "no such file"), ("one passage", "1 passages")])
def test_texts_that_cannot_be_compared(tmp_path: Path, content: str | None, said: str) -> None:
    place = tmp_path / "texts.txt"
    if content is not None:
        place.write_text(content)
    with pytest.raises(InputError, match=said):
        passages(str(place))
