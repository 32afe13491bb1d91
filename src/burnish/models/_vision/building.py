"""What building and loading an image network is in every library: made from a seed, filled with weights, tried on a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch

from burnish.core.errors import InputError
from burnish.core.family import Family, Kind, family_of
from burnish.core.seeds import derive
from burnish.models._shapes import stored_shapes
from burnish.models._vision import folder as folders
from burnish.models._vision import weights
from burnish.models._vision.network import same_answers
from burnish.targets import Target


class Weighted(Protocol):
    """A model's settings that say where its weights are."""

    @property
    def weights(self) -> str | None:
        """File or folder; None for the folder's or the hub's."""

    @property
    def random_weights(self) -> bool:
        """Whether nothing is pretrained."""

    def folder(self) -> Path:
        """Where configuration and weights are."""


def family(model: Weighted, encoder: Kind, make: Callable[[], Any]) -> Family:
    """The family of an image network: by the header of its weights, else by the bare module that `make` gives."""
    try:
        place = Path(model.weights).expanduser() if model.weights else model.folder()
        shapes: dict[str, Any] = {} if model.random_weights else dict(stored_shapes(place))
        if not shapes:  # random weights, or a file that torch saved
            shapes = {name: value.shape for name, value in _bare(make).state_dict().items()}
    except InputError:
        return Family(pretrained=not model.random_weights)  # `build` says what is wrong
    return family_of(shapes, encoder, pretrained=not model.random_weights)


def _bare(make: Callable[[], Any]) -> Any:
    """The module without room for its weights, where the architecture can be made so."""
    try:
        with torch.device("meta"):
            return make()
    except (InputError, RuntimeError, NotImplementedError):  # it computes with its weights while it is made
        with torch.random.fork_rng(devices=[]):
            return make()


def drawn(make: Callable[[], Any], seed: int) -> Any:
    """The module `make` gives, with fresh parts drawn from `seed`; the global random state is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "head"))
        return make()


def filled(
    model: Any,
    head: Sequence[str],
    config: dict[str, Any],
    target: Target,
    *,
    given_weights: str | None,
    read: Callable[[], tuple[str, weights.Tensors]] | None,
) -> tuple[list[str], bool]:
    """Put pretrained weights in, and say what was decided, and whether the head is fresh.

    Args:
        model: with a head for `target`.
        head: paths of the modules that give the logits.
        config: of the checkpoint's folder.
        target: whose labels the checkpoint's head may already answer for.
        given_weights: where the recipe says the weights are; their head is never kept.
        read: gives where the weights are, and the weights under the network's names; None for random weights.

    Raises:
        InputError: weights that do not fit the architecture, with the tensors named.
    """
    if read is None:
        return ["random weights: nothing is pretrained"], True
    place, state = read()
    keep = given_weights is None and same_answers(config, target)
    return weights.put_pretrained(model, state, head, keep=keep, outputs=target.outputs, place=place)


def trained(make: Callable[[], Any], folder: Path, config: dict[str, Any], target: Target) -> Any:
    """The module `make` gives, with the weights a run saved in `folder`.

    Raises:
        InputError: a tensor is missing, left over or misshapen, or the saved labels are not those of `target`.
    """
    weights.check_labels(config, target, str(folder / folders.CONFIG))
    with torch.random.fork_rng(devices=[]):
        model = make()
    weights.put_trained(model, weights.read_weights(folder), str(folder))
    return model


def normalisation_said(given_weights: str | None, pictures: dict[str, Any]) -> list[str]:
    """A note where a file of weights does not say how its pictures were normalised, so that the architecture's usual is taken."""
    if given_weights is None or {"mean", "std"} <= folders.beside(given_weights).keys():
        return []
    return [f"pictures: mean {pictures['mean']}, std {pictures['std']}: the file of weights does not say its own"]
