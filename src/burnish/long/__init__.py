"""Long inputs: what becomes of a row that is longer than the network reads at once. One file a way."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from burnish.core.component import Component
from burnish.core.errors import InputError

Ranges = Sequence[tuple[int, int]]
"""Elements of a row that stand in one window: from each first to before each last."""
JoiningKind = Literal["mean", "max", "noisy_or", "attention", "transformer"]


class Long(Component):
    """What becomes of a row that is longer than the network reads at once."""

    axis: ClassVar[str] = "burnish.long"
    of: ClassVar[str] = "text"
    """What rows must be read as (`Augmentable.read_as`)."""
    of_pairs: ClassVar[bool] = False
    """Whether it leaves rows as one piece from the beginning, so that pairs of texts and whole graphs go with it."""
    off: ClassVar[dict[str, Any]] = {}
    """Settings with which it does what happens without it: the beginning of a row is read."""

    @property
    def is_off(self) -> bool:
        """Whether it does what happens without it."""
        return bool(self.off) and all(getattr(self, name) == value for name, value in self.off.items())

    @property
    def joined_by(self) -> JoiningKind | None:
        """How what the network says of the windows of a row becomes one; None: a row is one window."""
        return None

    @abstractmethod
    def reading(self, processor: Any) -> Any:
        """The processor that reads rows so, of the one that reads their beginnings.

        Raises:
            InputError: the checkpoint cannot read so.
        """


class Windowed(Long):
    """A row is read in windows of tokens, each by itself; the row stays one example, of one weight, in one split."""

    window: int | None = Field(
        None, ge=8, description="Tokens of a window, special tokens included; null: what the checkpoint reads at once."
    )
    stride: int | None = Field(
        None, ge=1, description="Tokens from one window's beginning to the next; null: three quarters of a window."
    )
    max_windows: int = Field(
        32, ge=1, le=4096, description="Most windows of an example; what is behind them is lost, and said."
    )

    @model_validator(mode="after")
    def _no_gaps(self) -> Windowed:
        if self.window is not None and self.stride is not None and self.stride > self.window - 2:
            raise ValueError(
                f"a stride of {self.stride} leaves tokens out between windows of {self.window}, two of which are special"
            )
        return self

    def reading(self, processor: Any) -> Any:
        """Windows of tokens.

        Raises:
            InputError: the checkpoint reads fewer tokens than a window has, or has no limit and no window is named.
        """
        from burnish.media.text.windows import in_windows

        limit = processor.max_length
        if self.window is not None and limit is not None and self.window > limit:
            raise InputError(
                f"a window of {self.window} tokens, but this checkpoint reads at most {limit}",
                fix=f"set long.window to {limit} or less, or leave it out",
                place="long.window",
            )
        if self.window is None and limit is None:
            raise InputError(
                "this checkpoint reads texts of any length, so how long a window is must be said",
                fix="long.window=512, or long: context",
                place="long.window",
            )
        return in_windows(processor, self.window or limit, self.places, several=True)

    def places(self, count: int, room: int) -> list[Ranges]:
        """The windows of a text.

        They begin `stride` tokens apart. The last one is moved back to the end of the text, so that none is a mere remnant.

        Args:
            count: tokens of the text, special ones not counted.
            room: of a window, likewise.
        """
        step = min(self.stride if self.stride is not None else max(1, round(0.75 * room)), room)
        if count <= room:
            return [[(0, count)]]
        windows = min(self.max_windows, -(-(count - room) // step) + 1)
        starts = (min(number * step, count - room) for number in range(windows))
        return [[(start, start + room)] for start in starts]
