"""Where in a network a parameter lies, found from the modules alone, for any architecture that stacks equal blocks."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from torch import nn

# What peft puts into names: around the whole model, around a trained copy of a module, around an adapted layer.
_WRAPPING = re.compile(
    r"^(module\.)?(base_model\.model\.)?|(?<=\.)(modules_to_save\.[^.]+\.|original_module\.|base_layer\.)"
)


_POOLER = re.compile(r"(^|\.)pooler\.")


@dataclass(frozen=True)
class Anatomy:
    """Depths by parameter name and by path of the module that owns it; `layers` blocks."""

    depths: dict[str, int]
    layers: int

    def depth(self, name: str) -> int:
        """0 for embeddings, 1..layers for blocks, layers + 1 for the head; also for names peft has wrapped or added.

        Raises:
            KeyError: no such parameter.
        """
        path = _WRAPPING.sub("", name)
        while path:
            if path in self.depths:
                return self.depths[path]
            path = path.rpartition(".")[0]
        raise KeyError(name)


def anatomy(model: nn.Module, body: nn.Module, fresh: Collection[str]) -> Anatomy:
    """Depths in `model`, whose pretrained body is `body`.

    Outside the body is the head, and so is a pooler: a dense layer that only the head reads, and that pretraining left
    stale or for another purpose. In the body, what comes before the blocks and every embedding has depth 0; what comes
    after them (a final norm) belongs to the last block. `fresh` parameters were not in the checkpoint: they learn with
    the head, wherever they lie.
    """
    start = next((path for path, module in model.named_modules() if module is body), "")
    start = f"{start}." if start else ""
    blocks, layers = _blocks(body)
    owners = dict(model.named_modules())
    late_tables = {f"{start}{path}".rstrip(".") for path in _late_embeddings(body, blocks)}
    depths: dict[str, int] = {}
    after = False
    for name, _ in model.named_parameters():
        owner = name.rpartition(".")[0]
        if name in fresh or not name.startswith(start) or _POOLER.search(name.removeprefix(start)):
            depth = layers + 1
        elif layers and name.startswith(f"{start}{blocks}."):
            after = True
            depth = int(name.removeprefix(f"{start}{blocks}.").partition(".")[0]) + 1
        elif owner.rpartition(".")[0] in late_tables and _is_norm(owners[owner]):
            depth = 0  # DeBERTa keeps its table of relative positions, and the norm of that table, behind the blocks
        else:
            depth = layers if _is_late(name.removeprefix(start), owners[owner], after) else 0
        depths[name] = depth
        if not any(True for _ in owners[owner].children()):
            depths[owner] = depth
    return Anatomy(depths, layers)


def _is_late(name: str, owner: nn.Module, after: bool) -> bool:
    """Whether a parameter of the body, outside the blocks, is used after them.

    The order in which modules are registered is mostly the order of their use. Some architectures register their final
    norm first (OPT) or the norm of their embeddings last (BART): there the name decides.
    """
    if isinstance(owner, nn.Embedding) or "embed" in name:
        return False
    return after or "final" in name


def _blocks(body: nn.Module) -> tuple[str, int]:
    """Path and length of the longest outermost list of modules of one class; ("", 0) where there is none."""
    lists: list[tuple[str, int]] = []
    for path, module in body.named_modules():
        nested = any(path.startswith(f"{outer}.") for outer, _ in lists)  # a block's own lists, such as experts
        if path.startswith("feature_extractor."):
            continue  # of speech networks: seven convolutions before the blocks, of which DistilHuBERT has only two
        if isinstance(module, nn.ModuleList) and len({type(m) for m in module}) == 1 and not nested:
            lists.append((path, len(module)))
    return max(lists, key=lambda item: item[1], default=("", 0))


def last_block(body: nn.Module) -> nn.Module | None:
    """The last of the blocks a body stacks; None where it stacks none."""
    path, layers = _blocks(body)
    return body.get_submodule(f"{path}.{layers - 1}") if layers else None


def _late_embeddings(body: nn.Module, blocks: str) -> set[str]:
    """Paths of the modules that hold an embedding registered after the blocks."""
    parents: set[str] = set()
    after = False
    for path, module in body.named_modules():
        after = after or (bool(blocks) and path == blocks)
        if after and isinstance(module, nn.Embedding) and not path.startswith(f"{blocks}."):
            parents.add(path.rpartition(".")[0])
    return parents


def _is_norm(module: nn.Module) -> bool:
    return "norm" in type(module).__name__.lower()


def body_of(model: Any) -> Any:
    """What lies before the head: the library's base model, or the encoder alone where that is all there is (Whisper)."""
    body = model.base_model
    return model.encoder if body is model and hasattr(model, "encoder") else body
