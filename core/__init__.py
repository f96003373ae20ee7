"""What every part shares: the vocabulary, ids, configuration, errors, log and clock. Imports no other part."""
