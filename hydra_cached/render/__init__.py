"""Turns events, reports and summaries into text: YAML, JSON, log lines, tables, tracebacks. Runs nothing."""
