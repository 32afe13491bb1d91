"""The page to try a model in a browser: one text of ours, nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import re
from importlib.resources import files

from fastapi import FastAPI, Response

from burnish.server.served import Served

FILE = "page.html"
CHAT = "chat.html"
"""Of models that chat."""
SPEECH = "speech.html"
"""Of models that transcribe."""
TUNE = "tune.html"
"""Of models that write tunes."""


def page_of(first: Served) -> str:
    """The file of the page that fits what the first model does."""
    if first.composes:
        return TUNE
    return CHAT if first.chats else SPEECH if first.transcribes else FILE


def add(app: FastAPI, name: str = FILE) -> None:
    """Serve a page at `/`; it asks /models, or /v1/models where the first model chats, what there is."""
    text = text_of(name)
    headers = {
        "Content-Security-Policy": policy(text),
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
        "Cache-Control": "no-cache",
    }

    @app.get("/", include_in_schema=False)
    async def try_it() -> Response:
        return Response(text, 200, headers, "text/html")


def text_of(name: str) -> str:
    """A page whole: a line `{{ NAME }}` of its file, or of a part, stands for `parts/NAME`, which several pages share."""

    def part(line: re.Match[str]) -> str:
        return text_of(f"parts/{line[1]}")

    text = (files("burnish.server") / name).read_text(encoding="utf-8")
    return re.sub(r"^\{\{ (\S+) \}\}\n", part, text, flags=re.MULTILINE)


def policy(text: str) -> str:
    """A content security policy that allows this page's own script and style, by their hashes, and nothing else."""
    scripts = " ".join(_hashes(text, "script"))
    styles = " ".join(_hashes(text, "style"))
    return (
        f"default-src 'none'; script-src {scripts}; style-src {styles}; connect-src 'self'; "
        "img-src 'self' blob: data:; media-src blob: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _hashes(text: str, tag: str) -> list[str]:
    blocks = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
    return [f"'sha256-{base64.b64encode(hashlib.sha256(block.encode()).digest()).decode()}'" for block in blocks]
