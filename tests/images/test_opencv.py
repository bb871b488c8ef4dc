"""OpenCV, imported where it is needed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from postplace.errors import BadOption
from postplace.images.opencv import opencv


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    opencv.cache_clear()
    yield
    opencv.cache_clear()


def test_without_opencv_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(BadOption, match="not installed") as caught:
        opencv()
    assert "postplace[portrait]" in caught.value.remedy


def test_a_version_without_detectors_is_an_error_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", SimpleNamespace(__version__="5.0.0", HOGDescriptor=object))
    with pytest.raises(BadOption, match=r"5\.0\.0"):
        opencv()


def test_opencv_runs_on_one_thread_and_is_set_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []
    module = SimpleNamespace(CascadeClassifier=object, HOGDescriptor=object, setNumThreads=threads.append)
    monkeypatch.setitem(sys.modules, "cv2", module)
    assert opencv() is module
    assert opencv() is module
    assert threads == [1]
