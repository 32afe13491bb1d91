"""What the model must beat, on the same test rows: the most common answer, linear models, the checkpoint untouched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from burnish.bundle.processors import processor_of
from burnish.core.network import Network
from burnish.core.predictions import Predictions
from burnish.core.seeds import generator
from burnish.data.feeding.encode import encode_part
from burnish.data.feeding.loader import Loader
from burnish.data.settings import cache_folder
from burnish.evaluation.baselines import Baseline, baseline_scores, frozen_features, least_of, majority
from burnish.evaluation.forgetting import forgetting
from burnish.evaluation.predict import Notify, features, predict
from burnish.recipe.recipe import Settled
from burnish.runtimes.torch import computing
from burnish.stages.prepare.prepare import Prepared
from burnish.stages.taught import taught_losses
from burnish.stages.train.transcribing import transcribing
from burnish.stages.train.words_baseline import words_baseline
from burnish.stages.train.zero_shot import zero_shot
from burnish.targets import Filed, OverVocabulary, Target, linear_of

if TYPE_CHECKING:
    from burnish.stages.train.assemble import Assembled

LIMIT = 4000  # training rows whose features are computed; the note in the report says so


@dataclass(frozen=True)
class Beside:
    """What stands beside a model.

    Attributes:
        scores: of each baseline with intervals, and paired differences to the model.
        base: answers of the checkpoint as it was, of a model with the checkpoint's own head.
        forgetting: how well both read general texts, as plain values.
        transcribing: what a network that hears writes where nobody speaks, and how fast it writes, as plain values.
        left_out: why a baseline could not be had, in words, by its key.
    """

    scores: dict[str, Any]
    base: Predictions | None = None
    forgetting: dict[str, Any] | None = None
    transcribing: dict[str, Any] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def kept(self, base: Path) -> dict[str, Any]:
        """What scores.json holds of it; the answers of the checkpoint as it was are written to `base`."""
        if self.base is not None:
            self.base.save(base)
        told = {} if self.forgetting is None else {"forgetting": self.forgetting}
        left_out = {"baselines_left_out": self.left_out} if self.left_out else {}
        return {"baselines": self.scores, **left_out, **told, **self.transcribing}


def baselines(
    prepared: Prepared, assembled: Assembled, tested: Network, predictions: Predictions, notify: Notify
) -> Beside:
    """The baselines on the tested examples; nothing where the recipe wants none.

    On a CPU features are computed in the precision of the run.
    """
    recipe = prepared.recipe
    if not recipe.baselines:
        return Beside({})
    forgotten, split = None, _tested_split(prepared)
    by_name: dict[str, Baseline | str | None] = {"majority": majority(prepared.truths["train"].each(), predictions)}
    if linear_of(recipe.target) is not None:
        by_name["frozen_features"] = _frozen(prepared, assembled, predictions, notify)
    by_name["tf_idf"] = words_baseline(prepared, split, predictions, notify)
    by_name["zero_shot"] = zero_shot(prepared, assembled, split, predictions, notify)
    if answers_itself(
        recipe.target, assembled.training.network
    ):  # the tested one was read back: no head of it is fresh
        network = _as_it_was(prepared, assembled)
        own = assembled.loaders[split]
        pretrained = _as_pretrained(prepared, own, split)
        by_name["base"] = _base(network, pretrained, prepared, assembled, notify)
        if recipe.forgetting is not None and recipe.target.shape == "sequence":
            texts = None if recipe.forgetting == "general" else recipe.forgetting
            drawn = {"seed": recipe.seed, "resamples": recipe.resamples}
            forgotten = forgetting(network, tested, prepared.processor, texts, **drawn, notify=notify)
        if pretrained is not own:  # read in a way of its own: whether that costs anything
            note = "the same model with full windows"
            by_name["full_windows"] = _base(tested, pretrained, prepared, assembled, notify, note=note)
    base, tested_part = by_name.get("base"), prepared.parts[split]
    scores = baseline_scores(
        predictions,
        {name: baseline for name, baseline in by_name.items() if isinstance(baseline, Baseline)},
        recipe.metrics,
        recipe.target.headline,
        seed=recipe.seed,
        resamples=recipe.resamples,
    )
    return Beside(
        scores,
        base.predictions if isinstance(base, Baseline) else None,
        None if forgotten is None else forgotten.values(),
        transcribing(tested, recipe.decoder, recipe.input, recipe.target, prepared.processor, tested_part, notify),
        {name: said for name, said in by_name.items() if isinstance(said, str)},
    )


def _tested_split(prepared: Prepared) -> str:
    return next(name for name in ("test", "validation", "train") if name in prepared.parts)


def _as_it_was(prepared: Prepared, assembled: Assembled) -> Network:
    """The checkpoint as it was read, on the device of the run."""
    recipe = prepared.recipe
    network = assembled.untouched or recipe.model.build(recipe.input, recipe.target, seed=recipe.seed)
    return network.to(assembled.training.accelerator.device).eval()


def answers_itself(target: Target, network: Network) -> bool:
    """Whether the checkpoint had answers of this kind before it was trained, by a head of its own; random weights have none."""
    if network.from_scratch:
        return False
    return isinstance(target, OverVocabulary) or (
        target.shape in ("decoded", "frames", "codes") and not network.fresh_head
    )


def _as_pretrained(prepared: Prepared, loader: Loader, split: str) -> Loader:
    """The same rows, as the checkpoint was pretrained to read them: it must not look worse than it is.

    The loader itself where each row is the same to the network: waveforms that fit into a window, say.
    """
    recipe, folder = prepared.recipe, prepared.recipe.model.folder()
    input_ = recipe.input.as_pretrained()
    if input_ == recipe.input:
        return loader
    processor = processor_of(input_, recipe.target, folder)
    if _alike(prepared.processor.for_input.settings(), processor.for_input.settings(), loader):
        return loader
    rows = encode_part(prepared.parts[split], input_, recipe.target, processor, cache=cache_folder(recipe.data.cache))
    return Loader(rows, input_, recipe.target, processor, sharing=loader.sharing)


def _alike(one: Mapping[str, Any], other: Mapping[str, Any], loader: Loader) -> bool:
    """Whether processors with these settings make the same of all rows: they differ in the length of a window at most, and
    every row fits into both."""
    differ = {name for name in {*one, *other} if one.get(name) != other.get(name)}
    shorter = float(one.get("seconds", 0)) <= float(other.get("seconds", 0))
    return differ <= {"seconds"} and shorter and bool((loader.rows.full_lengths <= loader.rows.lengths).all())


def _base(
    network: Network, loader: Loader, prepared: Prepared, assembled: Assembled, notify: Notify, *, note: str = ""
) -> Baseline:
    """A network on the same rows, read as the checkpoint was pretrained to; the checkpoint itself: what training has changed."""
    recipe, part = prepared.recipe, prepared.parts[_tested_split(prepared)]
    predictions, _ = predict(
        None
        if isinstance(recipe.target, Filed)
        else computing(network, recipe.decoder),  # files are heard, not compared
        loader,
        part,
        loss=assembled.loss,
        taught=taught_losses(network, assembled.loss, recipe.objective, loader),
        group=recipe.group,
        batch_size=recipe.evaluation_batch_size,
        overhead=assembled.batches.overhead,
        notify=notify,
        decoder=recipe.decoder,
    )
    fresh = "; its head over the vocabulary is random, because it came without one" if network.fresh_head else ""
    return Baseline(predictions, note or f"{recipe.model.name} as it was before training, on the same examples{fresh}")


def _frozen(prepared: Prepared, assembled: Assembled, predictions: Predictions, notify: Notify) -> Baseline:
    """A linear model on what the pretrained checkpoint, untouched, sees of each row."""
    recipe, part = prepared.recipe, prepared.parts["train"]
    accelerator, loaders = assembled.training.accelerator, assembled.loaders
    network = _untouched(recipe, assembled)
    half = accelerator.precision == "bfloat16" and accelerator.device.type == "cpu"  # on a GPU's machine as ever
    chosen = np.flatnonzero(prepared.encoded["train"].weights > 0)
    drawn_from = len(chosen) if len(chosen) > LIMIT else None
    if len(chosen) > LIMIT:
        chosen = np.sort(generator(recipe.seed, "frozen features").choice(chosen, LIMIT, replace=False))
    see = partial(_in_order, network, accelerator.autocast if half else nullcontext, notify)
    seen = see(loaders["train"], chosen)
    truth = [recipe.target.truth(v) for v in part.table.cells(recipe.target.column).at(part.rows[chosen])]
    split = next(name for name in ("test", "validation", "train") if name in prepared.parts)
    tested = see(loaders[split], np.arange(len(prepared.parts[split])))
    if recipe.target.shape == "element":
        words, tags = _words(loaders["train"], chosen, seen, truth)
        kept = [_word_features(loaders[split], i, f) for i, f in enumerate(tested)]
        baseline = frozen_features(words, tags, kept, predictions, seed=recipe.seed, drawn_from=drawn_from)
    else:
        stacked = np.stack(seen), truth, np.stack(tested)
        least = least_of(recipe.target)
        baseline = frozen_features(*stacked, predictions, seed=recipe.seed, drawn_from=drawn_from, least=least)
    return replace(baseline, note=f"{baseline.note}; features computed in bfloat16") if half else baseline


def _untouched(recipe: Settled, assembled: Assembled) -> Network:
    """The checkpoint's body as it was: the copy made then, that of the run where it never learned, else read again."""
    if assembled.untouched is not None:
        return assembled.untouched
    trained = assembled.training.network
    learned = any(p.requires_grad for name, p in trained.named_parameters() if trained.depth(name) <= trained.layers)
    if recipe.adapter.kind() == "head_only" and not learned:
        return trained  # its norms were held still, too
    return recipe.model.build(recipe.input, recipe.target, seed=recipe.seed)


def _in_order(
    network: Network,
    precision: Callable[[], AbstractContextManager[Any]],
    notify: Notify,
    loader: Loader,
    positions: NDArray[np.int64],
) -> list[NDArray[np.float32]]:
    out: list[NDArray[np.float32]] = [np.zeros(0, np.float32)] * len(positions)
    for place, value in features(network, loader, positions, notify=notify, precision=precision):
        out[place] = value
    return out


def _word_features(loader: Loader, position: int, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """[words kept, D]: the features at the first sub-word of each word that was not cut off."""
    starts = loader.rows.encoded(position)["_words"]
    return values[starts[starts >= 0]]


def _words(
    loader: Loader, chosen: NDArray[np.int64], seen: list[NDArray[np.float32]], truth: list[Any]
) -> tuple[NDArray[np.float32], list[str]]:
    rows, tags = [], []
    for position, values, row_tags in zip(chosen, seen, truth, strict=True):
        starts = loader.rows.encoded(int(position))["_words"]
        rows.append(_word_features(loader, int(position), values))
        tags += [tag for tag, start in zip(row_tags, starts, strict=True) if start >= 0]
    return np.concatenate(rows), tags
