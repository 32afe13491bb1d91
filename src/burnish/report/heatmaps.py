"""Where a picture raised an answer: gradient-weighted class activation maps (Grad-CAM) of any network with places.

Own hooks, because the libraries for it bring OpenCV along and want a layer named for each architecture.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.batch import Array

if TYPE_CHECKING:
    from torch import Tensor

    from burnish.core.network import Network

SHADE = 0.45  # of the picture's brightness is left under a map, so that warm places stand out


def heatmaps(network: Network, inputs: dict[str, Array], outputs: Sequence[int]) -> NDArray[np.float32] | None:
    """How much each place raised one output of each row, between 0 and 1.

    Grad-CAM (Selvaraju et al., 2017, arXiv:1610.02391) on the last activation with places whose gradient reaches more than
    one of them: the last feature map of a convolutional network; for transformers the tokens that the last block reads, because
    behind it only the class token counts.

    Args:
        network: left as it is; put into eval mode.
        inputs: named arrays of B rows, such as `pixel_values` [B, 3, H, W].
        outputs: [B] which logit of each row is asked about.

    Returns:
        [B, h, w] with the places of that activation, or None where the network has none.
    """
    import torch

    device = next(network.parameters()).device
    tensors = {name: torch.from_numpy(value).to(device) for name, value in inputs.items()}
    tensors = {n: v.requires_grad_() if v.is_floating_point() else v for n, v in tensors.items()}
    seen: list[Tensor] = []

    def keep(module: Any, arguments: Any, output: Any) -> None:
        if isinstance(output, torch.Tensor) and output.requires_grad and output.ndim in (3, 4):
            output.retain_grad()
            seen.append(output)

    network.eval()
    with torch.no_grad():
        width = network.features(**tensors).shape[-1]
    handles = [module.register_forward_hook(keep) for module in network.modules()]
    try:
        with torch.enable_grad():
            logits = network(**tensors)
            chosen = logits.gather(1, torch.tensor(list(outputs), device=device)[:, None])
            chosen.sum().backward()
    finally:
        for handle in handles:
            handle.remove()
        network.zero_grad(set_to_none=True)
    for activation in reversed(seen):
        maps = _map(activation, width, len(outputs))
        if maps is not None:
            return maps
    return None


def _map(activation: Tensor, width: int, rows: int) -> NDArray[np.float32] | None:
    """[B, h, w] of an activation, or None where it has no places or only one of them counts."""
    if activation.grad is None or len(activation) != rows:
        return None
    values, slopes = (_places(t, width) for t in (activation.detach(), activation.grad))
    if values is None or slopes is None or int((slopes.abs().amax(dim=(0, 1)) > 0).sum()) < 2:
        return None
    weights = slopes.mean(dim=(2, 3), keepdim=True)
    raised = (weights * values).sum(dim=1).clamp(min=0)
    most = raised.amax(dim=(1, 2), keepdim=True)
    heat: NDArray[np.float32] = (raised / most.clamp(min=1e-12)).float().cpu().numpy()
    return heat


def _places(tensor: Tensor, width: int) -> Tensor | None:
    """[B, C, h, w] of a feature map, of one with its channels last, or of tokens; tokens without a place are left out."""
    if tensor.ndim == 4:
        last = tensor.shape[3] == width and tensor.shape[1] != width
        grid = tensor.permute(0, 3, 1, 2) if last else tensor
        return grid if min(grid.shape[2:]) > 1 else None
    side = math.isqrt(tensor.shape[1])
    if tensor.shape[2] != width or side < 2:
        return None
    extra = tensor.shape[1] - side**2  # a class token and the like stand first
    if extra > 8:
        return None
    return tensor[:, extra:].transpose(1, 2).reshape(len(tensor), width, side, side)


def overlaid(picture: NDArray[np.uint8], heat: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The picture with its map over it, [H, W, 3]: the warmer, the more a place raised the answer; the rest is darkened."""
    from matplotlib import colormaps
    from PIL import Image as Pillow
    from PIL.Image import Resampling

    height, wide = picture.shape[:2]
    scaled = Pillow.fromarray(heat.astype(np.float32)).resize((wide, height), Resampling.BICUBIC)
    warm = np.clip(np.asarray(scaled), 0, 1)
    colour = colormaps["inferno"](warm)[..., :3].astype(np.float32) * 255
    blended = picture.astype(np.float32) * SHADE + colour * (1 - SHADE) * warm[..., None]
    out: NDArray[np.uint8] = np.clip(blended, 0, 255).round().astype(np.uint8)
    return out
