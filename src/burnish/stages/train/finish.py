"""The end of a run: the best weights become a bundle, and the bundle, read back from disk, takes the sealed test."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from burnish.answering.opening import Computed, opened, write
from burnish.answering.predictor import Predictor, load
from burnish.bundle import bundle as bundles
from burnish.bundle.files import SETTINGS
from burnish.core.events import Event
from burnish.core.files import read_json, write_json
from burnish.core.predictions import Predictions
from burnish.data.feeding.loader import Loader
from burnish.data.table import Part
from burnish.evaluation.answer_distribution import distribution
from burnish.evaluation.music import musical_scores
from burnish.evaluation.predict import predict
from burnish.evaluation.scores import scores
from burnish.losses import Loss
from burnish.recipe.recipe import Settled
from burnish.report import summary
from burnish.report import write as report
from burnish.report.rows import row_columns, row_picture, row_sound, row_text
from burnish.runtimes.torch import computing
from burnish.stages.environment import versions
from burnish.stages.licence import licence_of
from burnish.stages.nonfinite import answers_not_finite, no_answers, require_numbers
from burnish.stages.openings import opening
from burnish.stages.prepare.long_rows import said_of_long
from burnish.stages.prepare.prepare import Phases, Prepared
from burnish.stages.taught import taught_losses
from burnish.stages.train.announced import say_result
from burnish.stages.train.baselines import baselines
from burnish.stages.train.card import model_card
from burnish.stages.train.decide import decide, on_test
from burnish.stages.train.doubts import doubts
from burnish.stages.train.earlier import tested_before
from burnish.stages.train.effects import row_effects
from burnish.stages.train.facts import facts_of
from burnish.stages.train.folding import FACT, loss_without, with_temperature
from burnish.stages.train.gap import gap
from burnish.stages.train.golden import golden_examples
from burnish.stages.train.listening import listening
from burnish.stages.train.nearest import nearest_training
from burnish.stages.train.pictures import row_heatmaps
from burnish.stages.train.robustness import robustness
from burnish.stages.train.shipped import restore_best
from burnish.stages.train.shrunk import Shrunk, as_it_is_shipped
from burnish.stages.train.sliced import sliced
from burnish.targets import Musical, Target
from burnish.trackers import Tracking
from burnish.training import history

if TYPE_CHECKING:
    from burnish.core.network import Network
    from burnish.stages.train.assemble import Assembled
    from burnish.stages.train.run_folder import RunFolder


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes:
        path: its folder.
        recipe: settled, as it was run.
        scores: what scores.json holds; the sealed test, or the validation split where there is no test.
    """

    path: Path
    recipe: Settled
    scores: dict[str, Any]

    def predictor(self) -> Predictor:
        """The trained model, ready to answer."""
        return load(self.path, trust_code=self.recipe.trust_code)


def finish(
    folder: RunFolder, prepared: Prepared, assembled: Assembled, tracking: Tracking, state: dict[str, Any]
) -> Run:
    """Bundle, sealed test, baselines, report.

    Raises:
        RunFailed: the best checkpoint has been damaged since it was written.
        InputError: the bundle read back from disk does not answer as the network in memory did.
    """
    accelerator = assembled.training.accelerator
    if not accelerator.main:
        accelerator.wait()
        return Run(folder.path, prepared.recipe, read_json(folder.scores))
    require_numbers(history.from_json(state["validations"]), folder.checkpoints)
    return shipped(folder, prepared, assembled, tracking, state, restore_best(folder, prepared, assembled, state))


def shipped(
    folder: RunFolder,
    prepared: Prepared,
    assembled: Assembled,
    tracking: Tracking,
    state: dict[str, Any],
    restored: dict[str, Any],
    more: dict[str, Any] | None = None,
) -> Run:
    """The network as it is now, bundled, tested and reported; `restored` says which weights, `more` goes into scores.json."""
    started, accelerator = time.perf_counter(), assembled.training.accelerator
    shrunk = as_it_is_shipped(
        prepared.recipe, assembled.training.network, lambda text: tracking(Event("note", {"text": text}))
    )
    target, learned = decide(prepared, assembled, tracking)
    prepared.recipe.adapter.finish(assembled.training.network)
    assembled.training.network.eval()
    target, inside = with_temperature(prepared, assembled.training.network, target)
    _write_bundle(folder, prepared, assembled, restored, target, inside, shrunk)
    # The bundle as it lies on disk, its files and golden examples checked: what is tested is what is shipped.
    bundle = bundles.Bundle.load(folder.bundle, trust_code=prepared.recipe.trust_code, trust=())
    tested = opened(bundle, str(accelerator.device))
    loader, loss = replace(assembled.loaders[_tested(prepared)], target=target), loss_without(assembled.loss, inside)
    result = _test(folder, prepared, loader, assembled, loss, tracking, tested)
    passed_over = state["totals"]["skipped"] + len(state["skipped"])
    read = said_of_long(prepared.recipe, prepared.encoded, prepared.processor.side)
    result |= {**(more or {}), **({"long_rows": read} if read else {})}
    result["training"] = {**restored, "stopped": state["stopped"], **state["totals"], "skipped": passed_over}
    if back := state.get("spikes", {}).get("rollbacks"):
        result["training"]["rollbacks"] = back
    if before := tested_before(folder.path):
        result["tested_before"] = before
    predictions = result.pop("_predictions")
    result |= sliced(prepared, result["split"], predictions, result)
    over = assembled.batches.overhead
    result |= robustness(prepared, result["split"], tested[1], loader, predictions, over, Phases(tracking))
    result |= listening(prepared, result["split"], predictions, Phases(tracking))
    result["gap"] = gap(prepared, assembled, tested[1], target, loss)
    result["decisions"] = on_test(learned, target, predictions, inside)
    result |= {name: read_json(file) for name, file in folder.compared.items() if file.is_file()}
    beside = baselines(prepared, assembled, tested[0], predictions, Phases(tracking))
    result |= beside.kept(folder.base_predictions)
    drawn = {"seed": prepared.recipe.seed, "resamples": prepared.recipe.resamples}
    result |= musical_scores(predictions, _training_music(prepared), beside.base, **drawn)
    result["doubts"] = doubts(prepared, result, history.from_json(state["validations"]))
    write_json(folder.scores, result)
    _report(folder, prepared, assembled, result, state, Phases(tracking))
    deciding = summary.deciding(result, prepared.recipe.deciding_metric)
    headline = {name: result["metrics"][name] for name in (deciding, *result["headline"])}
    _seal(folder, prepared, result, restored, learned, headline, predictions)
    seconds = state["totals"]["seconds"] + time.perf_counter() - started
    say_result(tracking, folder, result, deciding, headline, {"stopped": state["stopped"], "seconds": seconds})
    accelerator.wait()
    return Run(folder.path, prepared.recipe, result)


def _training_music(prepared: Prepared) -> Iterator[Any]:
    """Of each row that is learned from; nothing where answers are no music."""
    target, part = prepared.recipe.target, prepared.parts["train"]
    if isinstance(target, Musical):
        for cell in part.table.cells(target.column).at(part.rows):
            yield target.true_music(cell, prepared.processor)


def _seal(
    folder: RunFolder,
    prepared: Prepared,
    result: dict[str, Any],
    restored: dict[str, Any],
    learned: dict[str, Any],
    headline: dict[str, Any],
    predictions: Predictions,
) -> None:
    """The model card, and what the bundle knows of its test; then its manifest."""
    answers = {"split": result["split"], **distribution(predictions)}  # what a server compares later ones with
    bundles.seal(
        folder.bundle,
        card=model_card(prepared, result, restored),
        facts={
            "scores": {"split": result["split"], "deciding": next(iter(headline)), "metrics": headline},
            "decisions": learned,
            "answers": answers,
        },
    )


def _write_bundle(
    folder: RunFolder,
    prepared: Prepared,
    assembled: Assembled,
    restored: dict[str, Any],
    target: Target,
    inside: float,
    shrunk: Shrunk,
) -> None:
    recipe, network = prepared.recipe, assembled.training.network
    contents = bundles.Contents(
        save_model=shrunk.saving(network),
        input=recipe.input,
        target=target,
        processor=prepared.processor,
        model={"kind": recipe.model.kind(), "name": recipe.model.name},
        facts={
            "task": recipe.task_name(),
            "made_by": versions(),
            "data": prepared.hashes(),
            "checkpoint": restored,
            "recipe": recipe.model_dump(mode="json"),
            **({FACT: inside} if inside != 1 else {}),
            **({"licence": licence.plain()} if (licence := licence_of(recipe.model.folder())) else {}),
        },
        card=model_card(prepared, None, restored),
        golden=golden_examples(prepared),
        decoder=recipe.decoder,
    )
    write(folder.bundle, contents, computing(network, recipe.decoder))


def _tested(prepared: Prepared) -> str:
    """The split that is scored."""
    return next(split for split in ("test", "validation", "train") if split in prepared.parts)


def _test(
    folder: RunFolder,
    prepared: Prepared,
    loader: Loader,
    assembled: Assembled,
    loss: Loss,
    tracking: Tracking,
    tested: tuple[Network, Computed],
) -> dict[str, Any]:
    """The test split, read here for the first and only time."""
    network, run = tested
    recipe, split = prepared.recipe, _tested(prepared)
    strange: list[int] = []
    weights = read_json(folder.bundle / SETTINGS)["checkpoint"]["weights_sha256"]
    about: dict[str, Any] = {"recipe": recipe.model_dump(mode="json"), "run": folder.path.name, "weights": weights}
    use = opening(prepared.parts[split], recipe.target.column, **about, held_out=split == "test")
    predictions, _ = predict(
        run,
        loader,
        prepared.parts[split],
        loss=loss,
        taught=taught_losses(network, loss, recipe.objective, loader),
        group=recipe.group,
        batch_size=recipe.evaluation_batch_size,
        overhead=assembled.batches.overhead,
        workers=assembled.batches.workers,
        notify=Phases(tracking),
        strange=strange,
        files=folder.path / "answers",
        decoder=recipe.decoder,
    )
    if said := answers_not_finite(strange, prepared.parts[split], split):
        shutil.rmtree(folder.bundle)  # an untested model must not stand where results are looked for
        raise no_answers(said, folder.checkpoints)
    table = prepared.parts[split].table
    predictions.save(folder.predictions, table.place if len(table.origins) > 1 or table.group else None)
    scored = scores(predictions, recipe.metrics, recipe.target.headline, seed=recipe.seed, resamples=recipe.resamples)
    return {"split": split, **scored, **use, "_predictions": predictions}


def _report(
    folder: RunFolder,
    prepared: Prepared,
    assembled: Assembled,
    result: dict[str, Any],
    state: dict[str, Any],
    notify: Phases,
) -> None:
    part: Part = prepared.parts[result["split"]]
    recipe = prepared.recipe
    predictions = Predictions.load(folder.predictions)
    report.write(
        folder.path,
        facts=facts_of(folder, prepared, result, state),
        scores=result,
        baselines=result["baselines"],
        audit=read_json(folder.audit),
        events=folder.read_events(),
        predictions=predictions,
        inputs_shown=row_text(recipe.input, part.table),
        inputs_pictured=row_picture(recipe.input, prepared.processor.for_input, part.table),
        inputs_heard=row_sound(recipe.input, prepared.processor.for_input, part.table),
        inputs_beside=row_columns(recipe.input, recipe.target, part.table),
        explain=row_heatmaps(prepared, result["split"], assembled.training.network),
        base=Predictions.load(folder.base_predictions) if folder.base_predictions.is_file() else None,
        page_rows=recipe.page_rows,
        effects=row_effects(folder, recipe, part.table),
        nearest=nearest_training(prepared, assembled, result["split"], predictions, notify),
    )
