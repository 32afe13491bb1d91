"""A bundle of a tiny language model that writes tunes, untrained: held to the grammar, it writes valid ones that say nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from burnish.answering.opening import write
from burnish.bundle import bundle as bundles
from burnish.core.component import build
from burnish.decoders import Decoder
from burnish.inputs.tune_caption import TuneCaption
from burnish.media.chat.conversation import COLUMN
from burnish.media.music.asked_tunes import AskedTune, Headed
from burnish.models.transformers import Transformers
from burnish.runtimes.torch import computing
from burnish.targets.tune import Tune
from tests.checkpoints import chat_checkpoint
from tests.musical_cases import REEL

CAPTION = "A reel in D major, 4/4 time."


def tune_bundle(folder: Path, header: Headed = "given", **decoder: Any) -> Path:
    """The bundle, in a new folder; `decoder`: settings beside those of drawn tokens."""
    place = chat_checkpoint(folder.parent / f"{folder.name}-weights", "qwen2", texts=[REEL])
    settings = {"kind": "sampling", "grammar": "abc", "max_new_tokens": 120, "temperature": 1.5, **decoder}
    how = cast(Decoder, build("burnish.decoders", settings))
    input_, target = TuneCaption(header=header, reply_room=130), Tune(header=header)
    network = Transformers(name=str(place)).build(input_, target, seed=0)
    row = {COLUMN: AskedTune(CAPTION, REEL).conversation(header).to_text()}
    facts = {"task": "music-generation", "recipe": {}}
    model = {"kind": "transformers", "name": str(place)}
    parts = (input_, target, input_.processor(place), model, facts, "# tiny", [row], how)
    write(folder, bundles.Contents(network.save, *parts), computing(network, how))
    return folder
