"""Changed recordings still have room for their texts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np

from burnish.core.component import build
from burnish.data.augmentations import Augmentation
from burnish.media.transcript.vocabulary import Spelling
from tests import recogniser_cases


def test_a_faster_recording_without_frames_for_its_text_stays_as_it_is(tmp_path: Path) -> None:
    """One infinite loss would leave out the step of all rows."""
    second = cast(Spelling, recogniser_cases.heard("ctc", tmp_path).processor.for_target).frames(recogniser_cases.RATE)
    rows = recogniser_cases.rows([("ET" * second)[:second], "ROPE"], [1.0, 1.0])
    heard = recogniser_cases.heard("ctc", tmp_path, rows)
    spelling = cast(Spelling, heard.processor.for_target)
    change = cast(Augmentation, build("burnish.data.augmentations", {"kind": "audio_light", "shift": 0.0}))
    loader = replace(heard.loader, augmentation=change)
    lengths = []
    for epoch in range(8):
        encoded = loader.encoded(np.arange(2), epoch)
        lengths.append([spelling.frames(int(row["_samples"])) for row in encoded])
    assert all(full >= second for full, _ in lengths)
    assert any(full > second for full, _ in lengths), "slower ones are changed"
    assert any(short < second for _, short in lengths), "a text with room is learned from a faster one too"
