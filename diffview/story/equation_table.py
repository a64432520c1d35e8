r"""All equations by their key, in the order of understanding; see `equations` for how they are written.

The keys are named by chapters and words and stay as they are.
"""

from diffview.story.equations import Equation

NOISING: dict[str, Equation] = {
    "generative": Equation(
        r"<x> \sim p(x)", "A generative model learns what fields of a kind look like, and draws new ones."
    ),
    "chain": Equation(
        r"q(x_{1:T} \mid <x_0>) = \prod_{t=1}^{T} q(<x_t> \mid <x_prev>)",
        "The forward process is a chain: every step looks only at the one before.",
        sources=("forward.brownian.ForwardPath",),
    ),
    "forward_step": Equation(
        r"<x_t> = \sqrt{1 - <beta>} \; <x_prev> + \sqrt{<beta>} \; <eps>",
        "A step shrinks the field a little and adds a little noise.",
        r"<x_t> = <#keep> \; <x_prev> + <#add> \; <eps>",
        ("forward.ddpm.step", "forward.step_on.StepOn"),
    ),
    "unit_variance": Equation(
        r"(1 - <beta>) + <beta> = 1",
        "What a step takes from the variance it gives back as noise, so the variance stays 1.",
        r"<#alpha_step> + <#beta> = 1",
        ("forward.ddpm.alpha",),
    ),
    "closed_form": Equation(
        r"<x_t> = \sqrt{<abar>} \; <x_0> + \sqrt{1 - <abar>} \; <eps>",
        "Any step in one jump: a little of the field plus a little of one noise.",
        r"<x_t> = <#signal> \; <x_0> + <#noise> \; <eps>",
        ("forward.ddpm.closed_form", "forward.state.Forward"),
    ),
    "two_steps": Equation(
        r"<alpha> \, (1 - \alpha_{t-1}) + (1 - <alpha>) = 1 - <alpha> \, \alpha_{t-1}",
        "Two steps are one: independent Gaussian noises add, and so do their variances.",
    ),
    "beta": Equation(
        r"<beta> = 1 - \frac{<abar>}{<abar_prev>}",
        "The share of variance that one step replaces by noise.",
        r"<beta> = <#beta>",
        ("forward.ddpm.beta", "forward.schedule.betas_of"),
    ),
    "alpha": Equation(
        r"<alpha> = 1 - <beta>", "What one step leaves of the variance.", r"<alpha> = <#alpha_step>",
        ("forward.ddpm.alpha",),
    ),
    "alpha_bar": Equation(
        r"<abar> = \prod_{i=1}^{t} (1 - \beta_i) = \frac{1}{1 + <s>^2}",
        "The schedule decides how much of the signal's variance is left after t steps.",
        r"<abar> = <#alpha_bar>",
        ("forward.ddpm.alpha_bar", "forward.schedule.Schedule.alpha_bar"),
    ),
    "signal_and_noise": Equation(
        r"<x_t> = \alpha \, <x_0> + \sigma \, <eps>, \quad \alpha^2 = <abar>, \quad \sigma = <s> \, \alpha",
        "Signal and noise each have a weight; every schedule is a choice of both.",
        r"<x_t> = <#signal> \; <x_0> + <#noise> \; <eps>",
        ("forward.schedule.Schedule.__call__",),
    ),
    "noise_level": Equation(
        r"<s> = \frac{\sigma}{\alpha}",
        "The noise level: how much noise there is for one unit of signal.",
        r"<s> = \frac{<#noise>}{<#signal>} = <#s>",
        ("forward.schedule.Schedule.noise_level", "forward.schedule.Schedule.t_of"),
    ),
    "log_snr": Equation(
        r"\ln \, \mathrm{SNR} = \ln \frac{\alpha^2}{\sigma^2} = {-}2 \ln <s>",
        "Signal to noise on a logarithmic axis.",
        r"\ln \, \mathrm{SNR} = {-}2 \ln <#s> = <#log_snr>",
        ("forward.schedule.Schedule.log_snr",),
    ),
    "brownian": Equation(
        r"<y> = \frac{<x_t>}{\alpha} = <x_0> + <W>(<s>^2)",
        "Divided by its weight, the field stays as it is and the noise on it is a Brownian motion.",
        r"<y> = <x_0> + <W>(<#s2>)",
        ("forward.brownian.ForwardPath",),
    ),
    "noise": Equation(
        r"<eps> \sim \mathcal{N}(0, \mathbf{I})",
        "Every pixel has its own standard normal number; the same seed gives the same noise.",
        sources=("forward.noise.draw",),
    ),
    "end_of_chain": Equation(
        r"\bar{\alpha}_T \to 0 \quad \Rightarrow \quad <x_T> \sim \mathcal{N}(0, \mathbf{I})",
        "If the chain is long enough, its end is pure noise whatever the field was.",
    ),
    "spectrum": Equation(
        r"<P> = \left\langle |\mathcal{F} <x_0>|^2 \right\rangle_{|\mathbf{k}| = k}",
        "The power spectrum: how much of the variance lies at each scale.",
        sources=("forward.spectra.power",),
    ),
    "noisy_spectrum": Equation(
        r"<P_t> \approx <abar> \, <P> + <floor>",
        "Noise has the same power at every scale: it lies under the spectrum as a floor that rises.",
        r"<P_t> \approx <#signal_power> \, <P> + <#noise_power>",
        ("forward.spectra.ForwardSpectrum.at",),
    ),
    "snr_by_scale": Equation(
        r"\mathrm{SNR}(k, t) = \frac{<abar> \, <P>}{1 - <abar>} = \frac{<P>}{<s>^2}",
        "Small scales have little power and sink below the noise first.",
        r"\mathrm{SNR}(k, t) = \frac{<P>}{<#s2>}",
        ("forward.spectra.log10_snr",),
    ),
}  # fmt: skip
"""Noise put in."""

RETURNING: dict[str, Equation] = {
    "intractable": Equation(
        r"q(<x_prev> \mid <x_t>) = \int q(<x_prev> \mid <x_t>, <x_0>) \, q(<x_0> \mid <x_t>) \; \mathrm{d} <x_0>",
        "Going back needs all fields that could lie under the noise, which nobody can list.",
        sources=("models.mixture.Mixture.before", "reverse.step_law.step_law"),  # of a mixture they can be listed
    ),
    "posterior": Equation(
        r"q(<x_prev> \mid <x_t>, <x_0>) = \mathcal{N}\left(\tilde{\mu}_t, \; <beta_tilde> \, \mathbf{I}\right)",
        "If the clean field is known, the step back is a Gaussian.",
    ),
    "posterior_mean": Equation(
        r"\tilde{\mu}_t = \frac{\sqrt{<abar_prev>} \, <beta>}{1 - <abar>} \, <x_0>"
        r" + \frac{\sqrt{<alpha>} \, (1 - <abar_prev>)}{1 - <abar>} \, <x_t>",
        "The mean of the step back lies between the clean field and the noisy one.",
        r"\tilde{\mu}_t = <#to_x0> \; <x_0> + <#to_xt> \; <x_t>",
        ("forward.ddpm.posterior_mean",),
    ),
    "posterior_variance": Equation(
        r"<beta_tilde> = \frac{1 - <abar_prev>}{1 - <abar>} \, <beta>",
        "The variance of the step back when the clean field is known.",
        r"<beta_tilde> = <#beta_tilde>",
        ("forward.ddpm.posterior_variance",),
    ),
    "reverse_chain": Equation(
        r"<p_theta>(<x_all>) = p(<x_T>) \prod_{t=1}^{T} <p_theta>(<x_back> \mid <x_t>)",
        "Generating: begin with pure noise, and go back step by step.",
    ),
    "gaussian_step": Equation(
        r"<p_theta>(<x_back> \mid <x_t>) = \mathcal{N}\left(<mu_theta>(<x_t>, t), \; <sigma_theta>\right)",
        "Small steps back are Gaussians, so that a mean and a variance are all there is to learn.",
    ),
    "mu_theta": Equation(
        r"<mu_theta> = \frac{1}{\sqrt{<alpha>}}"
        r" \left(<x_t> - \frac{<beta>}{\sqrt{1 - <abar>}} \, <eps_hat>\right)",
        "The mean of a step back: take a little of the predicted noise away.",
        r"<mu_theta> = \frac{<x_t> - <#take> \; <eps_out>}{<#keep>}",
        ("forward.ddpm.mu_theta",),
    ),
    "sigma_theta": Equation(
        r"<sigma_theta> = <beta_tilde> \; \text{ or } \; <beta>",
        "The variance of a step back: small or large, both work when steps are many.",
        r"<sigma_theta> = <#beta_tilde> \; \text{ or } \; <#beta>",
        ("forward.ddpm.sigma_theta",),
    ),
    "sigma_theta_in_y": Equation(
        r"<sigma_theta> = \left(\frac{<s_next>}{<s>}\right)^2 (<s>^2 - <s_next>^2)",
        "The same variance for a step between any two noise levels.",
        sources=("forward.ddpm.variance_limits", "reverse.samplers.reverse_std"),
    ),
    "reverse_step": Equation(
        r"<x_back> = <mu_theta>(<x_t>, t) + \sigma_t \, <z>",
        "A step back: the mean that the network says, and a little fresh noise.",
        sources=("reverse.samplers.ddpm", "reverse.step_back.StepBack"),
    ),
    "ddim": Equation(
        r"<y_next> = <x0_hat> + \frac{<s_next>}{<s>} \, (<y> - <x0_hat>)",
        "Without fresh noise: go straight towards the clean field, as far as the next noise level.",
        sources=("reverse.samplers.ddim",),
    ),
    "heun": Equation(
        r"<y_next> = <y> + (<s_next> - <s>) \, \frac{d(<y>, <s>) + d(\tilde{y}, <s_next>)}{2}, \quad d ="
        r" \frac{<y> - <x0_hat>}{<s>}",
        "Two looks at the slope and their mean: half the step leaves a quarter of the error.",
        sources=("reverse.samplers.heun",),
    ),
    "repaint": Equation(
        r"<y_next> \leftarrow m \, (<x_0> + <s_next> \, <z>) + (1 - m) \, <y_next>",
        "Known pixels are noised from the field at every step; the model fills the others.",
        sources=("reverse.samplers.repaint",),
    ),
    "karras": Equation(
        r"s_i^{1/\rho} = s_{\max}^{1/\rho} + \frac{i}{N - 1}"
        r" \left(s_{\min}^{1/\rho} - s_{\max}^{1/\rho}\right)",
        "The levels of a run: dense where the field is nearly clean.",
        sources=("reverse.grids.karras",),
    ),
    "probability_flow": Equation(
        r"\frac{\mathrm{d} <y>}{\mathrm{d} <s>} = \frac{<y> - <x0_hat>}{<s>}",
        "The way back without chance: one noise leads to one field.",
    ),
    "reverse_sde": Equation(
        r"\mathrm{d} <y> = 2 \, \frac{<y> - <x0_hat>}{<s>} \, \mathrm{d} <s> + \sqrt{2 <s>} \; \mathrm{d} <W>",
        "The way back with chance: fresh noise on the way, twice as fast towards the clean field.",
    ),
    "x0_from_eps": Equation(
        r"<x0_hat> = \frac{<x_t> - \sigma \, <eps_out>}{\alpha}, \qquad"
        r" <eps_out> = \frac{<x_t> - \alpha \, <x0_hat>}{\sigma}",
        "To know the noise is to know the field: each follows from the other.",
        r"<x0_hat> = \frac{<x_t> - <#noise> \; <eps_out>}{<#signal>}",
        ("reverse.parametrisations.x0_from_eps", "reverse.parametrisations.eps_from_x0"),
    ),
    "velocity": Equation(
        r"v = \alpha \, <eps> - \sigma \, <x_0>",
        "What some networks predict: neither noise nor field, but a turn between them.",
        r"v = <#signal> \; <eps> - <#noise> \; <x_0>",
        ("reverse.parametrisations.v_from_x0_eps",),
    ),
    "flow": Equation(
        r"u = <eps> - <x_0>",
        "What flow models predict: the straight way from the field to the noise.",
        sources=("reverse.parametrisations.flow_from_x0_eps",),
    ),
    "score": Equation(
        r"\nabla \ln p(<y>) = \frac{<x0_hat> - <y>}{<s>^2}",
        "The score points to where fields are more likely, and that is towards the denoised field.",
        r"\nabla \ln p(<y>) = \frac{<x0_hat> - <y>}{<#s2>}",
        ("reverse.parametrisations.score_from_x0",),
    ),
    "guidance": Equation(
        r"<x0_hat> \leftarrow <x0_hat> + <s>^2 J^\top A^\top \,"
        r" \frac{\mathrm{obs} - A <x0_hat>}{\mathrm{std}^2 + g <s>^2}",
        "What was observed pulls the estimate, through the operator and the model.",
        sources=("reverse.guidance.Guided",),
    ),
    "classifier_free": Equation(
        r"<eps_out> = \hat{\varepsilon}_u + w \, (\hat{\varepsilon}_c - \hat{\varepsilon}_u)",
        "Follow the condition w times as far as the network says.",
        sources=("reverse.guidance.Mixed",),
    ),
    "log_density": Equation(
        r"\ln p(<y>) = \ln \mathcal{N}(y_T) + \int \nabla \cdot \frac{<y> - <x0_hat>}{<s>} \; \mathrm{d} <s>",
        "How likely a field is: followed to the noise, with the volume that the flow changes on the way.",
        sources=("reverse.likelihood.log_density",),
    ),
    "start_level": Equation(
        r"s^* = \sqrt{P(k^*)}",
        "Noise to this level hides scales below the chosen one: they are invented anew, larger ones stay.",
    ),
}
"""Noise taken out."""

ESTIMATING: dict[str, Equation] = {
    "wiener": Equation(
        r"<x0_hat>(k) = \mu + \frac{<P>}{<P> + <s>^2} \, (<y>(k) - \mu)",
        "The best guess for a Gaussian field: keep a scale as far as its power stands above the noise.",
        r"<x0_hat>(k) = \mu + \frac{<P>}{<P> + <#s2>} \, (<y>(k) - \mu)",
        ("models.gaussian.Gaussian",),
    ),
    "power_law": Equation(
        r"<P> = A \left(k_0^2 + k^2\right)^{-\beta/2}",
        "The spectra of nature are red: power falls with the wavenumber.",
        sources=("models.gaussian.PowerLaw",),
    ),
    "softmax_over_data": Equation(
        r"<x0_hat> = \sum_i w_i \, <x_i>, \qquad w_i \propto \exp\left({-}\frac{|<y> - <x_i>|^2}{2 <s>^2}\right)",
        "The perfect answer for a finite set is a mean of its fields: it can only give them back.",
        r"<x0_hat> = \sum_i w_i \, <x_i>, \qquad w_i \propto \exp\left({-}\frac{|<y> - <x_i>|^2}{<#two_s2>}\right)",
        ("models.data.Data",),
    ),
    "local_pieces": Equation(
        r"<x0_hat>(p) = \sum_i w_i(p) \, <x_i>(p), \qquad"
        r" w_i(p) \propto \exp\left({-}\frac{|<y> - <x_i>|_{\Omega(p, s)}^2}{2 <s>^2}\right)",
        "The same in a window around each pixel: known pieces are put together to new fields.",
        sources=("models.local.Local",),
    ),
    "mixture": Equation(
        r"<x0_hat> = \sum_j r_j(<y>) \, \hat{x}_0^{(j)}",
        "For a mixture of Gaussians: each part's own answer, by its share.",
        sources=("models.mixture.Mixture",),
    ),
    "kriging": Equation(
        r"<x0_hat> = \mu + C_{uk} \, C_{kk}^{-1} (x_k - \mu), \qquad"
        r" \mathrm{var} = C_{uu} - C_{uk} \, C_{kk}^{-1} \, C_{ku}",
        "Missing pixels from known ones: mean and variance under a Gaussian prior.",
        sources=("models.kriging.krige",),
    ),
    "preconditioning": Equation(
        r"<x0_hat> = c_\mathrm{skip} \, <y> + c_\mathrm{out} \, F_\theta(c_\mathrm{in} \, <y>, \, c_\mathrm{noise})",
        "A network sees inputs and makes outputs of unit size at every noise level.",
        sources=("models.nets.unet.UNet",),
    ),
}
"""What estimates the clean field."""

JUDGING: dict[str, Equation] = {
    "noise_prediction_loss": Equation(
        r"L = \mathbb{E} \left| <eps> - <eps_hat> \right|^2",
        "A network learns to predict the noise; that is all the training there is.",
        r"L = \left| <eps> - <eps_out> \right|^2 = <#loss>",
        ("forward.ddpm.loss", "learning.objective.noise_error"),
    ),
    "loss_by_level": Equation(
        r"L(<s>) = \frac{\mathbb{E} \left| <x_0> - <x0_hat> \right|^2}{<s>^2}",
        "The same loss at each noise level, over fields that the network never saw.",
        sources=("learning.loss_by_level.loss_by_level",),
    ),
    "variational_bound": Equation(
        r"L_T + \sum_{t>1} L_{t-1} + L_0 \; \geq \; {-}\ln <p_theta>(<x_0>)",
        "Behind the loss is a bound: predicting noise well makes the data likely.",
        sources=("learning.loss_by_level.variational_bound",),
    ),
    "crps": Equation(
        r"\mathrm{CRPS} = \frac{1}{M} \sum_i |<member> - <truth>|"
        r" - \frac{1}{2M(M-1)} \sum_{i,j} |<member> - <other>|",
        "How far an ensemble lies from what came true, less how far its members lie from each other.",
        sources=("scores.metrics.crps",),
    ),
    "spread_skill": Equation(
        r"\sqrt{\frac{M + 1}{M}} \; \frac{\mathrm{spread}}{\mathrm{RMSE}} = 1",
        "An honest ensemble is as wide as its mean is wrong.",
        sources=("scores.metrics.spread_skill",),
    ),
    "spectral_distance": Equation(
        r"d = 10 \, \sqrt{\left\langle \left(\log_{10} \frac{<P>}{<Q>}\right)^2 \right\rangle} \; \mathrm{dB}",
        "How far two spectra lie apart, over all scales alike.",
        sources=("scores.metrics.log_spectral_distance",),
    ),
}
"""What is learnt, and how good it is."""

EQUATIONS: dict[str, Equation] = {**NOISING, **RETURNING, **ESTIMATING, **JUDGING}
"""Every equation by its key."""
