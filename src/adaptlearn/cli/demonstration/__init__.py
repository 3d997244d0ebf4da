"""What the demo computes, writes and draws."""
