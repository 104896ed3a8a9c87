"""docs/naming.md has a line for every module, and nine of ten readers' lines agree with what the module says.

Here: the table against the files of the package. Not here: whether a line agrees; people judge that when they write it.
"""

import re

from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets_tests.docs.pages import text_of

ROW = re.compile(r"^\| `([\w/]+\.py)` \| (.+) \| (yes|no: .+) \|$", re.MULTILINE)


def test_every_module_has_one_line() -> None:
    package, listed = PROJECT_ROOT / "vsf_assets", [name for name, _, _ in ROW.findall(text_of("docs/naming.md"))]
    modules = {str(path.relative_to(package)) for path in package.rglob("*.py")}
    # A family's module is called after its family, so a family that is added needs no line.
    assert sorted(listed) == sorted(name for name in modules if "/by_family/" not in name or name in listed)
    assert set(listed) <= modules


def test_nine_of_ten_lines_agree() -> None:
    verdicts = [verdict for _, _, verdict in ROW.findall(text_of("docs/naming.md"))]
    assert verdicts.count("yes") >= 0.9 * len(verdicts)
