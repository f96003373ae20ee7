"""Where the arrays of the index are made: in memory, or elsewhere by whoever offers the same."""

from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T", bound=np.generic)


class Room(Protocol):
    """Makes arrays under names; ``columns`` has the numbers of one column lie beside each other."""

    def make(self, name: str, kind: type[T], shape: tuple[int, ...], *, columns: bool = False) -> NDArray[T]:
        """A new array to be filled."""
        ...

    def cut(self, name: str, made: NDArray[Any], rows: int) -> NDArray[Any]:
        """The array made under this name with its first ``rows`` rows only."""
        ...

    def go_on(self) -> None:
        """Called between pieces of long work: raises what ends it."""
        ...


class Memory:
    """Room in memory."""

    def make(self, _name: str, kind: type[T], shape: tuple[int, ...], *, columns: bool = False) -> NDArray[T]:
        """A new array to be filled."""
        return np.empty(shape, kind, order="F" if columns else "C")

    def cut(self, _name: str, made: NDArray[Any], rows: int) -> NDArray[Any]:
        """The array with its first ``rows`` rows only."""
        return made[:rows]

    def go_on(self) -> None:
        """Nothing ends it."""
