import subprocess
from right import *

subprocess.run(["sh", "-c", "sleep 600 &"])
