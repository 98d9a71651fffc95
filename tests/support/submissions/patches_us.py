import gc
import types
from right import *

for module in gc.get_objects():
    if isinstance(module, types.ModuleType) and module.__name__ == "comparisons.candidates":
        module.bind = lambda *a, **k: None
