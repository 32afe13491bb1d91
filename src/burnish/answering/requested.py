"""What one request asks of decoding, beside what the bundle was tested with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, cast

from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.decoders import Decoder

_OF_DRAWS = ("temperature", "top_k", "top_p", "min_p")
_PENALTIES = ("repetition_penalty", "frequency_penalty", "presence_penalty", "logit_bias")


@dataclass(frozen=True)
class Decoding:
    """Settings of one request; None is as the bundle has it. They mean what the fields of decoder `sampling` mean.

    Attributes:
        temperature, top_k, top_p, min_p: of draws; any of them makes a bundle draw that has another decoder, at
            temperature 1 where none is given.
        repetition_penalty, frequency_penalty, presence_penalty, logit_bias: what changes logits; they alone make no
            bundle draw: one with another decoder then writes the most probable token each time.
        seed: of the draws.
        max_new_tokens: after which the answer is cut off.
        stop: texts that end it, instead of the bundle's.
        json_schema: that it is JSON of, or True for any JSON; False: held to none, whatever the bundle has.
        before_json, behind_json: token ids around it.
    """

    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logit_bias: Mapping[int, float] | None = None
    seed: int | None = None
    max_new_tokens: int | None = None
    stop: Sequence[str] | None = None
    json_schema: dict[str, Any] | bool | None = None
    before_json: Sequence[int] | None = None
    behind_json: Sequence[int] | None = None

    @classmethod
    def of(cls, asked: Mapping[str, Any]) -> Decoding:
        """By name.

        Raises:
            InputError: there is no such setting.
        """
        names = [field.name for field in fields(cls)]
        for name in asked:
            if name not in names:
                raise InputError(f"unknown setting {name!r}", expected="one of " + ", ".join(names), place="decoder")
        return cls(**asked)

    def decoder(self, usual: Decoder) -> Decoder:
        """The decoder of this request.

        Args:
            usual: that of the bundle.

        Raises:
            InputError: a setting out of its bounds, or a decoder that writes nothing token by token.
        """
        if usual.reads != "steps":
            raise InputError(
                f"decoder {usual.kind()!r} does not write token by token",
                expected="a bundle whose answers are generated, such as one of task instruction-tuning",
            )
        asked = {field.name: value for field in fields(self) if (value := getattr(self, field.name)) is not None}
        if not asked:
            return usual
        kept: dict[str, Any] = {"kind": usual.kind(), **usual.model_dump()}
        if usual.kind() != "sampling":
            seed = asked.pop("seed", 0)
            if any(name in asked for name in (*_OF_DRAWS, *_PENALTIES)):
                if not any(name in asked for name in _OF_DRAWS):
                    asked["temperature"] = 0.0
                shared: dict[str, Any] = {
                    name: kept[name] for name in ("max_new_tokens", "stop", "json_schema", "grammar") if name in kept
                }
                kept = {"kind": "sampling", **shared, "seed": seed}
        for name in ("stop", "before_json", "behind_json"):
            if name in asked:
                asked[name] = list(asked[name])
        return cast("Decoder", build("burnish.decoders", {**kept, **asked}, place="decoder"))
