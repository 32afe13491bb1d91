"""Who is talked with: a trained run, a bundle, a checkpoint as it is, or the checkpoint that a bundle was trained from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from burnish.answering.predictor import Predictor, load
from burnish.bundle.bundle import Bundle
from burnish.bundle.files import SETTINGS
from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.media.chat.conversation import COLUMN, Conversation
from burnish.media.chat.processor import ChatProcessor
from burnish.recipe.tasks import TASKS
from burnish.runtimes.torch import Torch, generating

if TYPE_CHECKING:
    from burnish.decoders import Decoder
    from burnish.inputs import Input
    from burnish.models import Model
    from burnish.targets import Target

MODEL = "transformers"
CHATS = "instruction-tuning"


def opened(
    source: str, *, template: str | None = None, runtime: str | dict[str, Any] | None = None, trust_code: bool = False
) -> Predictor:
    """A model to talk with.

    Args:
        source: a run, a bundle, or a checkpoint: its folder or hub name.
        template: of a checkpoint, as input `chat` takes it; None: its own.
        runtime, trust_code: of a run or bundle, as of `burnish.load`.

    Raises:
        InputError: none of these, or a model that does not chat.
    """
    folder = Path(source).expanduser()
    if any((place / SETTINGS).is_file() for place in (folder, folder / "bundle")) or (folder / "recipe.yaml").is_file():
        predictor = load(folder, runtime=runtime, trust_code=trust_code)
        _require_chat(predictor.bundle)
        if template is not None:
            raise InputError("a bundle has its chat template", fix="leave --template out", place="--template")
        return predictor
    input_ = cast("Input", build("burnish.inputs", {"kind": TASKS[CHATS][0], "template": template}))
    model = {"kind": MODEL, "name": source}
    place = cast("Model", build("burnish.models", model)).folder()
    decoder = cast("Decoder", build("burnish.decoders", "greedy"))
    target = cast("Target", build("burnish.targets", TASKS[CHATS][1]))
    return _untrained(Bundle(place, input_, target, input_.processor(place), {"model": model}, decoder), runtime)


def base_of(
    bundle: Bundle, name: str | None = None, *, runtime: str | dict[str, Any] | None = None, trust_code: bool = False
) -> Predictor:
    """The checkpoint that a bundle was trained from, which reads and writes as the bundle does.

    Args:
        bundle: of the trained model.
        name: another place of the checkpoint; None: that of the recipe.
        runtime, trust_code: as of `opened`.

    Raises:
        InputError: the checkpoint is no longer there.
    """
    model = {**bundle.model, "name": name or bundle.model["name"]}
    if name is not None:
        model.pop("revision", None)
    try:
        return _untrained(replace(bundle, settings={**bundle.settings, "model": model}), runtime, trust_code)
    except InputError as error:
        if name is not None:
            raise
        raise InputError(
            f"the checkpoint that the model was trained from cannot be opened: {error.found}",
            expected=error.expected,
            fix="--base FOLDER names it where it is now",
            place=str(model["name"]),
        ) from error


def shared_system(bundle: Bundle) -> str:
    """The system message that all reference examples of a bundle begin with; empty where there is no such."""
    cells = [row["example"].get(COLUMN) for row in bundle.golden()] if (bundle.path / SETTINGS).is_file() else []
    first = [Conversation.from_text(cell).messages[:1] for cell in cells if isinstance(cell, str)]
    systems = {messages[0].content if messages and messages[0].role == "system" else "" for messages in first}
    return systems.pop() if len(systems) == 1 else ""


def _untrained(bundle: Bundle, runtime: str | dict[str, Any] | None, trust_code: bool = False) -> Predictor:
    """A checkpoint, read by torch whatever computes the trained model, on the device that is named."""
    device = runtime.get("device", "cpu") if isinstance(runtime, dict) else "cpu"
    model = cast("Model", build("burnish.models", bundle.model, trust_code=trust_code))
    network = Torch(device=device).placed(model.build(bundle.input, bundle.target, seed=0))
    return Predictor(bundle, generating(network), answers_with="torch")


def _require_chat(bundle: Bundle) -> None:
    """Check that a bundle replies to conversations.

    Raises:
        InputError: it does anything else.
    """
    if not isinstance(bundle.processor.for_input, ChatProcessor) or bundle.decoder.reads != "steps":
        raise InputError(
            f"the model reads {bundle.input.thing}s and answers with {bundle.target.kind()}: it does not chat",
            expected=f"a model of task {CHATS}",
            fix="burnish predict answers files",
            place=str(bundle.path),
        )
