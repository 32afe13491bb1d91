"""One window of a text: its beginning, its end, or both."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from burnish.long import Long, Ranges


class Truncate(Long):
    """Reads as much of a text as the network reads at once: its beginning, its end, or some of both.

    Beginning and end together: Sun et al. 2019, arXiv 1905.05583, who kept 128 tokens of the beginning and 382 of the end.
    """

    off: ClassVar[dict[str, Any]] = {"keep": "head"}
    keep: Literal["head", "tail", "head_and_tail"] = Field(
        "head", description="What is kept of a text that is too long."
    )
    head_share: float = Field(
        0.25, gt=0, lt=1, description="With head_and_tail, the share of the tokens that the beginning gets."
    )

    def reading(self, processor: Any) -> Any:
        """The tokens that are kept, one behind the other between the special tokens; all of texts that are short."""
        from burnish.media.text.windows import in_windows

        if self.is_off or processor.max_length is None:
            return processor
        return in_windows(processor, processor.max_length, self.places, several=False)

    def places(self, count: int, room: int) -> list[Ranges]:
        """As `Windowed.places`: the one window."""
        if count <= room:
            return [[(0, count)]]
        head = {"head": room, "tail": 0, "head_and_tail": round(self.head_share * room)}[self.keep]
        return [[(start, end) for start, end in ((0, head), (count - room + head, count)) if end > start]]
