import threading
from right import *


def shout():
    while True:
        print("still here " * 100)


threading.Thread(target=shout, daemon=True).start()
