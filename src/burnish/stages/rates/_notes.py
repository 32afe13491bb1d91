"""What preparing a run tells, where there is no run that would keep it."""

from __future__ import annotations

from collections.abc import Callable

from burnish.core.events import Event


def notes_to(say: Callable[[str], None]) -> Callable[[Event], None]:
    """A listener that says notes and warnings, and passes over everything else."""

    def tell(event: Event) -> None:
        if event.name in ("note", "warning"):
            say(f"{event.name}: {event.values['text']}")

    return tell
