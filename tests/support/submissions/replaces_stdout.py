import io
import sys
from right import *

sys.stdout = io.StringIO()
