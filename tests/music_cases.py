"""Tiny checkpoints of MusicGen with random weights and a codec that tells sounds apart, and recordings with captions."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from burnish.bundle.processors import processor_of
from burnish.core.processor import Processor
from burnish.inputs.caption import Caption
from burnish.models.transformers import Transformers
from burnish.models.transformers.music import MusicWriter
from burnish.targets.music import Music
from tests.checkpoints import byte_tokenizer
from tests.sound_cases import save

RATE, HOP, SIZE = 1600, 32, 32
FRAMES = RATE // HOP
"""Of a second: 50, as MusicGen has."""
CAPTIONS = ("a slow waltz for piano", "a fast reel on two fiddles", "drums and bass alone", "a quiet song with flute")
CARD = "---\nlicense: cc-by-nc-4.0\ntags:\n- music\n---\n# A tiny network\n"
_folders: list[TemporaryDirectory[str]] = []


@cache
def checkpoint(channels: int = 1, dropout: float = 0.0, seed: int = 3) -> Path:
    """A real configuration at small widths, saved by transformers; all tests of a process read it and none changes it."""
    import transformers as t

    _folders.append(TemporaryDirectory())
    folder = Path(_folders[-1].name)
    tokenizer = byte_tokenizer(CAPTIONS)
    tokenizer.save_pretrained(folder)
    text = t.T5Config(
        vocab_size=len(tokenizer), d_model=24, d_kv=8, d_ff=32, num_layers=2, num_heads=2, dropout_rate=0.1,
        pad_token_id=0, initializer_factor=1.0,
    )  # fmt: skip
    sound = t.EncodecConfig(
        sampling_rate=RATE, audio_channels=1, hidden_size=16, num_filters=2, upsampling_ratios=[4, 2, 2, 2],
        codebook_size=SIZE, target_bandwidths=[FRAMES * 5 * 4 / 1000], num_lstm_layers=1, use_causal_conv=False,
    )  # fmt: skip
    decoder = t.MusicgenDecoderConfig(
        vocab_size=SIZE, hidden_size=32, num_hidden_layers=2, ffn_dim=64, num_attention_heads=2, dropout=dropout,
        num_codebooks=4 * channels, audio_channels=channels, pad_token_id=SIZE, bos_token_id=SIZE, initializer_factor=0.2,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = t.MusicgenForConditionalGeneration(
            t.MusicgenConfig(text_encoder=text, audio_encoder=sound, decoder=decoder)
        )
        _teach_codec(model.audio_encoder)
        torch.nn.init.normal_(model.enc_to_dec_proj.bias, std=0.5)  # so that states of zeros differ from padding
    model.generation_config.decoder_start_token_id = SIZE
    model.generation_config.guidance_scale = 3.0
    model.save_pretrained(folder)
    (folder / "README.md").write_text(CARD, encoding="utf-8")
    return folder


@torch.no_grad()
def _teach_codec(codec: Any) -> None:
    """Vectors of the codebooks from what the encoder gives for sounds: an untrained codec gives all sounds one code."""
    waves = torch.stack([torch.from_numpy(tune(seed, 3.0)) for seed in range(6)])[:, None]
    residual = codec.encoder(waves).permute(0, 2, 1).flatten(0, 1)
    for layer in codec.quantizer.layers:
        chosen = torch.randperm(len(residual))[:SIZE]
        layer.codebook.embed.copy_(residual[chosen])
        residual = residual - layer.codebook.embed[torch.cdist(residual, layer.codebook.embed).argmin(-1)]


def tune(seed: int, seconds: float, rate: int = RATE) -> NDArray[np.float32]:
    """A few tones one after the other, float32 [samples]."""
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    pitches = random.uniform(80, 700, size=max(1, round(4 * seconds)))
    pitch = pitches[np.minimum((4 * time).astype(int), len(pitches) - 1)]
    wave = 0.4 * np.sin(2 * np.pi * pitch * time) * (1 - (4 * time) % 1)
    return np.asarray(wave + 0.01 * random.standard_normal(len(time)), np.float32)


def rows(folder: Path, count: int = 4, seconds: float = 1.0) -> list[dict[str, Any]]:
    """Captions, each with the path of a recording of its own."""
    made = []
    for number in range(count):
        path = save(tune(number, seconds), folder / "sounds" / f"{number:03}.wav", RATE)
        made.append({"caption": CAPTIONS[number % len(CAPTIONS)], "audio": str(path.relative_to(folder))})
    return made


def table(folder: Path, name: str, some: list[dict[str, Any]]) -> str:
    """Rows as a JSON Lines file in the folder that their paths are relative to."""
    path = folder / f"{name}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in some), encoding="utf-8")
    return str(path)


def target(channels: int = 1, **settings: Any) -> Music:
    """As the tiny checkpoint settles it."""
    return Music(**settings).of_checkpoint(checkpoint(channels))[0]


def network(channels: int = 1, dropout: float = 0.0, **settings: Any) -> MusicWriter:
    """Untrained, in eval mode and float32."""
    folder = checkpoint(channels, dropout)
    built = Transformers(name=str(folder), **settings).build(Caption(column="caption"), target(channels), seed=1)
    assert isinstance(built, MusicWriter)
    return built.eval()


def processor(channels: int = 1) -> Processor:
    """Of captions and codes."""
    return processor_of(Caption(column="caption"), target(channels), checkpoint(channels))


def codes(seed: int, frames: int = 9, codebooks: int = 4) -> NDArray[np.int16]:
    """int16 [codebooks, frames], drawn."""
    return np.random.default_rng(seed).integers(0, SIZE, (codebooks, frames)).astype(np.int16)


def cell(own: NDArray[np.int16]) -> dict[str, Any]:
    """A recording whose codes were computed, as it stands in a row."""
    return {"codes": own.astype("<i2").tobytes(), "start": 0.0, "seconds": own.shape[1] / FRAMES, "path": "a.wav"}
