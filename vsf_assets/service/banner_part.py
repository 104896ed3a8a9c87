"""The banner service as a part of `vsf serve`.

Started by the supervisor. Here: the arguments, and its log on standard error. Not here: the service itself (banners/).
"""

import argparse
import sys

from vsf_assets.banners.serving import ServiceOptions, serve
from vsf_assets.config.settings import fix_surroundings, read_settings


def main() -> None:
    """Serve banners until a signal comes."""
    fix_surroundings()
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, required=True)
    options = parser.parse_args()
    settings = read_settings()
    host, port = settings.banners_bind

    def log(text: str) -> None:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    serve(settings, ServiceOptions(host, port, options.workers), log)


if __name__ == "__main__":
    main()
