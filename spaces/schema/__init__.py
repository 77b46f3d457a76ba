"""The language described for others, made from its sections: a JSON schema for editors, a reference for people."""
