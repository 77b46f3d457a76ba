"""How many workers one study in one PostgreSQL carries, whose trials only sleep: scale_workers.py has it.

python benchmarks/scale.py [--workers 1 4 16 64 256] [--seconds 10] [--trials 5] [--through proxy]
"""

if __name__ == "__main__":
    import sys

    from scale_workers import main

    sys.exit(main())
