"""`python -m postplace` is the command `postplace`."""

from postplace.cli import main

main()
