"""What runs beside student code, jailed: standard library only, NumPy and torch when the exercise uses them."""
