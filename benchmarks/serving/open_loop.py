"""For locust: every user asks once a second whether or not the server keeps up; statuses are counted apart."""

import itertools
import json
import os

from locust import FastHttpUser, constant_throughput, events, task

with open(os.environ["BODIES"], encoding="utf-8") as file:
    BODIES = itertools.cycle([line.strip() for line in file])


class Client(FastHttpUser):
    """One request a second; so many users are the rate."""

    wait_time = constant_throughput(1)
    connection_timeout = network_timeout = 60.0

    @task
    def ask(self) -> None:
        """One row."""
        headers = {"Content-Type": "application/json"}
        with self.client.post("/predict", next(BODIES), headers=headers, catch_response=True) as response:
            response.request_meta["name"] = str(response.status_code)
            response.success()


@events.quitting.add_listener
def write(environment: object, **_: object) -> None:
    """Counts and percentiles by status, to $RESULT."""
    found = {
        entry.name: {
            "requests": entry.num_requests,
            "p50": entry.get_response_time_percentile(0.5),
            "p99": entry.get_response_time_percentile(0.99),
            "longest": entry.max_response_time,
        }
        for entry in environment.stats.entries.values()
    }
    with open(os.environ["RESULT"], "w", encoding="utf-8") as file:
        json.dump(found, file)
