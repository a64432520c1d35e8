"""What the window says of each model: its name and one sentence."""

from typing import NamedTuple


class ModelText(NamedTuple):
    """Name in the list, and what it is in one sentence."""

    title: str
    sentence: str


MODELS: dict[str, ModelText] = {
    "local": ModelText(
        "local · composes",
        "Averages crops of your field, weighted per pixel by how well a window around it fits; the window shrinks with "
        "the noise. An approximation: it composes new fields from local pieces.",
    ),
    "data": ModelText(
        "data · memorises",
        "The exact answer for a finite set of crops: their average, weighted by how well each one fits as a whole. "
        "It can only give the crops back.",
    ),
    "gaussian": ModelText(
        "gaussian · smooths",
        "The exact answer for a Gaussian random field with the spectrum of your field: a Wiener gain for each "
        "wavenumber. Right variance at every scale, no structure.",
    ),
    "power_law": ModelText(
        "power law · three numbers",
        "The exact answer for a Gaussian random field whose spectrum is three numbers, A (k₀² + k²)^(−β/2), fitted to "
        "that of your field: flat for the largest scales, a straight slope for the small ones.",
    ),
}
