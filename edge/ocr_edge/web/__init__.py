"""What the daemon answers over HTTP, to programs and to people who look at its page; loaded only with ``[http]``."""
