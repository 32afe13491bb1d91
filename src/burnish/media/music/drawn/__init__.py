"""Pictures of tunes as SVG: a piano roll, and notes on staves. Text that every browser shows, without a library."""

from burnish.media.music.drawn.piano_roll import piano_roll
from burnish.media.music.drawn.staff import staff

__all__ = ["piano_roll", "staff"]
