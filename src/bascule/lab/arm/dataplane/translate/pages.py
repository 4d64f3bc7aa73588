"""What the gateway itself answers: its error pages, and what Envoy calls them."""

from bascule.lab.arm.dataplane.translate.gateway import Json

SERVER = "Microsoft-Azure-Application-Gateway/v2"
_ANSWERED_AS = {
    400: (400, "Bad Request"),
    403: (403, "Forbidden"),
    404: (404, "Not Found"),
    408: (408, "Request Time-out"),
    500: (502, "Bad Gateway"),
    502: (502, "Bad Gateway"),
    # No healthy server, no connection, a connection that broke: one word of Azure's.
    503: (502, "Bad Gateway"),
    504: (504, "Gateway Time-out"),
}


def error_page(status: int, reason: str) -> str:
    """Return the page as Azure shows it."""
    title = f"{status} {reason}"
    return (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{title}</h1></center>\r\n<hr><center>{SERVER}</center>\r\n"
        "</body>\r\n</html>\r\n"
    )


def build_local_replies() -> Json:
    """Return how Envoy's own answers are turned into the gateway's."""
    return {"mappers": [_mapper(status, *shown) for status, shown in _ANSWERED_AS.items()]}


def _mapper(status: int, shown: int, reason: str) -> Json:
    value = {"default_value": status, "runtime_key": f"page.{status}"}
    return {
        "filter": {"status_code_filter": {"comparison": {"op": "EQ", "value": value}}},
        "status_code": shown,
        "body": {"inline_string": error_page(shown, reason)},
        "body_format_override": {
            "text_format_source": {"inline_string": "%LOCAL_REPLY_BODY%"},
            "content_type": "text/html",
        },
        "headers_to_add": [
            {
                "header": {"key": "server", "value": SERVER},
                "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
            }
        ],
    }
