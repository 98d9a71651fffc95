import sys
from right import *

sys.exit(0)
