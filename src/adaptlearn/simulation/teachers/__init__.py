"""Who teaches in an episode: policies, estimators, baselines."""
