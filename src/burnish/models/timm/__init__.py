"""Image networks of timm."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from burnish.core.errors import InputError, nearest
from burnish.core.family import Family
from burnish.inputs import Input
from burnish.models import Model
from burnish.models._checkpoint import WEIGHTS, hub_name, resolved_folder
from burnish.targets import Target

if TYPE_CHECKING:
    from burnish.core.network import Network


BatchNorms = Literal["frozen", "group"]
CHANNELS = (3, 1)  # colours, and sounds as log-mel pictures


class Timm(Model):
    """An image network of timm, with a head of the library's own; sounds go in as log-mel pictures of one channel.

    Weights come from `weights`, from the folder, or from the hub. Files torch saved are opened as tensors only.
    """

    name: str = Field(
        "mobilenetv3_small_100",
        description="Architecture timm lists, with or without the tag of its weights ('resnet50.a1_in1k'), local folder, "
        "or hub name.",
    )
    weights: str | None = Field(
        None, description="File (.safetensors, .pth) or folder of pretrained weights; null: the folder's or the hub's."
    )
    random_weights: bool = Field(False, description="Start from random weights: nothing is pretrained.")
    dropout: float | None = Field(
        None, ge=0, lt=1, description="Dropout rate before the head; null: the architecture's own."
    )
    drop_path: float | None = Field(
        None, ge=0, lt=1, description="Rate of stochastic depth of the last block; null: the architecture's own."
    )
    gradient_checkpointing: bool = Field(
        False, description="Compute activations again in the backward pass: less memory, about a third more time."
    )
    batch_norms: BatchNorms | None = Field(
        None,
        description="frozen: held as they came, for small batches; group: made group norms of the same weights; null: as is.",
    )
    shapes_head = True
    channels_last: bool = Field(True, description="Keep channels last in memory, which convolutions prefer.")

    def folder(self) -> Path:
        """The checkpoint's folder; for an architecture with weights of one's own, a folder that says its normalisation.

        Raises:
            InputError: neither an architecture, a folder, nor reachable on the hub (offline and not cached is said).
        """
        from burnish.models._vision import folder as folders
        from burnish.models.timm import network as library

        bare = not Path(self.name).expanduser().exists() and library.known(self.name)
        if not bare:
            return self._given()
        without_hub = self.weights is not None or self.random_weights
        config = library.architecture_config(self.name)
        if not without_hub:
            return self._from_hub(library.hub_id(self.name))
        config["pretrained_cfg"] |= folders.pictures(folders.beside(self.weights))
        return folders.architecture_folder(config)

    def family(self, input: Input) -> Family:
        """What the network is built of: from the headers of its weights, else from the bare architecture."""
        from burnish.models._vision import building
        from burnish.models._vision import folder as folders
        from burnish.models.timm import network as library

        def make() -> Any:
            folder = self.folder()
            return library.made(folder, folders.read_config(folder), 2, {})

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
        from burnish.models.timm import network as library

        vision.check_task("timm", input, target, CHANNELS)
        require_pretrained(self.batch_norms, random_weights=self.random_weights)
        folder = self.folder()
        config = folders.read_config(folder)
        processor = input.processor(folder)
        pictures: dict[str, Any] = processor.settings()
        shape = vision.pixel_shape("timm", processor)
        settings = {**self._rates(), **library.sized(config, shape)}
        model = building.drawn(
            lambda: shaping.pooled(library.made(folder, config, target.outputs, settings), self.deeper, target.outputs),
            seed,
        )
        library.check_patches(model, shape)
        usual = library.usual_shape(model)
        for other in ("test_input_size", "test_crop_pct"):  # at which the checkpoint was tested, and this one is not
            model.pretrained_cfg.pop(other, None)
        model.pretrained_cfg |= folders.pictures(pictures) if shape[0] == 3 else folders.sounds(shape)
        head = library.head_paths(model)
        shaping.converted_before(model, config)
        place = Path(self.weights).expanduser() if self.weights else folder

        def read() -> tuple[str, weights.Tensors]:
            return str(place), library.converted(model, weights.pretrained_weights(place), str(place), shape[0])

        notes, fresh_head = building.filled(
            model, head, config, target, given_weights=self.weights, read=None if self.random_weights else read
        )
        if not self.random_weights and shape[0] == 3:
            notes += building.normalisation_said(self.weights, pictures)
        notes += shaping.shaped(model, head, self.deeper, self.batch_norms, target.outputs, seed)
        network = self._wrapped(model, head, target, notes, seed, config)
        network.fresh_head = fresh_head or self.deeper is not None
        return windowed(vision.taking(network, shape, usual), input, target, seed=seed)

    def load(self, folder: Path, input: Input, target: Target) -> Network:
        """A trained network as `Network.save` wrote it.

        Raises:
            InputError: a tensor is missing, left over or misshapen, or the saved labels are not those of `target`.
        """
        from burnish.models._vision import building, shaping
        from burnish.models._vision import folder as folders
        from burnish.models._vision import network as vision
        from burnish.models._windows import restored as joined_again
        from burnish.models.timm import network as library

        vision.check_task("timm", input, target, CHANNELS)
        config = folders.read_config(folder)
        saved = shaping.saved_head(config)
        paths: list[str] = []

        def made() -> Any:
            bare = shaping.pooled(library.made(folder, config, target.outputs, {}), saved, target.outputs)
            paths.extend(library.head_paths(bare))
            shaping.reshaped(bare, paths, config, target.outputs)
            return bare

        model = building.trained(made, folder, config, target)
        restored = self.model_copy(update={**config.get("burnish", {}), "head": saved})
        return joined_again(restored._wrapped(model, paths, target, [], 0), folder, input, target)

    def _given(self) -> Path:
        name = self.name.removeprefix("hf-hub:").removeprefix("local-dir:")
        if "/" in name or Path(name).expanduser().exists():
            return resolved_folder(name, self.revision)
        import timm

        guess = nearest(name.partition(".")[0], timm.list_models())
        raise InputError(
            f"timm has no architecture {name!r}, and there is no such folder",
            expected="a name timm.list_models() lists, a local folder, or a hub name such as 'timm/resnet50.a1_in1k'",
            fix=f"did you mean {guess!r}?" if guess else "",
            place="model.name",
        )

    def _from_hub(self, name: str | None) -> Path:
        fix = f"give `weights` (a {WEIGHTS} or .pth file), a local folder, or `random_weights: true`"
        if name is None:
            raise InputError(f"timm knows no weights of {self.name!r} on the hub", fix=fix, place="model.weights")
        try:
            return resolved_folder(name, self.revision)
        except InputError as error:
            raise InputError(
                f"there are no weights for {self.name!r}: {error.found}", fix=fix, place="model.weights"
            ) from error

    def _rates(self) -> dict[str, Any]:
        given = {"drop_rate": self.dropout, "drop_path_rate": self.drop_path}
        return {name: rate for name, rate in given.items() if rate is not None}

    def _wrapped(
        self,
        model: Any,
        head: list[str],
        target: Target,
        notes: list[str],
        seed: int,
        config: dict[str, Any] | None = None,
    ) -> Network:
        """The network; `config` of the checkpoint it was built from, whose group norms it keeps."""
        from burnish.models._batch_norms import hold_batch_norms
        from burnish.models._vision.network import labels_fact
        from burnish.models._vision.shaping import shape_facts
        from burnish.models.timm.network import TimmNetwork, anatomy

        if self.gradient_checkpointing:
            try:
                model.set_grad_checkpointing(True)
            except (AssertionError, AttributeError, NotImplementedError) as error:
                raise InputError(
                    f"the architecture {type(model).__name__} cannot checkpoint gradients",
                    fix="leave `gradient_checkpointing` out",
                    place="model.gradient_checkpointing",
                ) from error
        grouped = self.batch_norms == "group" or dict((config or {}).get("burnish") or {}).get("batch_norms") == "group"
        network = TimmNetwork(
            model,
            anatomy=anatomy(model, head),
            head=head,
            channels_last=self.channels_last,
            facts={**labels_fact(target), **shape_facts(self.deeper, "group" if grouped else None)},
            notes=notes,
            seed=seed,
            origin=hub_name(self.name) if "/" in self.name else None,
        )
        if self.batch_norms == "frozen":
            network.notes = [*network.notes, hold_batch_norms(network)]
        return network
