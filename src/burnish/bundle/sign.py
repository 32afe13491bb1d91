"""The verb `sign`: a bundle is signed, so that others can refuse what is not from here."""

from __future__ import annotations

from pathlib import Path

from burnish.bundle.files import SETTINGS, require_whole
from burnish.bundle.signature import sign as signed
from burnish.core.errors import InputError


def sign(source: Path, key: Path) -> tuple[Path, str, list[str]]:
    """Sign the bundle at `source`, a run or bundle.

    Returns:
        The bundle's folder, the fingerprint of the key, and warnings.

    Raises:
        InputError: no bundle, a damaged one, or no key.
    """
    folder = source / "bundle" if (source / "bundle" / SETTINGS).is_file() else source
    if not (folder / SETTINGS).is_file():
        raise InputError("not a bundle", expected=f"a folder with {SETTINGS}, or a run with bundle/", place=str(source))
    require_whole(folder)
    name, warned = signed(folder, key)
    return folder, name, warned
