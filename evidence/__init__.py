"""What leaves the desk as evidence: bags with their case report, tables and verifier; made from storage alone."""
