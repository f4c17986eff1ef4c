"""The night: lock, stages in order, checks, the publish gate, the ledger of runs."""
