"""Adherence to captions by CLAP: the cosines of the library's own embeddings, of sounds longer than its window as well."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from burnish.core.errors import InputError
from burnish.models.transformers.clap import Clap
from tests import music_cases as cases
from tests.checkpoints import byte_tokenizer

RATE, HOP = 48000, 1024


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real configuration at small widths with random weights, which hears a second."""
    import transformers as t

    folder = tmp_path_factory.mktemp("clap")
    tokenizer = byte_tokenizer(cases.CAPTIONS)
    text = {
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "projection_dim": 16,
    }
    sound = {
        "hidden_size": 32, "patch_embeds_hidden_size": 16, "depths": [1, 1], "num_attention_heads": [2, 2], "window_size": 2,
        "spec_size": 64, "num_mel_bins": 64, "projection_dim": 16, "num_hidden_layers": 2,
    }  # fmt: skip
    text |= {"vocab_size": len(tokenizer), "pad_token_id": 0}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = t.ClapModel(t.ClapConfig(text_config=text, audio_config=sound, projection_dim=16))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    t.ClapFeatureExtractor(feature_size=64, sampling_rate=RATE, hop_length=HOP, max_length_s=1).save_pretrained(folder)
    return folder


def test_cosines_are_those_of_the_library(checkpoint: Path) -> None:
    import transformers as t

    clap = Clap(str(checkpoint))
    sounds = [cases.tune(seed, 1.0, RATE)[None] for seed in range(2)]
    found = clap.similarities(list(cases.CAPTIONS[:3]), sounds, RATE)
    assert found.shape == (3, 2)
    model = t.ClapModel.from_pretrained(checkpoint).eval()
    hears = t.ClapFeatureExtractor.from_pretrained(checkpoint)
    heard = hears([s[0] for s in sounds], sampling_rate=RATE, truncation="rand_trunc", return_tensors="pt")
    told = t.AutoTokenizer.from_pretrained(checkpoint)(list(cases.CAPTIONS[:3]), padding=True, return_tensors="pt")
    with torch.no_grad():
        out = model(**heard, **told)
    np.testing.assert_allclose(found, (out.logits_per_text / model.logit_scale_t.exp()).detach().numpy(), atol=1e-5)
    long = np.concatenate([sounds[0], sounds[1]], axis=1)
    both = clap.similarities(["a waltz"], [long, *sounds], RATE)[0]
    alike = clap.similarities(["a waltz"], [np.concatenate([sounds[0]] * 2, axis=1)], RATE)[0, 0]
    assert min(both[1:]) - 0.05 <= both[0] <= max(both[1:]) + 0.05
    assert alike == pytest.approx(both[1], abs=1e-5)


def test_another_checkpoint_is_refused() -> None:
    with pytest.raises(InputError, match="no CLAP"):
        Clap(str(cases.checkpoint()))
