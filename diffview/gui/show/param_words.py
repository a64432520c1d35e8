"""What a form says of declared parameters."""

from typing import Any

from diffview.params import Parameter, Range

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "eps": "ε", "epsilon": "ε", "eta": "η", "theta": "θ",
    "kappa": "κ", "lambda": "λ", "lam": "λ", "mu": "μ", "nu": "ν", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ",
}  # fmt: skip


def label_for(name: str) -> str:
    """A parameter's label: beta_start -> "β start"; that of a part, low.beta_start, is indented below it."""
    *parts, own = name.split(".")
    return "\u2003" * len(parts) + " ".join(GREEK.get(word, word) for word in own.split("_"))


def spoken(name: str) -> str:
    """A parameter's name for a screen reader."""
    return " ".join(map(label_for, name.split(".")))


def tip_for(p: Parameter) -> str:
    """Its sentence, its range and its default."""
    limits = f"From {_shown(p.allowed.low)} to {_shown(p.allowed.high)}. " if isinstance(p.allowed, Range) else ""
    about = f"{p.doc}\n" if p.doc else ""
    return f"{about}{limits}Default {_shown(p.default)}; double-click the name to return to it."


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
