"""Whether what a recipe does about long rows makes sense, and what it loses of them, said before training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

import pyarrow as pa

from burnish.core.errors import InputError
from burnish.core.windows import WINDOWS
from burnish.data.feeding.encode import EncodedRows
from burnish.long import Long
from burnish.recipe.recipe import Recipe, Settled
from burnish.targets import Named, is_exclusive

if TYPE_CHECKING:
    from burnish.long.tiles import Tiles


def long_of(recipe: Settled) -> Long | None:
    """The way with long rows, where there is one that does something."""
    long: Long | None = getattr(recipe.input, "long", None)
    return None if long is None or long.is_off else long


def require_way(recipe: Recipe) -> None:
    """That no way is left open.

    Raises:
        InputError: `auto`, where nothing is compared.
    """
    if recipe.long is not None:
        raise InputError(
            "long: auto is decided by `burnish train` alone",
            expected="a way",
            fix="train once, and name the way that its report says was chosen",
            place="long",
        )


def check_long(recipe: Settled) -> None:
    """Refuse what makes no sense.

    Raises:
        InputError: with the reason.
    """
    long = long_of(recipe)
    if long is None or long.joined_by is None:
        return
    target = recipe.target
    if long.joined_by == "noisy_or" and (not isinstance(target, Named) or is_exclusive(target)):
        raise _refused(
            f"noisy_or joins the probabilities of labels that do not exclude each other, and target {target.kind()!r} has none",
            "long.joining",
            "long.joining=mean, max or attention",
        )
    if getattr(target, "joining", "mean") != "mean":
        raise _refused(
            f"long: {long.kind()} joins windows inside the network, and target.joining is {target.joining!r}",  # type: ignore[attr-defined]
            "target.joining",
            "say it in one place: long.joining",
        )
    if recipe.mixing is not None and recipe.mixing.kind() != "none":
        raise _refused(
            f"mixing {recipe.mixing.kind()!r} mixes two rows, and with long: {long.kind()} a row has several windows",
            "mixing",
            "leave mixing or long out",
        )
    if recipe.cache_features == "always":
        raise _refused(
            f"cache_features: always with long: {long.kind()}, which joins windows behind the head",
            "cache_features",
            "cache_features: auto",
        )


def _refused(why: str, place: str, fix: str) -> InputError:
    return InputError(why, fix=fix, place=place)


def said_of_long(recipe: Settled, encoded: Mapping[str, EncodedRows], side: int | None) -> list[str]:
    """For each split, how many windows its rows have and what is lost of them; `side` is of what the network sees of a picture."""
    long = long_of(recipe)
    if long is None:
        return []
    if not recipe.input.stored:
        return [_of_pictures(recipe, rows, name, side or 1) for name, rows in encoded.items()]
    return [f"long: {long.kind()}, {name}: {_of_split(recipe, rows)}" for name, rows in encoded.items()]


def _of_split(recipe: Settled, rows: EncodedRows) -> str:
    unit = recipe.input.length_unit
    full, kept = int(rows.given_full_lengths.sum()), int(rows.kept_lengths.sum())
    cut = int((rows.kept_lengths < rows.given_full_lengths).sum())
    lost = f"{full - kept:,} of {full:,} {unit} lost ({(full - kept) / max(1, full):.2%}), in {cut:,} of {len(rows):,} examples"
    if WINDOWS not in rows.names:
        return lost
    counts = [len(rows.encoded(position)[WINDOWS]) for position in range(len(rows))]
    mean = sum(counts) / len(counts)
    return f"{mean:.1f} windows an example, at most {max(counts)}; {lost}"


def _of_pictures(recipe: Settled, rows: EncodedRows, name: str, side: int) -> str:
    """How many tiles pictures have, and how many pixels are seen of those that are there, as far as files were looked at."""
    tiles, known = cast("Tiles", long_of(recipe)), rows.part.table.inspection
    if known is None or not {"width", "height"} <= set(known.facts.column_names):
        return f"long: tiles, {name}: sizes of pictures are not known"
    facts = known.facts.select(["width", "height"]).take(pa.array(rows.rows)).to_pylist()
    sizes = [(int(f["width"]), int(f["height"])) for f in facts if f["width"] and f["height"]]
    counts = [max(1, len(tiles.boxes(*size, side)) + tiles.whole) for size in sizes]
    there, plain = sum(w * h for w, h in sizes), sum(min(w * h, side * side) for w, h in sizes)
    seen = sum(min(w * h, count * side * side) for (w, h), count in zip(sizes, counts, strict=True))
    return (
        f"long: tiles, {name}: {sum(counts) / max(1, len(counts)):.1f} tiles a picture, at most {max(counts, default=0)}; "
        f"{seen / max(1, there):.1%} of the pixels are seen at their resolution, {plain / max(1, there):.1%} without tiles"
    )
