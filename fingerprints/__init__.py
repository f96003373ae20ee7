"""Bytes in, evidence out: pure, synchronous, without network or database."""
