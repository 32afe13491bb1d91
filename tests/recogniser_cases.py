"""Tiny networks that hear and write, each written by plain transformers with random weights, and recordings with texts."""

from __future__ import annotations

import base64
import io
import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import numpy as np
import soundfile
import torch

from burnish.bundle.processors import processor_of
from burnish.core.batch import Batch
from burnish.core.component import build
from burnish.core.network import Network
from burnish.core.processor import Processor
from burnish.data.feeding.encode import encode_part
from burnish.data.feeding.loader import Loader
from burnish.data.table import Part
from burnish.inputs.speech import Speech
from burnish.losses import Loss
from burnish.models import Model
from burnish.targets import Target
from burnish.targets._spoken import Spoken
from tests import audio_cases
from tests.data_cases import table
from tests.sound_cases import sound

RATE = 16000
BANDS = 16
TEXTS = (
    "the ferry leaves at nine",
    "no bread",
    "a cold gale, they said",
    "rope",
    "nine hands on deck",
    "the bell",
    "gone by noon",
    "a rope and a bell",
    "old hands",
    "she said no",
    "the gale is over",
)
SECONDS = tuple(0.6 + 0.013 * len(text) for text in TEXTS)
"""Of the recording of each: enough frames for CTC, and for Whisper some windows of half a second more than others."""
LANGUAGES = ("en", "de", "ja")
KINDS = ("whisper", "whisper_natural", "ctc", "ctc_group")
WRITERS = ("whisper", "whisper_natural")
FRAMES = ("ctc", "ctc_group")
SPELLING = (*FRAMES, "body", "ctc_whisper")
LETTERS = ("<pad>", "<s>", "</s>", "<unk>", "|", *"ETAONIHSRDLUMWCFGYPBVKXJQZ'")
_WHISPER_RATES = ("dropout", "attention_dropout", "activation_dropout", "encoder_layerdrop", "decoder_layerdrop")
_WAV2VEC2_RATES = ("hidden_dropout", "feat_proj_dropout", "final_dropout", "layerdrop")
DROPOUTS = {**dict.fromkeys(WRITERS, _WHISPER_RATES), **dict.fromkeys(FRAMES, _WAV2VEC2_RATES)}
"""What a configuration calls its rates of dropout."""
_folders: list[TemporaryDirectory[str]] = []


def rows(texts: Sequence[str] = TEXTS, seconds: Sequence[float] = SECONDS, *, start: int = 0) -> list[dict[str, Any]]:
    """A sound for each text, as samples."""
    return [
        {"audio": {"array": sound(start + i, length, RATE), "sampling_rate": RATE}, "text": text}
        for i, (text, length) in enumerate(zip(texts, seconds, strict=False))
    ]


def written_rows(count: int, *, start: int = 0, longest: float = 0.9, lower: bool = True) -> list[dict[str, Any]]:
    """Rows for a file: WAV files in base64, different texts, an `id` that nothing reads."""
    words = sorted({word.strip(",") for text in TEXTS for word in text.split()})
    made = []
    for number in range(start, start + count):
        text = " ".join((words[number % len(words)], words[(number * 7 + number // len(words)) % len(words)]))
        file = io.BytesIO()
        seconds = min(longest, 0.3 + 0.02 * len(text) + 0.03 * (number % 7))
        soundfile.write(file, sound(number, seconds, RATE), RATE, format="WAV")
        encoded = base64.b64encode(file.getvalue()).decode("ascii")
        made.append({"id": f"r{number}", "audio": {"base64": encoded}, "text": text if lower else text.upper()})
    return made


@cache
def checkpoint(kind: str) -> Path:
    """A tiny checkpoint that all tests of a process read and none changes: one of `KINDS`, `body`, `moonshine` or
    `ctc_whisper`, whose encoder gets a head of CTC."""
    if kind == "ctc_whisper":
        return checkpoint("whisper_natural")
    _folders.append(TemporaryDirectory())
    return write(kind, Path(_folders[-1].name))


def write(kind: str, folder: Path, **more: Any) -> Path:
    """Write a checkpoint; `more` goes into its configuration."""
    import transformers

    transformers.utils.logging.disable_progress_bar()
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        if kind in WRITERS:
            _whisper(folder, 1 if kind == "whisper" else 2, **more)
        elif kind == "moonshine":
            _moonshine(folder, **more)
        else:
            _wav2vec2(folder, group=kind == "ctc_group", head=kind != "body", **more)
    return folder


def _tokenizer(special: Sequence[str]) -> Any:
    """Byte-level tokens learned from the texts, `special` behind them."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False
    )
    tokenizer.train_from_iterator([f" {text}" for text in TEXTS], trainer)
    tokenizer.add_special_tokens(list(special))
    return tokenizer


def _whisper(folder: Path, seconds: int, *, english: bool = False, **more: Any) -> None:
    import transformers as t

    marks = ["<|endoftext|>", "<|startoftranscript|>", *(f"<|{code}|>" for code in LANGUAGES)]
    marks += ["<|translate|>", "<|transcribe|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"]
    tokens = _tokenizer(marks)
    fast = t.PreTrainedTokenizerFast(tokenizer_object=tokens, eos_token="<|endoftext|>", bos_token="<|endoftext|>")
    fast.save_pretrained(folder)
    number = {mark: tokens.token_to_id(mark) for mark in marks}
    stop, start = number["<|endoftext|>"], number["<|startoftranscript|>"]
    ends = {"pad_token_id": stop, "eos_token_id": stop, "bos_token_id": stop, "decoder_start_token_id": start}
    rates = {"dropout": 0.0, "attention_dropout": 0.0, "activation_dropout": 0.0}
    config = t.WhisperConfig(
        **{
            "d_model": 32,
            "encoder_layers": 2,
            "decoder_layers": 2,
            "num_mel_bins": BANDS,
            "init_std": 0.1,
            "encoder_attention_heads": 2,
            "decoder_attention_heads": 2,
            "encoder_ffn_dim": 64,
            "decoder_ffn_dim": 64,
            "vocab_size": tokens.get_vocab_size(),
            "max_source_positions": 50 * seconds,
            "max_target_positions": 32,
            **ends,
            **rates,
            **more,
        }
    )
    model = t.WhisperForConditionalGeneration(config)
    told: dict[str, Any] = {} if english else {
        "lang_to_id": {f"<|{code}|>": number[f"<|{code}|>"] for code in LANGUAGES},
        "task_to_id": {task: number[f"<|{task}|>"] for task in ("translate", "transcribe")},
    }  # fmt: skip
    unwritten = [tokens.token_to_id(c) for c in ('"', "#", "(", "*")]
    model.generation_config = t.GenerationConfig(
        **{name: value for name, value in ends.items() if name != "bos_token_id"},
        **told,
        is_multilingual=not english,
        no_timestamps_token_id=number["<|notimestamps|>"],
        suppress_tokens=[*unwritten, *(n for mark, n in number.items() if mark != "<|endoftext|>")],
        begin_suppress_tokens=[tokens.token_to_id("Ġ"), stop],
        max_length=32,
        return_timestamps=False,
    )
    _attentive(model).save_pretrained(folder)
    t.WhisperFeatureExtractor(feature_size=BANDS, chunk_length=seconds).save_pretrained(folder)


def _wav2vec2(folder: Path, *, group: bool, head: bool, **more: Any) -> None:
    import transformers as t

    norm = {"feat_extract_norm": "group"} if group else {"feat_extract_norm": "layer", "do_stable_layer_norm": True}
    sizes = {name: value for name, value in audio_cases.SPEECH_SIZES.items() if name != "num_labels"}
    config = t.Wav2Vec2Config(**{**sizes, **norm, "vocab_size": len(LETTERS), "pad_token_id": 0, **more})
    (t.Wav2Vec2ForCTC(config) if head else t.Wav2Vec2ForPreTraining(config)).save_pretrained(folder)
    t.Wav2Vec2FeatureExtractor(return_attention_mask=not group, do_normalize=True).save_pretrained(folder)
    if head:
        vocabulary = {letter: number for number, letter in enumerate(LETTERS)}
        (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")


def _attentive(model: Any) -> Any:
    """Such that what is written depends on what is heard, and is not one token again and again."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "decoder" in name and ("encoder_attn" in name or "embed_positions" in name or "self_attn" in name):
                parameter.mul_(3.0)
    return model


def _moonshine(folder: Path, **more: Any) -> None:
    import transformers as t

    tokens = _tokenizer(["<unk>", "<s>", "</s>"])
    t.PreTrainedTokenizerFast(tokenizer_object=tokens, eos_token="</s>", bos_token="<s>").save_pretrained(folder)
    start, stop = tokens.token_to_id("<s>"), tokens.token_to_id("</s>")
    config = t.MoonshineConfig(
        **{
            "hidden_size": 32,
            "intermediate_size": 64,
            "vocab_size": tokens.get_vocab_size(),
            "encoder_num_hidden_layers": 2,
            "decoder_num_hidden_layers": 2,
            "max_position_embeddings": 32,
            "encoder_num_attention_heads": 2,
            "decoder_num_attention_heads": 2,
            "initializer_range": 0.1,
            "bos_token_id": start,
            "eos_token_id": stop,
            "decoder_start_token_id": start,
            "pad_token_id": stop,
            **more,
        }
    )
    _attentive(t.MoonshineForConditionalGeneration(config)).save_pretrained(folder)
    t.Wav2Vec2FeatureExtractor(return_attention_mask=True, do_normalize=False).save_pretrained(folder)


@dataclass(frozen=True)
class Heard:
    """Rows of a kind, ready for its network.

    Attributes:
        loader: batches of them.
        network: as the checkpoint is, in eval mode.
    """

    input: Speech
    target: Spoken
    processor: Processor
    loader: Loader
    network: Network
    loss: Loss

    def batch(self, positions: Sequence[int]) -> Batch:
        """Rows as the network learns from them."""
        return self.loader.batch(np.array(positions, np.int64))


def input_for(kind: str, **settings: Any) -> Speech:
    """How recordings of a kind are read."""
    window = {"window": "natural"} if kind == "whisper_natural" else {}
    made = Speech(**{**({"seconds": 3.0} if kind in SPELLING[:3] else {}), **window, **settings})
    return made.beside("frames" if kind in SPELLING else "decoded")


def target_for(kind: str, folder: Path, texts: Sequence[str] = TEXTS, **settings: Any) -> Spoken:
    """What is learned of the texts, as it is settled before a run."""
    if kind in SPELLING:
        made = cast(Spoken, build("burnish.targets", {"kind": "ctc_transcript", "uncovered": 0.1, **settings}))
    else:
        told = {} if kind == "moonshine" else {"language": "en"}
        made = cast(Spoken, build("burnish.targets", {"kind": "transcript", **told, **settings}))
    return cast(Spoken, made.of_checkpoint(folder)[0].learned(texts))


def heard(
    kind: str,
    cache: Path,
    made: list[dict[str, Any]] | None = None,
    *,
    double: bool = True,
    folder: Path | None = None,
    input_settings: dict[str, Any] | None = None,
    **target_settings: Any,
) -> Heard:
    """Rows and network of a kind; its network in float64 unless `double` is False."""
    folder, made = folder or checkpoint(kind), rows() if made is None else made
    input_, target = input_for(kind, **(input_settings or {})), target_for(kind, folder, **target_settings)
    processor = processor_of(input_, target, folder)
    encoded = encode_part(Part(table(made), np.arange(len(made))), input_, target, processor, cache=cache)
    model = cast(Model, build("burnish.models", {"kind": "transformers", "name": str(folder)}))
    network = model.build(input_, cast(Target, target), seed=0).eval()
    loss = cast(Loss, build("burnish.losses", target.usual_loss()))
    loader = Loader(encoded, input_, cast(Target, target), processor)
    return Heard(input_, target, processor, loader, network.double() if double else network, loss)


def tensors(batch: Batch, *, double: bool = True) -> dict[str, torch.Tensor]:
    """What a network is called with."""
    made = {name: torch.from_numpy(value) for name, value in batch.inputs.items()}
    return {name: value.double() if double and value.is_floating_point() else value for name, value in made.items()}
