# ruff: noqa: ANN001, ANN201, B018, N802, N803, N806, NPY002, PD011, T201

# # Backpropagation from scratch

# In[1]:


import numpy as np
import pandas as pd

# In[2]:


df = pd.DataFrame(
    [[8, 8, 4], [7, 9, 5], [6, 10, 6], [5, 12, 7]], columns=["cgpa", "profile_score", "lpa"]
)


# In[3]:


df.head()


# In[7]:


def initialize_parameters(layer_dims):
    np.random.seed(3)
    parameters = {}
    for l in range(1, len(layer_dims)):  # noqa: E741
        parameters["W" + str(l)] = np.ones((layer_dims[l - 1], layer_dims[l])) * 0.1
        parameters["b" + str(l)] = np.zeros((layer_dims[l], 1))
    return parameters


# In[8]:


def L_layer_forward(X, parameters):
    A = X
    print("forward", X.shape)
    for l in range(1, len(parameters) // 2 + 1):  # noqa: E741
        A_prev = A
        A = np.dot(parameters["W" + str(l)].T, A_prev) + parameters["b" + str(l)]
    return A, A_prev


# In[9]:


def loss(y, y_hat):
    return (y - y_hat) ** 2


# In[12]:


def update_parameters(parameters, y, y_hat, A1, X):
    lr = 0.001
    dZ2 = np.array([[2 * (y_hat - y)]])
    dZ1 = parameters["W2"] @ dZ2
    parameters["W2"] = parameters["W2"] - lr * A1 @ dZ2.T
    parameters["b2"] = parameters["b2"] - lr * dZ2
    parameters["W1"] = parameters["W1"] - lr * X @ dZ1.T
    parameters["b1"] = parameters["b1"] - lr * dZ1


# In[15]:


parameters = initialize_parameters([2, 2, 1])
epochs = 5

for i in range(epochs):
    Loss = []
    for j in range(df.shape[0]):
        X = df[["cgpa", "profile_score"]].values[j].reshape(2, 1)
        y = df[["lpa"]].values[j][0]
        y_hat, A1 = L_layer_forward(X, parameters)
        y_hat = y_hat[0][0]
        update_parameters(parameters, y, y_hat, A1, X)
        Loss.append((y - y_hat) ** 2)
    print("Epoch - ", i + 1, "Loss - ", np.array(Loss).mean())

parameters
