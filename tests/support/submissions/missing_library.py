import a_library_that_nobody_has as missing
from right import *
