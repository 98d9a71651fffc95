#!/usr/bin/env python
# coding: utf-8

# In[1]:

%matplotlib inline
!pip install numpy
from right import *

# In[2]:

if students is not None:
    %time students.sum()

get_ipython().system("ls")

# In[ ]:
