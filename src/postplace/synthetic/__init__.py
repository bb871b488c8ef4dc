"""A generated city of posts with images, for the demonstration and the tests: each flaw of real posts is a knob."""

from postplace.synthetic.city import CityReport, make_city, planted_ceiling
from postplace.synthetic.distractions import Person
from postplace.synthetic.parameters import Knobs

__all__ = ["CityReport", "Knobs", "Person", "make_city", "planted_ceiling"]
