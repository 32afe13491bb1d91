"""What the head of a transformers model reads of each row, and the head apart from the body."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any, Protocol

import torch

from burnish.core.network import HeadSplit, Inseparable
from burnish.models._anatomy import body_of
from burnish.models.transformers.accepting import accepted

Reduce = Callable[[Any, dict[str, torch.Tensor]], torch.Tensor]
_NOT_READ = (RuntimeError, AttributeError, TypeError, IndexError, ValueError, KeyError)


class Separable(Protocol):
    """What is asked of a transformers network; see `network.TransformersNetwork`."""

    element: bool
    model: Any
    _accepts: frozenset[str]
    _body_accepts: frozenset[str]

    @property
    def layers(self) -> int:
        """Blocks of the body."""

    def depth(self, parameter: str) -> int:
        """Of a parameter; `layers + 1` for the head."""

    def __call__(self, **inputs: torch.Tensor) -> Any:
        """Logits."""


def head_split(network: Separable, inputs: dict[str, torch.Tensor]) -> HeadSplit:
    """Body and head, the head run by the library's own `forward` over a body that gives back what was kept.

    Heads read one state of each row: a pooled one, the first, the last, or the mean. Which one is found by trying: the
    logits must come out as those of the whole network.

    Raises:
        Inseparable: one answer for each element, untrained parameters inside the body, or none of these states.
    """
    if network.element:
        raise Inseparable("a head that predicts for each element reads every state: they are not kept")
    body, top = body_of(network.model), network.layers + 1
    inside = [f"model.{n}" for n, p in network.model.named_parameters() if _within(network, n) and not _pooler(n)]
    if any(network.depth(name) == top for name in inside):
        raise Inseparable("parts of the body were not in the checkpoint and learn with the head")
    with torch.no_grad():
        whole = network(**inputs)
        try:
            output = _through_body(network, inputs)
        except _NOT_READ as error:
            raise Inseparable(f"the body of {type(network.model).__name__} cannot be run alone ({error})") from error
        for reduce in _candidates(body):
            split = _split(network, reduce)
            try:
                logits = split.logits(reduce(output, inputs))
            except _NOT_READ:
                continue  # this head does not read such a state
            if logits.shape == whole.shape and torch.allclose(logits, whole, rtol=1e-3, atol=1e-4):
                return split
    raise Inseparable(f"the head of {type(network.model).__name__} reads none of the states that are known")


def _within(network: Separable, name: str) -> bool:
    body = next((path for path, module in network.model.named_modules() if module is body_of(network.model)), "")
    return name.startswith(f"{body}.") if body else True


def _pooler(name: str) -> bool:
    return "pooler" in name.split(".")


def _candidates(body: Any) -> list[Reduce]:
    pooler = getattr(body, "pooler", None)
    learns = pooler is not None and any(True for _ in pooler.parameters())
    return [*([] if learns else [_pooled]), _first, _last, partial(_mean, body)]


def _pooled(output: Any, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    state: torch.Tensor = output.pooler_output
    return state.flatten(1)


def _first(output: Any, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    state: torch.Tensor = output[0][:, 0]
    return state


def _last(output: Any, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    states, mask = output[0], inputs["attention_mask"]
    places = (mask * torch.arange(mask.shape[1], device=mask.device)).argmax(dim=1)
    last: torch.Tensor = states[torch.arange(len(states), device=states.device), places]
    return last


def _mean(body: Any, output: Any, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    return mean_state(body, output[0], inputs)


def mean_state(body: Any, states: torch.Tensor, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    """[B, D]: the mean of the states of each row, [B, L, D] or [B, D, H, W], over what is no padding."""
    mask = mask_of_states(body, states, inputs)
    if mask is None:
        places: torch.Tensor = states.flatten(2).mean(dim=2) if states.ndim == 4 else states.mean(dim=1)
        return places
    share = mask.to(states.dtype).unsqueeze(-1)
    mean: torch.Tensor = (states * share).sum(dim=1) / share.sum(dim=1).clamp(min=1)
    return mean


def mask_of_states(body: Any, states: torch.Tensor, inputs: dict[str, torch.Tensor]) -> torch.Tensor | None:
    """[B, L] where a state is of no padding; None where nothing is padded."""
    mask = inputs.get("attention_mask")
    if mask is not None and "input_values" in inputs:  # of a waveform it is over samples, the states are over frames
        mask = body._get_feature_vector_attention_mask(states.shape[1], mask)
    return mask


def states_of_places(network: Separable, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    """[B, L, D]: the last states of the body at all places.

    Raises:
        Inseparable: one answer for each row.
    """
    if not network.element:
        raise Inseparable("the network gives one prediction an example, and not one at each place")
    states: torch.Tensor = _through_body(network, inputs)[0]
    return states


def logits_of_places(network: Separable, states: torch.Tensor) -> torch.Tensor:
    """[..., C] of states [..., D], by the library's own `forward` over a body that gives them back as one long row."""
    flat = states.reshape(1, -1, states.shape[-1])
    ids = torch.ones(flat.shape[:2], dtype=torch.long, device=states.device)
    names = {network.model.main_input_name: ids, "attention_mask": ids}
    body = body_of(network.model)
    with _answering(body, lambda: _output(flat)):
        logits: torch.Tensor = network(**names)
    return logits.reshape(*states.shape[:-1], logits.shape[-1])


def _output(states: torch.Tensor, pooled: torch.Tensor | None = None) -> Any:
    from transformers.modeling_outputs import BaseModelOutputWithPoolingAndCrossAttentions as Output

    return Output(last_hidden_state=states, pooler_output=pooled)


def _through_body(network: Separable, inputs: dict[str, torch.Tensor]) -> Any:
    model = network.model
    return body_of(model)(**accepted(inputs, network._body_accepts, model.dtype))


def _split(network: Separable, reduce: Reduce) -> HeadSplit:
    def features(**inputs: torch.Tensor) -> torch.Tensor:
        return reduce(_through_body(network, inputs), inputs)

    def logits(states: torch.Tensor) -> torch.Tensor:
        with _giving(body_of(network.model), states, pooled=reduce is _pooled):
            outputs: torch.Tensor = network(**_one_element(network, states))
            return outputs

    # Layer norms cannot be folded into what stands before them.
    return HeadSplit(features, logits, lambda: features)


def _one_element(network: Separable, states: torch.Tensor) -> dict[str, torch.Tensor]:
    """Inputs of rows of one element that is no padding; the body that gives back states does not read them."""
    if "input_ids" not in network._accepts:
        return {network.model.main_input_name: states}
    padding = getattr(network.model.config, "pad_token_id", None)
    ids = torch.full((len(states), 1), 0 if padding else 1, dtype=torch.long, device=states.device)
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


def _giving(body: Any, states: torch.Tensor, *, pooled: bool) -> AbstractContextManager[None]:
    """Let the body answer with these states [B, D], as those of a single element, until the block ends."""

    def given() -> Any:
        alone = states.unsqueeze(1)
        if pooled:
            return _output(alone, states)
        pooler = getattr(body, "pooler", None)
        return _output(alone, None if pooler is None else pooler(alone))

    return _answering(body, given)


@contextmanager
def _answering(body: Any, given: Callable[[], Any]) -> Iterator[None]:
    """Let the body answer with what `given` gives, until the block ends."""
    called = [body, *_inside(body)]
    for module in called:
        module.forward = lambda *args, **kwargs: given()
    try:
        yield
    finally:
        for module in called:
            del module.forward


def _inside(body: Any) -> list[Any]:
    """The decoder of a body that is nothing else: the heads of such architectures (OPT) ask it and not the body."""
    children = dict(body.named_children())
    return [children["decoder"]] if children.keys() == {"decoder"} else []
