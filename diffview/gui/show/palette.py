"""The named colours of the two appearances, and those of steps of one quantity."""

from dataclasses import dataclass

from diffview.fields.colormaps import COLORMAPS

RAMP = "ramp "
"""How the token of a step begins; the share of the way follows."""

RAMP_COLOURS = "viridis"
RAMP_ENDS = {"dark": (0.3, 1.0), "light": (0.0, 0.8)}
"""The part of that map that stands out from the ground."""


def ramp(count: int) -> tuple[str, ...]:
    """Tokens of so many steps, from the least to the most."""
    return tuple(f"{RAMP}{step / max(1, count - 1):.3f}" for step in range(count))


@dataclass(frozen=True)
class Tokens:
    """Named colours of one appearance, as #rrggbb."""

    name: str
    bg: str
    panel: str
    raised: str
    hover: str
    line: str
    edge: str
    text: str
    dim: str
    faint: str
    forward: str
    reverse: str
    on_accent: str
    good: str
    warn: str
    bad: str
    no_data: str

    def code(self, token: str) -> str:
        """The colour of a token, of a step too, as #rrggbb."""
        if not token.startswith(RAMP):
            return str(getattr(self, token))
        low, high = RAMP_ENDS[self.name]
        share = low + (high - low) * float(token.removeprefix(RAMP))
        return "#" + COLORMAPS[RAMP_COLOURS][round(255 * share)].tobytes().hex()

    def mixed(self, over: str, under: str, share: float) -> str:
        """The opaque mixture share * over + (1 - share) * under of two tokens, as #rrggbb."""
        pairs = zip(self.channels(over), self.channels(under), strict=True)
        return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in pairs)

    def channels(self, token: str) -> bytes:
        """Red, green and blue of a token."""
        return bytes.fromhex(self.code(token)[1:])


DARK = {
    "bg": "#14171c", "panel": "#1b1f26", "raised": "#242a33", "hover": "#2c333e", "line": "#2b313b", "edge": "#414a58",
    "text": "#e6e9ef", "dim": "#8b94a3", "faint": "#5c6574", "forward": "#f2a93b", "reverse": "#4cc2e6",
    "on_accent": "#0d1217", "good": "#7ee0a6", "warn": "#f2c94c", "bad": "#ff7b72", "no_data": "#2a2f3a",
}  # fmt: skip
LIGHT = {
    "bg": "#f4f5f7", "panel": "#ffffff", "raised": "#eef0f3", "hover": "#e3e7ec", "line": "#d9dde3", "edge": "#b6bec9",
    "text": "#1d232b", "dim": "#69727f", "faint": "#9aa3af", "forward": "#c77700", "reverse": "#0a7ea4",
    "on_accent": "#ffffff", "good": "#1e8a55", "warn": "#a06a00", "bad": "#c2352b", "no_data": "#dfe3e8",
}  # fmt: skip

ON_STAGE = {
    "dark": {
        **DARK, "bg": "#0b0d10", "panel": "#0b0d10", "text": "#ffffff", "dim": "#b4bdca", "line": "#3c4552",
        "edge": "#66717f", "forward": "#ffb347", "reverse": "#5cd0f5",
    },
    "light": {
        **LIGHT, "bg": "#ffffff", "panel": "#ffffff", "text": "#0a0e13", "dim": "#48525e", "line": "#c3c9d1",
        "edge": "#8a94a1", "forward": "#b05c00", "reverse": "#006a8e",
    },
}  # fmt: skip
"""The same for a hall: all words are read from its last row, and pictures lie on one ground."""
