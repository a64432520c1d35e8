"""Panels build widgets, show what the session says, and send edits; they never import each other."""
