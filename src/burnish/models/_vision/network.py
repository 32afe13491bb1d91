"""What image networks of all libraries share: pixels in, logits out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

import torch
from torch import nn

from burnish.core.channels import Channels, Narrowable, inner_channels, require_sayable
from burnish.core.errors import InputError
from burnish.core.network import HeadSplit, Network
from burnish.core.processor import Processor
from burnish.inputs import Input, Visible, input_classes
from burnish.models._anatomy import Anatomy
from burnish.models._vision.weights import write_weights
from burnish.targets import Target, names_of

ADAPTER = "adapter"
N = TypeVar("N", bound=Network)


class VisionNetwork(Network, Narrowable):
    """An image classifier of some library.

    Args:
        model: the library's module, with its head.
        anatomy: depth of every parameter.
        head: paths in `model` of the modules that give the logits.
        channels_last: whether weights and pixels lie in memory with their channels last, which convolutions prefer.
        facts: goes into config.json as it is: label names, problem ...
        notes, seed: as in `Network`.
        origin: the hub name the body came from, written into a saved adapter; None for a local folder.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        anatomy: Anatomy,
        head: Sequence[str],
        channels_last: bool,
        facts: dict[str, Any],
        notes: Sequence[str] = (),
        seed: int = 0,
        origin: str | None = None,
    ) -> None:
        super().__init__()
        notes = list(notes)
        if channels_last and _crashes_with_channels_last(model):
            channels_last = False
            notes.append(
                "channels are not kept last: torch's gradient of a strided 1 x 1 convolution of so few crashes"
            )
        self._format = torch.channels_last if channels_last else torch.contiguous_format
        self.model: Any = cast(Any, model).to(memory_format=self._format)
        self.channels_last = channels_last
        self.facts = dict(facts)
        self.notes = notes
        self.seed = seed
        self.origin = origin
        self._anatomy = anatomy
        self._head = tuple(head)

    def forward(self, **inputs: torch.Tensor) -> torch.Tensor:
        """Logits [B, C] of `pixel_values` [B, channels, H, W]."""
        logits: torch.Tensor = self.model(self.pixels(inputs))
        return logits

    def pixels(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        """`pixel_values` in the number type and memory format of the weights."""
        dtype = next(self.model.parameters()).dtype
        return inputs["pixel_values"].to(dtype).contiguous(memory_format=self._format)

    @abstractmethod
    def features(self, **inputs: torch.Tensor) -> torch.Tensor:
        """What the last layer reads of `pixel_values`: [B, D]."""

    def head_split(self, **inputs: torch.Tensor) -> HeadSplit:
        """The last layer with the dropout in front of it, and all below.

        Raises:
            Inseparable: several layers give the logits, or the one reads more than a row of numbers.
        """
        from burnish.models._vision.split import head_split

        return head_split(self.model, self._head, lambda module, named: module(self.pixels(named)), inputs)

    def depth(self, parameter: str) -> int:
        """0 for the stem, 1..layers for the blocks (a final norm with the last), layers + 1 for the last layer."""
        return self._anatomy.depth(parameter.removeprefix("model."))

    @property
    def layers(self) -> int:
        """How many blocks the body has."""
        return self._anatomy.layers

    def backbone(self) -> nn.Module:
        """The library's module, head included."""
        return cast(nn.Module, self.model)

    def head_modules(self) -> list[str]:
        """Paths in `backbone()` of the modules that give the logits."""
        return list(self._head)

    def save(self, folder: Path) -> None:
        """Write `model.safetensors` and `config.json`; unmerged low-rank parts are merged into it in float32.

        The parts themselves, with the head, are then written to `adapter/` as a peft adapter of the original checkpoint.
        """
        from burnish.core.low_rank import has_low_rank, merged_copy, save_adapter
        from burnish.models._head_layers import without_weight_norms

        adapted = has_low_rank(self.model)
        plain = without_weight_norms(merged_copy(self.model) if adapted else self.model)
        write_weights(plain, folder)
        self.write_config(plain, folder)
        if adapted:
            save_adapter(self.model, self._head, folder / ADAPTER, self.origin)

    def told(self) -> dict[str, Any]:
        """Facts for config.json, and under `burnish` what it takes to build the network again."""
        shape = {name: self.facts[name] for name in ("head", "batch_norms") if name in self.facts}
        rest = {name: value for name, value in self.facts.items() if name not in shape}
        return {**rest, "burnish": {"channels_last": self.channels_last, **shape}}

    @property
    @abstractmethod
    def library(self) -> str:
        """Where its architecture comes from: timm or torchvision."""

    @abstractmethod
    def made_with(self, arguments: dict[str, Any]) -> nn.Module:
        """What the library makes of the same architecture with these arguments beside its own, on no device."""

    def narrower(self, share: float) -> tuple[list[Channels], dict[str, Any]]:
        """Those inside its blocks."""
        return inner_channels(self.model, self.library, share, self.facts.get("model_args", {}))

    def require_sayable(self, arguments: dict[str, Any], groups: Sequence[Channels]) -> None:
        """Compared with the network that the library makes."""
        require_sayable(self.model, self.made_with(arguments), groups, self._head)

    def narrowed(self, arguments: dict[str, Any]) -> None:
        """Into config.json."""
        self.facts["model_args"] = {**self.facts.get("model_args", {}), **arguments}

    @abstractmethod
    def write_config(self, model: Any, folder: Path) -> None:
        """Write `config.json` for the plain module `model`."""


def _crashes_with_channels_last(model: nn.Module) -> bool:
    """Whether there is a convolution whose gradient ends the process on CPUs with AVX-512 (torch 2.14, 8 channels, 1 x 1, strided).

    No published architecture is known to have one; small networks of one's own do.
    """
    return any(
        isinstance(m, nn.Conv2d)
        and m.groups == 1
        and m.in_channels <= 8
        and max(m.kernel_size) == 1
        and max(m.stride) > 1
        for m in model.modules()
    )


def check_task(kind: str, input: Input, target: Target, channels: Sequence[int] = (3,)) -> None:
    """That the library has a head for this task.

    Raises:
        InputError: an input of which the network reads no picture of so many channels, or an answer for each element.
    """
    if not isinstance(input, Visible) or input.channels not in channels or target.shape != "row":
        inputs = [kind for kind, cls in input_classes().items() if getattr(cls, "channels", 0) in channels]
        raise InputError(
            f"there is no {kind} head for input {input.kind()!r} with a target of one prediction per {target.shape}",
            expected=f"input {' or '.join(inputs)} with a target of one prediction per example",
            place="target",
        )


def pixel_shape(kind: str, processor: Processor) -> tuple[int, int, int]:
    """Channels, height and width of what an input's processor gives.

    Raises:
        InputError: it gives no picture (a sound that is read as a waveform).
    """
    if processor.picture_shape is None:
        raise InputError(
            f"{kind} networks read pictures, but the input gives a {processor.gives}",
            expected="input: {kind: audio, features: log_mel, ...}",
            fix="or a checkpoint of transformers: model: {kind: transformers, name: ...}",
            place="input.features",
        )
    return processor.picture_shape


def taking(network: N, shape: Sequence[int], usual: Sequence[int] | None) -> N:
    """The network, tried on a black picture where its shape, [channels, height, width], is not the usual one.

    Raises:
        InputError: it does not take pictures of this size.
    """
    if usual is not None and tuple(shape) == tuple(usual):
        return network
    learning, parameter = network.training, next(network.parameters())
    try:
        with torch.no_grad():
            network.eval()(pixel_values=torch.zeros(1, *shape, device=parameter.device))
    except (RuntimeError, AssertionError, ValueError, IndexError, TypeError) as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise InputError(
            f"the architecture does not take pictures of {shape[1]} x {shape[2]}: {reason}",
            expected=f"its own size, {usual[-1]}" if usual else "a size it was made for",
            fix=f"input: {{size: {usual[-1]}}}" if usual and shape[0] == 3 else "name another size in `input`",
            place="input.size",
        ) from error
    finally:
        network.train(learning)
    return network


def labels_fact(target: Target) -> dict[str, Any]:
    """What config.json says of the answers."""
    names = {"label_names": list(names_of(target))} if names_of(target) else {}
    return {"num_classes": target.outputs, **names, "problem_type": target.problem or None}


def same_answers(config: dict[str, Any], target: Target) -> bool:
    """Whether a checkpoint's head answers for the same names in the same order and the same problem.

    Anything less could permute the classes silently.
    """
    return (
        bool(names_of(target))
        and list(config.get("label_names") or ()) == list(names_of(target))
        and config.get("problem_type") in (None, target.problem or None)
    )
