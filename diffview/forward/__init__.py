"""Noise put in: schedules, the Brownian path of a seed, x_t at any t. `ddpm` is the page to begin with."""
