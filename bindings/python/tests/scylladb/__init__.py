"""Tests of the founding guide's store."""
