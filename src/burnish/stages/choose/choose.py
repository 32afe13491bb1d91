"""The verb `choose`: checkpoints compared on the training rows and on validation; the test split is never read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from burnish.core.errors import BurnishError, InputError, RunFailed
from burnish.evaluation.transferability.ranking import Ranked, Scored, halves, ranked, scored
from burnish.recipe.recipe import Recipe
from burnish.stages.choose.brief import here, on
from burnish.stages.choose.candidates import Candidate
from burnish.stages.choose.facts import MOST_UNKNOWN, Facts, Fertility, facts_of, fertility_of
from burnish.stages.choose.halving import Halved, halved
from burnish.stages.choose.measured import Cost, cost_of
from burnish.stages.choose.seen import Sample, features_of, form_of, sampled
from burnish.stages.prepare.prepare import Prepared, prepare
from burnish.training.accelerator import Accelerator
from burnish.workers import Workers

SAMPLE = 600
"""Training rows whose features are computed; neighbours compare each with each."""
CONFIRMED = 3
TEXTS = 200
"""Rows that a tokenizer is tried on."""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Wishes:
    """What a checkpoint must fulfil.

    Attributes:
        free: its card states a licence that allows any use.
        language: its card names this language, or says nothing.
        memory: bytes a training step may take at its peak.
        latency: seconds an answer may take.
        rows: training rows whose features are scored.
        confirmed: how many of the best are trained briefly; 0: none.
        steps: of the first round of these trainings.
    """

    free: bool = False
    language: str | None = None
    memory: int | None = None
    latency: float | None = None
    rows: int = SAMPLE
    confirmed: int = CONFIRMED
    steps: int = 60


@dataclass
class Seen:
    """All that is known of one candidate; `refused` says why it is out."""

    candidate: Candidate
    facts: Facts | None = None
    fertility: Fertility | None = None
    cost: Cost | None = None
    scored: Scored | None = None
    ranked: Ranked | None = None
    refused: str = ""

    def as_values(self) -> dict[str, Any]:
        """Plain values, as they are written."""
        scores = {} if self.scored is None else self.scored.scores
        parts = {
            n: None if (v := getattr(self, n)) is None else asdict(v) for n in ("facts", "fertility", "cost", "ranked")
        }
        return {"name": self.candidate.name, **parts, "scores": scores, "refused": self.refused}


@dataclass(frozen=True)
class Choice:
    """What was chosen.

    Attributes:
        chosen: the candidate.
        why: in a sentence.
        seen: all candidates.
        halved: the brief trainings; None where there were none.
        sample: rows whose features were scored.
        recipe: to train with it.
    """

    chosen: Candidate
    why: str
    seen: list[Seen]
    halved: Halved | None
    sample: int
    recipe: Recipe

    def as_values(self) -> dict[str, Any]:
        """Plain values, as they are written."""
        return {
            "chosen": self.chosen.name,
            "model": self.chosen.model,
            "more": self.chosen.more,
            "why": self.why,
            "sample": self.sample,
            "candidates": [one.as_values() for one in self.seen],
            "trained": None if self.halved is None else asdict(self.halved),
        }


def choose(
    recipe: Recipe, given: Sequence[Candidate], wishes: Wishes, say: Say, workers: Workers | None = None
) -> Choice:
    """Compare checkpoints for a recipe's rows on this machine.

    Facts first, then one real step and real answers in a process of their own, then scores on the features of a sample of
    the training rows; the best are trained briefly and compared on validation.

    Args:
        recipe: without a checkpoint of its own, or with any: it is replaced.
        given: candidates with different names.
        wishes: what a checkpoint must fulfil.
        say: told each result.
        workers: where the brief trainings are done, side by side; what is timed is done here, alone.

    Raises:
        InputError: nothing fulfils the wishes, no validation split, or labels that no linear model learns.
    """
    accelerator = Accelerator(recipe.device, recipe.precision)
    seen, everything, sample = [], {}, None
    for one in given:
        found, prepared = _looked_at(one, recipe, wishes, accelerator, say)
        seen.append(found)
        if prepared is None:
            say(f"{one.name}: left out: {found.refused}")
            continue
        sample = sample or sampled(prepared, wishes.rows)
        everything[one.name] = prepared
    if sample is None:
        reasons = "; ".join(f"{one.candidate.name}: {one.refused}" for one in seen)
        raise InputError(
            f"no checkpoint is left to choose from: {reasons}", fix="name other candidates, or ask for less"
        )
    _rank(seen, everything, sample, accelerator, say)
    order = sorted((one for one in seen if one.ranked), key=lambda one: (_rank_of(one), _latency(one)))
    if not order:
        raise InputError("no checkpoint gave features", fix="see what each was left out for")
    best = order[: wishes.confirmed]
    if len(best) < 2:
        return _chosen(order[0], f"{order[0].candidate.name} has the best rank of features", seen, None, sample, recipe)
    train = here if workers is None else on(workers)
    brief = halved({one.candidate.name: one.candidate.recipe(recipe) for one in best}, wishes.steps, say, train)
    by_name = {one.candidate.name: one for one in best}
    winner, why = _decided(brief, by_name)
    return _chosen(winner, why, seen, brief, sample, recipe)


def _looked_at(
    one: Candidate, recipe: Recipe, wishes: Wishes, accelerator: Accelerator, say: Say
) -> tuple[Seen, Prepared | None]:
    """Facts, fertility and cost of one candidate; its rows, unless it is out."""
    found = Seen(one)
    try:
        asked = one.recipe(recipe, baselines=False)
        found.facts = facts_of(asked.model.folder())
        if why := _unfit(found.facts, wishes):
            return replace(found, refused=why), None
        prepared = prepare(asked, lambda event: None, accelerator)
        if "validation" not in prepared.parts:
            raise InputError("there is no validation split", fix="split.validation=0.2", place="split")
        form_of(prepared)  # refused before anything is measured
        found.fertility = _fertility(prepared)
        if found.fertility is not None and found.fertility.unknown > MOST_UNKNOWN:
            why = f"its vocabulary lacks {found.fertility.unknown:.0%} of the tokens of these texts"
            return replace(found, refused=why), None
        found.cost = cost_of(prepared.recipe)
    except RunFailed as error:
        return replace(found, refused=error.found), None
    except InputError as error:
        if error.place in ("split", "data", "target", "--data"):
            raise
        return replace(found, refused=error.found), None
    if why := _too_costly(found.cost, wishes):
        return replace(found, refused=why), None
    say(f"{one.name}: {_words(found)}")
    return found, prepared


def _unfit(facts: Facts, wishes: Wishes) -> str:
    if wishes.free and not facts.free:
        return f"its licence is {facts.licence}" if facts.licence else "its card states no licence"
    languages = {language.lower() for language in facts.languages}
    if wishes.language and languages and not languages & {wishes.language.lower(), "multilingual"}:
        return f"its card names {', '.join(facts.languages[:6])}, not {wishes.language}"
    return ""


def _too_costly(cost: Cost, wishes: Wishes) -> str:
    memory = cost.device_memory or cost.memory
    if wishes.memory is not None and memory is not None and memory > wishes.memory:
        return f"a training step takes {memory / 2**30:.1f} GiB"
    if wishes.latency is not None and cost.latency > wishes.latency:
        return f"an answer takes {1000 * cost.latency:.0f} ms"
    return ""


def _words(found: Seen) -> str:
    cost = found.cost
    assert cost is not None
    memory = cost.device_memory or cost.memory
    peak = "" if memory is None else f", {memory / 2**30:.1f} GiB at the peak"
    words = "" if found.fertility is None else f", {found.fertility.tokens_per_word:.2f} tokens a word"
    return f"{cost.step:.2f} s a training step{peak}, {1000 * cost.latency:.1f} ms an answer{words}"


def _fertility(prepared: Prepared) -> Fertility | None:
    part, input_ = prepared.parts["train"], prepared.recipe.input
    if not input_.lengths_matter:
        return None
    rows = part.table.take(part.rows[: min(TEXTS, len(part))], list(input_.required_columns)).to_pylist()
    texts = [text for row in rows if (text := input_.audited_text(row))]
    return fertility_of(texts, prepared.processor.for_input)


def _rank(
    seen: Sequence[Seen], prepared: dict[str, Prepared], sample: Sample, accelerator: Accelerator, say: Say
) -> None:
    """Score the features of each candidate and rank them; one whose features cannot be had is out."""
    seed = next(iter(prepared.values())).recipe.seed
    drawn = halves(len(sample.rows), seed, sample.classes)
    for one in seen:
        if one.candidate.name not in prepared:
            continue
        try:
            values = features_of(prepared[one.candidate.name], sample, accelerator, lambda text, done, total: None)
        except BurnishError as error:
            one.refused = error.found
            say(f"{one.candidate.name}: left out: {error.found}")
            continue
        if not np.isfinite(values).all():
            one.refused = "its features are not finite numbers"
            continue
        one.scored = scored(values, sample.wanted, sample.form, seed, drawn)
        shown = ", ".join(f"{name} {value:.3f}" for name, value in one.scored.scores.items())
        say(f"{one.candidate.name}: features of {len(sample.rows):,} rows: {shown}")
    places = ranked(of) if (of := {one.candidate.name: one.scored for one in seen if one.scored}) else {}
    for one in seen:
        one.ranked = places.get(one.candidate.name)


def _rank_of(one: Seen) -> float:
    assert one.ranked is not None
    return one.ranked.rank


def _latency(one: Seen) -> float:
    return 0.0 if one.cost is None else one.cost.latency


def _decided(brief: Halved, seen: dict[str, Seen]) -> tuple[Seen, str]:
    """The fastest of those that are not shown to be worse than the best of the last round."""
    best, last = brief.last[0], {short.name: short for short in brief.rounds[-1]}
    fastest = min(brief.equal, key=lambda name: (_latency(seen[name]), name != best))
    value = last[best].value
    if fastest == best:
        beside = "" if len(brief.equal) == 1 else ", and no other that is not shown to be worse answers faster"
        return seen[best], f"{best} has the best {brief.metric} on validation, {value:.4f}{beside}"
    behind, low, high = last[fastest].behind or (0.0, 0.0, 0.0)
    ratio = _latency(seen[best]) / max(_latency(seen[fastest]), 1e-9)
    return seen[fastest], (
        f"{fastest} answers {ratio:.1f} times as fast as {best}, which is not shown to be better: {brief.metric} differs by "
        f"{behind:.4f} (95 % CI {low:.4f} to {high:.4f}, {brief.rows:,} validation examples)"
    )


def _chosen(one: Seen, why: str, seen: list[Seen], brief: Halved | None, sample: Sample, recipe: Recipe) -> Choice:
    return Choice(one.candidate, why, seen, brief, len(sample.rows), one.candidate.recipe(recipe))
