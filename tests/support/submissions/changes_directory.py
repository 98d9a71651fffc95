import os
from right import *

os.chdir("/")
