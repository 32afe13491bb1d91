"""The worst mistakes in report.md: as a list, as pictures, and on a page with players."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from burnish.core.predictions import Predictions
from burnish.evaluation.mistakes import mistakes
from burnish.report.contact_sheet import contact_sheet
from burnish.report.markdown import name, snippet
from burnish.report.neighbours import Neighbours, nearest_line
from burnish.report.page.contents import Effects
from burnish.report.players import PLAYED, PlayedMistake, players
from burnish.report.transcripts import aligned_words
from burnish.targets import Transcribed, mistakes_of, target_of

Pictured = Callable[[int], Any]
Drawn = Callable[[str, str, Callable[[Path], object]], list[str]]
"""File, caption and what draws it, to the lines that show the picture."""
_LONGEST = 300  # characters of a label or a prediction
REASONS = 3
"""Words or moments that are named."""
PICTURED = 32
"""Mistakes that are shown as pictures, where inputs are pictures."""


def listed(
    predictions: Predictions,
    shown: Callable[[int], str],
    place: Callable[[int], str] | None,
    split: str,
    nearest: Neighbours,
    effects: Effects | None,
) -> list[str]:
    """The section: the worst of them with their places, texts and reasons; nothing where all is right."""
    worst, total = mistakes(predictions)
    if not worst:
        return []
    said = mistakes_of(target_of(predictions))
    many = f"the {len(worst)} largest errors" if said.signed else f"{len(worst)} of {total:,} wrong predictions"
    where = "" if place else f" Row numbers of the {split} split count from 1."
    lines = [f"## {said.title}", "", f"{many[0].upper()}{many[1:]}, by {said.size}; the worst first. "
             f"A mistake here may also be a wrong label in the data.{where}", ""]  # fmt: skip
    for mistake in worst:
        size = f"{mistake.size:+.3g}" if said.signed else f"{mistake.size:.3g}"
        at = snippet(place(mistake.row), 80) if place else f"row {mistake.row + 1}"
        lines.append(
            f"- **{at}**: {said.truth} {_quoted(mistake.truth)}, {said.answer} {_quoted(mistake.answer)} ({size})  "
        )
        lines.append(f"  {snippet(shown(mistake.row)) or '(empty)'}")
        if explained := effects(mistake.row) if effects is not None else None:
            lines[-1] += "  "
            lines.append(f"  {_reasons(shown(mistake.row), explained)}")
        if near := nearest.get(mistake.row):
            lines[-1] += "  "
            lines.append(f"  {nearest_line(near)}")
    return lines


def _reasons(text: str, effects: Sequence[tuple[float, float, float]]) -> str:
    """The words or moments with the largest effects on the prediction."""
    largest = sorted(effects, key=lambda one: -abs(one[2]))[:REASONS]
    in_text = all(isinstance(one[0], int) for one in largest)
    said = [
        f"{name(text[int(start) : int(end)]) if in_text else f'{start:.2f}–{end:.2f} s'} {effect:+.2f}"
        for start, end, effect in largest
    ]
    return f"most effect on the prediction: {', '.join(said)}"


def _quoted(text: str) -> str:
    return name(text if len(text) <= _LONGEST else f"{text[:_LONGEST].rstrip()}…")


def seen(
    drawn: Drawn, predictions: Predictions, inputs_pictured: Pictured | None, shown: Callable[[int], str]
) -> list[str]:
    """The worst mistakes as pictures, as the network saw them, with the names of their files."""
    if inputs_pictured is None or isinstance(target_of(predictions), Transcribed):  # a transcript fits under no picture
        return []
    worst = mistakes(predictions, most=PICTURED)[0]
    found = [(m, picture) for m in worst if (picture := inputs_pictured(m.row)) is not None]
    if not found:
        return []
    sized = mistakes_of(target_of(predictions)).size
    captions = [
        f"label {m.truth}\npredicted {m.answer}\n{sized.split()[0]} {m.size:.3g}\n{shown(m.row).rpartition('/')[2]}"
        for m, _ in found
    ]
    sheet = [picture for _, picture in found]
    caption = "The worst mistakes as the network saw them"
    return drawn("mistakes.png", caption, lambda p: contact_sheet(sheet, captions, p))[1:]


def heard(
    folder: Path,
    predictions: Predictions,
    inputs_heard: Callable[[int], bytes | None] | None,
    inputs_pictured: Pictured | None,
    shown: Callable[[int], str],
) -> list[str]:
    """A page on which the worst mistakes can be listened to."""
    path = folder / "mistakes.html"
    path.unlink(missing_ok=True)
    if inputs_heard is None:
        return []
    said = mistakes_of(target_of(predictions))
    playable = []
    for mistake in mistakes(predictions, most=PLAYED)[0]:
        sound = inputs_heard(mistake.row)
        if sound is None:
            return []
        aligned = aligned_words(predictions, mistake.row)
        unit = said.size.removesuffix("s" * (mistake.size == 1))
        apart, size = (":", f"{mistake.size:.3g} {unit}") if aligned else ("", f"{mistake.size:.3g}")
        lines = (f"{said.truth}{apart} {mistake.truth}", f"{said.answer}{apart} {mistake.answer} ({size})")
        words = ("\n" if aligned else ", ").join(lines)
        picture = inputs_pictured(mistake.row) if inputs_pictured else None
        playable.append(PlayedMistake(words, shown(mistake.row), sound, picture, aligned))
    if not playable:
        return []
    path.parent.mkdir(parents=True, exist_ok=True)
    players(path, said.title, playable)
    return [f"[Listen to the worst mistakes]({folder.name}/{path.name}): a page with a player for each"]
