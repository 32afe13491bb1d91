"""A Ray cluster: what is asked of it, and how one is reached."""

from __future__ import annotations

import os
from typing import Any

from pydantic import Field

from burnish.core.errors import InputError
from burnish.workers import Workers


class Cluster(Workers):
    """What tasks are given, and where the cluster is."""

    count: int | None = Field(
        None, ge=1, description="How many work at once; null: as many as the cluster has room for."
    )
    address: str | None = Field(
        None,
        description="ray://HOST:10001 or HOST:6379; null: $RAY_ADDRESS, a cluster on this machine, else a new one.",
    )
    cpus: float = Field(1, gt=0, description="Cores that each is given, and threads that it computes with.")
    gpus: float = Field(0, ge=0, description="GPUs that each is given; a fraction shares one.")
    memory: float | None = Field(None, gt=0, description="GiB of memory that each is given; null: not counted.")
    heartbeat: float = Field(1.0, gt=0, description="Seconds between two signs of life of a task.")
    patience: float = Field(60.0, gt=0, description="Seconds without a sign of life until a task is taken for lost.")
    retries: int = Field(3, ge=0, description="How often a run of several processes is started anew after one died.")

    def joined(self, ray: Any, *, heard: bool = False) -> None:
        """Connect to the cluster, unless this process is connected.

        Args:
            ray: the library.
            heard: whether what workers print is printed here.

        Raises:
            InputError: there is none at the address.
        """
        if ray.is_initialized():
            return
        try:
            ray.init(address=self.address, log_to_driver=heard, logging_level="warning", ignore_reinit_error=True)
        except (ConnectionError, OSError, RuntimeError, ValueError) as error:
            raise InputError(
                f"no Ray cluster answers: {str(error).splitlines()[0]}",
                expected="a cluster that runs",
                fix="ray start --head on one machine, ray start --address=HOST:6379 on the others",
                place=self.address or "--workers ray",
            ) from error


def library() -> Any:
    """Ray.

    Raises:
        InputError: it is not installed.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
    try:
        import ray
    except ImportError as error:
        raise InputError("--workers ray needs the package ray", fix="pip install 'burnish[ray]'") from error
    return ray
