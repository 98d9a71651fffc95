"""Which quantities of a step are computed from which: where credit is lost, and where not.

The order of a step is forward, layer by layer; the loss; the gradients, last layer first; then
for each parameter its slots and itself. The loss's value goes into nothing: its gradient is a
formula of its own, so who has both wrong has two things wrong.
"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.bool_]


class Causality:
    """The sites of a reference, and what each is computed from.

    ``shown`` are those that a candidate has. What it has not is stood for by the next thing
    that it has: a gradient by the update of the same parameter, an output by the next
    output. Nothing stands for the loss's value.
    """

    def __init__(self, sites: Sequence[str], shown: Collection[str]) -> None:
        self.sites = tuple(sites)
        self.shown = frozenset(shown)
        self._outputs = [site for site in sites if site.startswith("forward/")]
        self._layers = list(
            dict.fromkeys(_layer(site) for site in sites if site.startswith("update/"))
        )

    def inputs(self, site: str) -> tuple[str, ...]:
        """Return the sites from which one is computed."""
        phase, _, path = site.partition("/")
        match phase:
            case "forward":
                return tuple(self._outputs[: self._outputs.index(site)])
            case "loss":
                return tuple(self._outputs)
            case "backward":
                above = self._layers[self._layers.index(_layer(site)) + 1 :]
                return (*self._outputs, *self._gradients(above))
            case "slot":
                return self._known(f"backward/{path.rpartition('/')[0]}")
        slots = tuple(other for other in self.sites if other.startswith(f"slot/{path}/"))
        return (*self._known(f"backward/{path}"), *slots)

    def shown_inputs(self, site: str) -> frozenset[str]:
        """Return the sites that a candidate shows from which one of its own is computed."""
        found: set[str] = set()
        for given in self.inputs(site):
            instead = self.stand_in(given)
            found |= self.shown_inputs(given) if instead in {None, site} else {str(instead)}
        return frozenset(found - {site})

    def stand_in(self, site: str) -> str | None:
        """Return a site if it is shown, and else the next shown one that it goes into."""
        if site in self.shown:
            return site
        phase, _, path = site.partition("/")
        match phase:
            case "forward":
                later = self._outputs[self._outputs.index(site) + 1 :]
                nexts = (*later, "loss/value", *self._gradients(self._layers[-1:]))
            case "loss":
                nexts = ()
            case "backward":
                nexts = (f"update/{path}",)
            case _:
                nexts = (f"update/{path.rpartition('/')[0]}",)
        return next((found for each in nexts if (found := self.stand_in(each))), None)

    def origins(self, bad: Mapping[str, Array]) -> dict[str, int]:
        """Return the shown sites that are bad where their inputs are not.

        ``bad`` has, for each of them, whether it differs at each step. What is returned is the
        first step, counted from 1, at which a site differs by itself.
        """
        found = {}
        for site, differs in bad.items():
            inputs = [bad[given] for given in self.shown_inputs(site) if given in bad]
            alone = differs & ~np.any(inputs, axis=0) if inputs else differs
            if alone.any():
                found[site] = int(alone.argmax()) + 1
        return found

    def _gradients(self, layers: Collection[str]) -> tuple[str, ...]:
        return tuple(s for s in self.sites if s.startswith("backward/") and _layer(s) in layers)

    def _known(self, site: str) -> tuple[str, ...]:
        return (site,) if site in self.sites else ()


def _layer(site: str) -> str:
    """Return the layer's name of a site such as ``update/dense/kernel``; it may have slashes."""
    return site.partition("/")[2].rpartition("/")[0]
