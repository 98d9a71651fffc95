from right import *

with open("big.bin", "wb") as file:
    for i in range(1000):
        file.write(bytes(1_000_000))
