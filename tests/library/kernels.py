"""A real kernel of Jupyter, in a process of its own: cells in, what they print and show out."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jupyter_client.manager import KernelManager

PATIENCE_S = 120
"""Seconds that a cell may take; a loaded machine computes slowly."""


class Kernel:
    """A kernel that runs one cell after the other."""

    def __init__(self, manager: KernelManager) -> None:
        self._client = manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=PATIENCE_S)

    def run(self, cell: str) -> str:
        """What a cell prints, and the text of its last value.

        Raises:
            AssertionError: if it fails, with its traceback.
        """
        said: list[str] = []

        def hear(message: dict) -> None:
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                said.append(content["text"])
            elif kind in ("execute_result", "display_data"):
                said.append(content["data"].get("text/plain", ""))

        reply = self._client.execute_interactive(cell, timeout=PATIENCE_S, output_hook=hear, allow_stdin=False)
        content = reply["content"]
        assert content["status"] == "ok", "\n".join(content.get("traceback", [])) or content
        return "".join(said)

    def close(self) -> None:
        """Close its channels."""
        self._client.stop_channels()


@contextmanager
def kernel(folder: Path) -> Iterator[Kernel]:
    """A kernel with settings of its own in a folder, without a screen; it ends by itself when it is asked to."""
    homes = [f"XDG_{kind}_HOME" for kind in ("CONFIG", "STATE", "CACHE", "DATA")]
    own = dict.fromkeys([*homes, "IPYTHONDIR", "JUPYTER_RUNTIME_DIR"], str(folder))
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen", **own}
    manager = KernelManager()
    manager.start_kernel(env=env, cwd=str(folder))
    try:
        running = Kernel(manager)
        yield running
        running.close()
        manager.shutdown_kernel()
    finally:
        if manager.is_alive():
            manager.shutdown_kernel(now=True)
