"""The stages of a night, a module each: read the stored tables, one chain of pure steps, write the next ones."""
