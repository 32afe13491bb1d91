"""Tasks of a Ray cluster."""

from __future__ import annotations

from typing import Any

from burnish.jobs.pool import Pool
from burnish.workers._ray_cluster import Cluster, library


class Ray(Cluster):
    """Tasks of a Ray cluster, or of Ray on this machine where there is no cluster; run folders lie on shared storage."""

    def open(self) -> Pool:
        """A task for each job, started anew from the job's own checkpoint when its worker or node is lost."""
        from burnish.workers._ray_tasks import RayTasks

        return RayTasks(self, library())

    def together(self, call: str, arguments: dict[str, Any]) -> int:
        """Ray Train's `TorchTrainer` starts the processes and joins them; what was written last decides how they go on."""
        from burnish.workers._ray_training import together

        return together(self, library(), call, arguments)
