"""Real speech and sound architectures from their published configurations, random weights: sixteen learned sounds and back.

Each is saved by transformers, named by its folder in a recipe, trained until it knows sixteen short sounds by heart, and
answers the same in a fresh process through burnish and through the pipeline of transformers. Width, depth and heads are
those of the real checkpoints; AST and Whisper get a shorter window, because sounds of a third of a second need no more.
A tiny one is tried in the fast suite.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

import burnish
from tests.audio_cases import written
from tests.sound_cases import save, sound

RATE, SECONDS = 16000, 0.3
PITCHES = {"low": 200, "middle": 500, "high": 1100, "highest": 2400}
TINY = ("wav2vec2_group", "ast", "whisper")
REAL: dict[str, tuple[str, dict[str, Any], str, dict[str, Any]]] = {
    "wav2vec2-base": ("Wav2Vec2Config", {}, "Wav2Vec2FeatureExtractor", {"return_attention_mask": False}),
    "wav2vec2-large-layout": (
        "Wav2Vec2Config",
        {"feat_extract_norm": "layer", "do_stable_layer_norm": True, "conv_bias": True},
        "Wav2Vec2FeatureExtractor",
        {"return_attention_mask": True},
    ),
    "hubert-base": ("HubertConfig", {}, "Wav2Vec2FeatureExtractor", {"return_attention_mask": False}),
    "ast": ("ASTConfig", {"max_length": 36}, "ASTFeatureExtractor", {"max_length": 36}),
    "whisper-tiny": (
        "WhisperConfig",
        {"d_model": 384, "encoder_layers": 4, "encoder_attention_heads": 6, "encoder_ffn_dim": 1536,
         "max_source_positions": 50},
        "WhisperFeatureExtractor",
        {"chunk_length": 1},
    ),
    "whisper-base": (
        "WhisperConfig",
        {"d_model": 512, "encoder_layers": 6, "encoder_attention_heads": 8, "encoder_ffn_dim": 2048,
         "max_source_positions": 50},
        "WhisperFeatureExtractor",
        {"chunk_length": 1},
    ),
}  # fmt: skip
CASES = [*(f"tiny-{name}" for name in TINY), *REAL]
PLAIN = """
import json, sys
import burnish
from transformers import pipeline
bundle, paths = sys.argv[1], sys.argv[2:]
predictor = burnish.load(bundle)
ours = [a.probabilities for a in predictor([{"audio": p} for p in paths])]
answer = pipeline("audio-classification", model=bundle + "/model")
heard = [predictor.bundle.input.heard({"audio": p}, predictor.bundle.processor) for p in paths]
plain = [{a["label"]: a["score"] for a in answer(h, top_k=4)} for h in heard]
print(json.dumps([[list(o.values()) for o in ours], [[p[n] for n in o] for o, p in zip(ours, plain)]]))
"""


def sounds(folder: Path) -> Path:
    """Sixteen sounds, four of each pitch, as class folders."""
    time = np.arange(round(SECONDS * RATE)) / RATE
    for c, (name, hertz) in enumerate(PITCHES.items()):
        for i in range(4):
            tone = 0.3 * np.sin(2 * np.pi * hertz * (1 + 0.02 * i) * time)
            save(tone.astype(np.float32) + 0.1 * sound(10 * c + i, SECONDS, RATE), folder / name / f"{i}.wav", RATE)
    return folder


def source(folder: Path, case: str) -> Path:
    """The architecture as transformers saves it, with random weights."""
    import torch
    import transformers

    torch.manual_seed(0)
    if case.startswith("tiny-"):
        return written(case.removeprefix("tiny-"), folder)
    config, settings, extractor, told = REAL[case]
    made = transformers.AutoModelForAudioClassification.from_config(getattr(transformers, config)(**settings))
    made.save_pretrained(folder)
    getattr(transformers, extractor)(**told).save_pretrained(folder)
    return folder


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("case", CASES)
def test_sixteen_sounds_are_learned_and_answered_alike_everywhere(case: str, tmp_path: Path) -> None:
    """Loss under 0.05 on the rows, from the bundle on disk; the same probabilities in a fresh process, ours and plain."""
    tiny, data = case.startswith("tiny-"), sounds(tmp_path / "data")
    run = burnish.train(
        data={"train": str(data), "validation": str(data), "test": str(data), "cache": str(tmp_path / "cache")},
        out=str(tmp_path / "run"),
        task="audio-classification",
        input={"kind": "audio", "seconds": SECONDS},
        model={"kind": "transformers", "name": str(source(tmp_path / "source", case)), "dropout": 0.0},
        learning_rate=3e-3 if tiny else 1e-4,
        max_steps=150 if tiny else 80,
        validation_steps=150 if tiny else 80,
        batch_size=16,
        precision="float32",
        device="cpu",
        baselines=False,
        resamples=100,
        trackers=[],
        allow=["test_rows_in_train", "validation_rows_in_train", "test_rows_in_validation"],
    )
    assert run.scores["metrics"]["log_loss"]["value"] < 0.05
    predictions = pq.read_table(tmp_path / "run" / "predictions.parquet").to_pydict()
    paths = [str(p) for p in sorted(data.rglob("*.wav"))]
    done = subprocess.run(
        [sys.executable, "-c", PLAIN, str(tmp_path / "run" / "bundle"), *paths],
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    ours, plain = (np.array(values) for values in json.loads(done.stdout.strip().splitlines()[-1]))
    order = np.argsort(predictions["row"])
    np.testing.assert_allclose(ours, np.array(predictions["probabilities"])[order], rtol=0, atol=1e-5)
    np.testing.assert_allclose(plain, ours, rtol=0, atol=1e-4)
