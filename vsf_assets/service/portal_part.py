"""The portal as a part of `vsf serve`.

Started by the supervisor. Here: the arguments, its log on standard error, which the service
keeps in a file, and the terminal, which alone receives secrets. Not here: the portal itself (portal/).
"""

import argparse
import os
import sys
from contextlib import suppress

from vsf_assets.config.settings import fix_surroundings, read_settings
from vsf_assets.portal.serve import PortalOptions, serve


def main() -> None:
    """Serve the portal until a signal comes."""
    fix_surroundings()
    parser = argparse.ArgumentParser()
    parser.add_argument("--demo", action="store_true")
    parser.add_argument("--terminal", type=int, help="descriptor of the terminal of a person")
    options = parser.parse_args()

    def log(text: str) -> None:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def show(text: str) -> None:
        with suppress(OSError):  # the terminal was closed since the service began
            os.write(options.terminal, f"{text}\n".encode())

    serve(read_settings(), PortalOptions(options.demo), log, None if options.terminal is None else show)


if __name__ == "__main__":
    main()
