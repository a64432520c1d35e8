"""Ensembles beyond one machine: cut into blocks, made by an engine that is there already, kept in one store."""
