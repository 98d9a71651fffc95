from right import *

old = np.dot
np.dot = lambda a, b: old(a, b)
