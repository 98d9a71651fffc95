from right import *

sum(range(10**15))
