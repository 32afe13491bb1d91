"""Pictures and sounds of rows, for a page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from burnish.core.errors import InputError
from burnish.data.table import Table
from burnish.inputs import FromFiles, Input
from burnish.media.picture.reading import decoded as picture_of
from burnish.media.sound.reading import decoded as sound_of

SIDE = 160
SECONDS = 5.0

Media = tuple[str, Any]
"""`picture` with uint8 [H, W, 3], or `sound` with samples of its beginning, rate, and seconds of the whole."""


def pictured_or_heard(input: Input) -> Callable[[Table, int], Media | None] | None:
    """What shows the file of a row; None for rows that are no pictures and no sounds."""
    if not isinstance(input, FromFiles) or input.thing not in ("image", "sound"):
        return None

    def media(table: Table, number: int) -> Media | None:
        """None where the file cannot be read."""
        example = table.arrow.slice(number, 1).select(list(input.required_columns)).to_pylist()[0]
        file = input.file(example)
        try:
            data = file.read_bytes() if isinstance(file, Path) else file
            if data is None:
                return None
            return _picture(data) if input.thing == "image" else _sound(data)
        except (InputError, OSError):
            return None
        except Exception:  # PIL raises many kinds for broken files; the audit names them
            return None

    return media


def _picture(data: bytes) -> Media:
    import numpy as np

    picture = picture_of(data)
    scale = SIDE / max(picture.size)
    if scale < 1:
        picture = picture.resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale))))
    return "picture", np.asarray(picture)


def _sound(data: bytes) -> Media:
    waveform, rate = sound_of(data)
    return "sound", (waveform[: int(SECONDS * rate)], rate, len(waveform) / rate)
