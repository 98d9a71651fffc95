from right import *

students = students.reshape(4, 3)

total = students.sum() + undefined_name
