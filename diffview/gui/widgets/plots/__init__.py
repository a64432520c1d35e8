"""Plots: one base, one axis with its ticks, and the curves of each kind."""
