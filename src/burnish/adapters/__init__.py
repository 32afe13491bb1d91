"""Adapters: which part of the network learns, and how. One file each."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from burnish.core.component import Component
from burnish.core.errors import InputError, nearest

if TYPE_CHECKING:
    from torch import nn

    from burnish.core.network import Network


class Adapter(Component):
    """Which part of the network learns.

    Class attributes:
        default_learning_rate: the rate when the recipe names none.
        changes: whether `at` freezes and thaws during the run. Data-parallel training must then look for parameters
            that got no gradient (`find_unused_parameters`).
    """

    axis: ClassVar[str] = "burnish.adapters"
    default_learning_rate: ClassVar[float] = 5e-5
    changes: ClassVar[bool] = False
    freeze: list[str] = Field(
        default_factory=list, description="Parameter names to hold still as well: glob patterns such as 'embeddings.*'."
    )

    @abstractmethod
    def prepare(self, network: Network) -> None:
        """Set `requires_grad` of every parameter that may ever learn, insert adapters in place. Applies `freeze`.

        Raises:
            InputError: nothing is left to learn, or a pattern matches no parameter.
        """

    def at(self, network: Network, progress: float) -> None:
        """Called before each step with the share of the run done; gradual unfreezing freezes and thaws here."""
        return

    def finish(self, network: Network) -> None:
        """Called once before the network is saved; merges inserted parts where the settings ask for it."""
        return

    def let_learn(self, network: Network, chosen: Callable[[str], bool]) -> None:
        """Set `requires_grad` of each parameter: `chosen` by its name, and matched by no pattern of `freeze`.

        Raises:
            InputError: a pattern matches no parameter, or nothing is left to learn.
        """
        names = [name for name, _ in network.named_parameters()]
        for pattern in self.freeze:
            if not any(matches(name, pattern) for name in names):
                raise _no_match(pattern, names)
        if not any(network.learns(name) and chosen(name) for name in names):
            raise InputError(
                f"the network has nothing that {self.kind()} trains, such as a head of its own",
                fix="choose another adapter, such as lora or full",
                place="adapter",
            )
        if not any(network.learns(name) and chosen(name) and not self.frozen(name) for name in names):
            raise InputError(
                f"nothing is left to learn: {', '.join(self.freeze)} freezes all that {self.kind()} trains",
                fix="take patterns out of `freeze`, or choose another adapter",
                place="adapter.freeze",
            )
        small = [n for n, p in network.named_parameters() if chosen(n) and not p.is_floating_point()]
        if small:
            raise InputError(
                f"{self.kind()} trains weights that are kept in four bits, such as {small[0]}; these cannot learn",
                fix="write adapter: lora, or leave `model.quantized` out",
                place="adapter",
            )
        self.toggle(network, chosen)

    def toggle(self, network: Network, chosen: Callable[[str], bool]) -> None:
        """`let_learn` without its checks."""
        for name, parameter in network.named_parameters():
            if parameter.is_floating_point():
                parameter.requires_grad_(network.learns(name) and chosen(name) and not self.frozen(name))

    def frozen(self, name: str) -> bool:
        """Whether a pattern of `freeze` matches a parameter."""
        return any(matches(name, pattern) for pattern in self.freeze)


def matches(name: str, pattern: str) -> bool:
    """Whether a glob pattern matches a parameter's name, from the start or from any dot on.

    So 'embeddings.*' matches `model.bert.embeddings.LayerNorm.weight`. The layers peft has put around a weight
    (`query.base_layer.weight`) do not hinder a match.
    """
    parts = [part for part in name.split(".") if part not in ("base_layer", "token_adapter")]
    return any(fnmatchcase(".".join(parts[start:]), pattern) for start in range(len(parts)))


def _no_match(pattern: str, names: list[str]) -> InputError:
    # A user most often means a module: the nearest is sought among all endings and beginnings of the names.
    words = {part for name in names for part in name.split(".") if not part.isdigit()}
    guess = next((g for part in pattern.split(".") if part not in words and (g := nearest(part, sorted(words)))), "")
    return InputError(
        f"freeze pattern {pattern!r} matches no parameter",
        expected=f"a glob over parameter names such as {names[0]!r}",
        fix=f"did you mean {guess!r}?" if guess else "",
        place="adapter.freeze",
    )


def require_learning(network: Network, adapter: Adapter) -> None:
    """Refuse what an adapter has frozen and what must learn: rows of new tokens, random weights.

    Raises:
        InputError: as `require_new_tokens` and `require_all_learning`.
    """
    require_new_tokens(network, adapter)
    require_all_learning(network, adapter)


def require_new_tokens(network: Network, adapter: Adapter) -> None:
    """Refuse new tokens whose rows would stay what they began as.

    Raises:
        InputError: there are some, and the adapter has frozen the embeddings.
    """
    if not network.new_tokens:
        return
    backbone: Any = network.backbone()
    if not any(parameter.requires_grad for parameter in backbone.get_input_embeddings().parameters()):
        raise InputError(
            f"{len(network.new_tokens)} new tokens cannot learn: {adapter.kind()} freezes the embeddings",
            fix="use adapter: lora or full without a pattern of `freeze` over the embeddings, or take `new_tokens` out",
            place="input.new_tokens",
        )


def require_all_learning(network: Network, adapter: Adapter) -> None:
    """Refuse random weights that would stay as they were drawn.

    Raises:
        InputError: nothing is pretrained, and the adapter has frozen a part.
    """
    still = [name for name, value in network.named_parameters() if not value.requires_grad]
    if network.from_scratch and still:
        raise InputError(
            f"{adapter.kind()} freezes random weights, such as {still[0]}: they would stay noise",
            expected="adapter: full, without a pattern of `freeze`",
            fix="write adapter: full, or leave model.random_weights out and name a checkpoint with weights",
            place="adapter",
        )


def hold_still(network: nn.Module) -> None:
    """Put batch norms whose parameters are all frozen into eval mode, so that their running statistics stay too.

    Called after `network.train()`. A batch norm without parameters of its own follows the nearest module around it that
    has some.
    """
    from torch.nn.modules.batchnorm import _BatchNorm

    modules = dict(network.named_modules())
    for path, module in modules.items():
        if not isinstance(module, _BatchNorm):
            continue
        if getattr(module, "held_still", False):  # by a setting of the model
            module.eval()
            continue
        around = path
        while around and not any(True for _ in modules[around].parameters()):
            around = around.rpartition(".")[0]
        if not any(parameter.requires_grad for parameter in modules[around].parameters()):
            module.eval()
