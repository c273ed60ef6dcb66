"""Many short contexts side by side, for the depth of memory."""
