"""What a search will cost, before it is begun: which models a space holds, and how long they take on this machine."""
