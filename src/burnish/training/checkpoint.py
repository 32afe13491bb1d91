"""Checkpoints: complete or not there, checked by hashes, without pickle."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from burnish.core.errors import RunFailed
from burnish.core.files import ASIDE, MANIFEST, damage, folder_aside, write_json
from burnish.core.network import Network
from burnish.training import history
from burnish.training.averaging import WeightAverage

WEIGHTS, AVERAGE, OPTIMIZER = "weights.safetensors", "average.safetensors", "optimizer.safetensors"
STATE, GROUPS = "state.json", "optimizer_groups"


@dataclass(frozen=True)
class Checkpoint:
    """A complete checkpoint on disk.

    Attributes:
        path: its folder.
        step: optimizer steps done.
        state: counters, validation history, random policy: plain values.
    """

    path: Path
    step: int
    state: dict[str, Any]

    @property
    def best_step(self) -> int | None:
        """The step with the best validation score up to here."""
        best = history.best(history.from_json(self.state.get("validations", [])))
        return best.step if best else None

    @property
    def hash(self) -> str:
        """sha256 of the weights that were validated, as the manifest has it: written with them, and checked where they are read."""
        return str(json.loads((self.path / MANIFEST).read_text(encoding="utf-8"))[self.validated.name])

    @property
    def validated(self) -> Path:
        """The file of weights that validation saw: the average where there is one."""
        return next(p for p in (self.path / AVERAGE, self.path / WEIGHTS) if p.name == WEIGHTS or p.is_file())


def save(
    folder: Path,
    step: int,
    network: Network,
    optimizer: torch.optim.Optimizer,
    state: dict[str, Any],
    average: WeightAverage | None = None,
    *,
    weights: dict[str, Tensor] | None = None,
) -> Checkpoint:
    """Write a checkpoint aside, flush it, and let it appear under its name.

    Only what can learn, and buffers, are kept: frozen weights are those of the pretrained checkpoint.

    Args:
        folder: `checkpoints/` of the run.
        step: optimizer steps done.
        network: the bare network.
        optimizer: its state may hold tensors and plain numbers.
        state: plain values.
        average: of the weights, where the run keeps one.
        weights: whole copies of what `changing` names, gathered from all processes; None: this process has them whole.

    Raises:
        RunFailed: a weight is not finite (never saved), or the disk is full.
    """
    weights = learned(network, optimizer) if weights is None else weights
    strange = [name for name, value in weights.items() if value.is_floating_point() and not torch.isfinite(value).all()]
    if strange:
        raise RunFailed(
            f"{len(strange)} weights hold values that are not finite, such as {strange[0]}; this is never saved",
            fix="lower the learning rate; the last checkpoint is finite",
        )
    tensors, numbers = _flat(optimizer)
    final = at(folder, step)
    with folder_aside(final) as aside:
        save_file(weights, aside / WEIGHTS)
        if average is not None:
            save_file(_plain(average.taken()), aside / AVERAGE)
            state = {**state, "averaged": average.updates}
        save_file(tensors, aside / OPTIMIZER)
        write_json(aside / STATE, {"step": step, "optimizer": numbers, **_of_groups(optimizer), **state})
    return Checkpoint(final, step, state)


def learned(network: Network, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """A copy on the CPU of every parameter the optimizer holds, and every buffer that is part of the model, by name."""
    return _plain(changing(network, optimizer))


def changing(network: Network, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The tensors themselves that `learned` copies: what training changes in place."""
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    parameters = {name: p for name, p in network.named_parameters() if id(p) in held}
    shared = {id(p) for p in network.parameters()}
    persistent = {n: v for n, v in network.state_dict(keep_vars=True).items() if id(v) not in shared}
    return {**parameters, **persistent}


SAMPLED = 4096  # numbers of each frozen tensor that go into its hash: enough to tell checkpoints apart, and quick


def frozen(network: Network, optimizer: torch.optim.Optimizer) -> str:
    """A hash of the weights that training never changes and checkpoints therefore leave out; empty where there are none."""
    trained = {id(tensor) for tensor in changing(network, optimizer).values()}
    digest, there = hashlib.sha256(), False
    for name, tensor in network.named_parameters():
        if id(tensor) not in trained:
            flat = tensor.detach().reshape(-1)
            sample = flat[:: max(1, len(flat) // SAMPLED)].float().cpu().numpy()
            digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode() + sample.tobytes())
            there = True
    return digest.hexdigest() if there else ""


def _plain(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}


def restore(
    checkpoint: Checkpoint,
    network: Network,
    optimizer: torch.optim.Optimizer | None = None,
    average: WeightAverage | None = None,
) -> None:
    """Put a checkpoint's values back into the network and, if given, the optimizer and the average."""
    restore_weights(checkpoint.path / WEIGHTS, network)
    if average is not None:
        average.restore(load_file(checkpoint.path / AVERAGE), checkpoint.state["averaged"])
    if optimizer is not None:
        values: dict[int, dict[str, Any]] = {}
        for name, tensor in load_file(checkpoint.path / OPTIMIZER).items():
            index, _, key = name.partition(".")
            values.setdefault(int(index), {})[key] = tensor
        written = json.loads((checkpoint.path / STATE).read_text(encoding="utf-8"))
        for index, entries in written["optimizer"].items():
            values.setdefault(int(index), {}).update(entries)
        _lay_out(values, optimizer)
        whole = optimizer.state_dict()
        whole["state"] = values
        for group, kept in zip(whole["param_groups"], written.get(GROUPS, []), strict=False):
            group.update(kept)
        optimizer.load_state_dict(whole)


def _of_groups(optimizer: torch.optim.Optimizer) -> dict[str, list[dict[str, Any]]]:
    """Numbers that an optimizer keeps in its groups and that change from step to step; nothing where there are none."""
    kept = getattr(optimizer, "kept_in_groups", ())
    return {GROUPS: [{name: group[name] for name in kept} for group in optimizer.param_groups]} if kept else {}


def _lay_out(values: dict[int, dict[str, Any]], optimizer: torch.optim.Optimizer) -> None:
    """Lay state tensors out in memory as their parameters are: fused optimizers go through both in the order of memory."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for index, entries in values.items():
        for key, value in entries.items():
            if isinstance(value, Tensor) and value.shape == parameters[index].shape:
                entries[key] = torch.empty_like(parameters[index], dtype=value.dtype, device="cpu").copy_(value)


def restore_weights(file: Path, network: Network) -> None:
    """Put the weights in a checkpoint's file back into a network that was built and adapted in the same way.

    Raises:
        RunFailed: the tensors are not those of this network.
    """
    tensors = dict(network.state_dict(keep_vars=True))
    stored = load_file(file)
    wrong = [n for n, v in stored.items() if n not in tensors or tensors[n].shape != v.shape]
    if wrong:
        raise RunFailed(
            f"the checkpoint holds tensors this network does not have, such as {wrong[0]}",
            expected="the model and adapter the run began with",
            place=str(file.parent),
        )
    with torch.no_grad():
        for name, value in stored.items():
            tensors[name].copy_(value)


def _flat(optimizer: torch.optim.Optimizer) -> tuple[dict[str, Tensor], dict[str, dict[str, Any]]]:
    tensors: dict[str, Tensor] = {}
    numbers: dict[str, dict[str, Any]] = {}
    for index, entries in optimizer.state_dict()["state"].items():
        for key, value in entries.items():
            if isinstance(value, Tensor):
                tensors[f"{index}.{key}"] = value.detach().cpu().contiguous().clone()
            else:
                numbers.setdefault(str(index), {})[key] = value
    return tensors, numbers


def newest(folder: Path, warn: Callable[[str], None]) -> Checkpoint | None:
    """The newest checkpoint a run can go on from; damaged ones are passed over with a warning.

    The best one up to it must be whole as well: a run that went on without it would end in other weights.

    Args:
        folder: `checkpoints/` of the run.
        warn: called with a sentence for each checkpoint that cannot be used.
    """
    for path in sorted(folder.glob("step-*"), reverse=True):
        wrong = damage(path)
        if not wrong:
            checkpoint = read(path)
            best = checkpoint.best_step
            wrong = damage(at(folder, best)) if best is not None and best != checkpoint.step else []
            if not wrong:
                return checkpoint
            wrong = [f"the best one before it, step {best}, is: {wrong[0]}"]
        warn(f"checkpoint {path.name} is damaged ({wrong[0]}); the one before it is used")
    return None


def at(folder: Path, step: int) -> Path:
    """Where the checkpoint of a step is."""
    return folder / f"step-{step:08d}"


def drop_after(folder: Path, step: int) -> None:
    """Delete the checkpoints of steps that will be done again: a damaged one must not outlive the whole one before it."""
    _clean(folder)
    _delete(path for path in folder.glob("step-*") if _step(path) > step)


def _clean(folder: Path) -> None:
    """Delete what an interrupted save or deletion left behind."""
    for leftover in folder.glob(f"{ASIDE}*"):
        shutil.rmtree(leftover, ignore_errors=True)


def read(path: Path) -> Checkpoint:
    """One checkpoint, its state read."""
    state = json.loads((path / STATE).read_text(encoding="utf-8"))
    step = state.pop("step")
    state.pop("optimizer")
    state.pop(GROUPS, None)
    return Checkpoint(path, step, state)


def prune(folder: Path, keep: int, worth: Collection[int]) -> None:
    """Delete all but the last `keep` checkpoints and those of these steps; and what an interrupted save left behind."""
    _clean(folder)
    there = steps(folder)
    kept = {*there[-keep:], *worth}
    _delete(at(folder, s) for s in there if s not in kept)


def _delete(paths: Iterable[Path]) -> None:
    for path in paths:
        # Renamed first: a deletion that is cut off must not leave half a checkpoint under a checkpoint's name.
        gone = path.with_name(f"{ASIDE}gone-{path.name}")
        path.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)


def steps(folder: Path) -> list[int]:
    """The steps of all checkpoints there are, in their order."""
    return sorted(_step(path) for path in folder.glob("step-*"))


def _step(path: Path) -> int:
    return int(path.name.split("-")[1])
