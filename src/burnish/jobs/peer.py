"""One of several processes that work together: `python -m burnish.jobs.peer '{"call": ..., "arguments": {...}}'`."""

from __future__ import annotations

import json
import sys

from burnish.core.collecting import before_the_end, process_is_ours
from burnish.jobs.job import named

if __name__ == "__main__":
    process_is_ours()
    asked = json.loads(sys.argv[1])
    code = named(asked["call"])(**asked["arguments"])
    before_the_end()
    sys.exit(code)
