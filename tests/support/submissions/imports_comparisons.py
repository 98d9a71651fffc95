import numpy as np
import comparisons
from right import *
