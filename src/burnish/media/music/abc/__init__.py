"""ABC, the letters that folk tunes are written in, as the standard 2.1 has it: reading, checking, writing, transposing."""

from burnish.media.music.abc.reading import problems, read, tunes_in
from burnish.media.music.abc.transposing import transposed
from burnish.media.music.abc.writing import write

__all__ = ["problems", "read", "transposed", "tunes_in", "write"]
