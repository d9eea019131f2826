"""Who gets which items: problems, strategies, orderings and proofs of fairness."""
