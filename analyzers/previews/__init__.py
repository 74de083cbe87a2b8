"""Access previews: what findings there would be if a policy were deployed. docs/access-preview.md

`configurations` turns what was given into what is asked about (pure), `supposed` puts it in the place of what the
inventory says, `work` asks, with the jobs and the memo of scans, and keeps the answer in tables of its own.
"""
