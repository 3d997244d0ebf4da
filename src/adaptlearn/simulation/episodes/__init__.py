"""Episodes: policies teach simulated students."""
