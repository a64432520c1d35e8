"""Panels build widgets, show the session, and send edits; they never import each other."""
