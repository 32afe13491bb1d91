"""The files of a bundle: which there are, whether they are whole, and what its settings must say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from burnish.bundle import artifacts
from burnish.core.errors import InputError
from burnish.core.files import MANIFEST, damage, manifest_names, strangers
from burnish.core.written import not_written, read_object, require_kinds

FORMAT = 1
MODEL, SETTINGS, GOLDEN, CARD = "model", "bundle.json", "golden.json", "README.md"
DECODER = "decoder"
"""Files of the decoder, such as a language model; there only where it has some."""


def wrong_with(folder: Path, manifest: bytes | None = None) -> list[str]:
    """What is wrong with the files of a bundle: one sentence for each that is missing, changed, or not in the manifest.

    Args:
        folder: of the bundle.
        manifest: its bytes, where a trusted key signed them: then nothing at all may stand beside what it names.
    """
    problems = damage(folder, manifest=manifest, added=manifest is not None)
    if problems:
        return problems
    names = manifest_names(folder)
    lacking = [name for name in (SETTINGS, GOLDEN) if name not in names]
    lacking += [f"{MODEL}/"] * (not any(name.startswith(f"{MODEL}/") for name in names))
    problems = [f"{name} is not in {MANIFEST}" for name in lacking]
    problems += [
        f"{n} is not in {MANIFEST}" for n in strangers(folder) if n not in lacking and not _unfinished(n, names)
    ]
    return problems


def _unfinished(name: str, names: list[str]) -> bool:
    """Whether it is of an artifact that no manifest names: an export was killed before it belonged to the bundle."""
    parts = name.split("/")
    folder = "/".join(parts[:2]) + "/"
    return parts[0] == artifacts.FOLDER and len(parts) > 2 and not any(known.startswith(folder) for known in names)


def require_whole(folder: Path, manifest: bytes | None = None) -> None:
    """Check the files of a bundle.

    Raises:
        InputError: one is missing, changed, or not in the manifest.
    """
    problems = wrong_with(folder, manifest)
    if problems:
        more = f" and {len(problems) - 8} more" if len(problems) > 8 else ""
        only = problems[0].partition(" is ")[0] if len(problems) == 1 else ""
        raise InputError(
            "the bundle is damaged: " + "; ".join(problems[:8]) + more,
            expected="the files as they were written, and no others",
            fix="copy the bundle again; what is no file of it belongs elsewhere",
            place=str(folder / only),
        )


def read_settings(folder: Path) -> dict[str, Any]:
    """bundle.json, of the form that burnish writes.

    Raises:
        InputError: of a newer format, or something is missing or of another type.
    """
    place = folder / SETTINGS
    settings = read_object(place)
    if type(settings.get("format")) is int and settings["format"] > FORMAT:
        raise InputError(
            f"bundle format {settings['format']!r}", expected=str(FORMAT), fix="update burnish", place=str(folder)
        )
    if type(settings.get("format")) is not int or settings["format"] != FORMAT:
        raise not_written(f"bundle format {settings.get('format')!r}", str(FORMAT), place)
    require_kinds(settings, dict.fromkeys(("model", "input", "target", "processor"), dict), place)
    require_kinds(settings["model"], {"kind": str, "name": str}, place)
    for name in ("input", "target"):
        require_kinds(settings[name], {"kind": str}, place)
    for name in ("recipe", "data", "scores", "decisions", "answers", "made_by", "checkpoint"):
        if name in settings:
            require_kinds(settings, {name: dict}, place)
    return settings
