"""The diffusion model of Ho et al. 2020 ("DDPM", arXiv 2006.11239) in its own letters; equations are theirs.

A chain x_0 -> x_1 -> ... -> x_T puts in noise until nothing else is left; a network learns to take it out again.
    x_t       [members, channels, ny, nx], standardised; arrays or tensors
    eps       standard normals of that shape
    beta_t, alpha_bar_t   floats, or arrays [T] over t = 1..T; alpha_bar_0 = 1 stands for the field itself
`alpha_bar_before` is alpha_bar of the state that a step goes back to: t - 1, or any earlier one of a shorter walk.

The program runs on y = x_t/sqrt(alpha_bar_t) = x_0 + s eps, s^2 = 1/alpha_bar_t - 1, so that one network serves every
schedule. tests/forward/test_ddpm.py holds each function here against what it runs on: the Brownian path, the tables of
schedules, the sampler DDPM, the loss of training.
"""

from typing import Any

import numpy as np


def alpha(beta: Any) -> Any:
    """alpha_t = 1 - beta_t: how much of the variance of x_{t-1} a step keeps [section 2]."""
    return 1 - beta


def alpha_bar(beta: Any) -> Any:
    """alpha_bar_t = alpha_1 alpha_2 ... alpha_t: how much of that of x_0 is left, [T] of beta [T] [section 2]."""
    return np.cumprod(alpha(beta))


def beta(alpha_bar_t: Any, alpha_bar_before: Any) -> Any:
    """beta_t = 1 - alpha_bar_t/alpha_bar_{t-1}: the variance of the noise that a step puts in."""
    return 1 - alpha_bar_t / alpha_bar_before


def step(x_before: Any, beta_t: Any, eps: Any) -> Any:
    """One step of the chain: x_t = sqrt(1 - beta_t) x_{t-1} + sqrt(beta_t) eps [eq. 2]."""
    return (1 - beta_t) ** 0.5 * x_before + beta_t**0.5 * eps


def closed_form(x_0: Any, alpha_bar_t: Any, eps: Any) -> Any:
    """All t steps at once, with one eps: x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) eps [eq. 4]."""
    return alpha_bar_t**0.5 * x_0 + (1 - alpha_bar_t) ** 0.5 * eps


def posterior_mean(x_t: Any, x_0: Any, alpha_bar_t: Any, alpha_bar_before: Any) -> Any:
    """Mean of q(x_{t-1} | x_t, x_0), where x_t came from if x_0 is known [eq. 7].

    mu~_t = sqrt(alpha_bar_{t-1}) beta_t/(1 - alpha_bar_t) x_0
            + sqrt(alpha_t) (1 - alpha_bar_{t-1})/(1 - alpha_bar_t) x_t
    """
    beta_t = beta(alpha_bar_t, alpha_bar_before)
    of_x_0 = alpha_bar_before**0.5 * beta_t / (1 - alpha_bar_t)
    of_x_t = alpha(beta_t) ** 0.5 * (1 - alpha_bar_before) / (1 - alpha_bar_t)
    return of_x_0 * x_0 + of_x_t * x_t


def posterior_variance(alpha_bar_t: Any, alpha_bar_before: Any) -> Any:
    """Its variance, 0 at t = 1: beta~_t = (1 - alpha_bar_{t-1})/(1 - alpha_bar_t) beta_t [eq. 7]."""
    return (1 - alpha_bar_before) / (1 - alpha_bar_t) * beta(alpha_bar_t, alpha_bar_before)


def mu_theta(x_t: Any, eps_hat: Any, alpha_bar_t: Any, alpha_bar_before: Any) -> Any:
    """Mean of the step back, p_theta(x_{t-1} | x_t), from the noise eps_hat that the network sees in x_t [eq. 11].

    mu_theta = (x_t - beta_t/sqrt(1 - alpha_bar_t) eps_hat)/sqrt(alpha_t)
    """
    beta_t = beta(alpha_bar_t, alpha_bar_before)
    return (x_t - beta_t / (1 - alpha_bar_t) ** 0.5 * eps_hat) / alpha(beta_t) ** 0.5


def sigma_theta(alpha_bar_t: Any, alpha_bar_before: Any, variance: str = "small") -> Any:
    """Variance of the step back: "small" is beta~_t, exact for a single field, "large" is beta_t [section 3.2].

    x_{t-1} = mu_theta + sqrt(Sigma_theta) z, without z at t = 1 [algorithm 2].
    """
    return (posterior_variance if variance == "small" else beta)(alpha_bar_t, alpha_bar_before)


def loss(eps: Any, eps_hat: Any) -> Any:
    """L_simple = mean |eps - eps_hat|^2 over members and pixels, eps_hat the network's answer to x_t and t [eq. 14]."""
    return ((eps - eps_hat) ** 2).mean()


def variance_limits(s: Any, s_next: Any) -> tuple[Any, Any]:
    """Sigma_theta, small and large, of a step from s to s' in y, where it is divided by alpha_bar at s'.

    r^2 (s^2 - s'^2), r = s'/s, and (s^2 - s'^2)(1 + s'^2)/(1 + s^2): here nothing cancels as s' comes near s.
    """
    both = s**2 - s_next**2
    return (s_next / s) ** 2 * both, (1 + s_next**2) / (1 + s**2) * both
