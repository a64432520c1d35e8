"""The forward process: noise schedules, the Brownian path of a seed, x_t at any t. Begin with `ddpm`."""
