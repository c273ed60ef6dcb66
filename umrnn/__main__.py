"""``python -m umrnn``."""

from umrnn.cli.main import main

if __name__ == "__main__":
    main()
