"""State dicts for image networks: read without running code, checked tensor by tensor, and put in."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from burnish.core.errors import InputError
from burnish.core.network import KEPT_HEAD
from burnish.models._checkpoint import INDEX, WEIGHTS, checked_weights
from burnish.models._wrapped_names import AVERAGED, held, prefix_of, require_finite, without_prefix
from burnish.targets import Target, names_of

SHOWN = 12
PICKLED = (".pth", ".pt", ".bin", ".tar", ".ckpt")
WRAPPED = ("state_dict", "model_state_dict", "model")  # keys training scripts store a state dict under
PREFIXES = ("module.", "_orig_mod.", "model.")  # of data-parallel training, torch.compile and Lightning
Tensors = dict[str, torch.Tensor]


def read_weights(place: Path) -> Tensors:
    """The tensors of a folder's safetensors, of a .safetensors file, or of a file torch saved (tensors only, no code).

    Raises:
        InputError: no such file, corrupt, of another format, or holding more than tensors.
    """
    from safetensors.torch import load_file

    if place.is_dir():
        return {name: value for file in checked_weights(place) for name, value in load_file(file).items()}
    if not place.is_file():
        raise InputError(
            "there is no such file of weights", expected=f"a folder with {WEIGHTS}, or a file", place=str(place)
        )
    if place.suffix == ".safetensors":
        try:
            return dict(load_file(place))
        except Exception as error:  # safetensors has an error class of its own, which is no ValueError
            raise InputError(
                f"{place.name} is corrupt: {error}", fix="copy or download it again", place=str(place)
            ) from error
    if place.suffix not in PICKLED:
        raise InputError(
            f"weights in a file ending with {place.suffix!r}",
            expected=".safetensors, " + ", ".join(PICKLED),
            place=str(place),
        )
    return _plain(_loaded(place), place)


def pretrained_weights(place: Path) -> Tensors:
    """As `read_weights`, and of a folder that has no safetensors its pytorch_model.bin: tensors only, no code.

    A run's own folder is read by `read_weights` alone: nothing that torch pickled belongs there.
    """
    if place.is_dir() and not any((place / name).is_file() for name in (WEIGHTS, INDEX)):
        pickled = place / "pytorch_model.bin"
        if pickled.is_file():
            return read_weights(pickled)
    return read_weights(place)


def _loaded(place: Path) -> Any:
    try:
        return torch.load(place, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises pickle, zip, runtime and end-of-file errors here
        code = "weights_only" in str(error) or "Unsupported" in str(error)
        reason = str(error).strip().partition("\n")[0]
        raise InputError(
            f"{place.name} holds more than tensors, and opening it could run any code"
            if code
            else f"{place.name} cannot be read as a file that torch saved: {reason or type(error).__name__}",
            expected="a state dict: tensor names to tensors",
            fix="where you trust the file, open it once and save its state dict as safetensors"
            if code
            else "copy or download it again",
            place=str(place),
        ) from error


def _plain(content: Any, place: Path) -> Tensors:
    for key in WRAPPED:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            # Of plain and averaged weights the averaged ones are those that such a run was tested with.
            average = next((k for k in AVERAGED if isinstance(content.get(k), Mapping)), key)
            content = content[average]
    if not isinstance(content, Mapping) or not all(isinstance(v, torch.Tensor) for v in content.values()):
        raise InputError("this is no state dict", expected="tensor names to tensors", place=str(place))
    state = {str(name): value for name, value in content.items()}
    while prefix := next((p for p in PREFIXES if state and all(name.startswith(p) for name in state)), ""):
        state = {name.removeprefix(prefix): value for name, value in state.items()}
    return state


def put_pretrained(
    model: nn.Module, state: Tensors, head: Sequence[str], *, keep: bool, outputs: int, place: str
) -> tuple[list[str], bool]:
    """Load a pretrained body; the head too where `keep` is set. Says what was decided, and whether the head is fresh.

    Args:
        model: with a head of `outputs` logits.
        state: of the checkpoint.
        head: paths of the modules that give the logits.
        keep: whether the checkpoint's head answers for the same labels.
        outputs: how many logits are needed.
        place: where the weights are, for errors.

    Raises:
        InputError: tensors of the body are missing, of another shape, or left over (named).
    """
    head_names = {name for name in model.state_dict() if inside(name, head)}
    wanted = [n for n in model.state_dict() if n not in head_names and not n.endswith("num_batches_tracked")]
    renamed = []
    names = set(state)
    if prefix := prefix_of(names, wanted, place):
        state, note = without_prefix(state, prefix)
        renamed.append(note)
    theirs = {name: value for name, value in state.items() if inside(name, head)}
    before = next((v.shape[0] for name, v in theirs.items() if name.endswith(".weight")), 0)
    keep = keep and head_names == theirs.keys() and before == outputs
    notes = [*renamed, _head_note(keep, before, outputs)]
    body = {name: value for name, value in state.items() if keep or name not in theirs}
    missing, extra, misshapen = _differences(model, body, () if keep else head_names)
    _check(missing, misshapen, place, names)
    roots = {name for name, _ in model.named_children()}
    if beyond := [name for name in extra if name.partition(".")[0] in roots]:
        raise InputError(
            "the weights have parts that the architecture does not know: " + listed(beyond),
            fix="name the architecture these weights belong to",
            place=place,
        )
    if extra:
        parts = ", ".join(sorted({name.partition(".")[0] for name in extra}))
        notes.append(f"{len(extra)} tensors of the checkpoint are not used here ({parts})")
    model.load_state_dict({name: value for name, value in body.items() if name not in extra}, strict=False)
    require_finite(model, place)
    return notes, not keep


def _head_note(keep: bool, before: int, outputs: int) -> str:
    if keep:
        return KEPT_HEAD
    if before == 0:
        return "the checkpoint has no head: fresh head"
    if before != outputs:
        return f"the checkpoint's head has {before} outputs, {outputs} are needed: fresh head"
    return "the checkpoint's head was trained for other labels: fresh head"


def _check(missing: Sequence[str], misshapen: Sequence[str], place: str, names: Collection[str]) -> None:
    if misshapen:
        raise InputError(
            "these tensors have another shape than the architecture: " + listed(misshapen),
            fix="name the architecture these weights belong to",
            place=place,
        )
    if missing:
        raise InputError(
            "these tensors are missing in the weights: " + listed(missing) + held(names),
            fix="name the architecture these weights belong to; names with more in front than is known must be changed",
            place=place,
        )


def put_trained(model: nn.Module, state: Tensors, place: str) -> None:
    """Load what a run has saved: every tensor, of the right shape, and none left over.

    Raises:
        InputError: otherwise, with the tensors named.
    """
    missing, extra, misshapen = _differences(model, state, ())
    wrong = [f"missing: {name}" for name in missing] + [f"left over: {name}" for name in extra] + misshapen
    if wrong:
        raise InputError(
            "the weights are not those of this model: " + listed(wrong),
            expected="the folder as it was saved",
            fix="restore it from the run or a copy",
            place=place,
        )
    model.load_state_dict(state, strict=True)
    require_finite(model, place)


def _differences(model: nn.Module, state: Tensors, without: Collection[str]) -> tuple[list[str], list[str], list[str]]:
    """Names that are missing in `state` and left over in it, and those of another shape with both shapes."""
    tensors = model.state_dict()
    # Files of old libraries do not have the counters of batch norm; nothing but a momentum of None reads them.
    wanted = (n for n in tensors if n not in without and not n.endswith("num_batches_tracked"))
    missing = sorted(name for name in wanted if name not in state)
    extra = sorted(name for name in state if name not in tensors)
    misshapen = [
        f"{name} {_shape(value)} in the file, {_shape(tensors[name])} in the network"
        for name, value in sorted(state.items())
        if name in tensors and value.shape != tensors[name].shape
    ]
    return missing, extra, misshapen


def write_weights(model: nn.Module, folder: Path) -> None:
    """Write `model.safetensors`: parameters and buffers, each in memory of its own."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    plain = {
        name: value.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, value in model.state_dict().items()
    }
    save_file(plain, folder / WEIGHTS, metadata={"format": "pt"})


def check_labels(config: Mapping[str, Any], target: Target, place: str) -> None:
    """That a trained network answers for the labels of its target.

    Raises:
        InputError: it does not.
    """
    saved = [str(name) for name in config.get("label_names") or ()]
    if config.get("num_classes") != target.outputs or tuple(saved) != tuple(names_of(target)):
        raise InputError(
            f"the saved model answers {listed(saved) if saved else str(config.get('num_classes')) + ' numbers'}",
            expected=listed(names_of(target)) if names_of(target) else f"{target.outputs} outputs",
            fix="config.json and the target do not belong together: take both from one run",
            place=place,
        )


def inside(name: str, paths: Sequence[str]) -> bool:
    """Whether a tensor lies in one of the modules."""
    return any(name.startswith(f"{path}.") for path in paths)


def listed(items: Sequence[str]) -> str:
    """The first few items, and how many more there are."""
    more = len(items) - SHOWN
    return ", ".join(items[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _shape(value: torch.Tensor) -> str:
    return "[" + ", ".join(str(n) for n in value.shape) + "]"
