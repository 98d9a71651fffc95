import numpy as np
from right import *

held = []
while True:
    held.append(np.zeros(10_000_000))
