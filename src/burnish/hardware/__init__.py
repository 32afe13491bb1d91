"""Hardware: what compilers of NPUs and FPGAs take: operators, number formats, opset. One file a target, from its vendor's list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, Field

from burnish.core.component import Component

PAIR = ("QuantizeLinear", "DequantizeLinear")
"""The two operators that say how numbers are quantised: the format itself, which every target here reads."""
LISTED = 8  # names of operators that a sentence shows


def listed(names: str) -> frozenset[str]:
    """The operators that a text names, with spaces between them."""
    return frozenset(names.split())


class Form(BaseModel, frozen=True, extra="forbid"):
    """How integers have to look for a piece of hardware."""

    activations: Literal["uint8", "int8"] = Field("uint8", description="Type of activations.")
    symmetric: bool = Field(False, description="Zero of activations is the integer 0 (int8) or 128 (uint8).")
    per_channel: bool = Field(True, description="A scale for each output channel of the weights.")
    one_scale: tuple[str, ...] = Field(
        (), description="Kinds of operators whose weights nevertheless have one scale, and no sign (uint8)."
    )
    power_of_two: bool = Field(False, description="Scales are powers of two: shifts instead of multiplications.")
    operators: tuple[str, ...] = Field((), description="Kinds of operators that are quantised.")
    floats: bool = Field(False, description="What is not quantised runs there as well, in half precision.")


@dataclass(frozen=True)
class Operator:
    """One operator of a finished graph.

    Attributes:
        name, kind: of its node; kinds of other domains than ONNX's own have the domain before a colon.
        shape: of its first output; 0 where a size is not fixed.
        multiplications: multiply-accumulates for one batch; 0 for all but products and convolutions.
        constant: whether its second input is a constant, such as the weights of a fully connected layer.
        quantised: whether it reads integers; also true of what computes no floating point at all.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    multiplications: int
    constant: bool
    quantised: bool


@dataclass(frozen=True)
class Fit:
    """How a graph fits a piece of hardware.

    Attributes:
        hardware: kind of it.
        counts: how many operators of each kind the graph has, without the quantise-dequantise pairs.
        multiplications: multiply-accumulates of the whole graph.
        fallback: operators it does not take: `operator`, `why`, `count`, `nodes`, `multiplications`, `share` of all.
    """

    hardware: str
    counts: dict[str, int]
    multiplications: int
    fallback: list[dict[str, Any]]

    @property
    def share(self) -> float:
        """What part of the multiply-accumulates the hardware does not take, 0 to 1."""
        lost = sum(int(row["multiplications"]) for row in self.fallback)
        return lost / self.multiplications if self.multiplications else 0.0

    def sentence(self) -> str:
        """What is not taken, in words; empty where everything is."""
        if not self.fallback:
            return ""
        shown = [f"{row['count']} {row['operator']} ({row['why']})" for row in self.fallback[:LISTED]]
        more = f" and {len(self.fallback) - LISTED} more kinds" if len(self.fallback) > LISTED else ""
        return f"{self.hardware} does not take {', '.join(shown)}{more}: {self.share:.1%} of the multiply-accumulates"


class Hardware(Component):
    """A piece of hardware and its compiler, as the vendor's list describes them.

    Class attributes:
        source: the vendor's page the list is from, with its version and date.
        operators: kinds of ONNX operators on that list.
        opset: of the graphs that are written for it: one its compiler reads, without operators it does not know.
        form: how integers have to look.
    """

    axis: ClassVar[str] = "burnish.hardware"
    source: ClassVar[str] = ""
    operators: ClassVar[frozenset[str]] = frozenset()
    opset: ClassVar[int] = 18
    form: ClassVar[Form] = Form()

    def refuses(self, operator: Operator) -> str:
        """Why the hardware does not take an operator; empty where it does."""
        if operator.kind in PAIR:
            return ""
        if operator.kind not in self.operators:
            return "not on its list"
        return "" if operator.quantised or self.form.floats else "not quantised"

    def fit(self, operators: Sequence[Operator]) -> Fit:
        """Compare every operator of a graph with what the hardware takes; those with most work come first."""
        total = sum(o.multiplications for o in operators)
        groups: dict[tuple[str, str], list[Operator]] = {}
        for operator in operators:
            if why := self.refuses(operator):
                groups.setdefault((operator.kind, why), []).append(operator)
        rows = []
        for (kind, why), group in groups.items():
            work = sum(o.multiplications for o in group)
            row = {"operator": kind, "why": why, "count": len(group), "nodes": [o.name for o in group]}
            rows.append({**row, "multiplications": work, "share": work / total if total else 0.0})
        rows.sort(key=lambda r: (-int(str(r["multiplications"])), -int(str(r["count"])), str(r["operator"])))
        counts = Counter(o.kind for o in operators if o.kind not in PAIR)
        return Fit(self.kind(), dict(sorted(counts.items())), total, rows)

    def quantised_form(self) -> Form:
        """The form, with the operators that are to be quantised: all on the list."""
        return self.form.model_copy(update={"operators": tuple(sorted(self.operators))})
