r"""The theory's equations as data: LaTeX, what they say, their symbols, and where numbers under the playhead stand.

In a formula <x_t> is a symbol of SYMBOLS, drawn in the colour of the curve or the picture that it names, and <#s> is a
live number of `live_numbers.NUMBERS`. `tools/make_equations.py` sets them; `typeset` reads what it has made.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

NAMED = re.compile(r"<(#?)(\w+)>")
"""A symbol or, with #, a number in a formula."""


@dataclass(frozen=True)
class Symbol:
    """A symbol: how it is written, what it is, and the role of its colour in ROLES."""

    latex: str
    meaning: str
    role: str = ""


ROLES = {"": "text", "data": "text", "forward": "forward", "reverse": "reverse", "noise": "dim", "good": "good"}
"""What a colour stands for, and its token in the palette: the same as that of the curve and the picture."""


SYMBOLS: dict[str, Symbol] = {
    "x": Symbol("x", "a field", "data"),
    "x_0": Symbol("x_0", "the clean field", "data"),
    "x_i": Symbol("x_i", "a training field", "data"),
    "P": Symbol("P(k)", "the power of the clean field at wavenumber k", "data"),
    "x_t": Symbol("x_t", "the field with the noise of step t", "forward"),
    "x_prev": Symbol("x_{t-1}", "the field one step before", "forward"),
    "x_T": Symbol("x_T", "the field at the last step: pure noise", "forward"),
    "P_t": Symbol(r"P_{\,t}(k)", "the power of x_t", "forward"),
    "y": Symbol("y", "x_t divided by α: the clean field plus noise of standard deviation s", "forward"),
    "y_next": Symbol("y'", "y one step of the run later", "reverse"),
    "eps": Symbol(r"\varepsilon", "standard normal noise", "noise"),
    "z": Symbol("z", "fresh standard normal noise", "noise"),
    "floor": Symbol(r"\sigma_t^2", "the noise floor: the power of the noise at every scale", "noise"),
    "W": Symbol("W", "a Brownian path: all noise of one seed", "noise"),
    "x0_hat": Symbol(r"\hat{x}_0", "what the model takes the clean field for", "reverse"),
    "eps_hat": Symbol(r"\varepsilon_\theta(x_t, t)", "the noise that the network predicts", "reverse"),
    "eps_out": Symbol(r"\hat{\varepsilon}", "the noise that the network predicts", "reverse"),
    "x_run": Symbol("x_t", "the field of the run, with the noise that is left", "reverse"),
    "eps_error": Symbol(r"\varepsilon - \hat{\varepsilon}", "what the predicted noise is wrong by", "reverse"),
    "eps_pair": Symbol(
        r"\varepsilon \;\; \vert \;\; \hat{\varepsilon}", "the noise, and what the model takes it for", "reverse"
    ),
    "x_back": Symbol("x_{t-1}", "the field with a little less noise", "reverse"),
    "x_all": Symbol("x_{0:T}", "a whole chain of fields", "reverse"),
    "p_theta": Symbol(r"p_\theta", "the distribution that the model describes", "reverse"),
    "mu_theta": Symbol(r"\mu_\theta", "the mean of a step back", "reverse"),
    "sigma_theta": Symbol(r"\Sigma_\theta", "the variance of a step back", "reverse"),
    "member": Symbol("x_i", "a member of the ensemble", "reverse"),
    "other": Symbol("x_j", "another member", "reverse"),
    "Q": Symbol("Q(k)", "the power of what the model makes", "reverse"),
    "truth": Symbol("y", "what came true", "data"),
    "beta": Symbol(r"\beta_t", "the share of variance that step t replaces by noise"),
    "alpha": Symbol(r"\alpha_t", "what step t leaves of the variance: 1 − β"),
    "abar": Symbol(r"\bar{\alpha}_t", "what is left of the signal's variance after t steps"),
    "abar_prev": Symbol(r"\bar{\alpha}_{t-1}", "what was left of it one step before"),
    "beta_tilde": Symbol(r"\tilde{\beta}_t", "the variance of a step back when the clean field is known"),
    "s": Symbol("s", "the noise level: noise over signal"),
    "s_next": Symbol("s'", "the next lower noise level"),
}
"""The symbols by name."""


@dataclass(frozen=True)
class Equation:
    """An equation of the theory.

    Attributes:
        latex: the formula, with symbols and numbers by name.
        meaning: what it says, as one sentence.
        live: the same with live numbers, or "" where there is nothing to put in.
        sources: what computes it, as modules of diffview.
    """

    latex: str
    meaning: str
    live: str = ""
    sources: tuple[str, ...] = ()

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """The named symbols, in their order."""
        names = (name for number, name in NAMED.findall(self.latex) if not number)
        return tuple(SYMBOLS[name] for name in dict.fromkeys(names))

    @property
    def numbers(self) -> tuple[str, ...]:
        """The names of the live numbers, in their order."""
        return tuple(dict.fromkeys(name for number, name in NAMED.findall(self.live) if number))

    @property
    def plain(self) -> str:
        """The formula in LaTeX that any program reads."""
        return spelt(self.latex, lambda symbol: symbol.latex, str)


def spelt(latex: str, symbol: Callable[[Symbol], str], number: Callable[[str], str]) -> str:
    """A formula with its symbols and numbers written as these say."""
    return NAMED.sub(lambda found: number(found[2]) if found[1] else symbol(SYMBOLS[found[2]]), latex)
