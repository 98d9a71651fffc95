#!/usr/bin/env python
# coding: utf-8

# In[1]:

import numpy as np

get_ipython().run_line_magic("matplotlib", "inline")

data = np.array([[8, 8, 4], [7, 9, 5], [6, 10, 6], [5, 12, 7]])
print(data[:2])


# In[2]:

def initialize_parameters(layer_dims):
    parameters = {}
    for i in range(1, len(layer_dims)):
        parameters["W" + str(i)] = np.ones((layer_dims[i - 1], layer_dims[i])) * 0.1
        parameters["b" + str(i)] = np.zeros((layer_dims[i], 1))
    return parameters


def linear_forward(A_prev, W, b):
    return np.dot(W.T, A_prev) + b


def L_layer_forward(X, parameters):
    A = X
    L = len(parameters) // 2
    for i in range(1, L + 1):
        A_prev = A
        A = linear_forward(A_prev, parameters["W" + str(i)], parameters["b" + str(i)])
    return A, A_prev


# In[7]:

def update_parameters(parameters, y, y_hat, A1, X):
    dZ2 = 2 * (y_hat - y)
    dZ1 = np.dot(parameters["W2"], dZ2)
    parameters["W2"] = parameters["W2"] - 0.001 * np.dot(A1, dZ2.T)
    parameters["b2"] = parameters["b2"] - 0.001 * dZ2
    parameters["W1"] = parameters["W1"] - 0.001 * np.dot(X, dZ1.T)
    parameters["b1"] = parameters["b1"] - 0.001 * dZ1


# In[8]:

parameters = initialize_parameters([2, 2, 1])
for epoch in range(5):
    for row in data:
        X = row[:2].reshape(2, 1)
        y_hat, A1 = L_layer_forward(X, parameters)
        update_parameters(parameters, row[2], y_hat, A1, X)
    print("epoch", epoch, "last prediction", y_hat)

display(parameters)
