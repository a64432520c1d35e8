"""Data in physical units: fields, their regions, transforms, units, and where they lie on Earth."""
