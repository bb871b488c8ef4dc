"""The kinds of places in OpenStreetMap and Overture Maps -> the eight semantic classes of SG-MFT.

As for Foursquare's categories (`semantic.py`) this is our reading, chosen to agree with that table: a hotel, a museum
and a station are Travel, a filling station and a car park are none of the eight.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_VALUES: Mapping[str, str] = {
    value: name
    for name, values in {
        "Restaurant": "restaurant cafe bar pub fast_food food_court biergarten ice_cream bakery pastry coffee_shop "
        "tea_room diner bistro brewery winery food_truck cafeteria eat_and_drink food_and_drink dessert_shop "
        "sandwich_shop ice_cream_shop juice_bar casual_eatery",
        "Shopping": "supermarket convenience mall department_store marketplace market_place kiosk clothes bookshop "
        "butcher greengrocer beverages florist jeweller optician stationery newsagent chemist doityourself "
        "garden_centre general shopping retail shopping_center shopping_mall market farmers_market flea_market "
        "boutique car_dealership shopping_centre",
        "School": "school university college kindergarten language_school music_school education preschool "
        "college_university campus_building place_of_learning",
        "Gym": "fitness_centre sports_centre fitness_station gym fitness_center yoga_studio pilates_studio "
        "martial_arts_club recreation_center boxing_gym dojo sports_and_fitness",
        "Cinema": "cinema movie_theater drive_in_theater",
        "Travel": "hotel motel hostel guest_house guesthouse chalet alpine_hut camp_site caravan_site bus_station "
        "ferry_terminal station halt tram_stop railway_station railway_halt aerodrome airport terminal park garden "
        "nature_reserve water_park beach_resort marina beach peak lighthouse tower bridge attraction museum "
        "monument memorial castle ruins archaeological artwork viewpoint zoo theme_park aquarium gallery fort "
        "battlefield resort bed_and_breakfast accommodation lodging inn campground train_station metro_station "
        "subway_station light_rail_station tram_station monorail_station coach_station ferry_station "
        "travel travel_and_transportation art_gallery amusement_park national_park botanical_garden "
        "landmark_and_historical_building tourist_attraction plaza fountain lookout planetarium public_art "
        "cultural_and_historic geographic_entities historic_site island lake mountain river waterfall",
        "Home": "apartments residential dormitory house nursing_home retirement_home apartment_building condominium "
        "residential_building student_housing university_housing assisted_living_facility mobile_home_park housing",
        "Work": "office works factory corporate_office coworking_space business_center advertising_agency "
        "architect software_development information_technology_company industrial_company",
        "": "fuel parking gas_station parking_space charging_station ev_charging_station hairdresser beauty "
        "beauty_shop car_repair laundry dry_cleaning vacant information barber_shop tattoo_shop nail_salon "
        "auto_repair_shop driving_school street_lamp picnic_site",
    }.items()
    for value in values.split()
}
_ENDINGS = {
    "_restaurant": "Restaurant",
    "_cafe": "Restaurant",
    "_pub": "Restaurant",
    "_store": "Shopping",
    "_shop": "Shopping",
    "_school": "School",
    "_museum": "Travel",
    "_hotel": "Travel",
}
_OF_A_KEY = {"shop": "Shopping", "tourism": "Travel", "historic": "Travel", "office": "Work"}
"""Keys whose every value is of a class, but those that `_VALUES` says otherwise of."""

TAG_KEYS = (
    *("amenity", "shop", "tourism", "leisure", "historic", "office", "railway", "aeroway", "public_transport"),
    *("natural", "man_made", "building"),
)


def osm_class(tags: Mapping[str, object]) -> tuple[str, tuple[str, ...]]:
    """The class of a place by its tags, "" for none; and its tags as `key=value`, those that say what it is.

    >>> osm_class({"amenity": "cafe", "name": "Corner"})
    ('Restaurant', ('amenity=cafe',))
    >>> osm_class({"shop": "books"})[0], osm_class({"shop": "hairdresser"})[0], osm_class({"fclass": "toy_shop"})[0]
    ('Shopping', '', 'Shopping')
    """
    given = [(key, str(value)) for key in ("fclass", *TAG_KEYS) if (value := tags.get(key)) not in (None, "", "no")]
    labels = tuple(value if key == "fclass" else f"{key}={value}" for key, value in given)
    for key, value in given:
        found = _find_class(value)
        if found is None and key != "fclass":
            found = _OF_A_KEY.get(key)
        if found:
            return found, labels
    return "", labels


def overture_class(labels: Iterable[str]) -> str:
    """The class of a place by Overture's categories, the most special first; "" for none.

    >>> overture_class(["thai_restaurant"]), overture_class(["gas_station", "travel"]), overture_class(["church"])
    ('Restaurant', '', '')
    """
    found = (_find_class(label) for label in labels)
    return next((name for name in found if name is not None), "")


def _find_class(value: str) -> str | None:
    if value in _VALUES:
        return _VALUES[value]
    return next((name for ending, name in _ENDINGS.items() if value.endswith(ending)), None)
