"""What exists: reading and writing inventory files, and the subjects that scans are made of."""
