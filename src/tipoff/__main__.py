"""`python -m tipoff` is `tipoff`."""

from tipoff.cli import main

main()
