"""The lecture in the window: what plays it, the clicker, and what shows it."""
