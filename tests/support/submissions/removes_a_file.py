import os
from right import *

os.remove(os.path.join(os.path.dirname(__file__), "victim", "file.txt"))
