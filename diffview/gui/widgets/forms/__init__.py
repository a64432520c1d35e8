"""Fields of forms: numbers, choices, and forms made from declared parameters."""
