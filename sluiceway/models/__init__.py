"""What flows, executions and tenants are made of: JSON in, JSON out, no input or output."""
