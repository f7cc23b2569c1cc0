# expect: 1/10
# Prints instead of returning.
import numpy as np


class Network:
    def __init__(self, inputs, hidden, outputs, seed):
        self.rng = np.random.default_rng(seed)
        self.W1 = self.rng.normal(0, np.sqrt(2 / inputs), (inputs, hidden))
        self.b1 = np.zeros(hidden)
        self.W2 = self.rng.normal(0, np.sqrt(2 / hidden), (hidden, outputs))
        self.b2 = np.zeros(outputs)

    def parameters(self):
        print(self.W1, self.b1, self.W2, self.b2)

    def load(self, parameters):
        self.W1 = parameters["W1"]
        self.b1 = parameters["b1"]
        self.W2 = parameters["W2"]
        self.b2 = parameters["b2"]

    def scores(self, X):
        self.H = np.maximum(0, X @ self.W1 + self.b1)
        return self.H @ self.W2 + self.b2

    def predict(self, X):
        print(self.scores(X).argmax(axis=1))

    def gradients(self, X, labels):
        S = self.scores(X)
        S = S - S.max(axis=1, keepdims=True)
        log_sum = np.log(np.exp(S).sum(axis=1, keepdims=True))
        P = np.exp(S - log_sum)
        rows = np.arange(len(X))
        loss = (log_sum[:, 0] - S[rows, labels]).mean()
        Y = np.zeros_like(P)
        Y[rows, labels] = 1
        dS = (P - Y) / len(X)
        dH = dS @ self.W2.T
        dZ = dH * (self.H > 0)
        gradients = {
            "W1": X.T @ dZ,
            "b1": dZ.sum(axis=0),
            "W2": self.H.T @ dS,
            "b2": dS.sum(axis=0),
        }
        print(loss, gradients)
        return loss, gradients

    def fit(self, X, labels, epochs, learning_rate, batch_size):
        losses = []
        for epoch in range(epochs):
            order = self.rng.permutation(len(X))
            X_new = X[order]
            labels_new = labels[order]
            for i in range(0, len(X), batch_size):
                _, g = self.gradients(X_new[i:i + batch_size], labels_new[i:i + batch_size])
                self.W1 = self.W1 - learning_rate * g["W1"]
                self.b1 = self.b1 - learning_rate * g["b1"]
                self.W2 = self.W2 - learning_rate * g["W2"]
                self.b2 = self.b2 - learning_rate * g["b2"]
            losses.append(self.gradients(X, labels)[0])
        print(losses)
