"""The machine sizes that the lab's Azure sells: cores, memory, family. Pure."""

from dataclasses import dataclass
from typing import Final

DEFAULT_NAME: Final = "Standard_D8ds_v4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """One size."""

    name: str
    family: str
    cores: int
    memory_gb: float
    disks: int
    zones: tuple[str, ...] = ("1", "2", "3")


def _family(
    family: str, pattern: str, cores: tuple[int, ...], *, memory_per_core: float = 4.0
) -> tuple[Size, ...]:
    return tuple(
        Size(
            name=pattern.format(number),
            family=family,
            cores=number,
            memory_gb=number * memory_per_core,
            disks=number * 2,
        )
        for number in cores
    )


SIZES: Final = (
    *_family("standardDSv5Family", "Standard_D{}s_v5", (2, 4, 8, 16, 32)),
    *_family("standardDDSv4Family", "Standard_D{}ds_v4", (2, 4, 8, 16)),
    *_family("standardDSv3Family", "Standard_D{}s_v3", (2, 4, 8, 16)),
    *_family("standardESv5Family", "Standard_E{}s_v5", (2, 4, 8, 16), memory_per_core=8.0),
    *_family("standardBSFamily", "Standard_B{}ms", (2, 4, 8)),
    Size(name="Standard_B2s", family="standardBSFamily", cores=2, memory_gb=4, disks=4),
    Size(name="Standard_DS2_v2", family="standardDSv2Family", cores=2, memory_gb=7, disks=8),
    Size(name="Standard_DS3_v2", family="standardDSv2Family", cores=4, memory_gb=14, disks=16),
    Size(
        name="Standard_NC6s_v3",
        family="standardNCSv3Family",
        cores=6,
        memory_gb=112,
        disks=12,
        zones=(),
    ),
)


def find_size(name: str) -> Size | None:
    """Return a size by its name, which is compared without case."""
    wanted = name.lower()
    return next((size for size in SIZES if size.name.lower() == wanted), None)
