"""EnCodec (Défossez et al. 2022, arXiv 2210.13438): recordings to codes and back, always in float32, never trained."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from burnish.core.batch import Array
from burnish.core.collecting import importing
from burnish.core.errors import InputError
from burnish.core.processor import Processor
from burnish.core.written import require_kinds
from burnish.media.codec.delay import delays

PART = "audio_encoder."
"""What the names of the codec's tensors begin with in a checkpoint of MusicGen."""
_NUMBERS = ("codebooks", "channels", "size", "filler", "rate", "hop")


@dataclass(frozen=True)
class Codec(Processor):
    """The codec in a checkpoint of MusicGen, as its decoder reads it.

    Attributes:
        weights: a hash of its tensors.
        codebooks: codes of a frame, over all channels.
        channels: 1 (mono) or 2 (stereo, each channel a sound of its own for the codec, their codebooks in turn).
        size: codes of a codebook.
        filler: the number that stands where a codebook has no code; also the first that a decoder is given.
        rate: samples a second.
        hop: samples of a frame.
        source: the folder with the weights.
    """

    weights: str
    codebooks: int
    channels: int
    size: int
    filler: int
    rate: int
    hop: int
    source: Path = field(compare=False)

    def fingerprint(self) -> str:
        """A hash of weights and settings."""
        return hashlib.sha256(json.dumps(self.settings(), sort_keys=True).encode()).hexdigest()

    def settings(self) -> dict[str, Any]:
        """All but the folder; the weights stand in the model."""
        return {name: value for name, value in asdict(self).items() if name != "source"}

    @property
    def late(self) -> tuple[int, ...]:
        """By how many steps each codebook is written later than the first."""
        return delays(self.codebooks, self.channels)

    @property
    def frames_per_second(self) -> float:
        """Frames of a second."""
        return self.rate / self.hop

    @property
    def gives(self) -> str:
        """What it makes of a recording."""
        return "codes of a recording"

    def codes(self, samples: NDArray[np.float32]) -> NDArray[np.int16]:
        """int16 [codebooks, frames] of float32 [channels, samples]."""
        import torch

        model = self._model()
        device = next(model.parameters()).device
        with torch.inference_mode():
            read = torch.from_numpy(np.ascontiguousarray(samples)).to(device)[:, None]
            # A channel at a time: padding to the longest of a batch would change the last codes of the others.
            told = torch.stack(
                [model.encode(one[None]).audio_codes[0, 0] for one in read], dim=1
            )  # [levels, channels, T]
        return cast("NDArray[np.int16]", told.flatten(0, 1).cpu().numpy().astype(np.int16))

    def sound(self, codes: Array) -> NDArray[np.float32]:
        """The other way: float32 [channels, samples]."""
        import torch

        model = self._model()
        device = next(model.parameters()).device
        by_channel = codes.astype(np.int64).reshape(-1, self.channels, codes.shape[1]).swapaxes(0, 1)
        with torch.inference_mode():
            told = [
                model.decode(torch.from_numpy(np.ascontiguousarray(one))[None, None].to(device), [None]).audio_values[
                    0, 0
                ]
                for one in by_channel
            ]
            return cast("NDArray[np.float32]", torch.stack(told).float().cpu().numpy())

    def latents(self, codes: Array) -> NDArray[np.float32]:
        """float32 [D, frames]: what codes stand for inside the codec, the sum of their vectors, over all channels."""
        import torch

        model = self._model()
        device = next(model.parameters()).device
        by_channel = codes.astype(np.int64).reshape(-1, self.channels, codes.shape[1]).swapaxes(0, 1)
        with torch.inference_mode():
            told = [
                model.quantizer.decode(torch.from_numpy(np.ascontiguousarray(one))[:, None].to(device))[0]
                for one in by_channel
            ]
            return cast("NDArray[np.float32]", torch.cat(told).float().cpu().numpy())

    @property
    def device(self) -> str:
        """Where it computes: the GPU where there is one."""
        return _device()

    def _model(self) -> Any:
        return _opened(str(self.source), self.weights)


def _device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def codec(folder: Path, settings: Mapping[str, Any] | None = None) -> Codec:
    """The codec of a checkpoint or bundle; `settings` are those a bundle kept.

    Raises:
        InputError: no MusicGen, or a codec whose codes its decoder does not read.
    """
    if settings is not None:
        require_kinds(dict(settings), {"weights": str, **dict.fromkeys(_NUMBERS, int)}, folder.parent / "bundle.json")
        return Codec(source=folder, **{name: settings[name] for name in ("weights", *_NUMBERS)})
    config = stated(folder)
    sound, decoder = config["audio_encoder"], config["decoder"]
    _require_plain(sound, folder)
    hop = int(np.prod(sound.get("upsampling_ratios", (8, 5, 4, 2))))
    size = int(decoder.get("vocab_size", 2048))
    return Codec(
        _hash(folder),
        int(decoder.get("num_codebooks", 4)),
        int(decoder.get("audio_channels", 1)),
        size,
        int(decoder.get("pad_token_id", size)),
        int(sound.get("sampling_rate", 24_000)),
        hop,
        folder,
    )


def stated(folder: Path) -> dict[str, Any]:
    """`config.json` of a checkpoint of MusicGen.

    Raises:
        InputError: it is none.
    """
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        config = {}
    if not isinstance(config, dict) or config.get("model_type") != "musicgen":
        found = config.get("model_type") if isinstance(config, dict) else None
        raise InputError(
            f"this checkpoint writes no music: it is {found!r}" if found else "this checkpoint writes no music",
            expected="a folder of MusicGen as transformers saves it (model_type musicgen), codec and text encoder included",
            fix="audiocraft's own files (state_dict.bin) must be converted to it first",
            place=str(folder),
        )
    return config


def _require_plain(sound: Mapping[str, Any], folder: Path) -> None:
    """A codec whose codes say all: no loudness beside them, no pieces that overlap."""
    wrong = [name for name in ("normalize", "chunk_length_s") if sound.get(name)]
    if sound.get("model_type") == "encodec" and not wrong and int(sound.get("audio_channels", 1)) == 1:
        return
    raise InputError(
        f"the codec is {sound.get('model_type')!r} with {', '.join(wrong) or str(sound.get('audio_channels', 1)) + ' channels'}",
        expected="EnCodec of one channel without normalize and chunk_length_s, as in MusicGen",
        place=str(folder / "config.json"),
    )


def _hash(folder: Path) -> str:
    digest = hashlib.sha256()
    for name, value in sorted(_tensors(folder).items()):
        digest.update(name.encode() + str(value.dtype).encode() + value.float().numpy().tobytes())
    return digest.hexdigest()[:32]


def _tensors(folder: Path) -> dict[str, Any]:
    """The codec's tensors in a checkpoint, by their names in it.

    Raises:
        InputError: there are none.
    """
    from safetensors import safe_open

    found: dict[str, Any] = {}
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="pt") as file:
            found |= {name.removeprefix(PART): file.get_tensor(name) for name in file.keys() if name.startswith(PART)}  # noqa: SIM118
    if not found:
        raise InputError(
            "the checkpoint has no codec",
            expected=f"tensors that begin with {PART} in *.safetensors",
            fix="take the whole checkpoint, saved as safetensors",
            place=str(folder),
        )
    return found


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the library's own progress bar."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


@lru_cache(maxsize=2)
def _opened(folder: str, weights: str) -> Any:
    """The codec in float32, in eval mode, on the GPU where there is one."""
    try:
        import torch

        with importing():
            from transformers import AutoConfig, EncodecModel
    except ImportError as error:
        raise InputError("a codec needs torch and transformers", fix="pip install 'burnish[train]'") from error
    config = AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True).audio_encoder
    tensors = {
        name: value.float() if value.is_floating_point() else value for name, value in _tensors(Path(folder)).items()
    }
    with torch.random.fork_rng(devices=[]), _quiet():
        model = EncodecModel.from_pretrained(None, config=config, state_dict=tensors, dtype=torch.float32)
    model.requires_grad_(False).eval()
    return model.to(_device())
