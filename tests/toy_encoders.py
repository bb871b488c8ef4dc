"""Encoders that have the sizes of real ones and are never asked: vectors and states are given."""

from __future__ import annotations

from torch import nn


class Toy:
    """An encoder of vectors and states of one width."""

    def __init__(self, name: str, layers: int, *, width: int, states: int) -> None:
        self.name = self.fingerprint = name
        self.state_layers = layers
        self.width = self.states_width = width
        self.states = states

    def encode_states(self, batch: object) -> None: ...

    def last_stage(self) -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(self.states * self.width, self.width), nn.Tanh())
