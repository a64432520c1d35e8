"""Somebody's own denoiser: what it is called with, what is refused, and how its errors are told."""

import numpy as np
import pytest
import torch
from torch import nn

from diffview.errors import UserError
from diffview.forward.schedules import make_schedule
from diffview.models.capabilities import capabilities_of
from diffview.models.choice import Given
from diffview.models.gaussian import Gaussian
from diffview.models.own import own_denoiser
from diffview.reverse.parametrisations import TableTimes, eps_from_x0, flow_from_x0_eps, v_from_x0_eps

Y = np.random.default_rng(0).normal(size=(2, 1, 16, 16)).astype(np.float32)
ALPHA_BAR = make_schedule("linear").discrete(1000).alpha_bar


class Net(nn.Module):
    """The posterior mean of white noise of variance 1 in some parametrisation, and a note of how it was called."""

    def __init__(self, predicts: str = "x0", dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.one = nn.Parameter(torch.ones(1, dtype=dtype))
        self.dropout = nn.Dropout(0.5)
        self.predicts = predicts
        self.called: list[tuple[torch.Tensor, torch.Tensor]] = []

    def answer(self, x: torch.Tensor, alpha: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        alpha, sigma = (c.reshape(-1, 1, 1, 1) for c in (alpha, sigma))
        x0 = alpha * x / (alpha**2 + sigma**2)
        eps = eps_from_x0(x, x0, alpha, sigma)
        made = {"x0": x0, "eps": eps, "v": v_from_x0_eps(x0, eps, alpha, sigma), "flow": flow_from_x0_eps(x0, eps)}
        return self.dropout(made[self.predicts] * self.one)


class OfSigma(Net):
    def forward(self, y: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        self.called.append((y, sigma))
        return self.answer(y, torch.ones_like(sigma), sigma)


class OfStep(Net):
    def forward(self, x: torch.Tensor, timesteps: torch.Tensor) -> torch.Tensor:
        self.called.append((x, timesteps))
        alpha_bar = torch.as_tensor(ALPHA_BAR)[timesteps]
        return self.answer(x, alpha_bar.sqrt().float(), (1 - alpha_bar).sqrt().float())


class OfTime(Net):
    def forward(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        self.called.append((x, t))
        return self.answer(x, 1 - t, t)


def close(denoise: object, s: float, tolerance: float = 1e-5) -> bool:
    x0_hat = denoise(Y, s)  # type: ignore[operator]
    assert isinstance(x0_hat, np.ndarray) and x0_hat.dtype == np.float32
    return bool(np.allclose(x0_hat, Y / (1 + s * s), atol=tolerance))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16])
def test_a_module_gets_tensors_of_its_own_dtype_and_the_noise_level(dtype: torch.dtype) -> None:
    net = OfSigma(dtype=dtype)
    assert close(own_denoiser(net), 0.7, 1e-3 if dtype == torch.float16 else 1e-6)
    y, sigma = net.called[0]
    assert y.dtype == sigma.dtype == dtype and sigma.shape == (2,) and y.shape == Y.shape and not y.requires_grad
    assert float(sigma[0]) == pytest.approx(0.7, abs=1e-3) and not net.training


def test_a_tensor_comes_back_as_a_tensor_of_its_dtype() -> None:
    y = torch.from_numpy(Y).double()
    x0_hat = own_denoiser(OfSigma())(y, 2.0)
    assert x0_hat.dtype == torch.float64 and torch.allclose(x0_hat, y / 5, atol=1e-5)


def test_a_network_that_predicts_the_noise_at_sigma() -> None:
    assert close(own_denoiser(OfSigma("eps"), prediction="eps"), 1.3)
    assert close(own_denoiser(lambda y, s: y * s / (1 + s * s), prediction="eps"), 1.3)


@pytest.mark.parametrize("predicts", ["x0", "eps", "v"])
@pytest.mark.parametrize("alpha_bar", [ALPHA_BAR, "linear"])
def test_a_network_of_training_steps_is_told_whole_ones(predicts: str, alpha_bar: object) -> None:
    net = OfStep(predicts)
    denoise = own_denoiser(net, prediction=predicts, alpha_bar=alpha_bar)  # type: ignore[arg-type]
    s = float(np.sqrt(1 / ALPHA_BAR[400] - 1))
    assert close(denoise, s, 1e-4)
    x, step = net.called[0]
    assert step.dtype == torch.int64 and step.tolist() == [400, 400]
    assert np.allclose(x, Y * np.sqrt(ALPHA_BAR[400]), rtol=1e-5)
    assert denoise.noise_range == TableTimes(ALPHA_BAR).noise_range


def test_a_flow_is_told_its_time() -> None:
    net = OfTime("flow")
    assert close(own_denoiser(net, prediction="flow"), 1.0)
    x, t = net.called[0]
    assert t.tolist() == [0.5, 0.5] and np.allclose(x, Y / 2)


def test_answers_in_the_clothes_of_other_libraries() -> None:
    class Output:
        def __init__(self, sample: torch.Tensor) -> None:
            self.sample = sample

    class Dressed(OfSigma):
        def forward(self, y: torch.Tensor, sigma: torch.Tensor) -> Output:  # type: ignore[override]
            return Output(super().forward(y, sigma))

    class Several(OfSigma):
        def forward(self, y: torch.Tensor, sigma: torch.Tensor) -> tuple[torch.Tensor, None]:  # type: ignore[override]
            return super().forward(y, sigma), None

    assert close(own_denoiser(Dressed()), 0.5) and close(own_denoiser(Several()), 0.5)


class Alone(nn.Module):
    def forward(self, y: torch.Tensor) -> torch.Tensor:
        return y


class Unknown(nn.Module):
    def forward(self, y: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
        return y


@pytest.mark.parametrize(
    ("own", "said", "sentence"),
    [
        (3, {}, "cannot be called"),
        (Alone(), {}, "takes one input"),
        (nn.Sequential(nn.Identity()), {}, "takes one input"),
        (Unknown(), {}, "second parameter is called c"),
        (OfStep(), {}, "nothing says what it predicts"),
        (OfStep(), {"prediction": "eps"}, "how much noise there is at which"),
        (OfSigma(), {"prediction": "v"}, "told a time, and not sigma"),
        (OfSigma(), {"prediction": "noise"}, "unknown here"),
        (OfSigma(), {"time": "log"}, "unknown here"),
        (OfStep(), {"prediction": "eps", "alpha_bar": [0.5, 0.9]}, "must fall"),
        (OfStep(), {"prediction": "eps", "alpha_bar": "linaer"}, "no schedule called"),
    ],
)
def test_what_is_not_plain_is_refused_with_what_to_say(own: object, said: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence) as caught:
        own_denoiser(own, **said)  # type: ignore[arg-type]
    assert caught.value.sentence.endswith(".") and caught.value.hint


def test_what_the_name_leaves_open_can_be_said() -> None:
    assert np.array_equal(own_denoiser(Unknown(), time="sigma")(Y, 1.0), Y)
    assert own_denoiser(lambda y, t: y, prediction="flow").noise_range[0] == 1 / 999


def test_a_formula_keeps_what_it_offers() -> None:
    formula = Gaussian.power_law(16, 16, 3.0, 1.0)
    own = own_denoiser(formula)
    assert capabilities_of(own) == capabilities_of(formula)
    assert np.array_equal(own(Y, 0.5), formula(Y, 0.5)) and np.array_equal(own.vjp(Y, 0.5, Y), formula.vjp(Y, 0.5, Y))
    assert Given(own).sentence == "Your own denoiser, Gaussian, as it was given."
    assert Given(own_denoiser(close)).sentence == "Your own denoiser, close, as it was given."


def fails(y: np.ndarray, s: float) -> np.ndarray:
    return helper(y) + s


def helper(y: np.ndarray) -> np.ndarray:
    raise KeyError("weights")


def test_an_error_is_told_with_the_line_of_their_code() -> None:
    line = helper.__code__.co_firstlineno + 1
    with pytest.raises(UserError) as caught:
        own_denoiser(fails)(Y, 1.0)
    expected = (
        f"Your denoiser failed with KeyError at {__file__}, line {line}: raise KeyError(\"weights\") ('weights')."
    )
    assert caught.value.sentence == expected and isinstance(caught.value.__cause__, KeyError)


def test_an_error_inside_a_library_is_told_with_the_line_that_called_it() -> None:
    class Wrong(nn.Module):
        def forward(self, y: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
            return nn.functional.conv2d(y, torch.zeros(1, 3, 3, 3))

    with pytest.raises(UserError, match=r"test_own.py, line \d+: return nn.functional.conv2d") as caught:
        own_denoiser(Wrong())(Y, 1.0)
    assert "RuntimeError" in caught.value.sentence and caught.value.hint


def test_a_call_that_does_not_fit_names_the_function() -> None:
    with pytest.raises(UserError, match=f"test_own.py, line {lonely.__code__.co_firstlineno} "):
        own_denoiser(lonely)(Y, 1.0)


def lonely(y: np.ndarray) -> np.ndarray:
    return y


@pytest.mark.parametrize("wrong", [lambda y, s: y[0], lambda y, s: None, lambda y, s: 1.0])
def test_an_answer_of_another_shape_is_told(wrong: object) -> None:
    with pytest.raises(UserError, match=r"for y of \(2, 1, 16, 16\)"):
        own_denoiser(wrong)(Y, 1.0)


def test_running_out_of_memory_is_no_error_of_theirs() -> None:
    def full(y: np.ndarray, s: float) -> np.ndarray:
        raise RuntimeError("CUDA out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        own_denoiser(full)(Y, 1.0)


def test_no_tensor_is_a_sentence() -> None:
    class Text(nn.Module):
        def forward(self, y: torch.Tensor, s: torch.Tensor) -> str:
            return "x"

    with pytest.raises(UserError, match="gave str and not a tensor"):
        own_denoiser(Text())(Y, 1.0)
