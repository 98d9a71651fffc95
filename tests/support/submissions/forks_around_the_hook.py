import _posixsubprocess
import os
from right import *

none = [-1] * 6
_posixsubprocess.fork_exec(
    [b"sleep", b"600"], (b"/bin/sleep", b"/usr/bin/sleep"), True, (), None, None,
    *none, *os.pipe(), False, True, -1, None, None, None, -1, None, True,
)
