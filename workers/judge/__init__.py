"""Runs an author's tests.py, jailed: no network, no other exercise, no student code in its process."""
