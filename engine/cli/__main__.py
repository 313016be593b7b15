"""`python -m engine.cli` is `hotline`."""

from engine.cli import main

if __name__ == "__main__":
    main()
