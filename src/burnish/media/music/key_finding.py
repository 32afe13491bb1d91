"""The key that a tune is heard in, whatever it says of itself."""

from __future__ import annotations

import numpy as np

from burnish.media.music.tune import Key, Tune

_PROFILES = {
    "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}
"""How well listeners found the pitch classes above a tonic to fit (Krumhansl and Kessler 1982, doi:10.1037/0033-295X.89.4.334)."""


def heard_key(tune: Tune) -> Key | None:
    """The major or minor key whose profile goes best with how long each pitch class sounds (Krumhansl 1990); None where no
    pitch class sounds longer than another, as without notes. Drums are left out."""
    lengths = np.zeros(12)
    for note in tune.notes:
        if not tune.parts[note.voice].drums:
            lengths[note.pitch % 12] += float(note.length)
    if np.ptp(lengths) == 0:
        return None
    fits = {
        Key(tonic, mode): np.corrcoef(np.roll(profile, tonic), lengths)[0, 1]
        for mode, profile in _PROFILES.items()
        for tonic in range(12)
    }
    return max(fits, key=lambda key: float(fits[key]))
