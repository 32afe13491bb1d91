"""Tiny bundles made by burnish 0.7.0 (commit 8a7f4d8): run with PYTHONPATH on a checkout of that version.

The arguments are a folder, and which to make: label labels score tags images sounds. Weights are random, trained for one
epoch on rows that are made up.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

from tests import sound_cases, vision_cases
from tests.checkpoints import tiny_checkpoint
from tests.image_cases import folder_of_rows
from tests.integration import tiny_runs

import burnish

out = Path(sys.argv[1])


def small_bert(folder):
    """The tests' tiny checkpoint with a quarter of the weights."""
    from transformers import AutoConfig, AutoModel

    tiny_checkpoint(folder)
    config = AutoConfig.from_pretrained(folder)
    config.update({"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32})
    config.update({"max_position_embeddings": 40})
    AutoModel.from_config(config).save_pretrained(folder)
    return folder


work = Path(tempfile.mkdtemp())
QUICK = {**tiny_runs.quick(), "epochs": 1}


def keep(name, run, rows):
    shutil.copytree(run / "bundle", out / name / "bundle", dirs_exist_ok=True)
    shutil.copy(run / "predictions.parquet", out / name / "predictions.parquet")
    shutil.copy(run / "recipe.yaml", out / name / "recipe.yaml")
    model = burnish.load(run / "bundle")
    answers = [{"answer": a.answer, "probabilities": a.probabilities} for a in model(rows)]
    (out / name / "answers.json").write_text(json.dumps({"rows": rows, "answers": answers}, indent=1))


for task in sys.argv[2:]:
    rows = tiny_runs.rows(task)
    folder = work / task
    folder.mkdir()
    if task == "images":
        data = folder_of_rows(tiny_runs.rows("label"), folder / "data")
        recipe = {
            "data": str(data),
            "input": {"kind": "image", "size": 32},
            "target": {"kind": "label"},
            "model": {"kind": "timm", "name": str(vision_cases.checkpoint("timm_resnet"))},
        }
        shown = [{"image": r["image"]} for r in rows[:3]]
    elif task == "sounds":
        data = sound_cases.folder_of_rows(tiny_runs.rows("label"), folder / "data")
        from tests import audio_cases

        recipe = {
            "data": str(data),
            "input": {"kind": "audio", "seconds": 0.3},
            "target": {"kind": "label"},
            "model": {"kind": "transformers", "name": str(audio_cases.checkpoint("wav2vec2"))},
        }
        shown = [{"audio": r["audio"]} for r in rows[:3]]
    else:
        data = folder / "rows.jsonl"
        data.write_text("\n".join(map(json.dumps, rows)))
        column = {"label": "label", "labels": "labels", "score": "score", "tags": "tags"}[task]
        recipe = {
            "data": str(data),
            "target": {"kind": task, "column": column},
            "input": {"kind": "tokens", "column": "words"} if task == "tags" else {"kind": "text", "columns": ["text"]},
            "model": {"name": str(small_bert(folder / "bert"))},
        }
        shown = [{k: r[k] for k in (("words",) if task == "tags" else ("text",))} for r in rows[:4]]
    burnish.train({**recipe, **QUICK}, out=folder / "run")
    keep(task, folder / "run", shown)
