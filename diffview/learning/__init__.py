"""Learning: the noise-prediction loss, the bound that follows from it, and the training of networks."""
