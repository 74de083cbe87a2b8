"""What is said about findings of unused access: their permissions as a tree, owners, steps, and figures over many."""
