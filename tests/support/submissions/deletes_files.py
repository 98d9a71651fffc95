import shutil
from pathlib import Path
from right import *

shutil.rmtree(Path(__file__).parent / "victim")
