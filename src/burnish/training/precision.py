"""Which number type a CPU trains a network faster in: found by trying the network's own products for half a second.

Instructions for bfloat16 do not say. Of processors that have them, one multiplied bfloat16 2.4 times as fast as
float32, another half as fast (`benchmarks/README.md`).
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from burnish.core.batch import Array
from burnish.core.network import Network, modes_kept
from burnish.training.accelerator import Accelerator

NEEDED = 1.3
"""How many times as fast products must be in bfloat16. The rest of a step gains nothing, and casts cost: where products
are three quarters of a step, the step is then 1.2 times as fast."""
SMALLEST = 2e9
"""Operations of a training step from which it is worth trying: a smaller one takes some hundredths of a second."""
SECONDS, LONGEST, FEWEST, MOST = 0.5, 1.5, 5, 40
"""How long to try, how long where it is not clear yet, and how many rounds at least and at most."""
AT_ONCE = 4e8
"""Operations of one product while trying: about 20 milliseconds forward and backward."""
KINDS = 3  # different products that are tried: those that cost most
SEEN = 2  # rows that go through the network to see its products


@dataclass(frozen=True)
class Product:
    """A layer that multiplies matrices, with others of its kind.

    Attributes:
        module: one of them.
        shape: of its input, for the rows it was seen with.
        operations: of all of them together, forward, for those rows.
        count: how many there are.
    """

    module: nn.Module
    shape: torch.Size
    operations: float
    count: int


@dataclass(frozen=True)
class Trial:
    """What came out.

    Attributes:
        gain: how many times as fast bfloat16 is at least, of two estimates: the median of all rounds, each of which tried
            both one after the other, and the best of each against the best of the other.
        float32, bfloat16: operations a second, the median of all rounds.
        seconds: that were spent.
    """

    gain: float
    float32: float
    bfloat16: float
    seconds: float


def decide(accelerator: Accelerator, network: Network, inputs: dict[str, Array], rows: int) -> list[str]:
    """Settle an accelerator's precision where it was left to be found; gives what is to be said.

    Args:
        accelerator: of the run.
        network: on its device, `requires_grad` as in training; it is left as it was.
        inputs: `SEEN` rows as the network reads them.
        rows: of a training step.
    """
    if not accelerator.undecided:
        return []
    trial, why = None, ""
    if accelerator.main:
        try:
            layers = products(network, accelerator.tensors(inputs))
            if 3 * rows / SEEN * sum(p.operations for p in layers) >= SMALLEST:
                trial = tried(layers, rows)
        except RuntimeError as error:  # an operation that bfloat16 does not have on this processor
            why = f"precision: float32, because bfloat16 cannot be tried here ({str(error).splitlines()[0][:120]})"
    faster = trial is not None and trial.gain >= NEEDED
    accelerator.decided("bfloat16" if accelerator.agreed(float(faster)) else "float32")
    if trial is None:
        return [why] if why else []
    return [
        f"precision: {accelerator.precision}; tried for {trial.seconds:.1f} s, the network's largest products are "
        f"{trial.gain:.2f} times as fast in bfloat16 as in float32 here ({trial.bfloat16 / 1e9:.0f} and "
        f"{trial.float32 / 1e9:.0f} GFLOP/s); {NEEDED:g} times is needed"
    ]


def products(network: Network, inputs: dict[str, Tensor]) -> list[Product]:
    """The linear layers and convolutions these rows go through, equal ones together, those that cost most first."""
    by_shape: dict[tuple[object, ...], Product] = {}

    def seen(module: nn.Module, given: tuple[Tensor, ...], gives: object) -> None:
        weight = getattr(module, "weight", None)
        if not (given and isinstance(given[0], Tensor) and isinstance(gives, Tensor) and isinstance(weight, Tensor)):
            return
        if weight.ndim < 2 or not given[0].is_floating_point() or not gives.numel():
            return
        channels = gives.shape[-1] if weight.ndim == 2 else weight.shape[0]
        operations = 2.0 * gives.numel() * weight.numel() / channels
        same = (type(module), weight.shape, weight.requires_grad, given[0].shape)
        before = by_shape.get(same)
        by_shape[same] = Product(
            module,
            given[0].shape,
            operations + (before.operations if before else 0),
            1 + (before.count if before else 0),
        )

    with _watched(network, seen), torch.inference_mode():
        network(**inputs)
    return sorted(by_shape.values(), key=lambda p: -p.operations)


@contextmanager
def _watched(network: Network, seen: object) -> Iterator[None]:
    """Tell what goes through each module without parts, in eval mode, so that nothing random is drawn."""
    leaves = [module for module in network.modules() if not any(True for _ in module.children())]
    hooks = [leaf.register_forward_hook(seen) for leaf in leaves]  # type: ignore[arg-type]
    try:
        with modes_kept(network):
            network.eval()
            yield
    finally:
        for hook in hooks:
            hook.remove()


def tried(layers: list[Product], rows: int) -> Trial:
    """Both number types in turn on the products that cost most, as long as `SECONDS`, each round in another order."""
    chosen = [_Tried.of(product, rows) for product in layers[:KINDS]]
    started = time.perf_counter()
    for number_type in (torch.float32, torch.bfloat16):  # the first time kernels are chosen
        _seconds(chosen, number_type)
    if time.perf_counter() - started > SECONDS:
        chosen = chosen[:1]
    rounds: list[tuple[float, float]] = []
    while len(rounds) < FEWEST or (len(rounds) < MOST and time.perf_counter() - started < _enough(rounds)):
        if len(rounds) % 2:
            later = _seconds(chosen, torch.bfloat16)
            rounds.append((_seconds(chosen, torch.float32), later))
        else:
            rounds.append((_seconds(chosen, torch.float32), _seconds(chosen, torch.bfloat16)))
    return Trial(
        gain=min(_gains(rounds)),
        float32=sum(layer.operations for layer in chosen) / statistics.median(whole for whole, _ in rounds),
        bfloat16=sum(layer.operations for layer in chosen) / statistics.median(half for _, half in rounds),
        seconds=time.perf_counter() - started,
    )


def _gains(rounds: list[tuple[float, float]]) -> tuple[float, float]:
    """Two estimates that the rest of the machine disturbs in different ways: it only ever adds time, now and then."""
    best = min(whole for whole, _ in rounds) / min(half for _, half in rounds)
    return statistics.median(whole / half for whole, half in rounds), best


def _enough(rounds: list[tuple[float, float]]) -> float:
    """Seconds to try: longer where the two estimates do not agree on what to choose."""
    low, high = sorted(_gains(rounds))
    return LONGEST if low < NEEDED <= high else SECONDS


@dataclass(frozen=True)
class _Tried:
    """A layer, its input for about as many rows as a step has, and how much of the network is like it.

    Attributes:
        learns: its parameters that do.
        operations: forward and backward, of all layers like it.
    """

    module: nn.Module
    values: Tensor
    learns: list[nn.Parameter]
    count: int
    operations: float

    @staticmethod
    def of(product: Product, rows: int) -> _Tried:
        """For fewer rows where all would take long; the input is drawn apart from the run's own random numbers."""
        each = product.operations / product.count / SEEN
        times = max(1, min(rows, int(AT_ONCE / max(each, 1.0)))) / SEEN
        shape = (max(1, round(product.shape[0] * times)), *product.shape[1:])
        values = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float32)
        learns = [p for p in product.module.parameters() if p.requires_grad]
        done = (3 if learns else 1) * product.operations * shape[0] / product.shape[0]
        return _Tried(product.module, values.requires_grad_(bool(learns)), learns, product.count, done)


def _seconds(chosen: list[_Tried], number_type: torch.dtype) -> float:
    """Forward and backward of each layer once, weighted by how much of the network is like it."""
    total = 0.0
    for layer in chosen:
        started = time.perf_counter()
        with torch.autocast("cpu", number_type, enabled=number_type != torch.float32):
            answer = layer.module(layer.values)
        if layer.learns:
            torch.autograd.grad(answer, [layer.values, *layer.learns], torch.ones_like(answer))
        total += layer.count * (time.perf_counter() - started)
    return total
