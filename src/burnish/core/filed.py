"""An answer that is a file."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FileAnswer:
    """A file that was made for a row: a sound, say.

    Attributes:
        content: of the file.
        ending: of its name, such as `.wav`.
        media_type: such as `audio/wav`.
        identity: what it says in a few characters, the same on every machine: golden examples are compared by it.
    """

    content: bytes
    ending: str
    media_type: str
    identity: str

    def body(self) -> dict[str, str]:
        """As JSON holds it: `media_type`, and the file in `base64`."""
        return {"media_type": self.media_type, "base64": base64.b64encode(self.content).decode("ascii")}

    def save(self, path: str | Path) -> Path:
        """Write it; gives the path."""
        Path(path).write_bytes(self.content)
        return Path(path)

    def __repr__(self) -> str:
        return f"FileAnswer({self.media_type}, {len(self.content):,} bytes)"
