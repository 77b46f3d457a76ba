"""How busy the search keeps many slots whose trials only sleep: slots_search.py has it.

python benchmarks/slots.py [--slots 64] [--trials 384] [--seconds 10] [--sampler tpe]
"""

if __name__ == "__main__":
    import sys

    from slots_search import main

    sys.exit(main())
