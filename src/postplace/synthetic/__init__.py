"""A generated city of posts with images, for the demonstration and the tests: each flaw of posts is a parameter."""

from postplace.synthetic.city import CityReport, make_city, planted_ceiling
from postplace.synthetic.distractions import Person
from postplace.synthetic.parameters import CityParameters

__all__ = ["CityParameters", "CityReport", "Person", "make_city", "planted_ceiling"]
