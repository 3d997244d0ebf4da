"""The loop over a store, verb by verb."""
