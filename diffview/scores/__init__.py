"""How good: scores of fields, ensembles, samplers and schedules, without a window."""
