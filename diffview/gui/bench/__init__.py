"""The rows of `diffview bench` that need a window."""
