"""Checkpoints of Hugging Face transformers."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from burnish.core.errors import InputError
from burnish.core.family import Family, family_of
from burnish.inputs import Extending, Input
from burnish.models import Model
from burnish.models._checkpoint import checked_weights, hub_name, resolved_folder
from burnish.models._dropout import DropoutRates
from burnish.targets import Target

if TYPE_CHECKING:
    from burnish.core.network import Network


class Transformers(Model):
    """An encoder or decoder of Hugging Face transformers, with a head of the library's own.

    Only safetensors are opened, and no code from a checkpoint is ever run.
    """

    attention: Literal["sdpa", "eager", "flash_attention_2"] | None = Field(
        None, description="Attention implementation; null: the best one the architecture has here."
    )
    dropout: Annotated[float, Field(ge=0, lt=1)] | DropoutRates | None = Field(
        None,
        description="Overrides every dropout rate of the checkpoint, or those of parts, {hidden, attention, head, "
        "stochastic_depth}; null: the checkpoint's own.",
    )
    random_weights: bool = Field(
        False,
        description="Start from random weights with the architecture of config.json, which needs no weights beside it: "
        "nothing is pretrained.",
    )
    gradient_checkpointing: bool = Field(
        False, description="Compute activations again in the backward pass: less memory, about a third more time."
    )
    neftune_alpha: float | None = Field(
        None,
        gt=0,
        description="Of language models: strength of noise on the embeddings while they learn (NEFTune; usual are 5 to 15); "
        "null: none.",
    )
    quantized: Literal["4bit"] | None = Field(
        None,
        description="Keep the checkpoint's frozen matrices in four bits while adapter lora learns (QLoRA); a GPU and "
        "bitsandbytes are needed. The saved model is whole; null: not quantized.",
    )
    batch_norms: Literal["frozen"] | None = Field(
        None, description="frozen: batch norms held as they came, for small batches; null: as they are."
    )
    shapes_head = True
    dtype: Literal["float32", "bfloat16", "float16"] = Field(
        "float32", description="Number type of the weights while training; mixed precision wants float32."
    )

    def folder(self) -> Path:
        """The local folder of the checkpoint: 'starter', a folder, or a hub name, which is downloaded.

        Raises:
            InputError: neither a folder nor reachable on the hub (offline and not cached is said), or no `config.json`.
        """
        return resolved_folder(self.name, self.revision)

    def family(self, input: Input) -> Family:
        """What the network is built of, from config.json and the headers of the weights."""
        from burnish.models._shapes import stored_shapes
        from burnish.models.transformers.configuration import generates

        try:
            folder = self.folder()
        except InputError:
            return Family(pretrained=not self.random_weights)  # `build` says what is wrong
        if self.random_weights:
            from burnish.models.transformers import from_scratch

            return from_scratch.family(folder, input.encoder, generates=generates(folder))
        return family_of(stored_shapes(folder), input.encoder, generates=generates(folder))

    def build(self, input: Input, target: Target, *, seed: int) -> Network:
        """The pretrained network with a fresh head of `target.outputs` logits, initialised from `seed`.

        Raises:
            InputError: no weights, weights that do not fit the architecture (tensors named), corrupt files, no head for
                this input and target, or a setting the architecture does not have.
        """
        from burnish.models._batch_norms import hold_batch_norms, require_pretrained
        from burnish.models._windows import windowed
        from burnish.models.transformers import configuration as settings
        from burnish.models.transformers.deeper import deepened

        require_pretrained(self.batch_norms, random_weights=self.random_weights)
        folder = self.folder()
        head = self._head(folder, input, target)
        with settings.quiet():
            ids = input.new_token_ids(folder) if isinstance(input, Extending) else ()
            config, notes = self._configuration(folder, head, input, ids)
            loaded = self._loaded(folder, head, config, target, seed=seed)
            loaded.notes += notes
            if self.deeper is not None:
                deepened(loaded, self.deeper, target.outputs, seed)
            network = self._fitted(folder, loaded, input, target, ids, seed=seed)
            if self.batch_norms == "frozen":
                network.notes = [*network.notes, hold_batch_norms(network)]
            return windowed(network, input, target, seed=seed)

    def _loaded(self, folder: Path, head: Any, config: Any, target: Target, *, seed: int) -> Any:
        """The library's model, pretrained or drawn."""
        from burnish.models.transformers import configuration as settings
        from burnish.models.transformers import from_scratch, loading

        given = self._settings(self.dtype)
        if self.random_weights:
            self._require_unquantized()
            place = str(folder / "config.json")
            return from_scratch.drawn(head, config, given, target=target, seed=seed, place=place)
        if settings.keeps_head(head):
            return loading.with_its_head(folder, head, config, given, seed=seed)
        return loading.fine_tunable(folder, head, config, given, target=target, seed=seed)

    def _fitted(
        self, folder: Path, loaded: Any, input: Input, target: Target, new: Sequence[int], *, seed: int
    ) -> Network:
        """Behind one face, with new tokens, or for pictures of another size."""
        from burnish.media.picture.settings import checkpoint_settings
        from burnish.models._vision.network import taking
        from burnish.models.transformers.pictures import at_size
        from burnish.models.transformers.vocabulary import extend

        if new and not self.random_weights:
            extend(loaded.model, new)
            loaded.notes.append(f"new tokens, which begin as the mean of all others: {len(new)}, from {new[0]} on")
        pictures = getattr(input, "read_as", "") == "picture"
        size = (getattr(input, "size", None) or checkpoint_settings(folder).get("size")) if pictures else None
        if size is None:
            network = self._wrapped(loaded, target, seed=seed)
            network.new_tokens = () if self.random_weights else new
            network.from_scratch = self.random_weights
            return network
        loaded.model, notes = at_size(loaded.model, size, str(folder))
        loaded.notes += notes
        return taking(self._wrapped(loaded, target, seed=seed), (3, size, size), usual=None)

    def _require_unquantized(self) -> None:
        if self.quantized is not None:
            raise InputError(
                "random weights that are frozen in four bits would learn nothing",
                fix="leave `quantized` out",
                place="model.quantized",
            )

    def load(self, folder: Path, input: Input, target: Target) -> Network:
        """A trained network as `Network.save` wrote it, in the number type it was saved in.

        Raises:
            InputError: a tensor is missing, left over or misshapen, or the saved labels are not those of `target`.
        """
        from burnish.models._windows import restored
        from burnish.models.transformers import configuration as settings
        from burnish.models.transformers import loading
        from burnish.models.transformers.deeper import saved_head, trained

        if not (folder / "config.json").is_file():
            raise InputError("there is no config.json", expected="a folder a run has written", place=str(folder))
        head = self._head(folder, input, target)
        with settings.quiet():
            config = settings.read_configuration(folder, head)
            if (deeper := saved_head(config)) is not None:
                loading.require_labels(folder, head, config, target)
                whole = trained(folder, head, config, self._settings("auto"), deeper, target.outputs)
                return restored(self._wrapped(whole, target, seed=0), folder, input, target)
            # "auto": merged weights are saved in float32 whatever they were trained in; rounding would change answers.
            loaded = loading.trained(folder, head, config, self._settings("auto"), target)
            return restored(self._wrapped(loaded, target, seed=0), folder, input, target)

    def _head(self, folder: Path, input: Input, target: Target) -> Any:
        from burnish.models.transformers import configuration as settings

        head = settings.head_class(input, target.shape)
        return settings.frame_class(folder, head) if target.shape == "frames" else head

    def _configuration(self, folder: Path, head: Any, input: Input, new: Sequence[int]) -> tuple[Any, list[str]]:
        from burnish.models.transformers import configuration as settings
        from burnish.models.transformers import from_scratch
        from burnish.models.transformers.deeper import forgotten

        config, notes = settings.read_configuration(folder, head), []
        forgotten(config)
        sounds = settings.writes_sounds(head)  # its text encoder and its decoder pad with tokens of their own
        if self.random_weights and not sounds and (said := from_scratch.sized(config, folder, new)):
            notes.append(said)
        if not self.random_weights:
            checked_weights(folder)  # said before what follows from their absence
        if input.lengths_matter and input.stored and not sounds:  # of sounds that are read no token stands for padding
            settings.set_padding(config, folder)
        if (scaling := getattr(getattr(input, "long", None), "rope_scaling", None)) is not None:
            from burnish.models.transformers.rotary import stretched

            notes.append(stretched(config, scaling, input.long.tokens))  # type: ignore[attr-defined]
        if isinstance(self.dropout, DropoutRates):
            settings.set_dropout_of_parts(config.decoder if sounds else config, self.dropout.named())
        elif self.dropout is not None:
            settings.set_dropout(config.decoder if sounds else config, self.dropout)
        if settings.set_own_masks(config):
            notes.append("the network's own SpecAugment is off: it could not be resumed exactly")
        return config, notes

    def _settings(self, dtype: str) -> dict[str, Any]:
        import torch

        from burnish.models.transformers.four_bits import four_bits

        given: dict[str, Any] = {"dtype": dtype if dtype == "auto" else getattr(torch, dtype)}
        if self.quantized is not None and dtype != "auto":
            given["quantization_config"] = four_bits()
        if self.attention is not None:
            given["attn_implementation"] = self.attention
        return given

    def _wrapped(self, loaded: Any, target: Target, *, seed: int) -> Network:
        from burnish.models.transformers.attention import in_float32
        from burnish.models.transformers.deeper import PLACE, PooledNetwork
        from burnish.models.transformers.frames import FrameNetwork
        from burnish.models.transformers.language import LanguageModel, writes
        from burnish.models.transformers.music import MusicWriter, writes_codes
        from burnish.models.transformers.network import TransformersNetwork
        from burnish.models.transformers.noise import EmbeddingNoise
        from burnish.models.transformers.speech import SpeechWriter, writes_transcripts

        if self.gradient_checkpointing:
            if not loaded.model.supports_gradient_checkpointing:
                raise InputError(
                    f"the architecture {loaded.model.config.model_type!r} cannot checkpoint gradients",
                    fix="leave `gradient_checkpointing` out",
                    place="model.gradient_checkpointing",
                )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)  # newer releases only rename it
                # The re-entrant kind loses gradients where the embeddings are frozen.
                loaded.model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        origin = hub_name(self.name)
        if writes(loaded.model):
            in_float32(loaded.model)
            written = LanguageModel(loaded.model, notes=loaded.notes, seed=seed, origin=origin)
            if self.neftune_alpha is not None:
                written.noise = EmbeddingNoise(loaded.model, self.neftune_alpha)
            return written
        if target.shape == "codes" and writes_codes(loaded.model):
            in_float32(loaded.model)
            return MusicWriter(loaded.model, notes=loaded.notes, seed=seed, origin=origin)
        if target.shape == "decoded" and writes_transcripts(loaded.model):
            in_float32(loaded.model)
            return SpeechWriter(loaded.model, notes=loaded.notes, seed=seed, origin=origin)
        if self.neftune_alpha is not None:
            raise InputError(
                f"noise on embeddings is for language models, and {type(loaded.model).__name__} is none",
                fix="leave `neftune_alpha` out",
                place="model.neftune_alpha",
            )
        if target.shape == "frames":
            framed = FrameNetwork(loaded.model, fresh=loaded.fresh, notes=loaded.notes, seed=seed, origin=origin)
            framed.fresh_head = not loaded.kept_head
            return framed
        parts = {"fresh": loaded.fresh, "notes": loaded.notes, "seed": seed, "origin": origin}
        if hasattr(loaded.model, PLACE):
            return PooledNetwork(loaded.model, **parts)
        network = TransformersNetwork(loaded.model, element=target.shape != "row", **parts)
        network.fresh_head = not loaded.kept_head
        return network
