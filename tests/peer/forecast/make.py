#!/usr/bin/env python3
"""Prints the numbers stored in tests/unit/test_forecast_models.c, from an independent implementation (pip install statsforecast).

Croston, SBA and TSB have fixed smoothing constants of 0.1 there as here. The SES column is the closed recursion, written out in Python.
"""
import numpy as np
from statsforecast.models import CrostonClassic, CrostonSBA, TSB, SimpleExponentialSmoothing, WindowAverage

SERIES = [
    [0, 0, 3, 0, 1, 0, 0, 2, 4, 0, 0, 0, 5, 0, 1],
    [5, 0, 0, 0, 0, 7, 0, 0, 2],
    [12, 9, 14, 11, 10, 13, 15, 8],
]
for series in SERIES:
    y = np.array(series, dtype=float)
    row = [
        SimpleExponentialSmoothing(0.3).forecast(y, 1)["mean"][0],
        CrostonClassic().forecast(y, 1)["mean"][0],
        CrostonSBA().forecast(y, 1)["mean"][0],
        TSB(0.1, 0.1).forecast(y, 1)["mean"][0],
        WindowAverage(4).forecast(y, 1)["mean"][0],
    ]
    print("{ %s }," % ", ".join("%.9f" % float(v) for v in row))
