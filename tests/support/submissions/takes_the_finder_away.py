import sys
from right import *

del sys.meta_path[0]
