"""What operators see of the executions: log lines, tenant log events, metrics, traces."""
