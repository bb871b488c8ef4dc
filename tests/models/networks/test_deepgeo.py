"""DeepGeo against its equations in plain numpy, on a tiny network."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from postplace.features.batch import Batch, InputSizes
from postplace.models.contract import ModelContract
from postplace.models.networks.deepgeo import DeepGeo

Array = NDArray[Any]


def _model(sizes: InputSizes, **settings: Any) -> DeepGeo:
    torch.manual_seed(1)
    small = {"embedding": 3, "hidden": 2, "filters": 4, "window": 3, "representation": 5, **settings}
    return DeepGeo(sizes, classes=5, **small).eval()


def _lstm(x: Array, lstm: torch.nn.LSTM) -> Array:
    """States (L, h) of an LSTM over x (L, d), gate by gate: input, forget, candidate, output."""
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    w_x, w_h, b_x, b_h = (lstm.get_parameter(name).detach().numpy() for name in names)
    h = c = np.zeros(lstm.hidden_size)
    states = []
    for row in x:
        i, f, g, o = np.split(w_x @ row + b_x + w_h @ h + b_h, 4)
        c = c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
        h = np.tanh(c) / (1 + np.exp(-o))
        states.append(h)
    return np.stack(states)


def _by_formula(model: DeepGeo, ids: list[int]) -> Array:
    """Logits of one string."""
    w = {name: value.detach().numpy() for name, value in model.named_parameters()}
    x = w["characters.weight"][ids]
    zero = np.zeros((1, 2))
    before = np.concatenate([zero, _lstm(x, model.forward_lstm)[:-1]])
    after = np.concatenate([_lstm(x[::-1], model.backward_lstm)[::-1][1:], zero])
    g = np.maximum(np.concatenate([before, x, after], axis=1) @ w["context.weight"].T + w["context.bias"], 0)
    p = np.stack([g[t : t + 3].max(axis=0) for t in range(max(1, len(ids) - 2))])
    scores = np.tanh(p @ w["attention.weight"].T) @ w["score.weight"][0]
    alpha = np.exp(scores) / np.exp(scores).sum()
    f = alpha @ p
    r = np.tanh(w["dense.weight"] @ f + w["dense.bias"])
    return np.asarray(w["classifier.weight"] @ r + w["classifier.bias"])


def test_the_forward_pass_is_that_of_the_equations(sizes: InputSizes, batch: Batch) -> None:
    model = _model(sizes)
    logits = model(batch).detach().numpy()
    separator = sizes.characters
    for row in range(3):
        text = [i for i in batch.text_characters[row].tolist() if i]
        tags = [i for i in batch.hashtag_characters[row].tolist() if i]
        expected = _by_formula(model, [*text, *([separator, *tags] if tags else [])])
        np.testing.assert_allclose(logits[row], expected, atol=1e-5)


def test_a_text_shorter_than_a_window_is_one_window(sizes: InputSizes) -> None:
    model = _model(sizes, window=10)
    g = model.contexts(torch.tensor([[3, 4, 5, 0], [3, 0, 0, 0]]))
    p, real = model.pooled(g, torch.tensor([[True] * 3 + [False], [True] + [False] * 3]))
    assert real.sum(dim=1).tolist() == [1, 1]
    torch.testing.assert_close(p[:, 0], g.amax(dim=1))


def test_windows_move_one_character_at_a_time(sizes: InputSizes) -> None:
    model = _model(sizes)  # a window of 3
    g = torch.tensor([[5.0, 1.0, 2.0, 3.0, 0.5, 0.0]]).unsqueeze(2).expand(-1, -1, 4)
    p, real = model.pooled(g, torch.tensor([[True] * 5 + [False]]))
    assert p[0, real[0], 0].tolist() == [5.0, 3.0, 3.0]


def test_a_character_sees_its_neighbours_states_and_not_its_own(sizes: InputSizes) -> None:
    model = _model(sizes)
    with torch.no_grad():  # the context layer looks at the states alone
        model.context.weight[:, 2:5] = 0.0
    first, other = model.contexts(torch.tensor([[3, 4, 5]])), model.contexts(torch.tensor([[3, 9, 5]]))
    torch.testing.assert_close(first[:, 1], other[:, 1])
    assert not torch.allclose(first[:, 0], other[:, 0])
    assert not torch.allclose(first[:, 2], other[:, 2])


def test_noise_is_for_training_alone(sizes: InputSizes, batch: Batch) -> None:
    model = _model(sizes, noise=0.5, dropout=0.0)
    assert torch.equal(model(batch), model(batch))
    model.train()
    assert not torch.equal(model(batch), model(batch))


def test_the_forget_gates_start_open(sizes: InputSizes) -> None:
    assert _model(sizes).backward_lstm.get_parameter("bias_ih_l0")[2:4].tolist() == [1.0, 1.0]


class TestDeepgeoContract(ModelContract):
    """What every model must hold to."""

    model = "deepgeo"
    equations = "test_the_forward_pass_is_that_of_the_equations"
    small = {"embedding": 6, "hidden": 5, "filters": 8, "representation": 7}
    learns = {"learning_rate": 0.001, "max_epochs": 10}
    variants = ({"window": 3, "noise": 0.1},)
