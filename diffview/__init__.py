"""diffview: see, tune and run diffusion models on Earth-observation fields."""

__version__ = "0.1.0"
