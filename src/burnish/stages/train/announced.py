"""What a run says of itself: of its network and batches before the first step, of its test at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.component import build
from burnish.core.events import Event
from burnish.core.network import Network
from burnish.data.feeding.batches import TrainingBatches
from burnish.data.feeding.order import padding_ratio
from burnish.data.feeding.packing import lines_of
from burnish.data.samplers import Sampler
from burnish.report import summary
from burnish.report.replies import forgotten_sentence
from burnish.trackers import Tracking
from burnish.training.technique import Technique

if TYPE_CHECKING:
    from burnish.stages.train.run_folder import RunFolder


PACKED_STEPS = 100  # steps whose lines are counted


def say_result(
    tracking: Tracking,
    folder: RunFolder,
    result: dict[str, Any],
    deciding: str,
    headline: dict[str, Any],
    ended: dict[str, Any],
) -> None:
    """The scores beside the baselines, what they say, what makes them doubtful, and where everything lies.

    Args:
        tracking: told it.
        folder: of the run.
        result: what scores.json holds.
        deciding: the metric that chose the checkpoint, as far as it was computed.
        headline: the metrics that are shown, the deciding one first.
        ended: why and when the run ended.
    """
    baselines = {
        name: {metric: score.get("value") for metric, score in scored["metrics"].items() if metric in headline}
        for name, scored in result["baselines"].items()
    }
    verdicts = [*summary.verdicts(result, result["baselines"], deciding), *summary.weakest(result)]
    verdicts += summary.of_data_sets(result)
    if "forgetting" in result:
        verdicts.append(forgotten_sentence(result["forgetting"]))
    said = {"scores": headline, "deciding": deciding, "baselines": baselines, "verdicts": verdicts}
    tracking(Event("test", {"split": result["split"], "rows": result["rows"], **said}))
    for doubt in result["doubts"]:
        tracking(Event("warning", {"text": doubt}))
    tracking(Event("run_finished", {"path": str(folder.path), "report": str(folder.page), **ended}))


def _count(parameters: int) -> str:
    """Three figures and a unit: 812, 24.1 k, 22.7 M."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if parameters >= size:
            return f"{parameters / size:.3g} {unit}"
    return str(parameters)


def _share(part: float) -> str:
    return f"{100 * part:.3g} %"


def opening_notes(batches: TrainingBatches, network: Network) -> list[str]:
    """How much is trainable, and how much of the batches is padding."""
    order, lengths = batches.order, (batches.features or batches.loader).rows.given_lengths
    shuffled = build("burnish.data.samplers", "shuffled")
    assert isinstance(shuffled, Sampler)
    plain = shuffled.order(order.lengths, order.strata, batch_size=order.batch_size, seed=order.seed, epoch=0)
    theirs = padding_ratio(order.usable[plain], lengths, order.batch_size)
    learn = sum(p.numel() for p in network.parameters() if p.requires_grad)
    total = sum(p.numel() for p in network.parameters())
    return [
        f"trainable parameters: {_count(learn)} ({_share(learn / total)})",
        f"{_padding(batches, lengths)} (random order: {_share(theirs)})",
    ]


def _padding(batches: TrainingBatches, lengths: NDArray[np.int64]) -> str:
    order = batches.order
    if not order.sampler.packs():
        return f"padding before micro-batching: {_share(padding_ratio(order.epoch(0), lengths, order.batch_size))}"
    steps = [lengths[order.batch(step)] for step in range(min(order.steps_per_epoch, PACKED_STEPS))]
    lines = [[int(step[line].sum()) for line in lines_of(order.sampler, step)] for step in steps]
    size = sum(len(step) * max(step) for step in lines)
    return (
        f"packing: {sum(map(len, steps)) / sum(map(len, lines)):.1f} examples a line on average, of at most "
        f"{max(map(max, lines)):,} tokens; padding before micro-batching: {_share(1 - sum(map(sum, lines)) / size)}"
    )


def techniques_said(techniques: Sequence[Technique]) -> list[str]:
    """Which techniques join in, each by what it is; nothing of those that are off."""
    return [f"{t.kind()}: {t.sentence()}" for t in techniques if not t.is_off]
