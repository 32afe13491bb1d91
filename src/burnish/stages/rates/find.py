"""The verb `find-rate`: a run is assembled, its rate is raised until the loss explodes, and one is suggested."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from burnish.core.errors import InputError
from burnish.recipe.recipe import Recipe
from burnish.report.rates import range_picture
from burnish.stages.prepare.prepare import prepare
from burnish.stages.rates._notes import notes_to
from burnish.stages.train.assemble import assemble
from burnish.training.accelerator import Accelerator
from burnish.training.range_test import RangeTest, range_test


@dataclass(frozen=True)
class FoundRate:
    """What the test found, beside the rate that the recipe would take.

    Attributes:
        test: what was measured.
        usual: the recipe's own rate, named or by default.
    """

    test: RangeTest
    usual: float

    def lines(self) -> list[str]:
        """It in words."""
        test = self.test
        lines = [f"{len(test.rates)} steps from {test.rates[0]:.2g} to {test.rates[-1]:.2g}: {test.ended}"]
        if test.suggested is None:
            lines.append(
                "the loss never fell by 2 %, so no rate is suggested: more steps, or a closer look at the data"
            )
        else:
            lines.append(f"suggested: learning_rate={test.suggested:.2g}")
            lines.append(
                f"the smoothed loss falls fastest at {test.steepest:.2g} and is lowest at {test.lowest:.2g}; suggested is the "
                "first, or a tenth of the second where that is less"
            )
        lines.append(f"without a rate, this recipe trains at {self.usual:.2g}")
        return lines


def find(
    recipe: Recipe, say: Callable[[str], None], *, steps: int, lowest: float, highest: float, picture: Path
) -> FoundRate:
    """Assemble a run as `train` does, without a folder, and test rates on its first training rows.

    Args:
        recipe: as for `train`; its schedule plays no part.
        say: told what `train` would tell.
        steps, lowest, highest: of the test.
        picture: a PNG that is written.

    Raises:
        InputError: rates or steps that make no test; or whatever `train` would refuse.
    """
    if not 0 < lowest < highest or not math.isfinite(highest):
        raise InputError(f"rates from {lowest:g} to {highest:g}", expected="two rates above 0, the lower one first")
    if steps < 10:
        raise InputError(f"{steps} steps", expected="10 or more: a slope is read from them", place="--steps")
    accelerator = Accelerator(recipe.device, recipe.precision)
    prepared = prepare(recipe, notes_to(say), accelerator)
    assembled = assemble(prepared, accelerator, say)
    with closing(assembled.batches.reading):
        found = range_test(assembled.training, steps=steps, lowest=lowest, highest=highest)
    if not found.rates:
        raise InputError(
            f"{found.ended}, at the first step",
            expected="a loss to begin with",
            fix="a lower --lowest",
            place="find-rate",
        )
    range_picture(found.rates, found.losses, found.smoothed, picture, suggested=found.suggested)
    return FoundRate(found, prepared.recipe.learning_rate)
