# ruff: noqa: ANN001, ANN201, N806
# No NumPy: loops over numbers, one sample at a time.


def predict(inputs, weights):
    W1, b1, W2, b2 = weights
    hidden = []
    for j in range(len(b1)):
        total = b1[j]
        for i in range(len(inputs)):
            total += inputs[i] * W1[i][j]
        hidden.append(total)
    output = []
    for k in range(len(b2)):
        total = b2[k]
        for j in range(len(hidden)):
            total += hidden[j] * W2[j][k]
        output.append(total)
    return output, hidden


def squared_error_loss(output, target):
    return (output[0] - target[0]) ** 2


def train_step(weights, inputs, target, learning_rate):
    W1, b1, W2, b2 = weights
    output, hidden = predict(inputs, weights)
    delta = 2 * (output[0] - target[0])
    deltas = [delta * W2[j][0] for j in range(len(hidden))]
    for j in range(len(hidden)):
        W2[j][0] -= learning_rate * delta * hidden[j]
        for i in range(len(inputs)):
            W1[i][j] -= learning_rate * deltas[j] * inputs[i]
        b1[j] -= learning_rate * deltas[j]
    b2[0] -= learning_rate * delta
