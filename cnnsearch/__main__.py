"""`python -m cnnsearch` is the same as `cnnsearch`."""

from cnnsearch.app import main

if __name__ == "__main__":
    main()
