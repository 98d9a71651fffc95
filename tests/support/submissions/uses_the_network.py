import urllib.request
from right import *

urllib.request.urlopen("http://127.0.0.1:9/weights.json", timeout=5)
