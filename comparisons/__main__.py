"""``python -m comparisons`` is the same as ``keras-parity``."""

from comparisons.cli import main

if __name__ == "__main__":
    main()
