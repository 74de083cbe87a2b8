"""Access inside, asked on demand about one resource or principal: for pages and commands alike.

The questions are those of `analyzers.kinds.paths`; here is what they are asked about, and what is kept of the answers.
"""
