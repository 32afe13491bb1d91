"""Adherence to captions by CLAP: the cosines of the library's own embeddings, of sounds longer than its window as well."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from burnish.core.errors import InputError
from burnish.models.transformers.clap import Clap
from tests import clap_cases
from tests import music_cases as cases
from tests.clap_cases import RATE


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clap_cases.checkpoint(tmp_path_factory.mktemp("clap"))


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
