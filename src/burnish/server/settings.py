"""What a server is told when it starts."""

from __future__ import annotations

import codecs
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from burnish.answering.explaining import FEWEST, PARTS
from burnish.core.errors import InputError

ENVIRONMENT = "BURNISH_SERVER"
"""Where worker processes find the settings, as JSON; keys are never in it."""
KEYS = "BURNISH_API_KEYS"
CANNOT_START = 3  # exit code by which uvicorn's supervisor knows that starting a worker again would help nothing
_KEY = re.compile(r"[!-~]+")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


class Settings(BaseModel):
    """Bundles, and the limits within which they answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    bundles: list[str] = Field(description="PATH, NAME=PATH or NAME@VERSION=PATH; the first is what /predict asks.")
    runtime: str | dict[str, Any] | None = Field(
        None, description="What computes, as of burnish.load; null: its default."
    )
    compare: bool = Field(
        False, description="Whether the checkpoint that a bundle was trained from chats beside it, as NAME-base."
    )
    base: str | None = Field(None, description="Where that checkpoint is; null: where the recipe has it.")
    trust_code: bool = Field(False, description="Whether components from outside burnish may be imported.")
    max_batch: int = Field(32, ge=1, description="Examples computed at once.")
    max_wait: float = Field(0.002, ge=0, description="Seconds an example waits for others before it is computed.")
    max_queue: int = Field(
        512, ge=1, description="Examples of one model that may be waiting; more are refused with 429."
    )
    max_rows: int = Field(128, ge=1, description="Examples of one request.")
    deadline: float = Field(10.0, gt=0, description="Seconds a request may take from its last byte to its prediction.")
    write_deadline: float = Field(120.0, gt=0, description="Seconds that a chat or completion may take.")
    max_output_tokens: int = Field(1024, ge=1, description="Tokens that one chat or completion may write.")
    max_body: int = Field(16 << 20, ge=1, description="Bytes of a request, before and after decompression.")
    max_held: int = Field(256 << 20, ge=1, description="Bytes of all requests together that are held in memory.")
    max_characters: int = Field(200_000, ge=1, description="Characters of one text.")
    max_windows: int = Field(
        256, ge=1, description="Windows of one document, or tiles of one picture, that are computed."
    )
    max_pixels: int = Field(50_000_000, ge=1, description="Pixels of one image.")
    max_seconds: float = Field(600.0, gt=0, description="Seconds of one sound.")
    body_timeout: float = Field(30.0, gt=0, description="Seconds in which the body of a request must arrive.")
    keys_file: Path | None = Field(None, description="File with one API key a line.")
    cors: list[str] = Field(default_factory=list, description="Origins whose pages may call this server.")
    examples: bool = Field(True, description="Whether reference examples are shown (they are training data).")
    explanations: bool = Field(True, description="Whether predictions are explained.")
    max_parts: int = Field(PARTS, ge=FEWEST, description="Parts of an example that one explanation leaves out.")
    log_payloads: bool = Field(False, description="Whether examples and predictions are written to the log.")
    metrics_folder: str | None = Field(None, description="Where several processes keep their metrics together.")


@dataclass(frozen=True)
class ServedBundle:
    """A bundle to be served, and under which name and version; empty ones are taken from the bundle."""

    path: Path
    name: str = ""
    version: str = ""


def place_of(text: str) -> ServedBundle:
    """PATH, NAME=PATH or NAME@VERSION=PATH.

    Raises:
        InputError: a name or version that cannot stand in an address.
    """
    label, equals, path = text.partition("=")
    if not equals or Path(text).exists():
        return ServedBundle(Path(text))
    name, at, version = label.partition("@")
    for word in [name, *([version] if at else [])]:
        if not _NAME.fullmatch(word):
            raise InputError(
                f"{word!r} cannot stand in an address",
                expected="letters, digits, dots, dashes and underscores",
                fix=f"name it like this: sentiment@3={path}",
                place=text,
            )
    return ServedBundle(Path(path), name, version)


def name_of(folder: Path) -> str:
    """A name for the bundle in `folder`: that of the run it is in, or its own, as an address can hold it."""
    folder = folder.resolve()
    word = folder.parent.name if folder.name == "bundle" else folder.name
    word = re.sub(r"[^A-Za-z0-9._-]+", "-", word).strip(".-_")
    return word[:128] or "model"


def keys_of(settings: Settings) -> list[str]:
    """API keys from the file and from $BURNISH_API_KEYS (one a line, or with commas); none: the server is open.

    Raises:
        InputError: the file cannot be read or holds no key, or a key is too short to be one.
    """
    keys = []
    if settings.keys_file is not None:
        try:
            lines = _decoded(settings.keys_file.read_bytes()).splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"cannot be read: {error}", place=str(settings.keys_file)) from None
        keys = [key for line in lines if (key := _stripped(line)) and not key.startswith("#")]
        if not keys:
            raise InputError("there is no key in it", expected="one key a line", place=str(settings.keys_file))
    keys += [key for word in re.split(r"[,\r\n]", os.environ.get(KEYS, "")) if (key := _stripped(word))]
    for number, key in enumerate(keys):
        if not _KEY.fullmatch(key):
            raise InputError(
                f"API key {number + 1} holds white space or letters that no header can carry",
                expected="one key a line of letters, digits and signs of ASCII; comments on lines of their own",
                place=str(settings.keys_file or f"${KEYS}"),
            )
    short = [key for key in keys if len(key) < 16]
    if short:
        raise InputError(
            f"an API key of {len(short[0])} characters",
            expected="16 characters or more",
            fix="python -c 'import secrets; print(secrets.token_urlsafe(32))' makes one",
            place=str(settings.keys_file or f"${KEYS}"),
        )
    return keys


def _decoded(data: bytes) -> str:
    """A text file as editors and PowerShell save it: UTF-8, with a byte order mark or not, or UTF-16 with one.

    Raises:
        UnicodeDecodeError: neither.
    """
    return data.decode("utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig")


def _stripped(text: str) -> str:
    return text.replace("\ufeff", "").strip()  # files with marks, one behind the other
