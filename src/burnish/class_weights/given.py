from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import Field, field_validator

from burnish.class_weights import ClassWeights
from burnish.core.batch import Array
from burnish.core.errors import InputError, unknown
from burnish.core.names import named


class Given(ClassWeights):
    """Weights written down by name, one for every label."""

    values: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = Field(
        description="Label name to weight, 0 or more, such as {ham: 1, spam: 4}; every label must be named."
    )

    @field_validator("values", mode="before")
    @classmethod
    def _names_are_text(cls, values: Any) -> Any:
        """YAML reads `0: 1.5` as a number; label names are text."""
        return named(values)

    def weights(self, names: Sequence[str], counts: Mapping[str, int]) -> Array:
        """float32 [C], exactly as given, also for a label that never occurs.

        Raises:
            InputError: a name that is no label, a label without a weight, or nothing but zeros.
        """
        for name in self.values:
            if name not in names:
                raise unknown("label", name, list(names), place="class_weights.values")
        if missing := [name for name in names if name not in self.values]:
            raise InputError(
                "no weight is given for " + ", ".join(map(repr, missing)),
                expected="a weight for every label: " + ", ".join(names),
                fix="add them; 1 leaves a label as it is, 0 leaves it out of training",
                place="class_weights.values",
            )
        weights = np.array([self.values[name] for name in names], np.float32)
        if not weights.any():
            raise InputError("every weight is 0", fix="give at least one label a weight", place="class_weights.values")
        return weights
