"""Predictions that are sounds: a page of players, and what they are compared by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

from burnish.core.files import read_json, write_text
from burnish.core.predictions import Predictions
from burnish.report.markdown import number
from burnish.targets import Sounded, target_of

PAGE, PLAYED = "sounds.html", 15
SAMPLES = Path("samples") / "samples.json"
_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; media-src 'self' file:; style-src 'unsafe-inline'">
<title>{title}</title>
<style>body {{ font: 16px sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em }}
li {{ margin: 1.2em 0 }} small {{ color: #555; display: inline-block; min-width: 7em }} audio {{ vertical-align: middle }}
div {{ margin: .3em 0 }}</style></head>
<body><h1>{title}</h1>
{body}
</body></html>
"""


def sounds(
    run_folder: Path, scores: Mapping[str, Any], predictions: Predictions, shown: Callable[[int], str]
) -> list[str]:
    """The section of a report, and the page it links to; nothing of predictions that are no sounds.

    Args:
        run_folder: where the files of answers and samples lie, which the page names by their paths.
        scores: with `listening`, where that was computed.
        predictions: of the test.
        shown: row number to its caption.
    """
    if not isinstance(target_of(predictions), Sounded):
        return []
    listed = _samples(run_folder) + _predictions(predictions, shown)
    write_text(run_folder / PAGE, _HEAD.format(title=f"{escape(run_folder.name)}: sounds", body="\n".join(listed)))
    link = (
        f"[Listen]({PAGE}): samples of the first step, the middle and the end, and the first predictions of the test."
    )
    return ["## Sounds", "", link, *_figures(scores.get("listening") or {})]


def _samples(run_folder: Path) -> list[str]:
    """Of each caption a player a step."""
    path = run_folder / SAMPLES
    made: Sequence[Mapping[str, Any]] = read_json(path) if path.is_file() else []
    by_caption = sorted(made, key=lambda one: (Path(one["file"]).stem, one["step"]))
    items = []
    for _, steps in groupby(by_caption, key=lambda one: Path(one["file"]).stem):
        every = list(steps)
        players = "".join(_player(f"step {one['step']:,}", one["file"]) for one in every)
        items.append(f"<li>{escape(_caption(every[0]['caption']))}{players}</li>")
    return ["<h2>While it trained</h2>", "<ol>", *items, "</ol>"] if items else []


def _predictions(predictions: Predictions, shown: Callable[[int], str]) -> list[str]:
    rows = list(zip(predictions.table["row"].to_pylist(), predictions.answer, predictions.truth, strict=True))
    items = [
        f"<li>{escape(_caption(shown(row)))}{_player('prediction', answer)}<small>{escape(str(truth or ''))}</small></li>"
        for row, answer, truth in rows[:PLAYED]
        if answer is not None
    ]
    return ["<h2>Of the test</h2>", "<ol>", *items, "</ol>"] if items else []


def _player(name: str, file: str) -> str:
    return f'<div><small>{escape(name)}</small><audio controls preload="none" src="{escape(file, quote=True)}"></audio></div>'


def _caption(text: str) -> str:
    return text.partition("\x1f")[0] or "(no caption)"


def _figures(told: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    if (distance := told.get("frechet")) is not None:
        (written, real), (one, other) = distance["sounds"], distance["embeddings"]
        floor = distance["real_against_real"]
        lines += [
            "",
            f"- Fréchet distance to the recordings: {number(distance['value'])}. Embedding: {distance['embedding']}, at "
            f"{distance['sampling_rate']:,} Hz, {distance['dimensions']} numbers each; n = {one:,} of {written:,} predictions and "
            f"{other:,} of {real:,} recordings.",
            "  It compares runs with the same embedding, the same recordings and the same n, and nothing else.",
        ]
        if floor is not None:
            lines.append(
                f"- Recordings against recordings (random halves, median): {number(floor)}: no network is much nearer."
            )
        if distance["few"]:
            lines.append(
                f"- So few embeddings say little of {distance['dimensions']} numbers: the distance comes out too great, and more "
                "so the fewer there are."
            )
    if (adherence := told.get("adherence")) is not None:
        lines += [
            *([] if lines else [""]),
            f"- Adherence to captions: mean cosine {adherence['value']:.3f} (95 % CI {adherence['low']:.3f} to "
            f"{adherence['high']:.3f}, n = {adherence['sounds']:,}) by {adherence['network']}, at "
            f"{adherence['sampling_rate']:,} Hz." + _beside(adherence),
        ]
    return lines


def _beside(adherence: Mapping[str, Any]) -> str:
    others, real = adherence["with_captions_of_others"], adherence["recordings"]
    said = [] if others is None else [f"the captions of other rows {others:.3f}"]
    said += [] if real is None else [f"the recordings themselves {real:.3f}"]
    return f" Beside it: {', '.join(said)}." if said else ""
