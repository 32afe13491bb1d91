"""What a request of OpenAI's protocol may hold. What would change the answer and is not done is refused, in words."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from burnish.answering.requested import Decoding
from burnish.server.refusal import Refused

SHOWN = 120  # characters of what was sent that a message repeats
MOST_CHOICES = 16
MOST_OTHERS = 20  # tokens beside each
SEEDS = 2**63 - 1


class StreamOptions(BaseModel):
    """Of a streamed answer."""

    model_config = ConfigDict(extra="ignore", strict=True)
    include_usage: bool | None = None


class Asked(BaseModel):
    """What chats and completions share."""

    model_config = ConfigDict(extra="forbid", strict=True)
    model: str = Field(description="A name of /v1/models.")
    max_tokens: int | None = Field(None, ge=1, description="Tokens after which the answer is cut off.")
    temperature: float | None = Field(None, ge=0, le=2, description="0: the most probable token; null: as tested.")
    top_p: float | None = Field(None, gt=0, le=1)
    top_k: int | None = Field(None, ge=1)
    min_p: float | None = Field(None, ge=0, le=1)
    repetition_penalty: float | None = Field(None, gt=0, le=10)
    seed: int | None = Field(None, description="Of the draws.")
    stop: str | list[str] | None = Field(None, description="Texts that end the answer, up to 16.")
    n: int | None = Field(None, ge=1, le=MOST_CHOICES)
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    presence_penalty: float | None = Field(None, ge=-2, le=2)
    frequency_penalty: float | None = Field(None, ge=-2, le=2)
    logit_bias: dict[str, float] | None = Field(None, description="Token ids to what is added to their logits.")
    # These change no answer.
    user: Any = None
    metadata: Any = None
    store: Any = None
    service_tier: Any = None
    safety_identifier: Any = None
    prompt_cache_key: Any = None
    prompt_cache_retention: Any = None

    def check(self) -> None:
        """Refuse what this server does not do.

        Raises:
            Refused: 400.
        """
        for token, bias in (self.logit_bias or {}).items():
            if not (token.isascii() and token.isdecimal() and len(token) < 10 and -100 <= bias <= 100):
                what = f"logit_bias holds {token[:SHOWN]!r}: {bias:g}"
                raise wrong(f"{what}; send token ids with numbers from -100 to 100", "logit_bias")
        if self.stream_options is not None and not self.stream:
            raise wrong(
                "stream_options are of streamed answers: set stream to true, or leave them out", "stream_options"
            )
        stops = self.stops or []
        if "" in stops or len(stops) > 16 or any(len(text) > 500 for text in stops):
            raise wrong("stop is up to 16 texts of 1 to 500 characters", "stop")

    @property
    def stops(self) -> list[str] | None:
        """The texts that end it; None: the bundle's."""
        return [self.stop] if isinstance(self.stop, str) else self.stop

    @property
    def most(self) -> int | None:
        """Tokens that are asked for."""
        return self.max_tokens

    @property
    def held_to(self) -> dict[str, Any] | None:
        """That the answer is held to."""
        return None

    @property
    def others(self) -> int | None:
        """How many of the most probable tokens are told beside each; None: no log probabilities are told."""
        return None

    def decoding(self, most: int, **held: Any) -> Decoding:
        """The settings, as a bundle's decoder takes them.

        Args:
            most: tokens that may be written.
            held: what the answer is held to, instead of `held_to`.
        """
        asked: dict[str, Any] = {
            name: value for name in ("temperature", "top_k", "min_p") if (value := getattr(self, name)) is not None
        }
        # What changes nothing must not make a bundle draw that was tested greedy.
        if self.top_p is not None and (self.top_p < 1 or "temperature" in asked):
            asked["top_p"] = self.top_p
        if self.repetition_penalty not in (None, 1):
            asked["repetition_penalty"] = self.repetition_penalty
        asked |= {name: value for name in ("frequency_penalty", "presence_penalty") if (value := getattr(self, name))}
        if self.logit_bias:
            asked["logit_bias"] = {int(token): bias for token, bias in self.logit_bias.items()}
        if asked.get("min_p") == 0 and "temperature" not in asked:
            del asked["min_p"]
        held = held or {"json_schema": self.held_to}
        return Decoding(**asked, max_new_tokens=most, stop=self.stops, **held)


class ChatRequest(Asked):
    """A body of /v1/chat/completions."""

    messages: list[dict[str, Any]] = Field(min_length=1, max_length=4096)
    max_completion_tokens: int | None = Field(None, ge=1)
    tools: list[Any] | None = Field(None, max_length=128)
    tool_choice: Any = None
    parallel_tool_calls: bool | None = None
    response_format: dict[str, Any] | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = Field(None, ge=0, le=MOST_OTHERS)
    modalities: list[Literal["text"]] | None = None
    prediction: Any = None  # makes answers quicker elsewhere, and no others

    def check(self) -> None:
        """As of all, and tools and formats."""
        super().check()
        if self.top_logprobs and not self.logprobs:
            raise wrong("top_logprobs without logprobs: set logprobs to true, or leave it out", "top_logprobs")
        if self.max_tokens is not None and self.max_completion_tokens not in (None, self.max_tokens):
            raise wrong("max_tokens and max_completion_tokens differ: send one of them", "max_tokens")
        if self.tool_choice is not None and not self.tools:
            raise wrong("tool_choice without tools: send tools, or leave it out", "tool_choice")
        if self.offers and self.parallel_tool_calls is False and not self.forces:
            message = "parallel_tool_calls cannot be turned off here: leave it out, or force a call, which is one"
            raise wrong(message, "parallel_tool_calls")
        if self.held_to is not None and self.forces:
            raise wrong("a forced call and response_format exclude each other: send one of them", "response_format")

    @property
    def most(self) -> int | None:
        """By either name."""
        return self.max_completion_tokens if self.max_tokens is None else self.max_tokens

    @property
    def offers(self) -> bool:
        """Whether tools are offered, and may be called."""
        return bool(self.tools) and self.tool_choice != "none"

    @property
    def forces(self) -> bool:
        """Whether the answer must be a call.

        Raises:
            Refused: no choice that is known (400).
        """
        return self.forced_name is not None

    @property
    def forced_name(self) -> str | None:
        """The function that must be called; empty: any of the tools; None: none must be.

        Raises:
            Refused: no choice that is known (400).
        """
        choice = self.tool_choice
        if choice in (None, "none", "auto"):
            return None
        if choice == "required":
            return ""
        function = choice.get("function") if isinstance(choice, dict) and choice.get("type") == "function" else None
        name = function.get("name") if isinstance(function, dict) else None
        if not isinstance(name, str) or not name:
            form = '{"type": "function", "function": {"name": ...}}'
            raise wrong(f"tool_choice is none, auto, required, or {form}", "tool_choice")
        return name

    @property
    def others(self) -> int | None:
        """Of `logprobs` and `top_logprobs`."""
        return (self.top_logprobs or 0) if self.logprobs else None

    @property
    def held_to(self) -> dict[str, Any] | None:
        """Of `response_format`.

        Raises:
            Refused: an unknown type, or no schema where one is due (400).
        """
        form = self.response_format
        kind = None if form is None else form.get("type")
        if form is None or kind == "text":
            return None
        if kind == "json_object":
            return {"type": "object"}
        if kind != "json_schema":
            raise wrong("response_format.type is text, json_object or json_schema", "response_format.type")
        inner = form.get("json_schema")
        schema = inner.get("schema") if isinstance(inner, dict) else None
        if not isinstance(schema, dict):
            message = "response_format.json_schema.schema is missing: send a JSON schema, an object"
            raise wrong(message, "response_format.json_schema.schema")
        return schema


class CompletionRequest(Asked):
    """A body of /v1/completions."""

    prompt: str | list[str] | list[int] | list[list[int]] = Field(description="Texts, or token ids.")
    max_tokens: int | None = Field(None, ge=0, description="Tokens after which the answer is cut off; 0 with echo.")
    logprobs: int | None = Field(None, ge=0, le=MOST_OTHERS)
    echo: bool | None = Field(None, description="The prompt is told first, and its log probabilities with logprobs.")
    suffix: str | None = None
    best_of: int | None = None

    def check(self) -> None:
        """As of all."""
        super().check()
        if self.suffix:
            raise wrong("suffix is not done here: leave it out", "suffix")
        if self.max_tokens == 0 and not self.echo:
            raise wrong("max_tokens is 0, so nothing would be told: ask for a token, or set echo to true", "max_tokens")
        if self.best_of not in (None, 1, self.n):
            raise wrong("best_of is not done here: leave it out, or ask for n", "best_of")
        if not self.prompts or len(self.prompts) > MOST_CHOICES:
            raise wrong(f"prompt is 1 to {MOST_CHOICES} texts", "prompt")

    @property
    def others(self) -> int | None:
        """Of `logprobs`."""
        return self.logprobs

    @property
    def prompts(self) -> list[str | list[int]]:
        """Each prompt."""
        given: Any = self.prompt
        one = isinstance(given, str) or (bool(given) and isinstance(given[0], int))
        return [given] if one else list(given)


def read(kind: type[Asked], value: Any) -> Any:
    """A request out of JSON.

    Raises:
        Refused: what is wrong with it (400).
    """
    if not isinstance(value, dict):
        raise wrong("the body is no JSON object", None)
    try:
        asked = kind.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise _said(first) from None
    asked.check()
    return asked


def wrong(message: str, param: str | None, code: str | None = None) -> Refused:
    """A request that must be changed."""
    return Refused(400, message, param=param, code=code)


def _said(error: Any) -> Refused:
    words = [str(word)[:SHOWN] for word in error["loc"] if not str(word).startswith(("list[", "function-"))]
    param = words[0] if words else None
    place = ".".join(words)
    if error["type"] == "missing":
        return wrong(f"{place} is missing: send it", param)
    if error["type"] == "extra_forbidden":
        return wrong(f"{place!r} is not known here: leave it out", param, "unknown_parameter")
    return wrong(f"{place}: {error['msg'][:300]}", param)
