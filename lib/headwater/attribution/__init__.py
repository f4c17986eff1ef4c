"""Expected complaints, shops, sources: from exposure to suspicion."""
