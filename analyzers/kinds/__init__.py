"""One module per kind of analyzer: which questions are asked, which findings come out."""
