"""Bundles of tiny networks that transcribe, untrained: what they answer is words in no order, always the same."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import numpy as np
import torch

from burnish.answering.opening import write
from burnish.bundle import bundle as bundles
from burnish.bundle.processors import processor_of
from burnish.core.component import build
from burnish.core.network import Network
from burnish.decoders import Decoder
from burnish.inputs.speech import Speech
from burnish.models.transformers import Transformers
from burnish.runtimes.torch import computing
from burnish.targets import Target
from burnish.targets.ctc_transcript import CtcTranscript
from burnish.targets.transcript import Transcript
from tests.sound_cases import save, sound

SPECIAL = (
    *("<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|de|>", "<|translate|>", "<|transcribe|>"),
    *("<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"),
)
TEXT = "one two three four five six seven eight nine zero the ferry leaves the harbour at noon"
WORDS = TEXT.split()
RATE = 16000
SPREAD = 0.12
"""Of random weights: so large that the most probable token is not the same at each place."""
_SIZES: dict[str, Any] = {
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
    "num_mel_bins": 80,
    "max_source_positions": 1500,
    "max_target_positions": 48,
}
_folders: list[TemporaryDirectory[str]] = []


@cache
def whisper_checkpoint() -> Path:
    """A tiny multilingual Whisper with a byte tokenizer of some hundred tokens, as the library saves it; none changes it."""
    import transformers as t

    _folders.append(TemporaryDirectory())
    folder = Path(_folders[-1].name)
    tokenizer = _tokenizer()
    tokenizer.save_pretrained(folder)
    ids = {token: tokenizer.convert_tokens_to_ids(token) for token in SPECIAL}
    end, start = ids["<|endoftext|>"], ids["<|startoftranscript|>"]
    config = t.WhisperConfig(
        vocab_size=len(tokenizer),
        **_SIZES,
        decoder_start_token_id=start,
        eos_token_id=end,
        bos_token_id=end,
        pad_token_id=end,
        suppress_tokens=[],
        begin_suppress_tokens=[],
        dropout=0.0,
        init_std=SPREAD,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        model = t.WhisperForConditionalGeneration(config)
    model.generation_config = t.GenerationConfig(
        decoder_start_token_id=start,
        eos_token_id=end,
        pad_token_id=end,
        bos_token_id=end,
        suppress_tokens=[tokenizer.convert_tokens_to_ids("!"), start, ids["<|notimestamps|>"]],
        begin_suppress_tokens=[tokenizer.convert_tokens_to_ids("a"), end],
        is_multilingual=True,
        lang_to_id={token: ids[token] for token in ("<|en|>", "<|de|>")},
        task_to_id={"transcribe": ids["<|transcribe|>"], "translate": ids["<|translate|>"]},
        no_timestamps_token_id=ids["<|notimestamps|>"],
        max_length=48,
    )
    model.save_pretrained(folder)
    t.WhisperFeatureExtractor(feature_size=80).save_pretrained(folder)
    return folder


def _tokenizer() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokens = Tokenizer(models.BPE())
    tokens.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokens.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet, show_progress=False)
    tokens.train_from_iterator([" " + TEXT] * 4, trainer)
    tokens.add_special_tokens(list(SPECIAL))
    end = SPECIAL[0]
    return PreTrainedTokenizerFast(tokenizer_object=tokens, eos_token=end, bos_token=end, unk_token=end, pad_token=end)


@cache
def frames_checkpoint(kind: str = "wav2vec2") -> Path:
    """A tiny encoder of speech without a head of CTC, whose rows are masked (`layer`) or heard alone (`group`)."""
    from tests.audio_cases import written

    _folders.append(TemporaryDirectory())
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return written(kind, Path(_folders[-1].name))


def recordings(folder: Path, seconds: Sequence[float], rate: int = RATE, *, first: int = 0) -> list[dict[str, str]]:
    """Rows of sounds of these lengths, with words; each number, from `first` on, has a sound of its own."""
    rows = []
    for number, length in enumerate(seconds, first):
        path = save(sound(number, length, rate), folder / f"{number:03}.wav", rate)
        rows.append({"audio": str(path), "text": " ".join(WORDS[number % 8 : number % 8 + 3])})
    return rows


def parts(kind: str, **settings: Any) -> tuple[Path, Speech, Target]:
    """Checkpoint, input and target: `whisper`, `natural` (Whisper's windows), or an encoder with frames.

    Windows of these networks are a second long, and overlap unless `pauses` is set: of lengths so short it is usual.
    """
    settings = {"pauses": False, **settings}
    if kind in ("whisper", "natural"):
        folder, window = whisper_checkpoint(), "natural" if kind == "natural" else "full"
        input_ = Speech(column="audio", window=window, **settings)
        return folder, input_, Transcript(language="en").learned([TEXT])
    folder = whisper_checkpoint() if kind == "whisper_frames" else frames_checkpoint(kind)
    target = CtcTranscript().learned([TEXT])
    return folder, Speech(column="audio", **settings).beside("frames"), target


def network_of(kind: str, **settings: Any) -> tuple[Network, Speech, Target, Path]:
    """A network in eval mode and float32."""
    folder, input_, target = parts(kind, **settings)
    network = Transformers(name=str(folder)).build(input_, target, seed=1).float().eval()
    if target.shape == "frames":
        _spread(network)
    return network, input_, target, folder


def _spread(network: Network) -> None:
    """A fresh head gives one token for all frames; with larger weights it spells something."""
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        for name, parameter in network.named_parameters():
            if "lm_head" in name or "classifier" in name:
                parameter.copy_(torch.randn(parameter.shape) * 3)


def speech_bundle(folder: Path, kind: str = "natural", *, decoder: Any = None, **settings: Any) -> Path:
    """A sealed bundle whose reference example is half a second of tones.

    Args:
        folder: new.
        kind: see `parts`.
        decoder: settings; None: greedy with 12 tokens, or greedy over frames.
        settings: of the input.
    """
    network, input_, target, checkpoint = network_of(kind, **settings)
    usual = {"kind": "greedy", "max_new_tokens": 12} if target.shape == "decoded" else {"kind": "ctc_greedy"}
    how = cast(Decoder, build("burnish.decoders", decoder or usual))
    golden = recordings(folder.parent / f"{folder.name}-sounds", [0.5])[0]
    contents = bundles.Contents(
        network.save,
        input_,
        target,
        processor_of(input_, target, checkpoint),
        {"kind": "transformers", "name": str(checkpoint)},
        {"task": "speech-recognition", "recipe": {}},
        "# tiny",
        [input_.portable({"audio": golden["audio"]})],
        how,
    )
    write(folder, contents, computing(network, how))
    bundles.seal(folder)
    return folder


def data_of(folder: Path, *, rows: int = 6, first: int = 0) -> Path:
    """A table of recordings of several lengths with words."""
    lengths = np.linspace(0.4, 1.6, rows)
    path = folder / "rows.jsonl"
    lines = [json.dumps(row) for row in recordings(folder / "sounds", lengths.tolist(), first=first)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
