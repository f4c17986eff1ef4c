"""What people read: the terminal, from the published tables alone."""
