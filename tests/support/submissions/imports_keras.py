import numpy as np
import keras
from right import *
