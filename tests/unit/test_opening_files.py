"""Pictures and sounds are opened in one place each, in formats of an allow-list, whatever a file is called."""

from __future__ import annotations

import ast
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

import burnish
from burnish.core.errors import InputError
from burnish.inputs.image import Image
from burnish.media.picture import files as _picture_files
from burnish.media.picture.reading import ENDINGS, decoded, looked_at
from burnish.media.sound import files as _sound_files
from burnish.media.sound.reading import ENDINGS as SOUND_ENDINGS
from burnish.media.sound.reading import looked_at as heard
from burnish.server.limits import check_file
from burnish.server.settings import Settings
from tests.image_cases import picture
from tests.sound_cases import sound

SOURCE = Path(burnish.__file__).parent
POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n0.1 setgray 0 0 64 32 rectfill showpage\n%%EOF\n"
LOOP = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n{} loop\n%%EOF\n"


def saved(form: str, mode: str = "RGB", **options: Any) -> bytes:
    """A picture in a format of Pillow's."""
    stream = io.BytesIO()
    picture(1, 64, 48).convert(mode).save(stream, form, **options)
    return stream.getvalue()


@pytest.mark.parametrize("data", [POSTSCRIPT, LOOP, b"\xc5\xd0\xd3\xc6" + bytes(28) + LOOP], ids=["ok", "loop", "dos"])
def test_postscript_is_never_run(data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In no path that opens a picture: neither training, audit, predict nor the server starts Ghostscript."""
    monkeypatch.setattr(subprocess, "check_call", _never)
    monkeypatch.setattr(subprocess, "Popen", _never)
    path = tmp_path / "innocent.jpg"
    path.write_bytes(data)
    assert "PostScript" in looked_at(data)["problem"]
    with pytest.raises(InputError, match="this is PostScript"):
        Image().opened({"image": str(path)})
    check_file(data, Image(), "image", Settings(bundles=["x"]))


def _never(*arguments: Any, **options: Any) -> None:
    raise AssertionError(f"a program was started: {arguments}")


OTHERS = {
    "EPS": "RGB", "PDF": "RGB", "ICO": "RGBA", "ICNS": "RGBA", "TGA": "RGB", "PCX": "RGB", "SGI": "RGB", "IM": "RGB",
    "JPEG2000": "RGB", "DDS": "RGB", "SPIDER": "F", "MSP": "1", "XBM": "1", "BLP": "P", "QOI": "RGB",
}  # fmt: skip


@pytest.mark.parametrize("form", OTHERS)
def test_formats_that_are_not_on_the_list_are_not_read(form: str) -> None:
    """Even those that Pillow reads well, in this process too that has loaded their modules by writing them."""
    Pillow.init()
    if form not in Pillow.SAVE:
        pytest.skip(f"this Pillow does not write {form}")
    data = saved(form, OTHERS[form])
    assert "not an image in a format that is read" in looked_at(data)["problem"]
    with pytest.raises(InputError, match="not an image in a format"):
        decoded(data)


def test_the_modules_of_other_formats_are_not_even_loaded() -> None:
    """A fresh process that opens a good and a bad picture knows nothing of PostScript."""
    code = (
        "import sys, io; from burnish.media.picture.reading import looked_at\n"
        "looked_at(sys.stdin.buffer.read()); looked_at(b'%!PS-Adobe-3.0 EPSF-3.0'); looked_at(b'rubbish')\n"
        "print([m for m in sys.modules if m.endswith(('EpsImagePlugin', 'WmfImagePlugin', 'FitsImagePlugin'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], input=saved("PNG"), capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"


@pytest.mark.parametrize("form", ["PPM", "AVIF", "HEIF"])
def test_more_formats_are_read(form: str) -> None:
    """Where this machine has their readers."""
    if form == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    Pillow.init()
    if form not in Pillow.SAVE:
        pytest.skip(f"this Pillow does not write {form}")
    facts = looked_at(saved(form))
    assert facts["format"] == form
    assert (facts["width"], facts["height"]) == (64, 48)


def test_heic_without_its_reader_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(64)
    monkeypatch.setattr(_picture_files, "_allowed", lambda: ("PNG", "JPEG"))
    assert "burnish[heic]" in looked_at(data)["problem"]


def test_the_limit_of_pixels_is_the_callers() -> None:
    data = saved("PNG")
    with _picture_files.opened(data, 64 * 48) as found:
        assert found.size == (64, 48)
    with pytest.raises(_picture_files.TooLarge, match="64 x 48"):
        _picture_files.opened(data, 64 * 48 - 1)
    with pytest.raises(InputError, match="too large"):
        check_file(data, Image(), "image", Settings(bundles=["x"], max_pixels=3000))


UNREAD_SOUNDS = {
    "wma": b"0&\xb2u\x8ef\xcf\x11" + bytes(100),
    "amr": b"#!AMR\n" + bytes(100),
}


@pytest.mark.parametrize("kind", UNREAD_SOUNDS)
def test_sounds_that_are_not_read_say_what_to_do(kind: str) -> None:
    problem = heard(UNREAD_SOUNDS[kind])["problem"]
    assert "ffmpeg" in problem
    assert "is not read" in problem


@pytest.mark.parametrize("form", ["WAV", "FLAC", "OGG", "AIFF", "AU", "CAF", "W64", "RF64", "MP3"])
def test_sounds_on_the_list_are_read(form: str) -> None:
    import soundfile

    stream = io.BytesIO()
    soundfile.write(stream, sound(1, 0.5, 16000), 16000, format=form)
    assert heard(stream.getvalue())["sampling_rate"] == 16000


@pytest.mark.parametrize("form", ["VOC", "IRCAM", "NIST", "PAF", "SVX", "MAT4", "MAT5", "PVF", "HTK", "XI", "AVR"])
def test_sounds_of_other_formats_are_not_read(form: str) -> None:
    """libsndfile would."""
    import soundfile

    stream = io.BytesIO()
    subtype = "DPCM_16" if form == "XI" else "PCM_16"
    soundfile.write(stream, sound(1, 0.5, 16000), 16000, format=form, subtype=subtype)
    assert "not a sound in a format that is read" in heard(stream.getvalue())["problem"]
    with pytest.raises(_sound_files.SoundNotRead):
        _sound_files.opened(stream.getvalue())


def opening(tree: ast.Module) -> list[str]:
    """What in a module opens pictures or sounds: calls of `open` of Pillow's modules, and of soundfile's readers."""
    pillow = {
        alias.asname or alias.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
        if (isinstance(node, ast.ImportFrom) and node.module == "PIL") or alias.name.split(".")[0] == "PIL"
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in ("PIL.Image", "soundfile"):
            found += [a.name for a in node.names if a.name in ("open", "SoundFile", "read", "info", "blocks")]
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [a.name for a in node.names] + [getattr(node, "module", None) or ""]
            found += [m for m in modules if m.split(".")[0] in ("cv2", "imageio", "skimage", "audioread", "librosa")]
        if isinstance(node, ast.Attribute):
            owner = ast.unparse(node.value)
            if node.attr == "open" and (owner in pillow or owner == "PIL.Image"):
                found.append(f"{owner}.open")
            if owner == "soundfile" and node.attr in ("SoundFile", "read", "info", "blocks"):
                found.append(f"soundfile.{node.attr}")
            if owner == "av" and node.attr == "open":
                found.append("av.open")
        if isinstance(node, ast.Attribute) and node.attr in ("imread", "decode_image", "read_image", "load_image"):
            found.append(node.attr)
    return found


def test_nothing_else_opens_pictures_or_sounds() -> None:
    found = {
        path.relative_to(SOURCE).as_posix(): names
        for path in sorted(SOURCE.rglob("*.py"))
        if (names := opening(ast.parse(path.read_text(encoding="utf-8"))))
    }
    assert set(found) == {"media/picture/files.py", "media/sound/containers.py", "media/sound/files.py"}
    for code in (
        "import av\nav.open(x)",
        "from PIL import Image as P\nP.open(x)",
        "import PIL.Image\nPIL.Image.open(x)",
        "import cv2",
    ):
        assert opening(ast.parse(code))


def test_endings_are_those_that_are_read_or_refused_by_name() -> None:
    assert {".jpg", ".ppm", ".avif", ".heic"} <= set(ENDINGS)
    assert not {".eps", ".ps", ".pdf", ".wmf", ".psd"} & set(ENDINGS)
    assert {".wav", ".opus", ".m4a", ".aac"} <= set(SOUND_ENDINGS)
    assert np.unique(ENDINGS).size == len(ENDINGS)
