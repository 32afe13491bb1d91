"""The settings of a transformers checkpoint: which head it gets, its labels, dropout and padding."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from burnish.core.collecting import importing
from burnish.core.errors import InputError
from burnish.inputs import Input, input_classes
from burnish.targets import Target, names_of

_OF_SOUNDS = "AutoModelForTextToWaveform"
_OF_A_VOCABULARY = ("AutoModelForCausalLM", "AutoModelForMaskedLM", "AutoModelForSpeechSeq2Seq", _OF_SOUNDS)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers' own log lines and progress bars away; burnish says what matters."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def head_class(input: Input, shape: str) -> Any:
    """The `AutoModelFor...` of an input and a target's shape.

    Raises:
        InputError: transformers has no head for the pair.
    """
    with importing():
        import transformers

    if (name := input.heads.get(shape)) is None:
        heads = [(kind, unit) for kind, cls in input_classes().items() for unit in cls.heads]
        pairs = ", ".join(f"{kind} with a target of one prediction per {unit}" for kind, unit in heads)
        raise InputError(
            f"there is no transformers head for input {input.kind()!r} with a target of one prediction per {shape}",
            expected=f"one of: {pairs}",
            place="target",
        )
    with importing():
        return getattr(transformers, name)


def frame_class(folder: Path, head: Any) -> Any:
    """The class that answers for each frame of a checkpoint: of CTC, or of Whisper's encoder that of classes of sounds.

    Whisper's own library has no model of CTC; the head of classes reads each frame before it takes their mean.
    """
    try:
        kind = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type")
    except (OSError, ValueError, AttributeError):
        return head  # whoever opens it says what is wrong
    with importing():
        import transformers
    return transformers.AutoModelForAudioClassification if kind == "whisper" else head


def keeps_head(head: Any) -> bool:
    """Whether the head of the checkpoint itself answers: a logit for each token of its vocabulary."""
    return head.__name__ in _OF_A_VOCABULARY


def writes_sounds(head: Any) -> bool:
    """Whether it is the head of a network that writes sounds from texts."""
    return bool(head.__name__ == _OF_SOUNDS)


def fills_gaps(head: Any) -> bool:
    """Whether it is the head of an encoder, which tells hidden tokens from both sides."""
    return bool(head.__name__ == "AutoModelForMaskedLM")


def read_configuration(folder: Path, head: Any) -> Any:
    """The checkpoint's configuration.

    Raises:
        InputError: unreadable, of an unknown architecture, in need of remote code, or without such a head.
    """
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True)
    except (ValueError, OSError, KeyError, TypeError) as error:
        reason = str(error).strip().partition("\n")[0]
        remote = "trust_remote_code" in str(error)
        raise InputError(
            "the architecture needs code from the checkpoint, which burnish does not run"
            if remote
            else f"config.json cannot be used: {reason}",
            expected="the configuration of an architecture transformers knows (`model_type`)",
            fix="choose a checkpoint whose architecture is part of transformers" if remote else "",
            place=str(folder / "config.json"),
        ) from error
    if type(config) not in head._model_mapping:
        raise InputError(
            f"the architecture {config.model_type!r} has no head for this task",
            expected=f"an architecture that {head.__name__} knows",
            fix="choose another checkpoint"
            + (", such as 'starter'" if head.__name__ == input_classes()["text"].heads["row"] else ""),
            place=str(folder / "config.json"),
        )
    _require_one_way(config, head, folder)
    return config


def _require_one_way(config: Any, head: Any, folder: Path) -> None:
    """That a network which is to tell each token from those before does not see the token itself.

    transformers opens an encoder such as BERT with a head for writing, and lets it read both sides.
    """
    if head.__name__ == "AutoModelForCausalLM" and _encoder(config.model_type) and not config.is_decoder:
        raise InputError(
            f"the architecture {config.model_type!r} reads what stands before and behind: it cannot write on",
            expected="an architecture such as GPT-2, Llama or Qwen",
            fix="task: masked-language-modeling, or another checkpoint",
            place=str(folder / "config.json"),
        )


def _encoder(kind: str) -> bool:
    from transformers.models.auto import modeling_auto as known

    return kind in known.MODEL_FOR_MASKED_LM_MAPPING_NAMES


def generates(folder: Path) -> bool:
    """Whether a checkpoint is of an architecture that was trained to write on (GPT, Llama), and not to fill gaps as well."""
    with importing():
        from transformers.models.auto import modeling_auto as known

    try:
        kind = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type")
    except (OSError, ValueError, AttributeError):
        return False  # whoever opens it says what is wrong
    return kind in known.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES and kind not in known.MODEL_FOR_MASKED_LM_MAPPING_NAMES


def logit_names(target: Target) -> tuple[str, ...]:
    """Names of the logits in their order: labels, or the tokens of a target that spells; none where they have none."""
    return names_of(target) or tuple(getattr(target, "tokens", ()))


def set_task(config: Any, target: Target) -> None:
    """Write what the head must be into the configuration: how many logits, their names, the problem."""
    names = logit_names(target) or tuple(f"LABEL_{i}" for i in range(target.outputs))
    config.id2label = dict(enumerate(names))
    config.label2id = {name: i for i, name in enumerate(names)}
    config.problem_type = target.problem or None
    if target.shape == "frames" and hasattr(config, "vocab_size"):
        config.vocab_size, config.pad_token_id = target.outputs, getattr(target, "blank", 0)


def set_dropout(config: Any, rate: float) -> None:
    """Override every dropout rate, whatever the architecture calls it.

    Raises:
        InputError: the architecture has no dropout.
    """
    named = [
        name
        for name, value in config.to_dict().items()
        if re.search(r"dropout|pdrop", name)
        and (value is None or (isinstance(value, int | float) and value is not True))
    ]
    if not named:
        raise InputError(
            f"dropout is {rate:g}, but the architecture {config.model_type!r} has no dropout",
            fix="leave `dropout` out",
            place="model.dropout",
        )
    # Heads for tokens take this one, and 0.1 where a decoder's configuration does not have it.
    for name in (*named, "classifier_dropout"):
        setattr(config, name, rate)


PARTS = {
    "stochastic_depth": r"layerdrop|drop_path",
    "head": r"classif|summary|^final_dropout|^cls_",
    "attention": r"att(entio)?n.*drop|^attention_drop",
    "hidden": r"",
}
"""Parts of a network, and how the rates of dropout in them are called; a rate belongs to the first part that it matches."""


def set_dropout_of_parts(config: Any, rates: Mapping[str, float]) -> None:
    """Override the rates of dropout in some parts (`DropoutRates`), whatever the architecture calls them.

    Raises:
        InputError: the architecture has no such rate.
    """
    found: dict[str, list[str]] = {}
    for name, value in config.to_dict().items():
        if re.search(r"dropout|pdrop|layerdrop|drop_path", name) and not isinstance(value, bool | str | list | dict):
            found.setdefault(next(part for part, words in PARTS.items() if re.search(words, name)), []).append(name)
    for part, rate in rates.items():
        if part not in found:
            raise InputError(
                f"dropout of part {part!r} is {rate:g}, but the architecture {config.model_type!r} has none there",
                expected="some of " + ", ".join(sorted(found)) if found else "an architecture with dropout",
                fix=f"leave dropout.{part} out",
                place="model.dropout",
            )
        for name in found[part]:
            setattr(config, name, rate)


def set_own_masks(config: Any) -> bool:
    """Switch off the SpecAugment inside speech networks; whether there was any.

    It draws from numpy's global state, which no checkpoint keeps, and fails on sounds shorter than a mask. The
    augmentation `spec_augment` does the same to what the network reads.
    """
    names = ("mask_time_prob", "mask_feature_prob")
    had = bool(getattr(config, "apply_spec_augment", False)) and any(getattr(config, n, 0) for n in names)
    if hasattr(config, "apply_spec_augment"):
        config.apply_spec_augment = False
    return had


def set_padding(config: Any, folder: Path) -> None:
    """Make the configuration pad with the token the input pads with, so that last-token pooling finds the last word.

    Raises:
        InputError: the tokenizer has more tokens than the network has embeddings.
    """
    from transformers import AutoTokenizer

    pad: int | None
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True)
    except Exception:  # no tokenizer here: the input, which cannot do without, says what is missing
        ends = config.eos_token_id
        pad = config.pad_token_id if config.pad_token_id is not None else ends[0] if isinstance(ends, list) else ends
    else:
        ids = (tokenizer.pad_token_id, tokenizer.eos_token_id, tokenizer.unk_token_id)
        pad = next((i for i in ids if i is not None), config.pad_token_id)
        size = getattr(config.get_text_config(), "vocab_size", None)
        if size is not None and len(tokenizer) > size:
            raise InputError(
                f"the tokenizer has {len(tokenizer)} tokens, the network only {size} embeddings",
                expected="the tokenizer the checkpoint was trained with",
                fix="copy the checkpoint's own tokenizer files",
                place=str(folder),
            )
    for part in (config, config.get_text_config()):  # the same one, except in models of several modalities
        part.pad_token_id = pad
