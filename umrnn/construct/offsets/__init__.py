"""Read-outs of past bytes at several offsets, without a state."""
