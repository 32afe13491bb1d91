"""The licence of a checkpoint, as its card states it: what is trained from weights is bound by their licence."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CARD, BUNDLE = "README.md", "bundle.json"
FREE = ("apache-2.0", "mit", "bsd", "bsd-2-clause", "bsd-3-clause", "cc-by-4.0", "cc0-1.0", "isc", "unlicense", "zlib")
"""Those that allow any use and ask for no more than to be named."""


@dataclass(frozen=True)
class Licence:
    """What a card says.

    Attributes:
        name: as it is written there, such as `cc-by-nc-4.0`; `other` with a name of its own behind it.
        link: where its text is; empty where the card does not say.
    """

    name: str
    link: str = ""

    @property
    def free(self) -> bool:
        """Whether it is one of `FREE`."""
        return self.name in FREE

    @property
    def sentence(self) -> str:
        """What it means for who fine-tunes the checkpoint."""
        parts = self.name.split("-")
        limits = [
            word for mark, word in (("nc", "commercial use"), ("nd", "passing on changed weights")) if mark in parts
        ]
        forbids = f", which forbids {' and '.join(limits)}" if limits else ", whose text says what is allowed"
        where = f" ({self.link})" if self.link else ""
        said = f"the weights' licence is {self.name}{where}{'' if self.free else forbids}"
        return f"{said}; it holds for the fine-tuned weights as well"

    def plain(self) -> dict[str, str]:
        """As bundle.json keeps it."""
        return {"name": self.name, **({"link": self.link} if self.link else {})}


def licence_of(folder: Path) -> Licence | None:
    """The licence of the checkpoint in a folder, or of the one that a bundle was trained from; None where none is stated."""
    stated = card_of(folder) or _kept(folder.parent / BUNDLE)
    name, link = stated.get("license") or stated.get("name"), stated.get("license_link") or stated.get("link") or ""
    if isinstance(name, list):
        name = ", ".join(map(str, name))
    if not isinstance(name, str) or not name.strip():
        return None
    own = stated.get("license_name")
    called = f"other: {own}" if name == "other" and isinstance(own, str) else name.strip()
    return Licence(called, link if isinstance(link, str) else "")


def card_of(folder: Path) -> dict[str, Any]:
    """What stands between the first two lines of dashes of a checkpoint's card; nothing where there is none that can be read."""
    try:
        text = (folder / CARD).read_text(encoding="utf-8")
        if not text.startswith("---"):
            return {}
        found = yaml.safe_load(text.split("---", 2)[1])
    except (OSError, UnicodeDecodeError, yaml.YAMLError, IndexError):
        return {}
    return found if isinstance(found, dict) else {}


def _kept(settings: Path) -> dict[str, Any]:
    try:
        found = json.loads(settings.read_text(encoding="utf-8")).get("licence")
    except (OSError, ValueError, AttributeError):
        return {}
    return found if isinstance(found, dict) else {}
