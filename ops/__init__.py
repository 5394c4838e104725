"""Set-up and running of a Leitstelle node.

Everything that set-up itself needs (`setup`, `system`, `libraries`, `cluster`, `redis_server`, `places`,
`child`, `terminal`) runs on a bare Python 3.11 without any package, because it makes the virtual environment.
"""
