"""What every model must hold to, as a class of tests. A model's test file subclasses it, in other packages too.

    class TestMyNetwork(ModelContract):
        model = "my-network"
        small = {"width": 8}
        variants = ({"width": 4},)

pytest collects the inherited tests. Each is tried on all variants, and says which of them does not hold to it and what
is wanted. An estimator is held to its facts and settings; a network also to what follows from its masks.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import safetensors.torch
import torch
from torch import Tensor, nn

from postplace.errors import BadOption
from postplace.features.batch import Batch, InputSizes
from postplace.models.entry import ModelEntry
from postplace.models.example_batch import example_batch, example_sizes, pad_more, poison_absent, select_rows
from postplace.models.inputs import StartsFromStage
from postplace.models.registry import find_model, required_inputs

CLASSES = 5
FLOATS = ("text_vector", "hashtag_vector", "image_vectors", "text_states", "image_states", "image_grids")
WRONG = (-1, True, [8], "no such thing", 1.5, math.nan)  # values that hardly any setting may have


@dataclasses.dataclass(frozen=True)
class Variant:
    """A model with some settings: `build` makes it from the same seed each time; learned stand-ins are not 0."""

    entry: ModelEntry
    settings: Mapping[str, Any]
    sizes: InputSizes

    def build(self) -> nn.Module:
        """A new network."""
        torch.manual_seed(0)
        built = self.entry.network(self.sizes, CLASSES, self.settings)
        if isinstance(built, StartsFromStage):
            built.start_from(nn.Sequential(nn.Flatten(), nn.Linear(12, 16), nn.Tanh()))
        with torch.no_grad():
            for key, parameter in built.named_parameters():
                if "absent" in key:
                    parameter.normal_()
        return built


class ModelContract:
    """See the module.

    `model` is a name, class or instance; `small` settings that a test can afford; `variants` further settings, each
    beside `small`; `learns` settings with which it learns quickly, and `equations` the name of the test of the same
    file that holds it to the equations of its paper or to the library beneath it, both for the tests of this package.
    """

    model: ClassVar[object] = None
    small: ClassVar[Mapping[str, Any]] = {}
    variants: ClassVar[Sequence[Mapping[str, Any]]] = ()
    learns: ClassVar[Mapping[str, Any]] = {}
    equations: ClassVar[str] = ""

    def entry(self) -> ModelEntry:
        """The model's entry in the registry."""
        return find_model(self.model)

    def networks(self) -> Iterator[Variant]:
        """Every variant of a network; none of an estimator."""
        entry = self.entry()
        for given in ({}, *self.variants) if entry.training is not None else ():
            settings = {**entry.settings, **self.small, **given}
            sizes = example_sizes()
            if entry.state_layers is not None:  # of several layers each; the last of an odd number is cut short
                sizes = dataclasses.replace(sizes, state_layers=settings[entry.state_layers])
            yield Variant(entry, settings, sizes)

    def test_its_facts_are_told(self) -> None:
        """A citation with a year or a number of arXiv, and a line on when to prefer it."""
        entry = self.entry()
        said = re.search(r"\b(19|20)\d\d\b|arXiv", entry.citation)
        assert said, f"{entry.name}: give register_model(citation=...) with a year or a number of arXiv"
        assert len(entry.prefer_when.split()) > 3, f"{entry.name}: give register_model(prefer_when=...) in a few words"

    def test_a_wrong_setting_is_named(self) -> None:
        """BadOption, which names the setting, for a value that it cannot have."""
        entry, failures = self.entry(), []
        for setting, default in entry.settings.items():
            for value in WRONG:
                if entry.extra_types.get(setting) is object or (value is True and isinstance(default, bool)):
                    continue
                try:
                    entry.build(example_sizes(), CLASSES, {**entry.settings, setting: value})
                except BadOption as error:
                    if setting in str(error):
                        continue
                failures.append(f"{setting}={value!r}")
        assert not failures, f"{entry.name} is to refuse with a BadOption that names the setting: {failures}"

    def test_logits_are_finite_and_of_the_right_shape(self) -> None:
        """(B, C), also for posts without anything."""
        for variant in self.networks():
            with of(variant, "logits are to be finite and of shape (posts, classes)"):
                logits = compute_logits(variant.build(), example_batch())
                assert logits.shape == (4, CLASSES)
                assert bool(logits.isfinite().all())

    def test_longer_padding_changes_nothing(self) -> None:
        """Columns of padding and empty image slots at the end are masked."""
        for variant in self.networks():
            model, batch = variant.build(), example_batch()
            expected = compute_logits(model, batch)
            for more in (1, 9):
                with of(variant, "padding is to be masked: more of it changes nothing"):
                    close(compute_logits(model, pad_more(batch, more, math.nan)), expected)

    def test_the_padding_row_of_an_embedding_is_never_seen(self) -> None:
        """Item 0 of a vocabulary is padding."""
        for variant in self.networks():
            model = variant.build()
            expected = compute_logits(model, example_batch())
            with torch.no_grad():
                for table in (part for part in model.modules() if isinstance(part, nn.Embedding)):
                    table.weight[0] = 1e6
            with of(variant, "row 0 of an embedding is padding and is to be masked"):
                close(compute_logits(model, example_batch()), expected)

    def test_what_is_absent_has_no_influence(self) -> None:
        """What stands where a mask says absent is never read, and no gradient is spoiled by it."""
        for variant in self.networks():
            model = variant.build()
            expected = compute_logits(model, example_batch())
            for poison in (1e6, math.nan):
                poisoned = poison_absent(example_batch(), poison)
                with of(variant, "what a mask calls absent is not to be read (use masked_fill, not a product)"):
                    close(compute_logits(model, poisoned), expected)
                    model.zero_grad()
                    torch.autograd.backward(compute_objective(model, poisoned))
                    check_gradients(model)

    def test_what_is_present_has_influence(self) -> None:
        """Every modality that it says it reads moves the logits."""
        fields = {"text": "text_mask", "hashtags": "hashtag_mask", "image": "image_mask"}
        for variant in self.networks():
            model, batch = variant.build(), example_batch()
            states = required_inputs(variant.entry, variant.settings) & {"text_states", "image_states"}
            for modality in variant.entry.modalities:
                field = fields[modality]
                if states:  # of text and hashtags there is one sequence
                    field = "image_states_mask" if modality == "image" else "text_states_mask"
                without = dataclasses.replace(batch, **{field: torch.zeros_like(getattr(batch, field))})
                same = torch.allclose(compute_logits(model, batch)[0], compute_logits(model, without)[0], atol=1e-7)
                with of(variant, f"{modality} is among its modalities, and is to move the logits"):
                    assert not same

    def test_a_post_of_nothing_trains(self) -> None:
        """A batch of empty posts gives finite gradients, and teaches what stands for the absent."""
        for variant in self.networks():
            model = variant.build()
            logits = model.train()(select_rows(example_batch(), [3, 3]))
            torch.autograd.backward(logits.square().sum())
            gradients = {name: each.grad for name, each in model.named_parameters() if each.grad is not None}
            absent = {name: gradient for name, gradient in gradients.items() if "absent" in name}
            with of(variant, "posts of nothing are to give finite gradients"):
                assert bool(logits.isfinite().all())
                assert all(bool(gradient.isfinite().all()) for gradient in gradients.values())
            if variant.entry.source is None or any("absent" in name for name, _ in model.named_parameters()):
                with of(variant, "a learned stand-in (a parameter with 'absent' in its name) is to be learned"):
                    assert absent
                    assert all(bool(gradient.any()) for gradient in absent.values())

    def test_every_parameter_learns(self) -> None:
        """Nothing that is learned is out of reach of the loss."""
        for variant in self.networks():
            model = variant.build()
            torch.autograd.backward(compute_objective(model.train(), example_batch()))
            with of(variant, "every parameter is to have a finite gradient that is not 0"):
                check_gradients(model)
                still = {name for name, each in model.named_parameters() if not bool(each.grad.any())}  # type: ignore[union-attr]
                # A bias of the keys adds the same to every score; with a single token there is nothing to choose from.
                single = getattr(model, "n", 2) == 1
                assert not {name for name in still if not (name.endswith("key.bias") or (single and is_choice(name)))}

    def test_posts_do_not_see_each_other(self) -> None:
        """A post's logits are the same alone and in a batch."""
        for variant in self.networks():
            model, batch = variant.build(), example_batch()
            together = compute_logits(model, batch)
            for post in range(len(batch)):
                with of(variant, "a post's logits are not to depend on the other posts of its batch"):
                    alone = compute_logits(model, select_rows(batch, [post]))[0]
                    torch.testing.assert_close(alone, together[post], atol=1e-5, rtol=1e-5)

    def test_no_gradient_flows_between_posts(self) -> None:
        """In training too."""
        for variant in self.networks():
            batch = select_rows(example_batch(), [0, 0, 2])
            leaves = {name: getattr(batch, name).clone().requires_grad_() for name in FLOATS}
            logits = variant.build().train()(dataclasses.replace(batch, **leaves))
            torch.autograd.backward(logits[0].square().sum())
            reached = [leaf.grad for leaf in leaves.values() if leaf.grad is not None]
            vectors = required_inputs(variant.entry, variant.settings) - {"characters", "words", "coarse"}
            with of(variant, "a post's logits are to depend on its own inputs, and on no other post's in training"):
                assert any(bool(gradient[0].any()) for gradient in reached) == bool(vectors)  # ids have no gradient
                assert not any(bool(gradient[1:].any()) for gradient in reached)

    def test_the_same_seed_gives_the_same_model(self) -> None:
        """All chance is torch's, and there is none but in training."""
        for variant in self.networks():
            first, second, batch = variant.build(), variant.build(), example_batch()
            torch.manual_seed(3)
            logits = first.train()(batch)
            torch.manual_seed(3)
            with of(variant, "all chance is to come from torch's generator, and there is to be none in eval()"):
                assert torch.equal(second.train()(batch), logits)
                assert torch.equal(compute_logits(first, batch), compute_logits(first, batch))

    def test_weights_saved_and_loaded(self) -> None:
        """`state_dict` is all that it has learned, and safetensors can hold it."""
        for variant in self.networks():
            model, other, batch = variant.build(), variant.build(), example_batch()
            with torch.no_grad():
                for parameter in other.parameters():
                    parameter.normal_()
            with of(variant, "state_dict is to hold all that was learned, without tensors that share memory"):
                other.load_state_dict(safetensors.torch.load(safetensors.torch.save(model.state_dict())))
                assert torch.equal(compute_logits(other, batch), compute_logits(model, batch))


@contextmanager
def of(variant: Variant, wanted: str) -> Iterator[None]:
    """Say of which variant an assertion fails, and what is wanted of it."""
    try:
        yield
    except AssertionError as error:
        changed = {name: value for name, value in variant.settings.items() if value != variant.entry.settings[name]}
        raise AssertionError(f"{variant.entry.name} with {changed}: {wanted}. {error}") from error


def close(logits: Tensor, expected: Tensor) -> None:
    """Equal but for rounding."""
    torch.testing.assert_close(logits, expected, atol=1e-6, rtol=1e-6)


def compute_logits(model: nn.Module, batch: Batch) -> Tensor:
    """Logits (B, C) outside of training."""
    logits: Tensor = model.eval()(batch)
    return logits


def compute_objective(model: nn.Module, batch: Batch) -> Tensor:
    """A number that every parameter has a part in: the model's own loss, if it has one, else of its logits."""
    if hasattr(model, "loss"):
        loss: Tensor = model.loss(batch, torch.arange(len(batch)) % CLASSES, None)  # type: ignore[operator]
        return loss
    logits: Tensor = model(batch)
    return logits.square().sum()


def check_gradients(model: nn.Module) -> None:
    """Every parameter has a gradient, all of finite numbers."""
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, f"{name} has no gradient"
        assert bool(parameter.grad.isfinite().all()), f"the gradient of {name} is not finite"


def is_choice(name: str) -> bool:
    """Whether a parameter of that name has a part in what attention chooses."""
    return any(part in name for part in (".query.", ".key.", "gate.slope"))
