"""Units as people write them, and which spellings are one unit; files spell them in many ways and keep theirs."""

import re

WORDS = {
    **dict.fromkeys(("degC", "deg_C", "celsius", "Celsius", "degree_C", "degrees_C"), "°C"),
    **dict.fromkeys(("degree_Celsius", "degrees_Celsius", "degrees C", "Deg C", "deg C"), "°C"),
    **dict.fromkeys(("kelvin", "Kelvin", "degK", "degrees_K"), "K"),
    **dict.fromkeys(("mm/hr", "mm hr-1", "mm/hour", "mm h-1", "mm h**-1"), "mm/h"),
    **dict.fromkeys(("degree", "degrees", "deg"), "°"),
    **dict.fromkeys(("degrees_north", "degree_north", "degrees_N"), "° N"),
    **dict.fromkeys(("degrees_east", "degree_east", "degrees_E"), "° E"),
    **dict.fromkeys(("percent", "Percent", "per cent"), "%"),
    **dict.fromkeys(("1", "none", "None", "unitless", "dimensionless", "-"), ""),
}  # fmt: skip
"""Whole units that are written otherwise."""

RAIN = {
    **dict.fromkeys(("mm/h", "kg m⁻² h⁻¹"), 1.0),
    **dict.fromkeys(("mm d⁻¹", "mm day⁻¹", "mm/d", "mm/day", "kg m⁻² d⁻¹", "kg m⁻² day⁻¹"), 24.0),
    **dict.fromkeys(("mm s⁻¹", "mm/s", "kg m⁻² s⁻¹", "kg/m2/s", "kg/m^2/s"), 1 / 3600),
}
"""1 mm/h in every unit of a rain rate, as `written`: a kg of water on a square metre is a mm."""

BASES = {"um": "µm", "hr": "h"}

_FACTOR = re.compile(r"([A-Za-zµ°%]+)(?:\*\*|\^)?([+-]?\d+)")
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+")


def written(units: str) -> str:
    """Units for the screen: "m s**-1" and "m s-1" as "m s⁻¹", "degC" as "°C"; what is not understood stays as it is.

    Recipes, files and comparisons keep the spelling of the file.
    """
    plain = units.strip()
    if plain in WORDS:
        return WORDS[plain]
    if " since " in plain:  # a calendar is no product of units
        return plain
    return " ".join(_factor(part) for part in plain.split())


def squared(units: str) -> str:
    """The square of units as they are written: "K²", "(mm/h)²"; "" of none."""
    whole = f"({units})" if any(mark in units for mark in " /·") else units
    return f"{whole}²" if units else ""


def same_units(one: str, other: str) -> bool:
    """Whether two spellings are of one unit: "degC" and "celsius", "m s-1" and "m s**-1", "mm/day" and "kg m-2 d-1"."""
    a, b = written(one), written(other)
    return a == b or (a in RAIN and RAIN[a] == RAIN.get(b))


def _factor(part: str) -> str:
    match = _FACTOR.fullmatch(part)
    if match is None:
        return BASES.get(part, part)
    base, power = match[1], str(int(match[2]))
    return BASES.get(base, base) + ("" if power == "1" else power.translate(_RAISED))
