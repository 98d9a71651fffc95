import numpy as np


def init_params(sizes, seed=0):
    rng = np.random.default_rng(seed)
    return {k: v for i, (n, m) in enumerate(zip(sizes, sizes[1:]), 1)
            for k, v in ((f"W{i}", rng.normal(size=(n, m))), (f"b{i}", np.zeros((m, 1))))}


def forward(X, params):
    A1 = 1 / (1 + np.exp(-(params["W1"].T @ X + params["b1"])))
    A2 = 1 / (1 + np.exp(-(params["W2"].T @ A1 + params["b2"])))
    return A2, {"A1": A1, "A2": A2}


def loss(AL, Y):
    return -np.mean(Y * np.log(AL) + (1 - Y) * np.log(1 - AL))


def backward(X, Y, params, cache):
    m = X.shape[1]
    dZ2 = (cache["A2"] - Y) / m
    dZ1 = (params["W2"] @ dZ2) * cache["A1"] * (1 - cache["A1"])
    return {"dW2": cache["A1"] @ dZ2.T, "db2": dZ2.sum(axis=1, keepdims=True),
            "dW1": dZ1 @ X.T, "db1": dZ1.sum(axis=1, keepdims=True)}


def update_parameters(parameters, grads, learning_rate):
    for key in parameters:
        parameters[key] = parameters[key] - learning_rate * grads["d" + key]
    return parameters


X = np.array([[8., 7., 6., 5.], [8., 9., 10., 5.]])
Y = np.array([[1., 1., 0., 0.]])
params = init_params([2, 2, 1])
for epoch in range(20):
    AL, cache = forward(X, params)
    params = update_parameters(params, backward(X, Y, params, cache), 0.1)
    if epoch % 10 == 0:
        print(f"{epoch}: {loss(AL, Y):.4f}")
