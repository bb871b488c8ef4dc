"""OpenCV 4, imported where it is needed: it is an optional library, and version 5 carries no detectors."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from postplace.errors import BadOption


@lru_cache(maxsize=1)
def opencv() -> Any:
    """The module cv2, on one thread, as several worker processes share the cores; BadOption where it is not there."""
    try:
        import cv2
    except ImportError:
        remedy = "pip install 'postplace[portrait]', or leave portraits as they are"
        raise BadOption("portraits", "OpenCV is not installed here", remedy) from None
    if not (hasattr(cv2, "CascadeClassifier") and hasattr(cv2, "HOGDescriptor")):
        problem = f"OpenCV {cv2.__version__} carries no face and body detectors"
        raise BadOption("portraits", problem, "pip install 'opencv-python-headless>=4.8,<5'")
    cv2.setNumThreads(1)
    return cv2
