"""From an application gateway's ARM document to what Envoy is to do; values in, values out."""
