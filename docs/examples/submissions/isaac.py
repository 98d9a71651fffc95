import numpy as np

print("training")
while True:
    np.ones(3)
