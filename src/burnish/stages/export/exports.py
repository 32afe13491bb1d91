"""What every export of a bundle begins with, and where its artifacts go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from burnish.bundle import artifacts
from burnish.bundle.bundle import Bundle
from burnish.bundle.files import MODEL
from burnish.bundle.signature import is_signed
from burnish.core.component import build
from burnish.core.ensemble import read
from burnish.core.errors import InputError
from burnish.core.files import folder_aside
from burnish.exporters import Exportable, Exporter
from burnish.stages.environment import versions
from burnish.stages.held_out import HeldOut
from burnish.targets import Generative

Say = Callable[[str], None]


class Exports:
    """One export of a bundle: the trained network, and where artifacts go.

    Args:
        bundle: what is exported.
        held: its splits.
        out: a folder for artifacts; None: the bundle's own.
        say: told what is being done.
    """

    def __init__(self, bundle: Bundle, held: HeldOut, out: Path | None, say: Say) -> None:
        self.bundle, self.held, self.out, self.say = bundle, held, out, say
        loader: Any = build("burnish.models", {"kind": bundle.model["kind"]})
        self.network = (
            read(bundle.path / MODEL, lambda place: loader.load(place, bundle.input, bundle.target)).float().eval()
        )

    @property
    def trained_bytes(self) -> int:
        """Of the trained weights."""
        return sum(p.stat().st_size for p in (self.bundle.path / MODEL).rglob("*.safetensors"))

    def beside(self) -> Path:
        """The folder in which artifacts are made, on the disk where they will lie."""
        place = (self.out or self.bundle.path).parent
        place.mkdir(parents=True, exist_ok=True)
        return place

    def kept(self, name: str) -> AbstractContextManager[Path]:
        """A folder to fill, which becomes the artifact of this name when it is complete."""
        return folder_aside(self.out / name) if self.out else artifacts.adding(self.bundle.path, name)

    def exportable(self, network: Any, bundle: Bundle) -> Exportable:
        """A network with a batch of two training rows, as `bundle` reads them.

        Raises:
            InputError: there are fewer.
        """
        batch = next(self.held.batches(self.held.limited("train", 2), 2, bundle), None)
        if batch is None:
            raise InputError("fewer than two training examples", expected="two, to export with")
        target = bundle.target
        ends = target.ends(bundle.processor) if isinstance(target, Generative) else None
        return Exportable(network, bundle.path / MODEL, bundle.input, target, batch, bundle.processor.limit, ends)


def facts_of(exporter: Exporter, told: dict[str, Any]) -> dict[str, Any]:
    """What is kept of an artifact: by what it was made, and what that told."""
    settings = exporter.model_dump(mode="json")
    return {"format": exporter.runtime, "exporter": settings, "made_by": versions(), **told}


@contextmanager
def telling_of_signature(bundle: Bundle, say: Say) -> Iterator[None]:
    """Says afterwards where a bundle was signed and is so no more."""
    signed = is_signed(bundle.path)
    yield
    if signed and not is_signed(bundle.path):
        say("the bundle's signature was removed, as the bundle has changed: sign it again (burnish sign)")
