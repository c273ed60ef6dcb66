"""The shift register: codes of bytes, the carrier that holds them, its counts, and its read-outs."""
