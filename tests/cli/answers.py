"""Predictions to write: of several kinds of post, on both sides of the antimeridian."""

from __future__ import annotations

from postplace.schema import Place, Prediction, PredictionRegion, RankedPlace

PIER, BAR, NOWHERE = Place("Pier", -17.0, 179.99), Place("=Bar, 外滩", -17.01, -179.985), Place("somewhere")
LONG_ID = "98765432109876543210"  # more digits than a number of 64 bits has


def answered(post_id: str, *, confident: bool = True, region: bool = True) -> Prediction:
    """Three places, the last of them without coordinates, and a circle that crosses the antimeridian."""
    ranked = (RankedPlace(PIER, 0.75), RankedPlace(BAR, 0.2), RankedPlace(NOWHERE, 0.05))
    held = PredictionRegion(0.9, ("Pier",), (-17.0, 179.99), 2.5) if region else None
    return Prediction(post_id, ranked, ("text", "hashtags"), confident, held)


UNANSWERED = Prediction("none", (), (), confident=False)
ANSWERED = [answered(LONG_ID), answered("p2", confident=False)]
MIXED = [UNANSWERED, *ANSWERED]
