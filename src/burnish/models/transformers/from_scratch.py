"""Networks of transformers with random weights: the architecture of a config.json, and nothing that was learned before."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from burnish.core.collecting import importing
from burnish.core.errors import InputError
from burnish.core.family import Family, Kind, family_of
from burnish.core.seeds import derive
from burnish.models.transformers.configuration import keeps_head, set_task
from burnish.models.transformers.loading import Loaded
from burnish.targets import Target

SAID = "random weights: nothing is pretrained, all that the network will know it learns from these data"


def drawn(head: Any, config: Any, settings: dict[str, Any], *, target: Target, seed: int, place: str) -> Loaded:
    """A network with its head, every weight drawn from `seed` as the library draws it; the global random state is kept.

    Raises:
        InputError: a configuration that no network can be made of.
    """
    if not keeps_head(head):
        set_task(config, target)
    with torch.random.fork_rng(devices=[]), importing():
        torch.manual_seed(derive(seed, "weights"))
        try:
            model = head.from_config(config, **settings)
        except (ValueError, ImportError, RuntimeError, TypeError, AttributeError, ZeroDivisionError) as error:
            raise InputError(
                f"no network can be made of config.json: {str(error).strip()[:500]}",
                expected="sizes that fit each other",
                place=place,
            ) from error
    names = {name for name, _ in model.named_parameters()}
    return Loaded(model, fresh=set() if keeps_head(head) else names, notes=[SAID], kept_head=keeps_head(head))


def sized(config: Any, folder: Path, new: Sequence[int]) -> str:
    """Give a configuration as many tokens as there are, and the numbers of those that frame texts; what was changed, in words.

    Args:
        config: of a network that has a vocabulary; others are left as they are.
        folder: with the tokenizer, where there is one.
        new: ids of tokens that the input adds to it.
    """
    text = config.get_text_config()
    if not hasattr(text, "vocab_size"):
        return ""
    loaded = _tokenizer(folder)
    size = max([0 if loaded is None else len(loaded), *(number + 1 for number in new)])
    before = text.vocab_size
    if size:
        text.vocab_size = size
    for part in (config, text) if size else ():
        part.bos_token_id = getattr(loaded, "bos_token_id", None)
        part.eos_token_id = part.pad_token_id = getattr(loaded, "eos_token_id", None)
    return f"vocabulary of {size:,} tokens, as the tokenizer has; config.json says {before:,}" if size != before else ""


def family(folder: Path, encoder: Kind, *, generates: bool) -> Family:
    """What a network of this configuration is built of; its weights are counted without making room for them."""
    with importing():
        from transformers import AutoConfig, AutoModel
    try:
        config = AutoConfig.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True)
        with torch.device("meta"):
            bare = AutoModel.from_config(config)
    except Exception:  # whatever a configuration may hold: `build` says what is wrong
        return Family(pretrained=False)
    shapes = {name: tuple(value.shape) for name, value in bare.state_dict().items()}
    return family_of(shapes, encoder, generates=generates, pretrained=False)


def _tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    if not any((folder / name).is_file() for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt")):
        return None
    try:
        return AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True)
    except Exception:  # the input, which cannot do without, says what is missing
        return None
