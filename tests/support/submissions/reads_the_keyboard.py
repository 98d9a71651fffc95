from right import *

epochs = int(input("How many epochs? "))
