"""Silence, noise and speed of a network that hears, measured through the input, the network and the decoder of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pytest
import torch

from burnish.core.component import build
from burnish.core.processor import Pair
from burnish.data.table import Inspection, Part, Table
from burnish.media.sound.processor import SoundProcessor
from burnish.media.sound.reading import as_wav
from burnish.media.transcript.vocabulary import Spelling
from burnish.stages.train.transcribing import transcribing

RATE, FRAME = 4000, 400


class Loud(torch.nn.Module):
    """Spells `a` in each other frame that is loud, and nothing in the others."""

    def __init__(self) -> None:
        super().__init__()
        self.sure = torch.nn.Parameter(torch.tensor(9.0))

    def forward(self, input_values: torch.Tensor, attention_mask: Any = None) -> torch.Tensor:
        """[B, L] to [B, F, 4]."""
        frames = torch.nn.functional.pad(input_values, (0, -input_values.shape[1] % FRAME)).unfold(1, FRAME, FRAME)
        loud = (frames.std(-1) > 0.05).float()
        loud[:, ::2] = 0
        return self.sure * torch.stack([1 - loud, 0 * loud, 0 * loud, loud], -1)


def case(tmp_path: Path) -> dict[str, Any]:
    """A network, four recordings of a second, and what reads and spells them."""
    for number in range(4):
        (tmp_path / f"{number}.wav").write_bytes(as_wav(np.zeros(RATE, np.float32), RATE))
    arrow = pa.table({"audio": [f"{n}.wav" for n in range(4)], "text": ["a"] * 4})
    facts = pa.table({"seconds": [1.0] * 4})
    sound = SoundProcessor("waveform", RATE, 30.0, normalise=False, mask=True)
    return {
        "network": Loud(),
        "decoder": build("burnish.decoders", "ctc_greedy"),
        "input": build("burnish.inputs", {"kind": "speech", "column": "audio", "root": str(tmp_path)}),
        "target": build("burnish.targets", {"kind": "ctc_transcript", "tokens": ["<pad>", "<unk>", "|", "a"]}),
        "processor": Pair(sound, Spelling(("<pad>", "<unk>", "|", "a"), every=FRAME)),
        "part": Part(Table(arrow, (), inspection=Inspection(np.zeros(4, np.uint64), {}, facts)), np.arange(4)),
        "notify": lambda text, done, total: None,
    }


def test_words_without_speech_and_seconds_of_work(tmp_path: Path) -> None:
    told = transcribing(**case(tmp_path))
    assert told["hallucination"]["silence"]["words"] == 0
    assert told["hallucination"]["quiet_noise"]["words"] == 0
    assert told["hallucination"]["loud_noise"]["with_words"] == 4
    assert set("".join(told["hallucination"]["loud_noise"]["written"])) == {"a"}
    assert (told["real_time"]["sounds"], told["real_time"]["seconds"]) == (4, 4.0)
    assert 0 < told["real_time"]["alone"] < 5


def test_recordings_of_unknown_length_are_not_timed(tmp_path: Path) -> None:
    given = case(tmp_path)
    table = cast(Part, given["part"]).table
    unknown = Inspection(np.zeros(4, np.uint64), {}, pa.table({"seconds": pa.nulls(4, pa.float64())}))
    given["part"] = Part(Table(table.arrow, (), inspection=unknown), np.arange(4))
    told = transcribing(**given)
    assert "real_time" not in told
    assert "hallucination" in told


@pytest.mark.parametrize("axis", ["input", "target"])
def test_nothing_is_measured_of_other_networks(tmp_path: Path, axis: str) -> None:
    other = {"input": {"kind": "text", "columns": ["audio"]}, "target": {"kind": "label", "labels": ["a", "b"]}}
    assert transcribing(**(case(tmp_path) | {axis: build(f"burnish.{axis}s", other[axis])})) == {}
