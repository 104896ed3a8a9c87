"""The portal as a part of `vsf serve`.

Started by the supervisor. Here: the arguments, and its log on standard error. Not here: the portal itself (portal/).
"""

import argparse
import sys

from vsf_assets.config.settings import fix_surroundings, read_settings
from vsf_assets.portal.serve import PortalOptions, serve


def main() -> None:
    """Serve the portal until a signal comes."""
    fix_surroundings()
    parser = argparse.ArgumentParser()
    parser.add_argument("--demo", action="store_true")
    options = parser.parse_args()

    def log(text: str) -> None:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    serve(read_settings(), PortalOptions(options.demo), log)


if __name__ == "__main__":
    main()
