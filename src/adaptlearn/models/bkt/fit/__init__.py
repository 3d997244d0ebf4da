"""From a log to parameters: options, constraints, and the two ways to fit."""
