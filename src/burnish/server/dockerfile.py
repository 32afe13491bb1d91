"""The verb `dockerfile`: a small container for a bundle."""

from __future__ import annotations

import json
import re
import sys
from importlib.metadata import version
from pathlib import Path

from burnish.bundle.bundle import Bundle
from burnish.core.errors import InputError

PORT = 8000
USER = 10001  # a number, not a name: Kubernetes checks `runAsNonRoot` by it
FILE = "Dockerfile"
LEAN = "burnish"
_HEAVY = (
    "# This bundle has no exported artifact, so the image holds torch. `burnish export` first makes it far smaller."
)


def dockerfile(source: Path, out: Path | None = None, wheel: Path | None = None) -> dict[str, Path]:
    """Write a Dockerfile, and the list of what the build is not given, into the folder the bundle lies in.

    Args:
        source: a run or bundle; its hashes are checked.
        out: the Dockerfile; None: beside the bundle.
        wheel: of burnish, which is installed in the image; None: this version, from the package index.

    Returns:
        `dockerfile` and `ignored`: the two files.

    Raises:
        InputError: not a bundle, no wheel of burnish, one of them does not lie below the folder of `out`, or a file is
            there already.
    """
    bundle = Bundle.load(source)
    path = (out or bundle.path.parent / FILE).resolve()
    place = _below(bundle.path, path, "the bundle", f"write it beside the bundle: -o {bundle.path.parent / FILE}")
    built = None
    if wheel is not None:
        if not re.fullmatch(r"burnish-[^/]+\.whl", wheel.name) or not wheel.is_file():
            raise InputError(
                f"{wheel.name} is no wheel of burnish", fix="make one: pip wheel --no-deps .", place=str(wheel)
            )
        built = _below(wheel, path, "the wheel", f"copy it to {path.parent}")
    ignored = path.with_name(f"{path.name}.dockerignore")
    for file in (path, ignored):
        if file.exists():
            raise InputError("the file is there already", fix="choose another -o, or delete it", place=str(file))
    path.write_text(text(bundle, place, built), encoding="utf-8")
    given = ["*", f"!{place}", f"!{place}/**", *([f"!{built}"] if built else [])]
    ignored.write_text("\n".join(given) + "\n", encoding="utf-8")
    return {"dockerfile": path, "ignored": ignored}


def _below(given: Path, dockerfile: Path, what: str, fix: str) -> str:
    """Where it lies, seen from the folder of the Dockerfile."""
    try:
        return given.resolve().relative_to(dockerfile.parent).as_posix()
    except ValueError:
        raise InputError(
            f"{what} does not lie below the folder of the Dockerfile, from which a build takes its files",
            fix=fix,
            place=str(dockerfile),
        ) from None


def text(bundle: Bundle, place: str, wheel: str | None = None) -> str:
    """The Dockerfile.

    Args:
        bundle: what is served.
        place: the bundle's folder, relative to that of the Dockerfile.
        wheel: of burnish, likewise; None: from the package index.
    """
    folder = bundle.path.resolve()
    word = folder.parent.name if folder.name == "bundle" else folder.name  # the name it is served under
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", word).strip(".-_") or "model"
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    needs = requirement(bundle)
    burnish, *others = needs
    extras = burnish.removeprefix(LEAN)
    package = f"{LEAN}{extras}=={version('burnish')}" if wheel is None else f"/tmp/{Path(wheel).name}{extras}"
    packages = " ".join(f'"{name}"' for name in (package, *others))
    healthy = f"import urllib.request as r; r.urlopen('http://127.0.0.1:{PORT}/healthz', timeout=3)"
    lines = [
        "# Written by `burnish dockerfile`. Build and run:",
        f"#   docker build -t {name.lower()} .",
        f"#   docker run --rm --read-only --tmpfs /tmp --cap-drop ALL -p {PORT}:{PORT} {name.lower()}",
        "# Give API keys with: --env-file keys.env, in which BURNISH_API_KEYS=... stands. Without, anyone may ask.",
        *([_HEAVY] if "train" in extras else []),
        f"FROM python:{python}-slim AS build",
        "ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1",
        "RUN python -m venv /opt/burnish",
        *([f"COPY {json.dumps([wheel, f'/tmp/{Path(wheel).name}'])}"] if wheel else []),
        f"RUN /opt/burnish/bin/pip install {packages}",
        "",
        f"FROM python:{python}-slim",
        "ENV PATH=/opt/burnish/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/tmp",
        "COPY --from=build /opt/burnish /opt/burnish",
        f"COPY --chown=0:0 --chmod=0755 {json.dumps([place, f'/srv/{name}/bundle'])}",
        f"USER {USER}:{USER}",
        f"EXPOSE {PORT}",
        "STOPSIGNAL SIGTERM",
        "HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \\",
        f"  CMD {json.dumps(['python', '-c', healthy])}",
        f"ENTRYPOINT {json.dumps(['burnish', 'serve', f'/srv/{name}/bundle', '--host', '0.0.0.0', '--port', str(PORT)])}",
    ]
    return "\n".join(lines) + "\n"


def requirement(bundle: Bundle) -> list[str]:
    """What to install: the lean package where the bundle has an artifact that runs without torch, else all of it.

    And what the operators of its artifacts come in, where onnxruntime does not have them.
    """
    anywhere = [artifact for artifact in bundle.artifacts() if not artifact.hardware]
    fitting = [artifact for artifact in anywhere if artifact.format == "onnx"]
    if not fitting and any(artifact.format == "ctranslate2" for artifact in anywhere):
        return [f"{LEAN}[ctranslate2]"]
    if not fitting:
        return [f"{LEAN}[train]"]
    return [LEAN, *dict.fromkeys(artifact.library for artifact in fitting if artifact.library)]
