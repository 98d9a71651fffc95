from right import *

n = 0
while True:
    n += 1
