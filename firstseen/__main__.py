"""``python -m firstseen``: the same as the ``firstseen`` command."""

from firstseen.cli import main

main()
