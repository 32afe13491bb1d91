"""AugMix."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from burnish.data.augmentations._pictures import INTENSITY, Geometry
from burnish.data.augmentations._policies import applied

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

_MOVING = ("shear_x", "shear_y", "translate_x", "translate_y", "rotate")
_ALL = (*_MOVING, "posterize", "solarize", "autocontrast", "equalize")


class AugMix(Geometry):
    """Several chains of operations mixed with the picture itself, after crop and mirroring (Hendrycks et al., 2020).

    arXiv:1912.02781, without its consistency loss. Road signs, digits and letters: `horizontal_flip: false`. X-rays:
    `intensity: false` too.
    """

    greatest: ClassVar[dict[str, float]] = {
        "shear_x": 0.3, "shear_y": 0.3, "translate_x": 1 / 3, "translate_y": 1 / 3, "rotate": 30.0, "posterize": 4.0,
    }  # fmt: skip
    chains: int = Field(3, ge=1, le=10, description="Chains that are mixed.")
    depth: int = Field(3, ge=1, le=10, description="Most operations of a chain.")
    severity: float = Field(3.0, gt=0, le=10, description="Greatest strength of an operation, of 10.")
    alpha: float = Field(1.0, gt=0, description="Of the Dirichlet and Beta distributions of the shares.")
    intensity: bool = Field(True, description=INTENSITY)

    def policy(self, picture: Picture, random: np.random.Generator) -> Picture:
        """The mixture."""
        from PIL import Image as Pillow

        names = _ALL if self.intensity else _MOVING
        shares = random.dirichlet([self.alpha] * self.chains)
        weight = float(random.beta(self.alpha, self.alpha))
        original = np.asarray(picture, np.float32)
        mixed = np.zeros_like(original)
        for share in shares:
            chain = picture
            for which in random.integers(0, len(names), int(random.integers(1, self.depth + 1))):
                strength = float(random.uniform(0.1, self.severity)) / 10 if self.severity > 0.1 else self.severity / 10
                chain = applied(names[which], chain, strength, self.greatest, random)
            mixed += np.float32(share) * np.asarray(chain, np.float32)
        values = np.float32(1 - weight) * original + np.float32(weight) * mixed
        return Pillow.fromarray(np.clip(values.round(), 0, 255).astype(np.uint8))
