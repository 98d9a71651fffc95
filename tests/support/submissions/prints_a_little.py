import sys
from right import *

for epoch in range(2000):
    print(f"epoch {epoch}: some loss")
print("and a word to stderr", file=sys.stderr)
