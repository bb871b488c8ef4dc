"""Systems that look at pictures alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from postplace.errors import unknown_name
from postplace.models.entry import Input, ModelEntry, Training

if TYPE_CHECKING:
    from torch import nn

    from postplace.features.batch import InputSizes


def _image_network(sizes: InputSizes, classes: int, settings: Mapping[str, Any]) -> nn.Module:
    _needs(settings)
    if settings["finetune"] == "none":
        from postplace.models.networks.image_linear import ImageLinear

        return ImageLinear(sizes, classes=classes)
    from postplace.models.networks.image_finetune import ImageFinetune

    return ImageFinetune(sizes, classes=classes)


def _needs(settings: Mapping[str, Any]) -> frozenset[Input]:
    asked = str(settings["finetune"])
    if asked not in _FINETUNE:
        raise unknown_name("finetune", asked, _FINETUNE)
    return _FINETUNE[asked]


_FINETUNE: Mapping[str, frozenset[Input]] = {
    "none": frozenset({"image_vector"}),
    "last-stage": frozenset({"image_stage"}),
}
_NETWORKS = (
    "the image baselines of Dai et al., ICC 2023: VGG19 (Simonyan & Zisserman, ICLR 2015), ResNet50 and ResNet101 "
    "(He et al., CVPR 2016), DenseNet121 (Huang et al., CVPR 2017)"
)
_WHICH = "Which network it is says --image-encoder (vgg19, resnet50, resnet101, densenet121, bundled"

ENTRIES: tuple[ModelEntry, ...] = (
    ModelEntry(
        name="image-linear",
        title="Image network, linear probe",
        family="image",
        make=_image_network,
        settings={"finetune": "none"},
        training=Training("adam", 1e-3, 128, 60, patience=5, decay_factor=0.5, decay_patience=2),
        reads=frozenset({"image"}),
        needs=_needs,
        citation=_NETWORKS,
        prefer_when="it is asked what a picture alone tells, or which image encoder tells most",
        changes=f"{_WHICH}, or any other); whether the networks of the paper were trained along is not stated: these "
        "are frozen.",
    ),
    ModelEntry(
        name="image-finetune",
        title="Image network, last stage trained along",
        family="image",
        make=_image_network,
        settings={"finetune": "last-stage"},
        training=Training("adam", 1e-4, 32, 20, patience=4, decay_factor=0.5, decay_patience=1),
        reads=frozenset({"image"}),
        needs=_needs,
        citation=_NETWORKS,
        prefer_when="pictures are many, a GPU or time is there, and what they show is not what ImageNet's classes are",
        changes=f"{_WHICH}); the last stage alone is trained, from states stored once in float16, without new crops "
        "of a picture, and normalisations keep the moments of ImageNet.",
    ),
)
