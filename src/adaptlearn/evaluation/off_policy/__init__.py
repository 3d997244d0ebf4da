"""What another policy would have reached, from logged decisions."""
