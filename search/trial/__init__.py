"""What runs in the child process of a trial: it joins datasets and models, and talks to its parent."""
