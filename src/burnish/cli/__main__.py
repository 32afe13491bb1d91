"""`python -m burnish.cli` is `burnish`."""

from __future__ import annotations

from burnish.cli import main

if __name__ == "__main__":
    main()
