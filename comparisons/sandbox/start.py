"""The first lines of the process that runs a file; run as a script, never imported.

The two packages on the way to ``child`` are made without running their ``__init__``: these are
for the side that asks, import most of the project, and would double the time that a start takes.
"""

import json
import sys
from types import ModuleType

if __name__ == "__main__":
    settings = json.loads(sys.argv[1])
    sys.path[:0] = [settings["root"]]
    sys.path += settings["libraries"]
    for name, folder in settings["packages"].items():
        package = ModuleType(name)
        package.__path__ = [folder]
        sys.modules[name] = package
    from comparisons.sandbox.child import main

    main(settings)
