"""Image networks of torchvision."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from burnish.core.errors import InputError, nearest
from burnish.core.family import Family
from burnish.inputs import Input
from burnish.models import Head, Model
from burnish.models._checkpoint import resolved_folder
from burnish.targets import Target

if TYPE_CHECKING:
    from burnish.core.network import Network


class Torchvision(Model):
    """An image network of torchvision, with a head of the library's own.

    Weights come from `weights`, from the folder, or from torchvision's site. Files torch saved are opened as tensors only.
    """

    name: str = Field(
        "mobilenet_v2",
        description="Function of torchvision.models, such as resnet50 or vgg16, or a folder a run wrote.",
    )
    weights: str | None = Field(
        None,
        description="File (.safetensors, .pth) or folder of pretrained weights; null: the folder's or torchvision's.",
    )
    random_weights: bool = Field(False, description="Start from random weights: nothing is pretrained.")
    padding: Literal["tensorflow"] | None = Field(
        None, description="'tensorflow': pad strided convolutions as TensorFlow does, for weights that come from there."
    )
    dropout: float | None = Field(
        None, ge=0, lt=1, description="Overrides every dropout rate; null: the architecture's own."
    )
    drop_path: float | None = Field(
        None, ge=0, lt=1, description="Rate of stochastic depth of the last block; null: the architecture's own."
    )
    batch_norms: Literal["frozen", "group"] | None = Field(
        None,
        description="frozen: held as they came, for small batches; group: made group norms of the same weights; null: as is.",
    )
    shapes_head = True
    channels_last: bool = Field(True, description="Keep channels last in memory, which convolutions prefer.")

    def folder(self) -> Path:
        """The folder; for a name of torchvision, a folder in the cache that says its normalisation.

        With `padding: tensorflow` the weights are not torchvision's: what they expect is then not stated unless their own
        folder does.

        Raises:
            InputError: neither a name of torchvision nor a folder.
        """
        from burnish.models._vision import folder as folders
        from burnish.models.torchvision import network as library

        if Path(self.name).expanduser().exists() or "/" in self.name:
            return resolved_folder(self.name, self.revision)
        if self.name not in library.names():
            guess = nearest(self.name, library.names())
            raise InputError(
                f"torchvision has no image network {self.name!r}, and there is no such folder",
                expected="a name torchvision.models.list_models() lists, or a local folder",
                fix=f"did you mean {guess!r}?" if guess else "",
                place="model.name",
            )
        config = library.architecture_config(self.name)
        if self.padding == "tensorflow":
            config["pretrained_cfg"] = {"input_size": config["pretrained_cfg"]["input_size"]}
        config["pretrained_cfg"] |= folders.pictures(folders.beside(self.weights))
        return folders.architecture_folder(config)

    def family(self, input: Input) -> Family:
        """What the network is built of: from the headers of its weights, else from the bare architecture."""
        from burnish.models._vision import building
        from burnish.models.torchvision import network as library

        def make() -> Any:
            folder = self.folder()
            return library.made(self._config(folder), 2, {}, None)

        return building.family(self, input.encoder, make)

    def build(self, input: Input, target: Target, *, seed: int) -> Network:
        """The pretrained network with a fresh head of `target.outputs` logits, initialised from `seed`.

        Raises:
            InputError: no weights, weights that do not fit the architecture (tensors named), corrupt files, no head for
                this input and target, or a setting the architecture does not have.
        """
        from burnish.models._batch_norms import require_pretrained
        from burnish.models._vision import building, shaping, weights
        from burnish.models._vision import folder as folders
        from burnish.models._vision import network as vision
        from burnish.models._windows import windowed
        from burnish.models.torchvision import network as library

        vision.check_task("torchvision", input, target)
        require_pretrained(self.batch_norms, random_weights=self.random_weights)
        _require_its_pooling(self.deeper)
        folder = self.folder()
        config = self._config(folder)
        name, padding = config["architecture"], self.padding or config.get("padding")
        pictures: dict[str, Any] = input.processor(folder).settings()
        size = int(pictures["size"])
        arguments = {**config.get("model_args", {}), **library.sized(name, size)}
        rate = {} if self.drop_path is None else {"stochastic_depth_prob": self.drop_path}
        model = building.drawn(lambda: library.made(config, target.outputs, {**arguments, **rate}, padding), seed)
        head = [library.head_path(model, target.outputs)]
        shaping.converted_before(model, config)

        def read() -> tuple[str, weights.Tensors]:
            place, state = self._state(folder, name)
            return place, library.converted(name, model, state)

        notes, fresh_head = building.filled(
            model, head, config, target, given_weights=self.weights, read=None if self.random_weights else read
        )
        if not self.random_weights and self.padding != "tensorflow":
            notes += building.normalisation_said(self.weights, pictures)
        facts = {"library": "torchvision", "architecture": name, **vision.labels_fact(target), "model_args": arguments}
        facts |= {"padding": padding, "pretrained_cfg": folders.pictures(pictures)}
        if self.dropout is not None:
            library.set_dropout(model, self.dropout)
        notes += shaping.shaped(model, head, self.deeper, self.batch_norms, target.outputs, seed)
        grouped = self.batch_norms == "group" or dict(config.get("burnish") or {}).get("batch_norms") == "group"
        facts |= shaping.shape_facts(self.deeper, "group" if grouped else None)
        usual = int(config.get("pretrained_cfg", {}).get("input_size", [0])[-1])
        network = self._wrapped(model, head, facts, notes, seed)
        network.fresh_head = fresh_head or self.deeper is not None
        taking = vision.taking(network, (3, size, size), (3, usual, usual) if usual else None)
        return windowed(taking, input, target, seed=seed)

    def load(self, folder: Path, input: Input, target: Target) -> Network:
        """A trained network as `Network.save` wrote it.

        Raises:
            InputError: a tensor is missing, left over or misshapen, or the saved labels are not those of `target`.
        """
        from burnish.models._vision import building, shaping
        from burnish.models._vision import network as vision
        from burnish.models._windows import restored as joined_again
        from burnish.models.torchvision import network as library

        vision.check_task("torchvision", input, target)
        config = self._config(folder)
        arguments, padding = config.get("model_args", {}), config.get("padding")
        paths: list[str] = []

        def made() -> Any:
            bare = library.made(config, target.outputs, arguments, padding)
            paths.append(library.head_path(bare, target.outputs))
            shaping.reshaped(bare, paths, config, target.outputs)
            return bare

        model = building.trained(made, folder, config, target)
        saved = dict(config.get("burnish") or {})
        shape = {name: saved.pop(name) for name in ("head", "batch_norms") if name in saved}
        restored = self.model_copy(update=saved)
        facts = {key: value for key, value in config.items() if key != "burnish"} | shape
        return joined_again(restored._wrapped(model, paths, facts, [], 0), folder, input, target)

    def _config(self, folder: Path) -> dict[str, Any]:
        from burnish.models._vision.folder import read_config

        config = read_config(folder)
        if config.get("library") != "torchvision":
            raise InputError(
                f"this folder holds no network of torchvision but {config['architecture']!r}",
                fix="use model: {kind: timm, name: ...}",
                place=str(folder),
            )
        return config

    def _state(self, folder: Path, name: str) -> tuple[str, dict[str, Any]]:
        """Where the weights are, and the weights."""
        from burnish.models._vision.weights import pretrained_weights
        from burnish.models.torchvision.network import downloaded

        if self.weights is not None:
            place = Path(self.weights).expanduser()
            return str(place), pretrained_weights(place)
        if Path(self.name).expanduser().is_dir():
            return str(folder), pretrained_weights(folder)
        return f"torchvision {name}", downloaded(name)

    def _wrapped(self, model: Any, head: list[str], facts: dict[str, Any], notes: list[str], seed: int) -> Network:
        from burnish.models._batch_norms import hold_batch_norms
        from burnish.models._vision.anatomy import by_order
        from burnish.models._vision.weights import inside
        from burnish.models.torchvision.network import TorchvisionNetwork

        names = [name for name, _ in model.named_parameters() if inside(name, head)]
        network = TorchvisionNetwork(
            model,
            anatomy=by_order(model, names),
            head=head,
            channels_last=self.channels_last,
            facts=facts,
            notes=notes,
            seed=seed,
        )
        if self.batch_norms == "frozen":
            network.notes = [*network.notes, hold_batch_norms(network)]
        return network


def _require_its_pooling(head: Head | None) -> None:
    """That the head leaves pooling to the architecture.

    Raises:
        InputError: it does not.
    """
    if head is not None and head.pooling is not None:
        raise InputError(
            "networks of torchvision pool in a way of their own",
            fix="leave head.pooling out, or use model: {kind: timm}",
            place="head.pooling",
        )
