#!/usr/bin/env python
# coding: utf-8

# In[1]:

import numpy as np
import pandas as pd

# In[2]:

df = pd.DataFrame([[8, 8, 4], [7, 9, 5], [6, 10, 6], [5, 12, 7]],
                  columns=['cgpa', 'profile_score', 'lpa'])
df.head()

# In[3]:


def initialize_parameters(layer_dims):
    np.random.seed(3)
    parameters = {}
    L = len(layer_dims)
    for l in range(1, L):
        parameters['W' + str(l)] = np.ones((layer_dims[l-1], layer_dims[l])) * 0.1
        parameters['b' + str(l)] = np.zeros((layer_dims[l], 1))
    return parameters


# In[4]:


def linear_forward(A_prev, W, b):
    Z = np.dot(W.T, A_prev) + b
    return Z


def L_layer_forward(X, parameters):
    A = X
    L = len(parameters) // 2
    for l in range(1, L + 1):
        A_prev = A
        A = linear_forward(A_prev, parameters['W' + str(l)], parameters['b' + str(l)])
    return A, A_prev


# In[5]:


def update_parameters(parameters, y, y_hat, A1, X):
    step = 0.001 * 2 * (y - y_hat)
    W2 = parameters['W2'].copy()
    parameters['W2'] += step * A1
    parameters['b2'] += step
    parameters['W1'] += step * np.dot(X, W2.T)
    parameters['b1'] += step * W2


# In[6]:

parameters = initialize_parameters([2, 2, 1])
for i in range(5):
    loss = []
    for j in range(df.shape[0]):
        X = df[['cgpa', 'profile_score']].values[j].reshape(2, 1)
        y = df['lpa'].values[j]
        y_hat, A1 = L_layer_forward(X, parameters)
        y_hat = y_hat[0][0]
        update_parameters(parameters, y, y_hat, A1, X)
        loss.append((y - y_hat) ** 2)
    print('Epoch -', i + 1, 'Loss -', np.array(loss).mean())

parameters
