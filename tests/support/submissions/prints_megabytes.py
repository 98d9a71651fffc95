from right import *

for i in range(100):
    print("x" * 1_000_000)
