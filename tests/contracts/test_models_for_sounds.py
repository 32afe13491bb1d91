"""What every model library must do with sounds, over the architectures it is tried with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from burnish.answering.predictor import load
from burnish.core.errors import InputError
from burnish.inputs.audio import Audio
from burnish.runtimes.torch import running
from burnish.targets import Target
from burnish.targets.labels import Labels
from burnish.targets.score import Score
from tests.audio_cases import (
    ARCHITECTURES,
    MASKED,
    RATE,
    SPEECH,
    TIMM,
    TRANSFORMERS,
    batch,
    checkpoint,
    input_for,
    label_names,
    model,
    network,
)  # fmt: skip
from tests.network_cases import LABEL, TAGS
from tests.sound_cases import sound

LIKE_OTHERS = ("hubert", "wavlm")
"""Convolutions and blocks like wav2vec 2.0's: tried by the slow suite."""
over_architectures = pytest.mark.parametrize(
    "architecture", [pytest.param(a, marks=[pytest.mark.slow] if a in LIKE_OTHERS else []) for a in ARCHITECTURES]
)


@over_architectures
@pytest.mark.parametrize(
    "target", [LABEL, Labels(labels=["x", "y"]), Score(mean=0.0, scale=1.0)], ids=lambda t: t.kind()
)
def test_logits_and_features_have_their_shapes(architecture: str, target: Target) -> None:
    built = network(architecture, target)
    logits, features = built(**batch(architecture)), built.features(**batch(architecture))
    assert logits.shape == (3, target.outputs)
    assert features.ndim == 2
    assert len(features) == 3
    assert bool(logits.isfinite().all() and features.isfinite().all())
    with pytest.raises(InputError, match="one prediction per element"):
        model(architecture).build(input_for(architecture), TAGS, seed=0)


@over_architectures
def test_rows_do_not_see_padding_or_each_other(architecture: str) -> None:
    """Alone or beside a longer sound: the same logits and features, also of a sound too short for the convolutions."""
    built = network(architecture)
    seconds = (0.4, 0.25, 0.1, 1 / RATE)
    inputs = batch(architecture, seconds)
    assert ("attention_mask" in inputs) is (architecture in MASKED)
    logits, features = built(**inputs), built.features(**inputs)
    for i in (0, 2, 3):
        made = input_for(architecture)
        processor = made.processor(checkpoint(architecture))
        row = {"audio": {"array": sound(i, seconds[i], RATE), "sampling_rate": RATE}}
        arrays, _ = made.collate(made.encode([row], processor), processor)
        alone = {name: torch.from_numpy(value) for name, value in arrays.items()}
        torch.testing.assert_close(built(**alone), logits[i : i + 1], rtol=1e-6, atol=1e-7)
        torch.testing.assert_close(built.features(**alone), features[i : i + 1], rtol=1e-6, atol=1e-7)


@over_architectures
def test_every_parameter_has_a_depth(architecture: str) -> None:
    built = network(architecture)
    depths = {name: built.depth(name) for name, _ in built.named_parameters()}
    assert built.layers >= 2
    assert set(depths.values()) == set(range(built.layers + 2))
    assert depths[next(n for n in depths if "masked_spec" not in n)] == 0
    head = [name for name, depth in depths.items() if depth == built.layers + 1]
    assert all(any(word in name for word in ("classifier", "projector", "fc", "head")) for name in head), head
    if architecture in TRANSFORMERS:
        first = next(n for n in depths if ".layers.1." in n or ".layer.1." in n)
        assert depths[first] == 2
    if architecture in SPEECH:  # frozen as usual with `freeze: ["*feature_extractor*"]`
        assert {depths[n] for n in depths if "feature_extractor" in n} == {0}
    if architecture == "whisper":
        assert any(n.startswith("model.encoder.") for n in depths)


@over_architectures
def test_saved_and_loaded_is_the_same(architecture: str, tmp_path: Path) -> None:
    """Through burnish bit for bit, and through the plain library from its own files."""
    built = network(architecture).float()
    built.save(tmp_path)
    made = input_for(architecture)
    made.save_processor(made.processor(checkpoint(architecture)), tmp_path)
    loaded = model(architecture).load(tmp_path, made, LABEL).eval()
    for name, value in built.state_dict().items():
        assert torch.equal(value, loaded.state_dict()[name]), name
    assert torch.equal(loaded(**batch(architecture)), built(**batch(architecture)))
    assert label_names(tmp_path) == list(LABEL.labels or [])
    with pytest.raises(InputError, match="the saved model answers angry, glad, sad"):
        model(architecture).load(tmp_path, made, LABEL.model_copy(update={"labels": ["sad", "glad", "angry"]}))
    wanted = built(**batch(architecture))
    if architecture in TIMM:
        import timm

        plain = timm.create_model(f"local-dir:{tmp_path}", pretrained=True).eval()
        torch.testing.assert_close(plain(batch(architecture)["pixel_values"]), wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("architecture", TRANSFORMERS)
def test_the_pipeline_of_transformers_gives_the_same_answers(architecture: str, tmp_path: Path) -> None:
    """`pipeline("audio-classification")` over the saved folder, from the waveform to the probabilities."""
    from transformers import pipeline

    built = network(architecture).float()
    built.save(tmp_path)
    made = input_for(architecture)
    processor = made.processor(checkpoint(architecture))
    made.save_processor(processor, tmp_path)
    waveform = sound(5, 0.4, RATE)
    arrays, _ = made.collate(made.encode([{"audio": {"array": waveform, "sampling_rate": RATE}}], processor), processor)
    ours = LABEL.decode(running(built)(**arrays), [{}])[0]
    answered: Any = pipeline("audio-classification", model=str(tmp_path))
    theirs = {a["label"]: a["score"] for a in answered(waveform.copy(), top_k=3)}
    for name, probability in zip(LABEL.labels, ours.probabilities, strict=True):
        assert theirs[name] == pytest.approx(float(probability), abs=1e-5)


@over_architectures
def test_a_head_for_the_same_labels_goes_on_and_any_other_is_fresh(architecture: str, tmp_path: Path) -> None:
    built = network(architecture).float()
    built.save(tmp_path)
    made = input_for(architecture)
    made.save_processor(made.processor(checkpoint(architecture)), tmp_path)
    cases = [
        (["angry", "glad", "sad"], "goes on learning"),
        (["sad", "glad", "angry"], "trained for other labels"),
        (["a", "b", "c", "d"], "has 3 outputs, 4 are needed"),
    ]
    for labels, note in cases:
        target = LABEL.model_copy(update={"labels": labels})
        again = model(architecture).model_copy(update={"name": str(tmp_path)}).build(made, target, seed=5).eval()
        assert any(note in said for said in again.notes), again.notes
        same = again(**batch(architecture)).shape == (3, 3) and torch.equal(
            again(**batch(architecture)), built(**batch(architecture))
        )
        assert same is (note == "goes on learning")


def test_weights_for_three_channels_become_weights_for_one() -> None:
    """A grey picture is the same picture in each channel: its answers stay those of the pretrained network."""
    from safetensors.torch import load_file

    built = network("timm_resnet").float()
    name = next(n for n, p in built.named_parameters() if p.ndim == 4)
    stored = load_file(checkpoint("timm_resnet") / "model.safetensors")[name.removeprefix("model.")]
    assert stored.shape[1] == 3
    assert built.get_parameter(name).shape[1] == 1
    torch.testing.assert_close(built.get_parameter(name).data, stored.sum(dim=1, keepdim=True))


def test_an_image_network_does_not_read_waveforms() -> None:
    with pytest.raises(InputError, match="log_mel"):
        model("timm_resnet").build(Audio(features="waveform", sampling_rate=RATE, seconds=1), LABEL, seed=0)


def test_the_networks_own_masks_are_off_because_they_cannot_be_resumed() -> None:
    """Training twice from one torch seed gives the same, whatever numpy's global generator did; short sounds do not fail."""
    built = network("wav2vec2").train()
    assert any("SpecAugment" in note for note in built.notes)
    inputs = batch("wav2vec2", (0.05, 0.04))
    torch.manual_seed(0)
    first = built(**inputs)
    np.random.seed(5)
    torch.manual_seed(0)
    assert torch.equal(built(**inputs), first)


def test_a_bundle_is_read_without_its_checkpoint(tmp_path: Path) -> None:
    """Written, loaded by the predictor, long sounds averaged: the mean of the logits of the views."""
    from burnish.answering.opening import write
    from burnish.bundle.bundle import Contents

    built = network("ast").float()
    made = Audio(seconds=0.3, overlap=0.0)
    processor = made.processor(checkpoint("ast"))
    long = {"audio": {"array": sound(9, 0.9, RATE), "sampling_rate": RATE}}
    settings = model("ast").model_dump()
    contents = Contents(built.save, made, LABEL, processor, settings, {}, "", [made.portable(long)])
    write(tmp_path / "bundle", contents, running(built))
    predictor = load(tmp_path / "bundle", batch_size=2)
    parts = [sound(9, 0.9, RATE)[i * 4800 : (i + 1) * 4800] for i in range(3)]
    arrays, _ = made.collate(
        made.encode([{"audio": {"array": p, "sampling_rate": RATE}} for p in parts], processor), processor
    )
    logits = running(built)(**arrays).mean(axis=0)
    expected = np.exp(logits) / np.exp(logits).sum()
    found = predictor([long, long])
    assert list(found[1].probabilities.values()) == pytest.approx(expected.tolist(), abs=1e-5)
