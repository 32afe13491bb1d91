"""What exports were measured: export.json, and the section of the report."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from burnish.bundle.bundle import Bundle
from burnish.core.files import write_json
from burnish.report import exports as report_exports
from burnish.stages.environment import versions

EXPORTS = "export.json"


def write_table(
    bundle: Bundle,
    out: Path | None,
    rows: list[dict[str, Any]],
    *,
    metric: str,
    bound: float,
    written: bool | str = False,
) -> dict[str, Any]:
    """export.json and the section of the report; rows of earlier exports of other names are kept.

    Args:
        bundle: what was exported.
        out: the folder of the artifacts; None: the bundle's own.
        rows: one for each format, the trained model first.
        metric, bound: by what they were judged.
        written: whether the model writes texts; of a model that transcribes `transcripts`.

    Returns:
        What export.json holds.
    """
    import torch

    threads = int(os.environ.get("OMP_NUM_THREADS") or torch.get_num_threads())
    at = out or (bundle.path.parent if bundle.path.name == "bundle" else None)
    path = at / EXPORTS if at is not None else None
    earlier = []
    if path is not None and path.is_file():
        names = {row["name"] for row in rows}
        known = json.loads(path.read_text(encoding="utf-8"))["rows"]
        earlier = [row for row in known if row["name"] not in names]
    first, rest = rows[0], rows[1:]
    result: dict[str, Any] = {"metric": metric, "bound": bound, "threads": threads, "rows": [first, *earlier, *rest]}
    result |= {"written": written} if written else {}
    result["made_by"] = versions()
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, result)
        report_exports.write(path.parent, result)
    return result
