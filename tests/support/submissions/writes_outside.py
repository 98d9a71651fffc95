from pathlib import Path
from right import *

Path(__file__).with_name("written_by_the_file.txt").write_text("here I was")
