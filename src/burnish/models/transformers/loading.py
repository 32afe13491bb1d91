"""Loading the weights of transformers checkpoints, with a check of every tensor."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file

from burnish.core.collecting import importing
from burnish.core.errors import InputError
from burnish.core.network import KEPT_HEAD
from burnish.core.seeds import derive
from burnish.media.transcript.vocabulary import stated_tokens
from burnish.models._checkpoint import checked_weights
from burnish.models._vision.weights import listed
from burnish.models._wrapped_names import held, prefix_of, require_finite, without_prefix
from burnish.models.transformers.configuration import fills_gaps, keeps_head, logit_names, set_task
from burnish.targets import Target


@dataclass
class Loaded:
    """A model with its head, the parameters that were not in the checkpoint, and what was decided, in words.

    `kept_head` says whether the head's last layer came with the checkpoint.
    """

    model: Any
    fresh: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    kept_head: bool = False


def pretrained(folder: Path, head: Any, config: Any, settings: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The library's model and its loading report.

    Raises:
        InputError: no weights, corrupt weights, or settings the architecture does not take.
    """
    files = checked_weights(folder)
    try:
        model, report = _opened(str(folder), head, config, settings)
        names = _names(files)
        if prefix := _prefix(model, report, names, str(folder)):
            whole = {name: value for file in files for name, value in load_file(file).items()}
            state, note = without_prefix(whole, prefix)
            model, report = _opened(None, type(model), config, {**settings, "state_dict": state})
            report["note"] = note
        report["held"] = held(names)
    except TypeError as error:
        if not hasattr(config, "architecture"):
            raise
        raise InputError(
            f"this is a checkpoint of timm ({config.architecture}) that transformers cannot open",
            fix="say whose it is: model.kind=timm",
            place=str(folder),
        ) from error
    except (ValueError, ImportError, OSError, RuntimeError, NotImplementedError) as error:
        raise InputError(
            f"the checkpoint cannot be opened: {str(error).strip()[:500]}",
            fix="choose another `attention`"
            if "attention" in str(error).lower() or "flash" in str(error).lower()
            else "",
            place=str(folder),
        ) from error
    if report["error_msgs"]:
        raise InputError("the weights cannot be read: " + "; ".join(report["error_msgs"]), place=str(folder))
    return model, report


def _opened(folder: str | None, head: Any, config: Any, settings: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    with importing():  # of the architecture's own code, and of what torch loads with it
        model, report = head.from_pretrained(
            folder,
            config=config,
            **({} if folder is None else {"trust_remote_code": False}),
            use_safetensors=True,
            local_files_only=True,
            ignore_mismatched_sizes=True,  # mismatches come back in the report, where all of them can be named
            output_loading_info=True,
            **settings,
        )
    return model, dict(report)


def _prefix(model: Any, report: dict[str, Any], names: set[str], place: str) -> str | None:
    """What a training loop has put before the names of all tensors of the body, with or without the body's own prefix."""
    body = f"{model.base_model_prefix}."
    missing = [n for n in report["missing_keys"] if n.startswith(body) and "pooler" not in n]
    whole = [n for n, _ in model.named_parameters() if n.startswith(body) and "pooler" not in n]
    if set(whole) - set(missing):
        return None  # some of it is there: then it is no matter of names
    return prefix_of(names, whole, place) or prefix_of(names, [name.removeprefix(body) for name in whole], place)


def _names(files: Sequence[Path]) -> set[str]:
    names: set[str] = set()
    for file in files:
        with safe_open(file, framework="pt") as opened:
            names.update(opened.keys())
    return names


def fine_tunable(
    folder: Path, head: Any, config: Any, settings: dict[str, Any], *, target: Target, seed: int
) -> Loaded:
    """The pretrained body with a head for `target`; what the checkpoint lacks is drawn from `seed`.

    The head's last layer is always fresh, except where the checkpoint was trained for the same label names in the same
    order, or for the same characters (then it goes on learning). The global random state is left as it was.

    Raises:
        InputError: weights that do not fit the architecture, with the tensors named.
    """
    stored_names, stored_problem = _stored_names(folder, config, target), config.problem_type
    set_task(config, target)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "head"))
        model, report = pretrained(folder, head, config, settings)
        require_finite(model, str(folder))
        loaded = Loaded(model, fresh=set(report["missing_keys"]), notes=[report["note"]] if "note" in report else [])
        last = last_layer(model, target.outputs)
        head_tensors = {f"{last}.{name}" for name, _ in model.get_submodule(last).named_parameters()}
        mismatched = {name: shapes for name, *shapes in report["mismatched_keys"]}
        _check_body(folder, model, loaded, {k: v for k, v in mismatched.items() if k not in head_tensors}, report)
        if head_tensors & mismatched.keys():
            before = next(shapes[0][0] for name, shapes in mismatched.items() if name in head_tensors)
            loaded.notes.append(f"the checkpoint's head has {before} outputs, {target.outputs} are needed: fresh head")
            loaded.fresh |= head_tensors
        elif not head_tensors & loaded.fresh:
            # Same names in the same order and the same problem: anything less could permute the classes silently.
            if stored_names == tuple(config.id2label.values()) and stored_problem in (None, config.problem_type):
                loaded.notes.append(KEPT_HEAD)
                loaded.kept_head = True
            else:
                _draw_again(model, last)
                loaded.notes.append("the checkpoint's head was trained for other labels: fresh head")
                loaded.fresh |= head_tensors
    return loaded


def _stored_names(folder: Path, config: Any, target: Target) -> tuple[str, ...]:
    """What the checkpoint's logits stand for, in their order: labels, or of a head of CTC the tokens of its vocabulary."""
    stated = stated_tokens(folder) if target.shape == "frames" else None
    if stated is None:
        return tuple(config.id2label.values())
    tokens, blank = stated
    return tokens if blank == getattr(target, "blank", 0) else ()


def with_its_head(folder: Path, head: Any, config: Any, settings: dict[str, Any], *, seed: int) -> Loaded:
    """A model whole, as it was pretrained: its own head over its vocabulary goes on learning.

    An encoder that was saved without the head that fills gaps (sentence encoders) gets a fresh one, drawn from `seed`; the
    matrix of its logits is that of the embeddings.

    Raises:
        InputError: a tensor is missing or misshapen (named), or the checkpoint of a model that writes has no such head.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "head"))
        model, report = pretrained(folder, head, config, settings)
    require_finite(model, str(folder))
    loaded = Loaded(model, notes=[report["note"]] if "note" in report else [], kept_head=True)
    body = f"{model.base_model_prefix}."
    missing = sorted(report["missing_keys"])
    headless = bool(missing) and not any(name.startswith(body) for name in missing)
    if headless and fills_gaps(head):
        loaded.notes.append("the checkpoint has no head over its vocabulary: a fresh one learns, beside its embeddings")
        loaded.kept_head = False
    elif headless:
        raise InputError(
            f"the checkpoint has no head over its vocabulary: {listed(missing)} not there",
            expected="a checkpoint that was pretrained to write texts or to fill gaps",
            fix="choose another checkpoint; this one was saved without its head, or for classes",
            place=str(folder),
        )
    loaded.fresh |= set(missing)
    _check_body(folder, model, loaded, {name: shapes for name, *shapes in report["mismatched_keys"]}, report)
    if loaded.kept_head:
        loaded.fresh.clear()
    return loaded


def _check_body(
    folder: Path, model: Any, loaded: Loaded, mismatched: dict[str, Sequence[Any]], report: dict[str, Any]
) -> None:
    if mismatched:
        raise InputError(
            "these tensors have another shape than config.json says: "
            + listed([f"{k} {_shape(a)} in the file, {_shape(b)} in the network" for k, (a, b) in mismatched.items()]),
            fix="use the config.json that belongs to these weights",
            place=str(folder),
        )
    body = f"{model.base_model_prefix}."
    missing = sorted(name for name in loaded.fresh if name.startswith(body))
    poolers = [name for name in missing if "pooler" in name]
    whole = {n for n, _ in model.named_parameters() if n.startswith(body) and "pooler" in n} == set(poolers)
    if lost := [name for name in missing if not (whole and name in poolers)]:
        raise InputError(
            "these tensors are missing in the weights: " + listed(lost) + report["held"],
            fix="use weights and config.json that belong together; names of another network, or with more in front than "
            "is known, must be changed and saved as safetensors",
            place=str(folder),
        )
    if extra := sorted(name for name in report["unexpected_keys"] if _beyond(name, model)):
        raise InputError(
            "the weights have blocks that config.json does not know: " + listed(extra),
            fix="use the config.json that belongs to these weights",
            place=str(folder),
        )
    if poolers:
        loaded.notes.append("the checkpoint has no pooler: a fresh one learns with the head")
    if unused := sorted({name.partition(".")[0] for name in report["unexpected_keys"]}):
        count = len(report["unexpected_keys"])
        loaded.notes.append(f"{count} tensors of the checkpoint are not used here ({', '.join(unused)})")


def _beyond(name: str, model: Any) -> bool:
    """Whether a left-over tensor belongs to a block whose number the network does not have, though it has such blocks."""
    match = re.match(r"(.*?(?:layers?|h|blocks?)\.)(\d+)\.(.*)", name)
    if match is None:
        return False
    head, _, tail = match.groups()
    known = {n for n, _ in model.named_parameters()}
    body = f"{model.base_model_prefix}."
    return any(f"{prefix}{head}0.{tail}" in known for prefix in ("", body))


def last_layer(model: Any, outputs: int) -> str:
    """Path of the layer that gives the logits: the last linear one outside the body."""
    body = f"{model.base_model_prefix}."
    layers = [
        path
        for path, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and module.out_features == outputs and not path.startswith(body)
    ]
    if not layers:
        raise InputError(f"the head of {type(model).__name__} has no linear layer of {outputs} outputs")
    return str(layers[-1])


def _draw_again(model: Any, path: str) -> None:
    layer = model.get_submodule(path)
    for item in (layer, *layer.parameters()):
        item._is_hf_initialized = False  # transformers leaves alone what carries this mark
    model._init_weights(layer)


def trained(folder: Path, head: Any, config: Any, settings: dict[str, Any], target: Target) -> Loaded:
    """A model as burnish saved it: every tensor must be there, of the right shape, and none left over.

    Raises:
        InputError: otherwise, with the tensors named; also where the saved labels are not those of `target`.
    """
    require_labels(folder, head, config, target)
    with torch.random.fork_rng(devices=[]):
        model, report = pretrained(folder, head, config, settings)
    wrong = [f"missing: {name}" for name in sorted(report["missing_keys"])]
    wrong += [f"left over: {name}" for name in sorted(report["unexpected_keys"])]
    wrong += [f"{n}: {_shape(a)} in the file, {_shape(b)} in the network" for n, a, b in report["mismatched_keys"]]
    if wrong:
        raise InputError(
            "the weights are not those of this model: " + listed(wrong),
            expected="the folder as it was saved",
            fix="restore it from the run or a copy",
            place=str(folder),
        )
    require_finite(model, str(folder))
    return Loaded(model)


def require_labels(folder: Path, head: Any, config: Any, target: Target) -> None:
    """That a saved model answers with the labels of `target`.

    Raises:
        InputError: it does not.
    """
    names = logit_names(target) or tuple(config.id2label.values())
    if keeps_head(head):
        pass  # it answers with tokens
    elif config.num_labels != target.outputs or tuple(config.id2label.values()) != tuple(names):
        raise InputError(
            f"the saved model answers {listed([str(n) for n in config.id2label.values()])}",
            expected=listed([str(n) for n in names]) if names else f"{target.outputs} outputs",
            fix="config.json and the target do not belong together: take both from one run",
            place=str(folder / "config.json"),
        )


def _shape(shape: Sequence[int]) -> str:
    return "[" + ", ".join(str(int(n)) for n in shape) + "]"
