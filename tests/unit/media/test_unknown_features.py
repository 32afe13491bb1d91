"""Checkpoints whose features are not known here are refused in words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from burnish.core.errors import InputError
from burnish.media.sound.settings import checkpoint_settings


@pytest.mark.parametrize("kind", ["parakeet_ctc", "parakeet_tdt"])
def test_parakeet_is_refused_with_the_reason(kind: str, tmp_path: Path) -> None:
    """Also where the features are stated in another file than usual."""
    (tmp_path / "config.json").write_text(json.dumps({"model_type": kind}), encoding="utf-8")
    with pytest.raises(InputError, match="pieces of words") as refused:
        checkpoint_settings(tmp_path)
    assert kind in str(refused.value)
    assert "wav2vec 2.0" in str(refused.value)


def test_other_feature_extractors_are_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    stated = {"feature_extractor_type": "SeamlessM4TFeatureExtractor"}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(stated), encoding="utf-8")
    with pytest.raises(InputError, match="SeamlessM4TFeatureExtractor is not known"):
        checkpoint_settings(tmp_path)
