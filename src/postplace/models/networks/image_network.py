"""Image networks: a linear probe of a frozen one (VGG19, ResNet, DenseNet, ...), or its last stage trained along.

The image baselines of MRLF's Table II (Dai et al., ICC 2023), whose networks are a choice of the image encoder; whether
they were trained along is not stated there. The probe is one linear layer on the stored vector. Where the last stage is
trained, all that lies before it is frozen: an image goes through it once, and not once an epoch.
Letters: B posts, I images of a post, n states of an image, D' their width, D width of a vector, C classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from postplace.errors import unknown_name
from postplace.features.batch import Batch, InputSizes
from postplace.models.blocks.modality_tokens import image_mean
from postplace.models.blocks.pooling import fill_absent, masked_mean
from postplace.models.entry import Input, Training
from postplace.models.registry import register_model


class ImageLinear(nn.Module):
    """Batch -> logits W x + b (B, C), x the mean over a post's images, a learned vector where there is none."""

    def __init__(self, sizes: InputSizes, *, classes: int) -> None:
        super().__init__()
        self.absent_image = nn.Parameter(torch.zeros(sizes.image_width))
        self.classifier = nn.Linear(sizes.image_width, classes)

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, C)."""
        logits: Tensor = self.classifier(fill_absent(*image_mean(batch), self.absent_image))
        return logits


class ImageFinetune(nn.Module):
    """Batch -> logits W x + b (B, C), x the mean over a post's images of what the stage makes of each one.

    A learned vector stands for a post without images. `start_from` gives it the stage, with pretrained weights or,
    where a saved run is loaded, as the place that its weights are put in. It must not mix the images of a batch.
    """

    def __init__(self, sizes: InputSizes, *, classes: int) -> None:
        super().__init__()
        self.stage: nn.Module | None = None
        self.absent_image = nn.Parameter(torch.zeros(sizes.image_width))
        self.classifier = nn.Linear(sizes.image_width, classes)

    def start_from(self, stage: nn.Module) -> None:
        """The stage (P, n, D') -> (P, D), from now on a part of this network."""
        self.stage = stage

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, C)."""
        x = fill_absent(self.pooled(batch), batch.image_mask.any(dim=1), self.absent_image)
        logits: Tensor = self.classifier(x)
        return logits

    def pooled(self, batch: Batch) -> Tensor:
        """The mean vector (B, D) of a post's images; 0 where there is none."""
        if self.stage is None or batch.image_grids is None:
            raise ValueError("there is no last stage to train, or the batch has no states before it")
        mask = batch.image_mask
        found: Tensor = self.stage(batch.image_grids[mask].float())  # (P, D) of the P real images
        vectors = found.new_zeros((*mask.shape, found.shape[1]))
        vectors[mask] = found
        return masked_mean(vectors, mask)


_INPUTS: Mapping[str, frozenset[Input]] = {
    "none": frozenset({"image_vector"}),
    "last-stage": frozenset({"image_stage"}),
}


def _get_inputs(settings: Mapping[str, Any]) -> frozenset[Input]:
    finetune = str(settings["finetune"])
    if finetune not in _INPUTS:
        raise unknown_name("finetune", finetune, _INPUTS)
    return _INPUTS[finetune]


@register_model(
    "image-linear",
    title="Image network, linear probe",
    family="image",
    modalities=frozenset({"image"}),
    inputs=_get_inputs,
    training=Training("adam", 1e-3, 128, 60, patience=5, decay_factor=0.5, decay_patience=2),
    citation="the image baselines of Dai et al., ICC 2023: VGG19 (Simonyan & Zisserman, ICLR 2015), ResNet50 and "
    "ResNet101 (He et al., CVPR 2016), DenseNet121 (Huang et al., CVPR 2017)",
    prefer_when="it is asked what an image alone tells, or which image encoder tells most",
    deviations="Which network it is says `image_encoder` (vgg19, resnet50, resnet101, densenet121, bundled, or any "
    "other); whether the networks of the paper were trained along is not stated: these are frozen.",
)
@register_model(
    "image-finetune",
    title="Image network, last stage trained along",
    family="image",
    modalities=frozenset({"image"}),
    inputs=_get_inputs,
    training=Training("adam", 1e-4, 32, 20, patience=4, decay_factor=0.5, decay_patience=1),
    citation="the image baselines of Dai et al., ICC 2023: VGG19 (Simonyan & Zisserman, ICLR 2015), ResNet50 and "
    "ResNet101 (He et al., CVPR 2016), DenseNet121 (Huang et al., CVPR 2017)",
    prefer_when="images are many, a GPU or time is there, and what they show is not what ImageNet's classes are",
    deviations="Which network it is says `image_encoder` (vgg19, resnet50, resnet101, densenet121, bundled); the "
    "last stage alone is trained, from states stored once in float16, without new crops of an image, and "
    "normalisations keep the moments of ImageNet.",
    defaults={"finetune": "last-stage"},
)
def build_image_network(sizes: InputSizes, *, classes: int, finetune: str = "none") -> ImageLinear | ImageFinetune:
    """The probe, or with `finetune` = "last-stage" the network whose last stage is trained along."""
    _get_inputs({"finetune": finetune})
    return (ImageLinear if finetune == "none" else ImageFinetune)(sizes, classes=classes)
