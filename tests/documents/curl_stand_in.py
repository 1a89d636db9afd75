"""As much of curl as the documentation's examples use, for machines without it."""

import argparse
import re
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

SECONDS = 60


def main() -> int:
    """Sends one request, prints the answer; 22 for a refusal, if `--fail-with-body` asks for that."""
    options = _options()
    body = _body(options.data)
    method = options.request or ("GET" if body is None else "POST")
    request = Request(options.url, data=body, method=method)
    for header in options.header:
        name, _, value = header.partition(":")
        request.add_header(name.strip(), value.strip())
    try:
        with urlopen(request, timeout=SECONDS) as answer:
            _write(answer, to_file=options.remote_name)
    except HTTPError as refusal:
        _write(refusal, to_file=False)
        return 22 if options.fail_with_body else 0
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="curl")
    parser.add_argument("url")
    parser.add_argument("-X", "--request")
    parser.add_argument("-H", "--header", action="append", default=[])
    parser.add_argument("-d", "--data")
    parser.add_argument("-O", "--remote-name", action="store_true")
    for flag in (
        ("-J",),
        ("-N",),
        ("-s", "--silent"),
        ("-S", "--show-error"),
        ("--fail-with-body",),
    ):
        parser.add_argument(*flag, action="store_true")
    return parser.parse_args()


def _body(data: str | None) -> bytes | None:
    if data is None:
        return None
    # curl drops line ends of a file that is sent with -d.
    is_file = data.startswith("@")
    text = Path(data[1:]).read_text().replace("\n", "") if is_file else data
    return text.encode()


def _write(answer: object, *, to_file: bool) -> None:
    content: bytes = answer.read()  # type: ignore[attr-defined]
    if not to_file:
        sys.stdout.buffer.write(content)
        return
    named = re.search(r'filename="([\w.@-]+)"', answer.headers["Content-Disposition"])  # type: ignore[attr-defined]
    Path(named[1] if named else "answer").write_bytes(content)


if __name__ == "__main__":
    sys.exit(main())
