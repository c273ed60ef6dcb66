"""The network as a Boolean automaton: its signs alone."""
