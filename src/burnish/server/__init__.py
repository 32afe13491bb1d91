"""The server: bundles behind HTTP. The only room that imports fastapi."""
