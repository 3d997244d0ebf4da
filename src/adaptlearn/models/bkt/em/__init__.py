"""The estimation loop: shared histories, sweeps over them, EM, and what is known of its result."""
