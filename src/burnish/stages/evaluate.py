"""The verb `evaluate`: the scores of a sealed test, or of the same model on other labelled rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import numpy as np

from burnish.bundle import MODEL, Bundle
from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.core.files import folder_aside, require_writable, write_json
from burnish.data.encode import encode_part
from burnish.data.inspection import inspected
from burnish.data.loader import Loader
from burnish.data.parts import require_columns
from burnish.data.reading import read
from burnish.data.settings import Data, cache_folder
from burnish.data.table import Part
from burnish.evaluation.predict import predict
from burnish.evaluation.scores import metrics_for, scores
from burnish.losses import Loss
from burnish.runtimes import Runtime


def evaluate(run: Path, *, data: Any = None, out: Path | None = None, trust_code: bool = False) -> dict[str, Any]:
    """Scores of a run or bundle.

    Args:
        run: a run or bundle.
        data: labelled rows: path, list of paths, rows in memory. None: the sealed test, which was read once when the run
            ended and is not read again; its scores are returned.
        out: new folder for scores.json and predictions.parquet on `data`; None writes nothing for data in memory or a
            bare bundle, and `evaluations/NAME` in a run.
        trust_code: whether components from outside burnish may be imported.

    Raises:
        InputError: no such run, columns are missing, or `out` is there already or cannot be written.
    """
    if data is None:
        return _sealed(run)
    bundle = Bundle.load(run, trust_code=trust_code)
    folder = out or _place(run, data)
    if folder is not None:
        if folder.exists():
            raise InputError("the folder is there already", fix="choose another --out", place=str(folder))
        require_writable(folder)
    recipe = bundle.settings["recipe"]
    group = recipe.get("group")
    table = read(Data(train=data))
    require_columns(table, [*bundle.input.required_columns, bundle.target.column])
    table = inspected(table, bundle.input, cache_folder(None))
    part = Part(table, np.arange(len(table), dtype=np.int64))
    encoded = encode_part(part, bundle.input, bundle.target, bundle.processor, cache=cache_folder(None))
    runtime = cast(Runtime, build("burnish.runtimes", "torch"))
    running = runtime.open(bundle.path / MODEL, bundle.model, bundle.input, bundle.target)
    bundle.check(running)
    predictions, _ = predict(
        running,
        Loader(encoded, bundle.input, bundle.target, bundle.processor),
        part,
        loss=cast(Loss, build("burnish.losses", recipe["loss"], place="loss", trust_code=trust_code)),
        group=group if group in table.columns else None,
        batch_size=recipe["evaluation_batch_size"],
    )
    metrics = metrics_for(bundle.target.kind())
    found = scores(predictions, metrics, bundle.target.headline, seed=recipe["seed"], resamples=recipe["resamples"])
    result = {"split": "given data", "files": [o.path for o in table.origins], **found}
    if folder is not None:
        with folder_aside(folder, manifest=False) as aside:
            write_json(aside / "scores.json", result)
            predictions.save(aside / "predictions.parquet")
        result["path"] = str(folder)
    return result


def _sealed(run: Path) -> dict[str, Any]:
    path = run / "scores.json"
    if not path.is_file():
        raise InputError(
            "no scores here",
            expected="a finished run, or labelled rows with --data",
            fix="finish the run with `burnish train --resume`, or name data",
            place=str(run),
        )
    return cast(dict[str, Any], json.loads(path.read_text(encoding="utf-8")))


def _place(run: Path, data: Any) -> Path | None:
    """A new folder in the run for scores on these files; None where there is no run or no file."""
    first = data[0] if isinstance(data, list) and data else data
    if not isinstance(first, str | Path) or not (run / "bundle").is_dir():
        return None
    base = run / "evaluations" / Path(first).stem
    number, folder = 1, base
    while folder.exists():
        number += 1
        folder = base.with_name(f"{base.name}-{number}")
    return folder
