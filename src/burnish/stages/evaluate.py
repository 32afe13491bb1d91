"""The verb `evaluate`: the scores of a sealed test, or of the same model on other labelled rows."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from burnish.answering.opening import opened
from burnish.bundle.bundle import Bundle
from burnish.core.component import build
from burnish.core.errors import InputError, RunFailed
from burnish.core.files import folder_aside, read_json, require_writable, write_json
from burnish.core.predictions import Predictions
from burnish.data.data_set import places_in
from burnish.data.feeding.ahead import sharing
from burnish.data.feeding.encode import EncodedRows, encode_part
from burnish.data.feeding.loader import Loader
from burnish.data.reading.plain_texts import as_plain_texts
from burnish.data.settings import Data, cache_folder
from burnish.data.table import Part, Table
from burnish.data.unfolding import kept_columns, unfolded_parts
from burnish.evaluation.predict import predict
from burnish.evaluation.scores import metrics_for, scores
from burnish.losses import Loss
from burnish.metrics import Metric
from burnish.report import write as report
from burnish.report.page.contents import ROWS
from burnish.report.rows import row_columns, row_picture, row_sound, row_text
from burnish.report.summary import deciding
from burnish.stages.evaluated_rows import seen_rows, strange_labels
from burnish.stages.given_columns import GivenColumns
from burnish.stages.nonfinite import answers_not_finite
from burnish.stages.openings import opening
from burnish.stages.outside import require_apart
from burnish.stages.prepare.splits import GIVEN, read_given, read_splits
from burnish.stages.slicing import slices
from burnish.stages.taught import taught_losses
from burnish.stages.train.decide import on_test
from burnish.stages.train.folding import FACT, loss_without
from burnish.targets import Filed
from burnish.training.objectives import Objective


def evaluate(
    run: Path,
    *,
    data: Any = None,
    out: Path | None = None,
    trust_code: bool = False,
    input_columns: Sequence[str] = (),
    target_column: str | None = None,
) -> dict[str, Any]:
    """Scores of a run or bundle, with a report where they are of other data.

    Args:
        run: a run or bundle.
        data: labelled rows: path, list of paths, rows in memory. None: the sealed test, which was read once when the run
            ended and is not read again; its scores are returned.
        out: new folder for scores.json, the report and predictions.parquet on `data`; None writes nothing for data in memory or a
            bare bundle, and `evaluations/NAME` in a run.
        trust_code: whether components from outside burnish may be imported.
        input_columns: what the columns that the model reads are called in `data`, in its order; empty: as in training.
        target_column: what the column of labels is called there; None: as in training.

    Raises:
        InputError: no such run, columns are missing, no label is one that training
            knew, or `out` is there already or cannot be written.
    """
    if data is None:
        if input_columns or target_column is not None:
            raise InputError("columns are named without data", fix="name the labelled rows as well: evaluate RUN FILE")
        return _sealed(run)
    bundle = Bundle.load(run, trust_code=trust_code)
    given = GivenColumns.of(
        bundle.input, bundle.target.column, input_columns=input_columns, target_column=target_column
    )
    folder = _new_folder(out or _place(run, data), data)
    recipe = bundle.settings["recipe"]
    part, seen, warnings = _read(data, bundle, given, recipe.get("group"), trust_code)
    encoded = encode_part(part, bundle.input, bundle.target, bundle.processor, cache=cache_folder(None))
    with TemporaryDirectory() as beside:
        files_made = Path(beside) / "answers" if folder is not None else None
        predictions = _answers(bundle, part, encoded, recipe, trust_code, files_made)
        return _written(bundle, part, recipe, folder, predictions, (seen, warnings), files_made, trust_code)


def _written(
    bundle: Bundle,
    part: Part,
    recipe: dict[str, Any],
    folder: Path | None,
    predictions: Predictions,
    about: tuple[dict[str, int], list[str]],
    files_made: Path | None,
    trust_code: bool,
) -> dict[str, Any]:
    """The scores, written where there is a folder, with the files of answers that are files."""
    table, (seen, warnings) = part.table, about
    if not len(predictions.known):
        raise _unlabelled(bundle, table)
    metrics = metrics_for(bundle.target, _chosen(recipe, trust_code))
    scored = scores(predictions, metrics, bundle.target.headline, seed=recipe["seed"], resamples=recipe["resamples"])
    scored["decisions"] = on_test(
        bundle.settings.get("decisions") or {}, bundle.target, predictions, float(bundle.settings.get(FACT, 1.0))
    )
    files = [o.path for o in table.origins]
    by = _slices(bundle, part, recipe, predictions, metrics, scored)
    result = {"split": "given data", "files": files, "notes": list(table.notes), "warnings": warnings, **scored, **by}
    result |= {f"rows_in_{name}": count for name, count in seen.items()}
    weights = str((bundle.settings.get("checkpoint") or {}).get("weights_sha256", ""))
    called = folder.name if folder is not None else bundle.path.parent.name
    result |= opening(part, bundle.target.column, weights=weights, recipe=bundle.settings["recipe"], run=called)
    if folder is not None:
        with folder_aside(folder, manifest=False) as aside:
            write_json(aside / "scores.json", result)
            for made in sorted(files_made.parent.iterdir()) if files_made is not None else ():
                shutil.move(made, aside / made.name)  # answers, and truths beside them
            predictions = replace(predictions, folder=aside)
            predictions.save(aside / "predictions.parquet", table.place if len(files) > 1 or table.group else None)
            _report(aside, folder.name, bundle, table, result, predictions)
        result["path"] = str(folder)
    return result


def _slices(
    bundle: Bundle,
    part: Part,
    recipe: dict[str, Any],
    predictions: Predictions,
    metrics: Sequence[Metric],
    scored: dict[str, Any],
) -> dict[str, Any]:
    """By the columns of the run's recipe that these rows have, and by source; bins are those of these rows."""
    named = recipe.get("slices") or []
    there = named if named == "all" else [name for name in named if name in part.table.columns]
    label = deciding(scored, recipe.get("deciding_metric"))
    metric = next(metric for metric in metrics if metric.label == label)
    drawn = {"resamples": recipe["resamples"], "seed": recipe["seed"]}
    found = slices(predictions, part, metric, named=there, input=bundle.input, target=bundle.target, **drawn)
    return {} if found is None else {"slices": found}


def _chosen(recipe: dict[str, Any], trust_code: bool) -> list[Metric]:
    """The metrics of the run, with their settings; those from outside burnish are known from nowhere else."""
    named = recipe.get("metrics") or []
    return [cast(Metric, build("burnish.metrics", one, place="metrics", trust_code=trust_code)) for one in named]


def _new_folder(folder: Path | None, data: Any) -> Path | None:
    """The folder, which must not be there, lies apart from the data and can be written.

    Raises:
        InputError: it is there, lies inside the data, or cannot be written.
    """
    if folder is not None:
        if folder.exists():
            raise InputError("the folder is there already", fix="choose another --out", place=str(folder))
        require_apart(folder, [data])
        require_writable(folder)
    return folder


def _unlabelled(bundle: Bundle, table: Table) -> InputError:
    return InputError(
        f"no row has a label in column {bundle.target.column!r}",
        expected="labelled rows",
        fix="`burnish predict` predicts rows without labels",
        place=", ".join(o.path for o in table.origins),
    )


def _read(
    data: Any, bundle: Bundle, given: GivenColumns, group: str | None, trust_code: bool
) -> tuple[Part, dict[str, int], list[str]]:
    """The rows as the network answers them, how many of them the run saw in each split, and what is to be said."""
    part, warnings = _labelled(data, bundle, given, cache_folder(None))
    seen, said = seen_rows(bundle, part.table, trust_code=trust_code)
    columns = kept_columns(bundle.target, group)
    parts = unfolded_parts(
        {GIVEN: part}, bundle.input, bundle.target, bundle.processor, columns, cache=cache_folder(None)
    )
    return parts[GIVEN], seen, [*warnings, *said]


def _labelled(data: Any, bundle: Bundle, given: GivenColumns, cache: Path) -> tuple[Part, list[str]]:
    """All rows, with the columns of the bundle, numbers as numbers and files that can be read; and what is strange."""
    if bundle.input.plain_texts:
        data = as_plain_texts(Data(train=data))[0]
    table = read_given(data, bundle.target, given)
    warnings = strange_labels(bundle.target, table)
    made = read_splits({GIVEN: table}, bundle.input, bundle.target, cache, division=None, beside_tables=True)
    return made.parts[GIVEN], warnings


def _answers(
    bundle: Bundle, part: Part, encoded: EncodedRows, recipe: dict[str, Any], trust_code: bool, files: Path | None
) -> Predictions:
    """Of the weights as they were tested; losses are of the logits before a temperature went into the weights.

    Rows whose answers are files have but their losses where there is no place for files.
    """
    network, run = opened(bundle, "auto")
    loss = loss_without(
        cast(Loss, build("burnish.losses", recipe["loss"], place="loss", trust_code=trust_code)),
        float(bundle.settings.get(FACT, 1.0)),
    )
    group = recipe.get("group")
    shared = sharing(reads=not bundle.input.stored)
    strange: list[int] = []
    loader = Loader(encoded, bundle.input, bundle.target, bundle.processor, sharing=shared)
    objective = build("burnish.training.objectives", recipe.get("objective") or "supervised", trust_code=trust_code)
    predictions, _ = predict(
        None if files is None and isinstance(bundle.target, Filed) else run,
        loader,
        part,
        loss=loss,
        taught=taught_losses(network, loss, cast(Objective, objective), loader),
        group=group,
        batch_size=recipe["evaluation_batch_size"],
        strange=strange,
        files=files,
        decoder=bundle.decoder,
    )
    if wrong := answers_not_finite(strange, part, "given"):
        raise RunFailed(wrong, expected="numbers: such predictions mean nothing, and no score of them is given")
    return predictions


def _report(
    folder: Path, name: str, bundle: Bundle, table: Table, result: dict[str, Any], predictions: Predictions
) -> None:
    """The same report as a run's, without what belongs to training; there is nothing here to learn baselines from."""
    report.write(
        folder,
        facts={
            "name": name,
            "task": bundle.settings["task"],
            "model": f"the bundle {bundle.path}, trained from {bundle.model['name']}",
            "data": ", ".join(result["files"]) or "rows in memory",
            "split": Path(result["files"][0]).name if len(result["files"]) == 1 else result["split"],
            "sealed": False,
            "place": table.place,
            "notes": [*result["warnings"], *result["notes"]],
        },
        scores=result,
        baselines={},
        audit=None,
        events=[],
        predictions=predictions,
        inputs_shown=row_text(bundle.input, table),
        inputs_pictured=row_picture(bundle.input, bundle.processor.for_input, table),
        inputs_heard=row_sound(bundle.input, bundle.processor.for_input, table),
        inputs_beside=row_columns(bundle.input, bundle.target, table),
        page_rows=int(bundle.settings["recipe"].get("page_rows", ROWS)),
    )


def _sealed(run: Path) -> dict[str, Any]:
    path = run / "scores.json"
    if not path.is_file():
        raise InputError(
            "no scores here",
            expected="a finished run, or labelled rows with --data",
            fix="finish the run with `burnish train --resume`, or name data",
            place=str(run),
        )
    return cast(dict[str, Any], read_json(path))


def _place(run: Path, data: Any) -> Path | None:
    """A new folder in the run for scores on these files; None where there is no run or no file."""
    first = next(places_in(Data(train=data).train), None)
    if not isinstance(first, str | Path) or not (run / "bundle").is_dir():
        return None
    base = run / "evaluations" / Path(first).stem
    number, folder = 1, base
    while folder.exists():
        number += 1
        folder = base.with_name(f"{base.name}-{number}")
    return folder
