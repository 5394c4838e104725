"""The link between centres. This node stands alone so far; what the link will carry is made already: every entry has an
origin, a chain and a clock, and ``journal.fold`` takes entries of any origin in any order."""
