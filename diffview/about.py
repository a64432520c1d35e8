"""About this program: version, parts, licences and credits of the data that ship with it."""

__version__ = "0.1.0"

PARTS = ("PySide6-Essentials", "pyqtgraph", "numpy", "torch", "h5py", "h5netcdf", "xarray", "pyproj", "scipy")

CREDITS = (
    "Field: top-of-atmosphere brightness temperature, from iris-sample-data. © British Crown copyright 2018, "
    "Met Office. Contains public sector information licensed under the Open Government Licence v3.0.",
    "Font: Inter, SIL Open Font License 1.1.",
    "Coastlines: Natural Earth 1:50 million, public domain, from the npm package world-atlas 2.0.2.",
    "Colour maps: cmocean (MIT), Scientific colour maps (MIT), viridis (CC0).",
)


def about_lines() -> list[str]:
    """One line each: version, parts, credits."""
    import platform  # here, for the sake of the start

    return [
        f"diffview {__version__}: see, tune and run diffusion models on Earth-observation fields. MIT licence.",
        f"Python {platform.python_version()} on {platform.system()} {platform.machine()}.",
        ", ".join(f"{part} {_version(part)}" for part in PARTS) + ".",
        *CREDITS,
    ]


def _version(part: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(part)
    except PackageNotFoundError:
        return "(not installed)"
