import os
from right import *

os.open(__file__, os.O_WRONLY | os.O_TRUNC)
