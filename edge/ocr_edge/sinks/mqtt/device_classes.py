"""Home Assistant's device classes for numbers, with the units and state classes it takes for each.

Compared with Home Assistant 2025.4 by ``tests/edge/test_homeassistant.py`` where that is installed.
"""

from collections.abc import Mapping
from typing import NamedTuple

_ALL = frozenset({"measurement", "total", "total_increasing"})
_NOW = frozenset({"measurement"})
_SUM = frozenset({"total", "total_increasing"})

_AREA = "m² cm² km² mm² in² ft² yd² mi² ac ha"
_ENERGY = "J kJ MJ GJ mWh Wh kWh MWh GWh TWh cal kcal Mcal Gcal"
_FLUX = "in/d in/h mm/d mm/h"
_LENGTH = "mm cm m km in ft yd mi nmi"
_PRESSURE = "Pa hPa kPa bar cbar mbar mmHg inHg psi"
_SPEED = "Beaufort ft/s in/s m/s km/h kn mph mm/s"
_VOLUME = "ft³ CCF m³ L mL gal fl._oz."
_BYTES = "B kB MB GB TB PB EB ZB YB KiB MiB GiB TiB PiB EiB ZiB YiB"


class Kind(NamedTuple):
    """What Home Assistant takes for a device class.

    Attributes:
        units: Its units; an empty one means that it may stand without; None: any unit.
        state_classes: Its state classes, besides none at all.
    """

    units: frozenset[str] | None
    state_classes: frozenset[str]


def _kind(units: str | None, state_classes: frozenset[str], *, bare: bool = False) -> Kind:
    """A kind from its units, separated by spaces (their own are ``_``); ``bare``: none at all will do."""
    if units is None:
        return Kind(None, state_classes)
    names = {plain(unit.replace("_", " ")) for unit in units.split(" ") if unit}
    return Kind(frozenset(names | {""} if bare else names), state_classes)


def plain(unit: str) -> str:
    """The unit with the one of the two micro signs that Home Assistant prefers."""
    return unit.replace("\N{MICRO SIGN}", "\N{GREEK SMALL LETTER MU}")


KINDS: Mapping[str, Kind] = {
    "apparent_power": _kind("VA", _NOW),
    "aqi": _kind("", _NOW, bare=True),
    "area": _kind(_AREA, _ALL),
    "atmospheric_pressure": _kind(_PRESSURE, _NOW),
    "battery": _kind("%", _NOW),
    "blood_glucose_concentration": _kind("mg/dL mmol/L", _NOW),
    "carbon_dioxide": _kind("ppm", _NOW),
    "carbon_monoxide": _kind("ppm", _NOW),
    "conductivity": _kind("S/cm mS/cm μS/cm", _NOW),
    "current": _kind("A mA", _NOW),
    "data_rate": _kind("bit/s kbit/s Mbit/s Gbit/s B/s kB/s MB/s GB/s KiB/s MiB/s GiB/s", _NOW),
    "data_size": _kind(f"bit kbit Mbit Gbit {_BYTES}", _ALL),
    "distance": _kind(_LENGTH, _ALL),
    "duration": _kind("d h min s ms μs", _ALL),
    "energy": _kind(_ENERGY, _SUM),
    "energy_distance": _kind("kWh/100km mi/kWh km/kWh", _NOW),
    "energy_storage": _kind(_ENERGY, _NOW),
    "frequency": _kind("Hz kHz MHz GHz", _NOW),
    "gas": _kind("m³ ft³ CCF", _SUM),
    "humidity": _kind("%", _NOW),
    "illuminance": _kind("lx", _NOW),
    "irradiance": _kind("W/m² BTU/(h⋅ft²)", _NOW),
    "moisture": _kind("%", _NOW),
    "monetary": _kind(None, frozenset({"total"})),
    "nitrogen_dioxide": _kind("μg/m³", _NOW),
    "nitrogen_monoxide": _kind("μg/m³", _NOW),
    "nitrous_oxide": _kind("μg/m³", _NOW),
    "ozone": _kind("μg/m³", _NOW),
    "ph": _kind("", _NOW, bare=True),
    "pm1": _kind("μg/m³", _NOW),
    "pm10": _kind("μg/m³", _NOW),
    "pm25": _kind("μg/m³", _NOW),
    "power": _kind("mW W kW MW GW TW", _NOW),
    "power_factor": _kind("%", _NOW, bare=True),
    "precipitation": _kind("in mm cm", _ALL),
    "precipitation_intensity": _kind(_FLUX, _NOW),
    "pressure": _kind(_PRESSURE, _NOW),
    "reactive_power": _kind("var", _NOW),
    "signal_strength": _kind("dB dBm", _NOW),
    "sound_pressure": _kind("dB dBA", _NOW),
    "speed": _kind(f"{_SPEED} {_FLUX}", _NOW),
    "sulphur_dioxide": _kind("μg/m³", _NOW),
    "temperature": _kind("°C °F K", _NOW),
    "volatile_organic_compounds": _kind("μg/m³", _NOW),
    "volatile_organic_compounds_parts": _kind("ppm ppb", _NOW),
    "voltage": _kind("V mV μV kV MV", _NOW),
    "volume": _kind(_VOLUME, _SUM),
    "volume_flow_rate": _kind("m³/h ft³/min L/min gal/min mL/s", _NOW),
    "volume_storage": _kind(_VOLUME, _NOW),
    "water": _kind("m³ L ft³ CCF gal", _SUM),
    "weight": _kind("kg g mg μg oz lb st", _ALL),
    "wind_direction": _kind("°", frozenset()),
    "wind_speed": _kind(_SPEED, _NOW),
}
