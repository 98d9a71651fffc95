import numpy as np
import scratch
from right import *
