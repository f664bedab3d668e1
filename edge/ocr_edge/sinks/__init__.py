"""Where readings go: text, JSON, XML, annotated pictures. One file per kind of sink."""
