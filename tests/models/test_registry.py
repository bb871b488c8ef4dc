"""What every model of the table must hold to, in all its variants."""

from __future__ import annotations

import dataclasses
import math
import subprocess
import sys
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import Tensor, nn

from postplace.errors import BadOption
from postplace.features.batch import Batch, InputSizes
from postplace.models.blocks.modality_tokens import StateTokens
from postplace.models.blocks.similarity import GATES
from postplace.models.entry import ModelEntry
from postplace.models.inputs import StartsFromStage
from postplace.models.networks.bridge_tower import BridgeTower
from postplace.models.networks.mrlf import Fusion
from postplace.models.networks.sg_mft_sequences import SequenceSGMFT
from postplace.models.registry import MODELS, find_model, required_inputs
from postplace.training.loop import CustomLoss

CLASSES = 5
SMALL: dict[str, dict[str, Any]] = {
    "mrlf": {"embedding": 8, "filters": 8, "heads": 2, "image_features": 6},
    "sg-mft": {"tokens": 4},
    "sg-mft-tokens": {"features": 16, "heads": 2, "head_width": 4},
    "mplug": {"tokens": 4, "width": 8, "layers": 3, "connect_every": 1, "heads": 2},
    "merge-attention": {"tokens": 4, "width": 8, "layers": 2, "heads": 2},
    "co-attention": {"tokens": 4, "width": 8, "layers": 2, "heads": 2},
    "bridge-tower": {"width": 8, "layers": 2, "heads": 2},
    "bridge-tower-lite": {"tokens": 4, "width": 8, "layers": 2, "heads": 2},
    "deepgeo": {"embedding": 6, "hidden": 5, "filters": 8, "representation": 7},
    "loctwi": {"width": 8, "heads": 2, "characters": 6, "filters": 4},
    "transtagger": {"width": 4, "heads": 2, "feed_forward": 8},
    "feature-cnns": {"embedding": 6, "filters": 4, "image_features": 5},
    "user-cnns": {"embedding": 6, "filters": 4, "image_features": 5},
    "unis-mmc": {"width": 8, "hidden": 8},
    "balance-mla": {"width": 8},
    "gated": {"width": 8},
    "pair-mlp": {"side": 6, "width": 8},
    "ogm-ge": {"width": 8},
}
NETWORKS = [name for name, entry in MODELS.items() if entry.training is not None]
FUSIONS: tuple[str, ...] = Fusion.__args__  # type: ignore[attr-defined]
OTHERS = ("none", "asymmetric", "merge", "co")
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in NETWORKS),
    *(("mrlf", {"fusion": fusion}) for fusion in FUSIONS if fusion != "cross"),
    ("mrlf", {"kernel": 3, "word_kernel": 2}),
    *(("sg-mft", {"gate": gate}) for gate in GATES if gate != "sigmoid"),
    ("sg-mft", {"cross_query": "own"}),
    ("sg-mft", {"feed_forward": "image"}),
    ("sg-mft", {"feature_norm": "none"}),
    ("sg-mft", {"normalise_over": "tokens"}),
    ("sg-mft", {"features": 24}),
    ("sg-mft", {"layers": 2}),
    ("sg-mft", {"tokens": 1}),
    ("sg-mft", {"tokens": "scalar", "normalise_over": "tokens"}),
    ("sg-mft", {"layers": 0}),
    ("sg-mft", {"layers": 0, "fusion": "none"}),
    ("sg-mft", {"layers": 0, "fusion": "none", "text_input": "words"}),
    ("sg-mft", {"text_input": "words"}),
    *(("sg-mft", {"fusion": fusion}) for fusion in OTHERS),
    *(("sg-mft", {"fusion": fusion, "tokens": "scalar", "normalise_over": "tokens"}) for fusion in OTHERS),
    *(("sg-mft-tokens", {"fusion": fusion}) for fusion in OTHERS),
    ("sg-mft-tokens", {"layers": 0, "fusion": "none"}),
    *((name, {"tokens": "states"}) for name in ("mplug", "merge-attention", "co-attention")),
    ("mplug", {"connect_every": 0}),
    ("mplug", {"connect_every": 2}),
    ("bridge-tower", {"layers": 1}),
    *(("sg-mft-paper", {"gate": gate}) for gate in GATES if gate != "softmax"),
    *(("sg-mft-tokens", {"gate": gate}) for gate in GATES if gate != "sigmoid"),
    ("sg-mft-tokens", {"feed_forward": "image"}),
    ("sg-mft-tokens", {"feature_norm": "none"}),
    ("sg-mft-tokens", {"features": 12}),  # the width of the picture's states: no map
    ("sg-mft-tokens", {"features": None}),
    ("sg-mft-tokens", {"layers": 2}),
    ("sg-mft-tokens", {"tokens": 4}),
    ("deepgeo", {"window": 3, "noise": 0.1}),
    ("loctwi", {"char_attention_layers": 0}),
    ("loctwi", {"projections": "linear"}),
    ("loctwi", {"pooling": "mean"}),
    ("user-cnns", {"past": False}),
    ("unis-mmc", {"weight": 0.0}),
    ("ogm-ge", {"alpha": 0.0, "noise": 0.0}),
]
IDS = ["-".join([name, *(f"{key}={value}" for key, value in given.items())]) for name, given in VARIANTS]


@dataclasses.dataclass(frozen=True)
class Build:
    """A variant: called, it is freshly initialised from the same seed; learned stand-ins are not 0."""

    entry: ModelEntry
    settings: dict[str, Any]
    sizes: InputSizes

    def __call__(self) -> nn.Module:
        torch.manual_seed(0)
        built = self.entry.network(self.sizes, CLASSES, self.settings)
        if isinstance(built, StartsFromStage):
            built.start_from(nn.Sequential(nn.Flatten(), nn.Linear(12, 16), nn.Tanh()))
        with torch.no_grad():
            for key, parameter in built.named_parameters():
                if "absent" in key:
                    parameter.normal_()
        return built


FLOATS = ("text_vector", "hashtag_vector", "image_vectors", "text_states", "image_states", "image_grids")


@pytest.fixture(params=VARIANTS, ids=IDS)
def build(request: pytest.FixtureRequest, sizes: InputSizes) -> Build:
    """The variant, with the settings a test can afford."""
    name, given = request.param
    entry = find_model(name)
    settings = {**entry.settings, **SMALL.get(name, {}), **given}
    if entry.state_layers is not None:  # positions of several layers each; the last of an odd number is cut short
        sizes = dataclasses.replace(sizes, state_layers=settings[entry.state_layers])
    return Build(entry, settings, sizes)


def _logits(model: nn.Module, batch: Batch) -> Tensor:
    logits: Tensor = model.eval()(batch)
    return logits


def _objective(model: nn.Module, batch: Batch) -> Tensor:
    """A number that every parameter has a part in: the model's own loss, if it has one, else of its logits."""
    if isinstance(model, CustomLoss):
        return model.loss(batch, torch.arange(len(batch)) % CLASSES, None)
    logits: Tensor = model(batch)
    return logits.square().sum()


def _rows(batch: Batch, rows: list[int]) -> Batch:
    tensors = [field.name for field in dataclasses.fields(batch) if field.name != "labels"]
    return dataclasses.replace(batch, **{name: getattr(batch, name)[rows] for name in tensors})


def _states(batch: Batch, side: str) -> tuple[Tensor, Tensor]:
    """States and mask of "text" or "image"."""
    return getattr(batch, f"{side}_states"), getattr(batch, f"{side}_states_mask")


def _poisoned(batch: Batch, poison: float) -> Batch:
    """Whatever a mask calls absent, replaced: vectors by `poison`, ids by real ids."""

    def ids(values: Tensor, mask: Tensor) -> Tensor:
        return torch.where(mask[:, None], values, torch.full_like(values, 3))

    states = {
        f"{side}_states": values.masked_fill(~mask[..., None], poison)
        for side in ("text", "image")
        for values, mask in [_states(batch, side)]
    }
    return dataclasses.replace(
        batch,
        text_characters=ids(batch.text_characters, batch.text_mask),
        text_words=ids(batch.text_words, batch.text_mask),
        text_vector=batch.text_vector.masked_fill(~batch.text_mask[:, None], poison),
        hashtag_characters=ids(batch.hashtag_characters, batch.hashtag_mask),
        hashtag_words=ids(batch.hashtag_words, batch.hashtag_mask),
        hashtag_vector=batch.hashtag_vector.masked_fill(~batch.hashtag_mask[:, None], poison),
        image_vectors=batch.image_vectors.masked_fill(~batch.image_mask[..., None], poison),
        past_vector=_past(batch)[0].masked_fill(~_past(batch)[1][:, None], poison),
        image_grids=_grids(batch).masked_fill(~batch.image_mask[..., None, None], poison),
        **states,
    )


def _grids(batch: Batch) -> Tensor:
    assert batch.image_grids is not None
    return batch.image_grids


def _past(batch: Batch) -> tuple[Tensor, Tensor]:
    assert batch.past_vector is not None and batch.past_mask is not None  # noqa: PT018
    return batch.past_vector, batch.past_mask


def _longer(batch: Batch, more: int, poison: float) -> Batch:
    """Columns of padding, and empty picture slots and token states full of `poison`, at the end."""

    def ids(values: Tensor) -> Tensor:
        return nn.functional.pad(values, (0, more))

    states = {}
    for side in ("text", "image"):
        values, mask = _states(batch, side)
        states[f"{side}_states"] = nn.functional.pad(values, (0, 0, 0, more), value=poison)
        states[f"{side}_states_mask"] = nn.functional.pad(mask, (0, more))
    return dataclasses.replace(
        batch,
        text_characters=ids(batch.text_characters),
        text_words=ids(batch.text_words),
        hashtag_characters=ids(batch.hashtag_characters),
        hashtag_words=ids(batch.hashtag_words),
        image_vectors=nn.functional.pad(batch.image_vectors, (0, 0, 0, more), value=poison),
        image_mask=nn.functional.pad(batch.image_mask, (0, more)),
        image_grids=nn.functional.pad(_grids(batch), (0, 0, 0, 0, 0, more), value=poison),
        **states,
    )


def test_logits_are_finite_and_of_the_right_shape(build: Build, batch: Batch) -> None:
    logits = _logits(build(), batch)
    assert logits.shape == (4, CLASSES)
    assert bool(logits.isfinite().all())


@pytest.mark.parametrize("more", [1, 9])
def test_longer_padding_changes_nothing(build: Build, batch: Batch, more: int) -> None:
    model = build()
    expected = _logits(model, batch)
    torch.testing.assert_close(_logits(model, _longer(batch, more, math.nan)), expected, atol=1e-6, rtol=1e-6)


def test_the_padding_row_of_an_embedding_is_never_seen(build: Build, batch: Batch) -> None:
    model = build()
    expected = _logits(model, batch)
    tables = [part for part in model.modules() if isinstance(part, nn.Embedding)]
    with torch.no_grad():
        for table in tables:
            table.weight[0] = 1e6
    torch.testing.assert_close(_logits(model, batch), expected, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("poison", [1e6, math.nan])
def test_what_is_absent_has_no_influence(build: Build, batch: Batch, poison: float) -> None:
    model = build()
    expected = _logits(model, batch)
    poisoned = _poisoned(batch, poison)
    torch.testing.assert_close(_logits(model, poisoned), expected, atol=1e-6, rtol=1e-6)
    torch.autograd.backward(_objective(model, poisoned))
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert bool(parameter.grad.isfinite().all()), name


@pytest.mark.parametrize("field", ["text_mask", "hashtag_mask", "image_mask"])
def test_what_is_present_has_influence(build: Build, batch: Batch, field: str) -> None:
    model = build()
    if {"text_mask": "text", "hashtag_mask": "hashtags", "image_mask": "image"}[field] not in build.entry.modalities:
        pytest.skip("it does not read this")
    if _reads_states(model):  # which reads text and hashtags as one
        field = "image_states_mask" if field == "image_mask" else "text_states_mask"
    without = dataclasses.replace(batch, **{field: torch.zeros_like(getattr(batch, field))})
    assert not torch.allclose(_logits(model, batch)[0], _logits(model, without)[0], atol=1e-7)


def _reads_states(model: nn.Module) -> bool:
    kinds = SequenceSGMFT, BridgeTower, StateTokens
    return any(isinstance(part, kinds) for part in model.modules())


def test_a_post_of_nothing_trains(build: Build, batch: Batch) -> None:
    model = build()
    logits = model.train()(_rows(batch, [3, 3]))
    assert bool(logits.isfinite().all())
    torch.autograd.backward(logits.square().sum())
    gradients = {name: parameter.grad for name, parameter in model.named_parameters()}
    assert all(gradient is None or bool(gradient.isfinite().all()) for gradient in gradients.values())
    assert all(
        bool(gradient.any()) for name, gradient in gradients.items() if "absent" in name and gradient is not None
    )
    assert any("absent" in name and gradient is not None for name, gradient in gradients.items())


def test_every_parameter_learns(build: Build, batch: Batch) -> None:
    model = build()
    torch.autograd.backward(_objective(model.train(), batch))
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert bool(parameter.grad.isfinite().all()), name
    still = {name for name, parameter in model.named_parameters() if not bool(parameter.grad.any())}  # type: ignore[union-attr]
    # A bias of the keys adds the same to every score, and with a single token there is nothing to choose from.
    single = getattr(model, "n", 2) == 1
    excused = {name for name in still if name.endswith("key.bias") or (single and _of_a_choice(name))}
    assert still == excused


def _of_a_choice(name: str) -> bool:
    return any(part in name for part in (".query.", ".key.", "gate.slope"))


def test_posts_do_not_see_each_other(build: Build, batch: Batch) -> None:
    model = build()
    together = _logits(model, batch)
    for post in range(len(batch)):
        alone = _logits(model, _rows(batch, [post]))
        torch.testing.assert_close(alone[0], together[post], atol=1e-5, rtol=1e-5)


def test_no_gradient_flows_between_posts(build: Build, batch: Batch) -> None:
    batch = _rows(batch, [0, 0, 2])
    leaves = {name: getattr(batch, name).clone().requires_grad_() for name in FLOATS}
    model = build().train()  # in training too
    torch.autograd.backward(model(dataclasses.replace(batch, **leaves))[0].square().sum())
    reached = [leaf.grad for leaf in leaves.values() if leaf.grad is not None]
    vectors = required_inputs(build.entry, build.settings) - {"characters", "words", "coarse"}
    assert any(bool(gradient[0].any()) for gradient in reached) == bool(vectors)  # ids have no gradient
    assert not any(bool(gradient[1:].any()) for gradient in reached)


def test_the_same_seed_gives_the_same_model(build: Build, batch: Batch) -> None:
    first, second = build(), build()
    torch.manual_seed(3)
    logits = first.train()(batch)
    torch.manual_seed(3)
    assert torch.equal(second.train()(batch), logits)
    assert torch.equal(_logits(first, batch), _logits(first, batch))


def test_weights_saved_and_loaded(build: Build, batch: Batch) -> None:
    model, other = build(), build()
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.normal_()
    saved = safetensors.torch.save(model.state_dict())  # refuses tensors that share memory
    other.load_state_dict(safetensors.torch.load(saved))
    assert torch.equal(_logits(other, batch), _logits(model, batch))


WRONG: list[tuple[str, str, object]] = [
    (name, setting, value)
    for name in MODELS
    for setting in MODELS[name].settings
    for value in (-1, True, [8], "no such thing", 1.5, math.nan)
    if not (value is True and isinstance(MODELS[name].settings[setting], bool))
]


@pytest.mark.parametrize(("name", "setting", "value"), WRONG)
def test_a_wrong_setting_is_named(name: str, setting: str, value: object, sizes: InputSizes) -> None:
    entry = find_model(name)
    with pytest.raises(BadOption) as caught:
        entry.build(sizes, CLASSES, {**entry.settings, setting: value})
    assert setting in str(caught.value)


@pytest.mark.parametrize(
    ("name", "settings", "named"),
    [
        ("mrlf", {"heads": 7}, "heads"),
        ("mrlf", {"heads": 0}, "heads"),
        ("mrlf", {"dropout": "high"}, "dropout"),
        ("mrlf", {"dropout": 1.0}, "dropout"),
        ("mrlf", {"kernel": 4}, "kernel"),
        ("mrlf", {"word_kernel": 0}, "word_kernel"),
        ("mrlf", {"filters": 8.0}, "filters"),
        ("mrlf", {"fusion": None}, "fusion"),
        ("mrlf", {"gate": "sigmoid"}, "gate"),
        ("sg-mft", {"tokens": 5}, "tokens"),
        ("sg-mft", {"tokens": 0}, "tokens"),
        ("sg-mft", {"tokens": None}, "tokens"),
        ("sg-mft", {"tokens": 4, "features": 18}, "tokens"),
        ("sg-mft", {"features": 0}, "features"),
        ("sg-mft", {"tokens": "scalar"}, "normalise_over"),
        ("sg-mft", {"tokens": 1, "normalise_over": "tokens"}, "normalise_over"),
        ("sg-mft", {"head_width": 0}, "head_width"),
        ("sg-mft", {"tokens": "states"}, "cross_query"),
        ("sg-mft-tokens", {"cross_query": "other"}, "cross_query=own"),
        ("sg-mft-tokens", {"normalise_over": "tokens"}, "normalise_over=width"),
        ("sg-mft-tokens", {"tokens": 5}, "tokens"),
        ("sg-mft-tokens", {"text_input": "words"}, "text_input=vectors"),
        ("sg-mft", {"fusion": "add"}, "fusion"),
        ("sg-mft", {"text_input": "word"}, "did you mean 'words'"),
        ("mplug", {"connect_every": 3}, "connect_every: 3 with 3 layers: no connected layer would ever run"),
        ("mplug", {"layers": 6, "connect_every": 6}, "connect_every"),
        ("mplug", {"tokens": "chunks"}, "tokens"),
        ("merge-attention", {"tokens": 5}, "tokens"),
        ("co-attention", {"heads": 3}, "heads"),
        ("bridge-tower", {"layers": 2}, "layers"),  # the encoders give one
        ("bridge-tower-lite", {"tokens": "states"}, "tokens"),
    ],
)
def test_settings_that_do_not_fit(name: str, settings: dict[str, Any], named: str, sizes: InputSizes) -> None:
    entry = find_model(name)
    with pytest.raises(BadOption, match=named):
        entry.network(sizes, CLASSES, {**entry.settings, **SMALL.get(name, {}), **settings})


def test_a_misspelt_model_is_refused_with_the_nearest() -> None:
    with pytest.raises(BadOption, match="did you mean 'sg-mft'"):
        find_model("sgmft")


def test_the_table_is_complete() -> None:
    for name, entry in MODELS.items():
        assert entry.name == name
        assert entry.citation
        assert entry.prefer_when
        assert entry.modalities <= {"text", "hashtags", "image"}


@pytest.mark.parametrize("absent", ["text_states", "image_states"])
def test_encoders_without_states_are_refused(absent: str, sizes: InputSizes) -> None:
    entry = find_model("sg-mft-tokens")
    none = (
        dataclasses.replace(sizes, text_states=0)
        if absent == "text_states"
        else dataclasses.replace(sizes, image_states=0)
    )
    with pytest.raises(BadOption, match="tokens: 'states' asked for, but an encoder gives none"):
        entry.build(none, CLASSES, entry.settings)


def test_a_batch_without_states_is_refused(batch: Batch, sizes: InputSizes) -> None:
    entry = find_model("sg-mft-tokens")
    bare = dataclasses.replace(batch, image_states=None, image_states_mask=None)
    with pytest.raises(ValueError, match="states=True"):
        entry.network(sizes, CLASSES, entry.settings)(bare)


def test_what_is_needed_depends_on_the_settings() -> None:
    states, vectors = {"text_states", "image_states"}, {"text_vector", "image_vector"}
    for name, entry in MODELS.items():
        assert required_inputs(entry, entry.settings), name
    tokens, chunks = find_model("sg-mft-tokens"), find_model("sg-mft")
    assert required_inputs(tokens, {}) == states
    assert required_inputs(tokens, {"tokens": 32}) == vectors
    assert required_inputs(chunks, {"tokens": "states", "cross_query": "own"}) == states
    assert required_inputs(chunks, {"text_input": "words"}) == {"words", "image_vector"}
    assert required_inputs(find_model("mrlf"), {}) == {"characters", "words", "image_vector"}


def test_the_table_needs_no_torch() -> None:
    code = "import sys, postplace.models.registry; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
