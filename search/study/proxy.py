"""A study behind Optuna's gRPC proxy: hundreds of workers share the proxy's few connections to the database.

The proxy knows neither transactions nor heartbeats. So owners and signs of life are attributes of the trials here: a
worker counts, and whoever sees a count stand still for the grace time, by its own clock, puts the trial back in line.
"""
