"""When will it be done: a workforce, an engine, a forecast."""
