"""The axes a recipe chooses from: their short names and the packages whose files are the choices."""

from __future__ import annotations

AXES: dict[str, str] = {
    "inputs": "burnish.inputs",
    "targets": "burnish.targets",
    "sources": "burnish.data.sources",
    "splits": "burnish.data.splits",
    "samplers": "burnish.data.samplers",
    "augmentations": "burnish.data.augmentations",
    "mixing": "burnish.data.mixing",
    "models": "burnish.models",
    "adapters": "burnish.adapters",
    "long": "burnish.long",
    "losses": "burnish.losses",
    "objectives": "burnish.training.objectives",
    "penalties": "burnish.training.penalties",
    "perturbations": "burnish.training.perturbations",
    "averages": "burnish.training.averages",
    "class_weights": "burnish.class_weights",
    "resamplers": "burnish.training.resamplers",
    "optimizers": "burnish.optimizers",
    "schedules": "burnish.schedules",
    "metrics": "burnish.metrics",
    "trackers": "burnish.trackers",
    "exporters": "burnish.exporters",
    "compression": "burnish.compression",
    "hardware": "burnish.hardware",
    "runtimes": "burnish.runtimes",
    "decoders": "burnish.decoders",
}
