"""How files become columns: what they are, their lines, what their texts mean."""
