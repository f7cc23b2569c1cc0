import numpy as np


class Network:
    """Two layers with ReLU in between, trained on the cross-entropy."""

    def __init__(self, inputs, hidden, outputs, seed):
        self.rng = np.random.default_rng(seed)
        self.values = {
            "W1": self.rng.normal(0.0, np.sqrt(2.0 / inputs), size=(inputs, hidden)),
            "b1": np.zeros(hidden),
            "W2": self.rng.normal(0.0, np.sqrt(2.0 / hidden), size=(hidden, outputs)),
            "b2": np.zeros(outputs),
        }

    def parameters(self):
        """The dictionary of W1, b1, W2 and b2."""
        return {name: value.copy() for name, value in self.values.items()}

    def load(self, parameters):
        """Take over such a dictionary."""
        self.values = {name: value.copy() for name, value in parameters.items()}

    def _forward(self, X):
        """The hidden layer H and the scores S."""
        v = self.values
        H = np.maximum(X @ v["W1"] + v["b1"], 0.0)
        return H, H @ v["W2"] + v["b2"]

    def scores(self, X):
        """The scores S, of shape (n, outputs)."""
        return self._forward(X)[1]

    def predict(self, X):
        """Position of the largest score of each row."""
        return np.argmax(self.scores(X), axis=1)

    def gradients(self, X, labels):
        """(loss, dictionary of gradients) for one batch."""
        H, S = self._forward(X)
        rows = np.arange(len(X))
        shifted = S - S.max(axis=1, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        dS = np.exp(log_p)
        dS[rows, labels] -= 1.0
        dS /= len(X)
        dZ = dS @ self.values["W2"].T * (H > 0)
        gradients = {"W1": X.T @ dZ, "b1": dZ.sum(axis=0), "W2": H.T @ dS, "b2": dS.sum(axis=0)}
        return float(-log_p[rows, labels].mean()), gradients

    def fit(self, X, labels, epochs, learning_rate, batch_size):
        """Train; the loss over all of X after each epoch."""
        losses = []
        for _ in range(epochs):
            order = self.rng.permutation(len(X))
            for start in range(0, len(X), batch_size):
                batch = order[start : start + batch_size]
                for name, gradient in self.gradients(X[batch], labels[batch])[1].items():
                    self.values[name] = self.values[name] - learning_rate * gradient
            losses.append(self.gradients(X, labels)[0])
        return losses
