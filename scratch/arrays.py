"""The types that travel between the modules of this package.

Every computation runs in the dtype of its inputs, which is one: float32, float64 or long double.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]

#: The parameters of one layer, or their gradients: ``{"kernel": …, "bias": …}``.
Params: TypeAlias = dict[str, Array]

#: ``dL/dx``, computed only when it is called for. The first layer's never is: its
#: input is data, and nothing asks how the loss depends on that.
Promise: TypeAlias = Callable[[], Array]

#: Given ``dL/dy``, a layer's pullback returns the promise of ``dL/dx`` and ``dL/dparams``.
Pullback: TypeAlias = Callable[[Array], tuple[Promise, Params]]

#: An activation has no parameters: ``dL/dy`` goes in and ``dL/dx`` comes out.
ActivationPullback: TypeAlias = Callable[[Array], Array]
ActivationFunction: TypeAlias = Callable[[Array], tuple[Array, ActivationPullback]]
