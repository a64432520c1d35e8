"""What is learnt: the noise-prediction loss, its bound, and the training of networks."""
