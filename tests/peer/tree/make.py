#!/usr/bin/env python3
"""Prints the numbers stored in tests/unit/test_tree_peer.c, from scikit-learn (pip install scikit-learn): trees, importances, metrics, isotonic fit."""
import numpy as np
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

state = 12345


def draw(n):
    global state
    state = (state * 1103515245 + 12345) % 2**31
    return (state >> 8) % n


X = np.zeros((1200, 4))
y = np.zeros(1200, dtype=int)
for i in range(1200):
    X[i] = [draw(251), draw(241), draw(239), draw(13)]
    y[i] = 2 * X[i, 0] + X[i, 1] - X[i, 2] + 9 * X[i, 3] + draw(200) > 450


def show(name, values):
    print("%s { %s }" % (name, ", ".join("%.12f" % v for v in values)))


rows = list(range(0, 1200, 150))
for criterion in ("entropy", "gini"):
    tree = DecisionTreeClassifier(criterion=criterion, max_depth=4, min_samples_leaf=9).fit(X, y)
    p = tree.predict_proba(X)[:, 1]
    show(criterion, list(p[rows]) + [(p**2).sum(), roc_auc_score(y, p), average_precision_score(y, p), log_loss(y, p)])
    show(criterion + " importance", tree.feature_importances_)
z = X[:, 0] * X[:, 1] / 100 + X[:, 3]
p = DecisionTreeRegressor(max_depth=3, min_samples_leaf=20).fit(X, z).predict(X)
show("regression", list(p[rows]) + [(p**2).sum()])
show("isotonic", IsotonicRegression().fit(X[:, 0], y).predict([0, 10.5, 60, 100, 150.25, 200, 250]))
S = (X - X.mean(0)) / X.std(0)
logistic = LogisticRegression(C=0.5, tol=1e-12, max_iter=10000).fit(S, y)
show("logistic", list(logistic.coef_[0]) + [logistic.intercept_[0]])
