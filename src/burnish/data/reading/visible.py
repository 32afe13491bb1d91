"""Which names in a folder are data: what operating systems, archives and tools leave beside it is passed over."""

from __future__ import annotations

_SYSTEM = frozenset(
    (
        *("__macosx", "@eadir", "@__thumb", "#recycle", "$recycle.bin", "system volume information", "lost+found"),
        *("thumbs.db", "ehthumbs.db", "desktop.ini", "__pycache__", "icon\r"),
    )
)


def visible(name: str) -> bool:
    """Whether a file or folder of this name can be data: not hidden, and not left behind by a system (`__MACOSX`)."""
    return not name.startswith(".") and name.lower() not in _SYSTEM
