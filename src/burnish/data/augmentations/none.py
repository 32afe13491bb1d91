"""No augmentation."""

from __future__ import annotations

from typing import Any, ClassVar

from burnish.data.augmentations import Augmentation


class NoAugmentation(Augmentation):
    """Training examples as they are: read exactly as validation examples are."""

    changes: ClassVar[bool] = False

    def __call__(self, value: Any, seed: int) -> Any:
        """The value itself."""
        return value
