"""The one training loop."""

from postplace.system.torchvision_compat import declare_missing_operators

declare_missing_operators()  # before anything here imports lightning, which imports torchvision where it is installed
