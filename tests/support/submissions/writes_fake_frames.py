import os
import struct
from right import *

body = b'["ready",{"sites":null,"binding":[],"notes":[],"free_only":false},[]]'
frame = struct.pack("<4sIQ16s", b"kp01", len(body), 0, bytes(16)) + body
for number in range(3, 256):
    try:
        os.write(number, frame)
    except OSError:
        pass
