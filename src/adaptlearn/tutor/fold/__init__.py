"""The fold: a set of events has one order, and that order gives one state."""
