"""Noise taken out: samplers, the grids of levels they walk, guidance, likelihood, what networks predict."""
