"""What the head of a checkpoint answers, as its configuration names it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

_NUMBERED = re.compile(r"LABEL_\d+")


def stored_label_names(folder: Path) -> tuple[str, ...]:
    """Names in the order of the logits: `id2label`, or `label_names` of timm and burnish; empty where none are stated.

    Names that the library numbered itself (`LABEL_0`) say nothing and are none.
    """
    try:
        config: Any = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ()  # `Model.build` says what is wrong
    if not isinstance(config, dict):
        return ()
    named, listed = config.get("id2label"), config.get("label_names")
    if isinstance(named, dict) and all(str(key).isdigit() for key in named):
        names = tuple(str(named[key]) for key in sorted(named, key=int))
    else:
        names = tuple(map(str, listed)) if isinstance(listed, list) else ()
    return () if all(_NUMBERED.fullmatch(name) for name in names) else names
