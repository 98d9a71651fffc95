import os
from right import *

os.abort()
