"""Take a picture of every page of the console, light and dark, into docs/images/console.

Run it with the environment's Python: ``.venv/bin/python scripts/take_screenshots.py [PAGE …]``.
It goes to the pages by the same list as the tests do.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.console.conftest import CHROMIUM, FLAGS, Running  # noqa: E402 - found by the line above
from tests.console.pages import PAGES, fill  # noqa: E402

TARGET = ROOT / "docs" / "images" / "console"
SIZES = {"light": (1360, 860), "dark": (1360, 860), "narrow": (390, 844)}


def main() -> int:
    """Take them; return 0."""
    wanted = sys.argv[1:] or list(PAGES)
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, Running(Path(folder), "dev") as server:
        shown = fill(server)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
            for look, (width, height) in SIZES.items():
                context = browser.new_context(
                    viewport={"width": width, "height": height},
                    color_scheme="dark" if look == "dark" else "light",
                    reduced_motion="reduce",
                )
                context.add_init_script(
                    "try { localStorage.setItem('sluiceway.toured', '1') } catch {}"
                )
                for name in wanted:
                    page = context.new_page()
                    PAGES[name](page, server, shown)
                    page.wait_for_timeout(700)
                    slug = name.lower().replace(" ", "-")
                    page.screenshot(path=TARGET / f"{slug}-{look}.png")
                    page.close()
                context.close()
            browser.close()
    print(f"{len(wanted) * len(SIZES)} pictures in {TARGET.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
