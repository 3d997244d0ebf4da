"""Prerequisites as graphs: arrays in, arrays out."""
