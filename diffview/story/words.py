"""The words of the program, each in one sentence with its equation; docs/words.md is made of them.

The same text stands in F2, in the tooltip of a symbol, and in the chapters of a lecture.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """A word, or two that belong together.

    Attributes:
        name: as it stands on screen.
        equation: key of the table of equations; "" for none.
        read: the page of docs/ where to read on.
        meaning: in one sentence, without its point.
    """

    name: str
    equation: str
    read: str
    meaning: str

    @property
    def sentence(self) -> str:
        """The meaning as a tooltip says it."""
        return f"{self.name}: {self.meaning}"


# fmt: off
TERMS: dict[str, Term] = {
    "x_t": Term("x₀, xₜ", "closed_form", "theory.md",
        "the clean field in standardised units; the field with noise at time t: xₜ = α x₀ + σ ε",
    ),
    "alpha_bar": Term("ᾱ, β", "alpha_bar", "theory.md",
        "what is left of the signal's variance; the variance that one step adds. ᾱ = 1/(1 + s²) for every schedule",
    ),
    "log_snr": Term("s, log-SNR", "log_snr", "theory.md",
        "the noise level σ/α; ln(α²/σ²) = −2 ln s",
    ),
    "y": Term("y", "brownian", "theory.md",
        "x/α = x₀ + s ε: in these units the forward process is a Brownian motion in s²",
    ),
    "x0_hat": Term("x̂₀, ε̂", "x0_from_eps", "theory.md",
        "what the model believes the clean field and the noise are",
    ),
    "schedule": Term("schedule, grid", "signal_and_noise", "schedules.md",
        "α and σ over t; which t a run visits",
    ),
    "step_back": Term("μ, σ z", "reverse_step", "teaching.md",
        "of a step back: where it would go without noise; the noise that is drawn",
    ),
    "hump": Term("hump", "intractable", "teaching.md",
        "a local maximum of a density; q(xₜ₋₁ | xₜ) has one only if the step is small",
    ),
    "cloud": Term("cloud", "", "teaching.md",
        "points of two numbers, each in the place of a field",
    ),
    "steps": Term("steps, levels", "reverse_step", "theory.md",
        "of a run: from one noise level to the next lower one, from the grid's highest to 0",
    ),
    "snr_by_scale": Term("SNR by scale", "snr_by_scale", "theory.md",
        "P(k)/s²: how far the power of a scale stands above the noise, over scale and time",
    ),
    "below_the_noise_floor": Term("below the noise floor", "noisy_spectrum", "theory.md",
        "where that is under 1: scales that the noise hides",
    ),
    "reference_curve": Term("reference curve", "", "schedules.md",
        "a schedule drawn dotted under the one in force, to compare with",
    ),
    "chapter_beat": Term("chapter, beat", "", "theory.md",
        "of a lecture: one thing to be understood; what one press of the clicker plays",
    ),
    "rival": Term("rival", "", "schedules.md",
        "one of up to four named ways to run; the one in force is the recipe itself",
    ),
    "terminal_snr": Term("terminal SNR", "", "schedules.md",
        "signal to noise at t = 1, in dB; of a scale P(k)/s², which depends on the resolution of the field",
    ),
    "cost_of_steps": Term("cost of steps", "", "schedules.md",
        "what a run's steps add to the bound, by the measured loss, above infinitely many between the same levels",
    ),
    "levels_executed": Term("levels executed", "", "schedules.md",
        "those that another program really visits with a config, which passes over some settings and shifts others",
    ),
    "my_schedules": Term("my schedules", "", "schedules.md",
        "those kept under a name in the user's own folder",
    ),
    "objective": Term("objective", "", "networks.md",
        "what a network is trained to predict, and how much each noise level counts: EDM's output, ε, v or the flow",
    ),
    "flow_matching": Term("flow", "", "networks.md",
        "u = ε − x₀, along the straight line (1 − t) x₀ + t ε; t = s/(1 + s)",
    ),
    "consistency": Term("consistency model, distil", "", "networks.md",
        "a network f(y, s) that jumps in one call to where a run of its teacher ends, and learns it from the teacher",
    ),
    "training_density": Term("training density", "loss_by_level", "networks.md",
        "how often each ln s was drawn in training; drawing t uniformly on a schedule makes it dt/d ln s",
    ),
    "loss": Term("loss, bound", "variational_bound", "theory.md",
        "mean |ε − ε̂|² of a pixel at one s; an upper limit of −ln p(x₀) in nats per pixel: with fine steps "
        "the area under the loss over ln s",
    ),
    "capabilities": Term("capabilities", "", "sampling.md",
        "what a model offers beside x̂₀(y, s), and a sampler may need: a posterior mean or a jump to the end,"
        " the product with its Jacobian, the variance of a step, known pixels",
    ),
    "conditioning": Term("conditioning", "guidance", "theory.md",
        "what of the field goes into a run: nothing, its coarse means, its known pixels, or the field noised "
        "to a level",
    ),
    "gaussian_prior": Term("Gaussian prior", "wiener", "theory.md",
        "the Gaussian random field with the spectrum of the training crops: kriging is exact under it",
    ),
    "training_crops": Term("training crops", "softmax_over_data", "theory.md",
        "rectangles of the region's size that a formula is fitted to; with a start from the field, those that"
        " share no pixel with it",
    ),
    "gap": Term("gap", "", "gaps.md",
        "pixels of the region that a run is not told: missing in the field, or hidden by hand",
    ),
    "fair_crps": Term("fair CRPS", "crps", "calibration.md",
        "mean |xᵢ − y| − Σ |xᵢ − xⱼ|/(2M(M − 1)): the distance of M members from the truth, in its unit, as "
        "if they were many",
    ),
    "spread_skill": Term("spread/skill", "spread_skill", "calibration.md",
        "the spread of the members over the error of their mean; 1 where the ensemble is calibrated",
    ),
    "rank": Term("rank", "", "calibration.md",
        "how many members lie below the truth; every rank comes equally often where the ensemble is calibrated",
    ),
    "coherence": Term("coherence", "", "calibration.md",
        "how alike two fields are at a wavelength, from 0 to 1",
    ),
    "fss": Term("FSS", "", "rain.md",
        "fractions skill score: agreement of how much of a square lies above a threshold, whatever pixel it is",
    ),
    "operator": Term("operator", "", "observations.md",
        "what an instrument sees of x₀: known pixels, block means, a Gaussian footprint, the mean of an area,"
        " a swath",
    ),
    "solver": Term("solver", "", "observations.md",
        "what a run makes of observations at each step: SDA, DPS, ΠGDM, MMPS, or exact",
    ),
    "block": Term("first member, block", "", "ensembles.md",
        "where an ensemble begins; how many members are made together, so that parts fit together to the bit",
    ),
    "store": Term("job, store, worker", "", "ensembles.md",
        "an ensemble made in blocks at several places; the folder with all that is made; a process that makes"
        " one block at a time",
    ),
    "noise_version": Term("noise version", "", "sampling.md",
        "how normals are drawn from counters; a recipe keeps that with which it was made",
    ),
    "gap_scores": Term("gap scores", "", "gaps.md",
        "RMSE, CRPS and spread/skill of what was filled, where the truth was hidden by hand",
    ),
    "simple_kriging": Term("simple kriging", "kriging", "gaps.md",
        "the best estimate of missing pixels under a Gaussian prior with a known spectrum; also called "
        "optimal interpolation",
    ),
    "cross_spectrum": Term("cross-spectrum", "", "days.md",
        "how two fields go together at a wavenumber: how closely, and how far one is displaced against the other",
    ),
    "synthetic_channel": Term("synthetic channel", "", "days.md",
        "a brightness temperature computed from rain, for want of one that a satellite saw",
    ),
    "time_mean": Term("time mean", "", "days.md",
        "of a sequence of days at every pixel; an operator like block means, and what `diffview days` is given",
    ),
    "seasonal_cycle": Term("seasonal cycle", "", "days.md",
        "what a pixel has on that day of the year: its mean and two harmonics; departures are from it",
    ),
    "seam": Term("seam", "", "days.md",
        "where one month that was made ends and the next begins",
    ),
    "ks_distance": Term("KS distance", "", "networks.md",
        "largest distance of two distribution functions, 0 to 1",
    ),
    "training_rank": Term("rank of a training", "", "scale.md",
        "one of the processes that torchrun starts to train one network together",
    ),
    "chain": Term("chain, T", "forward_step", "theory.md",
        "the Markov chain of T steps whose rows the slider counts",
    ),
    "closed_form": Term("closed form", "closed_form", "theory.md",
        "any t in one jump, with one ε",
    ),
    "fork": Term("fork", "", "window.md",
        "a run that leaves another at one of its steps",
    ),
    "history": Term("history", "", "theory.md",
        "what a multistep sampler remembers of earlier steps; it is recorded with each step",
    ),
    "guidance": Term("guidance, w", "classifier_free", "sampling.md",
        "x̂₀ led towards what is observed; ε = ε_u + w (ε_c − ε_u), so that w = 1 is the plain conditional model",
    ),
    "limits": Term("limits", "", "sampling.md",
        "the least and the most that x̂₀ may be, in the field's unit",
    ),
    "wet_pixel_fraction": Term("wet-pixel fraction", "", "rain.md",
        "of the pixels that have data, those whose rain is at or above the threshold",
    ),
    "one_shot": Term("one shot", "x0_from_eps", "window.md",
        "one call of the model on the forward xₜ",
    ),
    "recipe": Term("recipe", "", "window.md",
        "everything that was chosen, as JSON; it can be undone, saved and opened",
    ),
    "region": Term("region", "", "window.md",
        "the window of the slice that is noised and denoised",
    ),
    "sigma": Term("α, σ", "signal_and_noise", "theory.md",
        "how much of the clean field and how much noise xₜ holds: xₜ = α x₀ + σ ε; the variance stays 1 where"
        " α² + σ² = 1",
    ),
    "score": Term("score", "score", "theory.md",
        "the gradient of ln p(y): the way towards more likely fields; (x̂₀ − y)/s², so that a denoiser knows it",
    ),
    "member": Term("member", "crps", "ensembles.md",
        "one of the fields that a run makes, each from noise of its own; all of them are equally likely",
    ),
    "spread": Term("spread", "spread_skill", "ensembles.md",
        "the standard deviation over the members at each pixel, in the field's unit: how uncertain the model "
        "is there",
    ),
    "posterior": Term("posterior", "posterior", "theory.md",
        "q(xₜ₋₁ | xₜ, x₀): one step back is a Gaussian if the clean field is known; without it nobody can "
        "write it down",
    ),
    "mu_theta": Term("μ_θ, Σ_θ", "mu_theta", "theory.md",
        "mean and variance of one step of a run, made of what the model takes the noise for",
    ),
    "flow": Term("probability flow", "probability_flow", "sampling.md",
        "a run without fresh noise: the path of an equation whose ends have the same law as those of the noisy one",
    ),
}
"""By the key that chapters and tooltips name them by."""
# fmt: on


def words_page() -> str:
    """docs/words.md: the table of all words."""
    rows = [f"| {term.name} | {_in_cell(term.meaning)} |" for term in TERMS.values()]
    made = "<!-- made of diffview/story/words.py by tools/make_words.py -->"
    return "\n".join(["# Words", "", made, "", "| word | meaning |", "|---|---|", *rows, ""])


def _in_cell(text: str) -> str:
    return text.replace("|", "\\|")
