"""What the choices of a training mean, in one sentence each."""

LOSSES = {
    "edm": "Every noise level counts alike for the raw output of the network.",
    "plain": "|ε − ε̂|², the loss of the theory: the lowest noise levels count most.",
}
DENSITIES = {
    "broad": "Half of the noise levels lie evenly between the lowest and the highest, half in the middle.",
    "uniform": "All noise levels are equally likely on a log axis.",
    "edm": "Mostly noise levels around s = 0.3, as EDM draws them.",
    "schedule": "t is drawn evenly on your schedule, between the lowest and the highest noise level.",
}
"""By key of objective.LOSSES and of densities.DENSITIES."""
