"""Models, x0_hat(y, s): formulas fitted to a field, networks and their cards, and the capabilities of each."""
