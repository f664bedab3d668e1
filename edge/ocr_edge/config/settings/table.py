"""What the tables of the file are made of: their kind, and types that several of them use."""

from typing import Annotated

from msgspec import Meta, Struct

Positive = Annotated[float, Meta(gt=0, le=1e9)]
NotNegative = Annotated[float, Meta(ge=0, le=1e9)]
Share = Annotated[float, Meta(ge=0, le=1, examples=[0.8])]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]
Port = Annotated[int, Meta(ge=1, le=65535)]
Pixels = Annotated[int, Meta(ge=1, le=65535)]
Size = Annotated[
    tuple[Pixels, Pixels], Meta(description="width and height in square brackets", examples=[[1280, 720]])
]
Slug = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_-]{1,64}\Z",
        description="1 to 64 letters a to z and A to Z, digits, _ and -, without spaces and accents",
    ),
]
"""A name that can stand in a topic, a file name and a metric."""
HOST = r"^(?:[^\s/@:]*|[^\s/@:]*(?::[^\s/@:]*){2,})\Z"
"""A name or an address; colons are in those of IPv6 alone, two at least."""
Host = Annotated[
    str,
    Meta(
        pattern=HOST,
        description="the name or address of a machine alone, without mqtt:// and without a port (mqtt.port)",
        examples=["localhost"],
    ),
]


class Table(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file: unknown keys are refused."""
