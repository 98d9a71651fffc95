import os
from right import *

os.closerange(0, 1024)
