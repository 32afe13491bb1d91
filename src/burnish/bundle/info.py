"""The verb `info`: what is in a run or bundle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table

from burnish.bundle.files import SETTINGS, read_settings, require_whole
from burnish.bundle.signature import TRUST, is_signed, require_signed, trusted
from burnish.core.errors import InputError, nearest
from burnish.core.files import read_json
from burnish.core.written import as_written


def describe(path: Path) -> RenderableType:
    """Task, model, labels, data, scores and files of a run or bundle.

    Raises:
        InputError: neither a run nor a bundle, a damaged bundle (its files are named), or one that no trusted key signed
            where such keys are named.
    """
    bundle = path / "bundle" if (path / "bundle" / "bundle.json").is_file() else path
    if (bundle / "bundle.json").is_file():
        return Group(_bundle(bundle), _run(path)) if bundle != path else _bundle(bundle)
    if (path / "recipe.yaml").is_file():
        return _run(path)
    if not path.exists():
        guess = nearest(path.name, [p.name for p in path.parent.iterdir()]) if path.parent.is_dir() else ""
        fix = f"did you mean {str(path.parent / guess)!r}?" if guess else ""
        raise InputError("no such folder", expected="a run or a bundle", fix=fix, place=str(path))
    raise InputError("neither a run nor a bundle", expected="a folder with recipe.yaml or bundle.json", place=str(path))


def _bundle(path: Path) -> Table:
    signature = _signature(path)
    require_whole(path)
    settings = read_settings(path)
    with as_written(path / SETTINGS, SETTINGS):
        return _described(path, settings, signature)


def _described(path: Path, settings: dict[str, Any], signature: str) -> Table:
    target = settings["target"]
    names = target.get("labels") or []
    table = _table(f"bundle {path}")
    table.add_row("task", settings["task"])
    table.add_row("model", f"{settings['model']['name']} ({settings['model']['kind']})")
    if (licence := settings.get("licence")) is not None:
        table.add_row("licence of the weights", str(licence.get("name")))
    table.add_row("adapter", settings["recipe"]["adapter"]["kind"])
    table.add_row("input", json.dumps(settings["input"], ensure_ascii=False))
    table.add_row("target", f"{target['kind']} from column {target['column']!r}")
    if names:
        shown = ", ".join(names[:20]) + (f" ... ({len(names)} in all)" if len(names) > 20 else "")
        table.add_row("labels", shown)
    for name, split in settings["data"].items():
        table.add_row(f"{name} data", f"{split['rows']:,} rows of " + ", ".join(f["path"] for f in split["files"]))
    for name, metric in settings.get("scores", {}).get("metrics", {}).items():
        table.add_row(f"{settings['scores']['split']} {name}", _score(metric))
    table.add_row("files", f"whole, {_size(path)}")
    table.add_row("signature", signature)
    return table


def _signature(path: Path) -> str:
    """What is known of a bundle's signature; checked first, as nothing of a bundle is read that is not trusted."""
    keys = trusted()
    if keys:
        require_signed(path, keys)
        return "valid, by a key that is trusted"
    return f"there, not checked: {TRUST} names no public key" if is_signed(path) else "none"


def _score(metric: dict[str, Any]) -> str:
    if metric.get("value") is None:
        return "not defined"
    between = f" ({metric['low']:.4f} to {metric['high']:.4f})" if metric.get("low") is not None else ""
    return f"{metric['value']:.4f}{between}"


def _run(path: Path) -> Table:
    table = _table(f"run {path}")
    steps = sorted(p.name for p in (path / "checkpoints").glob("step-*"))
    table.add_row("checkpoints", ", ".join(steps) or "none")
    if (path / "best.json").is_file():
        best = read_json(path / "best.json")
        table.add_row("best", f"step {best['step']}, {best['metric']} {best['value']:.4f}")
    if (path / "scores.json").is_file():
        training = read_json(path / "scores.json").get("training", {})
        table.add_row("training", f"{training.get('seconds', 0):.0f} s in steps; stopped: {training.get('stopped')}")
    else:
        table.add_row("state", f"not finished; continue with `burnish train --resume --out {path}`")
    table.add_row("files", ", ".join(sorted(p.name for p in path.iterdir())))
    return table


def _table(title: str) -> Table:
    table = Table(title=title, title_justify="left", show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    return table


def _size(path: Path) -> str:
    return f"{sum(p.stat().st_size for p in path.rglob('*') if p.is_file()) / 2**20:.1f} MiB"
