"""Everything that makes weights: data sets, recipes, tasks, metrics, baselines; `fit` and `evaluate`."""
