"""A bundle of a tiny network over event tokens, untrained: held to their orders, it writes MIDI files that say nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from burnish.answering.opening import write
from burnish.bundle import bundle as bundles
from burnish.core.component import build
from burnish.decoders import Decoder
from burnish.inputs.music_file import MusicFile
from burnish.models.transformers import Transformers
from burnish.runtimes.torch import computing
from burnish.targets.midi import Midi
from tests.midi_cases import configuration

CAPTION = "a waltz in D"


def midi_bundle(folder: Path, *, caption: str = "caption") -> Path:
    """The bundle, in a new folder; `caption`: the column that asks, empty for none."""
    place = configuration(folder.parent / f"{folder.name}-network", "gpt2")
    how = cast(Decoder, build("burnish.decoders", {"kind": "sampling", "max_new_tokens": 80}))
    input_, target = MusicFile(caption=caption).whole(), Midi(column="music")
    model: dict[str, Any] = {"name": str(place), "random_weights": True}
    network = Transformers(**model).build(input_, target, seed=0)
    row = {"caption": CAPTION} if caption else {"music": {"events": ["Bar_None"]}}
    facts: dict[str, Any] = {"task": "midi-generation", "recipe": {}}
    parts = (input_, target, input_.processor(place), {"kind": "transformers", **model}, facts, "# tiny", [row], how)
    write(folder, bundles.Contents(network.save, *parts), computing(network, how))
    return folder
