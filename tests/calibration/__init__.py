"""How often the program calls significant what is not there, measured on texts in which nothing is there."""
