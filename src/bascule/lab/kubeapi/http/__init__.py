"""The API over HTTP: paths, formats, discovery, reads, watches and writes."""
