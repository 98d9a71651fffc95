"""What a comparison can see: a pass is worth as much as the mistakes it would have caught."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sensitivity:
    """The names of the known mistakes that a comparison would have caught, and of the others."""

    caught: tuple[str, ...]
    blind: tuple[str, ...]

    @property
    def share(self) -> str:
        """How many of how many, in words."""
        return f"would have caught {len(self.caught)} of {self.known} known mistakes"

    @property
    def known(self) -> int:
        """The number of known mistakes that this problem can have."""
        return len(self.caught) + len(self.blind)

    def sentence(self, most: int = 3) -> str:
        """Say how many would have been caught, and name at most so many of the others."""
        if not self.blind:
            return self.share
        more = len(self.blind) - most
        named = "; ".join(self.blind[:most]) + (f"; and {more} more" if more > 0 else "")
        return f"{self.share}; blind to: {named}"
