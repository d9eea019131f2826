"""DQL, the platform's query language: parse, match one document, evaluate over columns, explain."""
