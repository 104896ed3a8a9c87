"""The pages against the code: settings, commands, anomalies, links, examples, the data dictionary."""
