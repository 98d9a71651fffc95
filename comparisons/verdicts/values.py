"""The numbers of some consecutive steps, site by site."""

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

Array = npt.NDArray[Any]
#: One site over consecutive steps: stacked, or large arrays listed.
Series = Array | list[Array]
Values = Mapping[str, Series]
