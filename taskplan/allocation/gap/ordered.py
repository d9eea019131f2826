"""Sums in an order of their own, so that one plan comes out of every machine.

What BLAS and LAPACK return depends in its last bits on the processor, and on the number of
threads: their kernels add in different orders. In a search with thresholds that decides who gets
what. Elementwise arithmetic and numpy's own reductions do the same everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taskplan.allocation.gap.instance import Floats


def dot(left: Floats, right: Floats) -> float:
    """Return the sum of the products of two vectors."""
    return float((left * right).sum())


def times_vector(matrix: Floats, vector: Floats) -> Floats:
    """Return ``matrix @ vector``."""
    product: Floats = (matrix * vector).sum(axis=1)
    return product


def weighted_gram(matrix: Floats, weights: Floats) -> Floats:
    """Return ``matrix @ diag(weights) @ matrix.T``, [rows, rows]."""
    scaled = matrix * weights
    gram = np.empty((len(matrix), len(matrix)))
    for row in range(len(matrix)):
        gram[row, row:] = (matrix[row:] * scaled[row]).sum(axis=1)
        gram[row:, row] = gram[row, row:]
    return gram


@dataclass(frozen=True, slots=True)
class Factors:
    """``lower @ diag(diagonal) @ lower.T`` of a symmetric matrix, with ones on the diagonal of `lower`.

    G. H. Golub and C. F. Van Loan, *Matrix Computations*, 2013, §4.1.
    """

    lower: Floats
    diagonal: Floats

    @classmethod
    def of(cls, matrix: Floats) -> Factors:
        """Factorise a positive definite `matrix` [n, n]; a pivot that rounding made ≤ 0 becomes a trace."""
        left = matrix.copy()
        least = 1e-14 * max(float(np.abs(np.diagonal(matrix)).max(initial=0)), 1e-300)
        diagonal = np.empty(len(matrix))
        for step in range(len(matrix)):
            diagonal[step] = max(float(left[step, step]), least)
            below = left[step + 1 :, step] / diagonal[step]
            left[step + 1 :, step + 1 :] -= below[:, None] * left[step + 1 :, step]
            left[step + 1 :, step] = below
        return cls(left, diagonal)

    def solve(self, right: Floats) -> Floats:
        """Return x with ``matrix @ x = right``, [n]."""
        x = right.copy()
        for step in range(len(x)):
            x[step + 1 :] -= self.lower[step + 1 :, step] * x[step]
        x /= self.diagonal
        for step in range(len(x) - 1, 0, -1):
            x[:step] -= self.lower[step, :step] * x[step]
        return x
