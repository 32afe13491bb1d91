"""Low-rank adaptation of the body, with the head trained whole."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from burnish.adapters import Adapter
from burnish.core.errors import InputError, nearest
from burnish.core.seeds import derive

if TYPE_CHECKING:
    from burnish.core.network import Network

_INSERTED = ("lora_", "trainable_tokens_delta")


class Lora(Adapter):
    """Trains low-rank matrices beside the frozen weights of the body, rows of the embeddings, and the whole head.

    LoRA (Hu et al., 2021, arXiv 2106.09685), scaled by alpha / sqrt(rank) as rsLoRA does (Kalajdzievski, 2023, arXiv
    2312.03732). The saved model is always a plain one, merged in float32; unmerged, the peft adapter lies beside it.
    """

    default_learning_rate: ClassVar[float] = 5e-4
    rank: int = Field(16, ge=1, description="Rank of the update of each weight matrix.")
    alpha: float = Field(
        8.0, gt=0, description="Strength: updates are scaled by alpha / sqrt(rank), or alpha / rank without rslora."
    )
    dropout: float = Field(0.0, ge=0, lt=1, description="Dropout on what the low-rank matrices read.")
    rslora: bool = Field(True, description="Scale by the square root of the rank: higher ranks keep learning.")
    target_modules: list[str] | None = Field(
        None, description="Ends of names of linear layers to adapt, such as 'query'; null: every one in the body."
    )
    trainable_token_indices: list[int] | None = Field(
        None,
        description="Ids of tokens whose embeddings learn as whole rows; those of `input.new_tokens` always do.",
    )
    merge: bool = Field(False, description="Merge before saving; the peft adapter is then not written.")

    def prepare(self, network: Network) -> None:
        """Insert the low-rank parts, drawn from the network's seed; they and the head learn.

        Raises:
            InputError: a target module or token is not there, nothing is left to learn, or a pattern matches no parameter.
        """
        import torch
        from peft import LoraConfig, inject_adapter_in_model
        from peft.tuners.tuners_utils import cast_adapter_dtype

        from burnish.adapters._frozen_layers import hasten
        from burnish.adapters._token_rows import keep_hooks, token_rows

        head = network.layers + 1
        targets, transposed = self._targets(network)
        rows = token_rows(network, (*(self.trainable_token_indices or ()), *network.new_tokens))
        config = LoraConfig(
            r=self.rank,
            lora_alpha=self.alpha,  # type: ignore[arg-type, unused-ignore]
            lora_dropout=self.dropout,
            use_rslora=self.rslora,
            target_modules=targets,
            fan_in_fan_out=transposed,
            trainable_token_indices=rows,
        )
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*fan_in_fan_out.*")  # peft corrects it layer by layer
            torch.manual_seed(derive(network.seed, "lora"))
            inject_adapter_in_model(config, network.backbone())
        cast_adapter_dtype(network.backbone(), "default")  # the few that learn are kept in float32
        if rows:
            keep_hooks(network)
        self.let_learn(network, lambda name: any(part in name for part in _INSERTED) or network.depth(name) == head)
        hasten(network.backbone(), network.vocabulary)

    def finish(self, network: Network) -> None:
        """With `merge`, put the updates into the weights, in float32; the network is a plain one from then on."""
        if self.merge:
            from burnish.core.low_rank import merge_in_place

            merge_in_place(network.backbone())

    def _targets(self, network: Network) -> tuple[list[str], bool]:
        """Paths in the backbone of the layers to adapt, and whether GPT-2's transposed kind is among them."""
        from torch import nn

        backbone = network.backbone()
        inside = {id(parameter): name for name, parameter in network.named_parameters()}
        layers: dict[str, bool] = {}
        for path, module in backbone.named_modules():
            transposed = type(module).__name__ == "Conv1D"  # transformers' own linear layer, not torch's convolution
            if module is network.vocabulary or not (transposed or isinstance(module, nn.Linear)):
                continue
            name = inside.get(id(module.weight), "")
            if name and network.learns(name) and network.depth(name) <= network.layers:
                layers[path] = transposed
        chosen = [path for path in layers if self.target_modules is None or self._named(path)]
        self._check(chosen, list(layers))
        return chosen, any(layers[path] for path in chosen)

    def _named(self, path: str) -> bool:
        return any(path == name or path.endswith(f".{name}") for name in self.target_modules or ())

    def _check(self, chosen: list[str], paths: list[str]) -> None:
        ends = sorted({path.rpartition(".")[2] for path in paths})
        for name in self.target_modules if self.target_modules is not None else ():
            if not any(path == name or path.endswith(f".{name}") for path in chosen):
                guess = nearest(name, ends)
                raise InputError(
                    f"target module {name!r} is no linear layer of the body",
                    expected="ends of these names: " + ", ".join(ends),
                    fix=f"did you mean {guess!r}?" if guess else "",
                    place="adapter.target_modules",
                )
        if not chosen:
            raise InputError(
                "no linear layer of the body is chosen for low-rank updates",
                expected="ends of these names: " + ", ".join(ends) if ends else "a network with linear layers",
                fix="leave `target_modules` out, or use the adapter 'head_only'",
                place="adapter.target_modules",
            )
