"""What is said of a file that could not be run to its end."""


class SandboxError(RuntimeError):
    """A file that was stopped, or that stopped itself: one sentence, for the one who wrote it.

    ``kind`` is the same for machines:

    ``missing``, ``not python``, ``syntax``: the file could not be read as Python.
    ``import``: it raised while it was run; ``forbidden import``: it imports what it is compared
    with. ``binding``: it has no functions that can be used. ``raised``: it raised in a step.
    ``answer``: it returned what is no array of numbers.
    ``timeout``, ``memory``, ``output``: it took too much.
    ``exit``: it ended its process. ``thread``: it went on computing in another thread.
    ``processes``, ``files``, ``network``, ``ctypes``, ``limits``: it tried what is refused.
    ``patched``: it replaced functions of others. ``channel``: it touched our channel.
    ``platform``: files cannot be run in this way here.
    """

    def __init__(self, kind: str, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind
