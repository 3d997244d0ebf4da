"""The commands, a file each, and what the demo makes and draws."""
