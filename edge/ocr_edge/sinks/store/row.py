"""A reading as the store keeps it."""

import msgspec

from ocr_edge.reading import Reading

NO_END = 2**63 - 1
"""No reading has a higher number."""
Row = tuple[int, float, str, str, float | None, str, float, str, str]
"""number, time, region, text, value, unit, confidence, why, data."""


def to_row(reading: Reading) -> Row:
    """A reading's row."""
    return (
        reading.number,
        reading.time,
        reading.region,
        reading.text,
        reading.value,
        reading.unit,
        round(reading.confidence, 4),
        reading.why,
        msgspec.json.encode(reading.as_dict()).decode(),
    )


def from_data(data: str) -> Reading:
    """The reading that a row's data stands for.

    Raises:
        ValueError: It stands for none.
    """
    return Reading.from_dict(msgspec.json.decode(data))
