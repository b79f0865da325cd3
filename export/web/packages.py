"""The npm packages that the page needs, of the versions in package-lock.json."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from training.command import CommandError

HERE = Path(__file__).parent
LOCKED = "package.json", "package-lock.json"
# Folders of the site, and what is copied into them.
FILES = {
    "litert": ("@litertjs/core/dist/index.js", "@litertjs/wasm-utils/dist/index.js"),
    "litert/wasm": ("@litertjs/core/wasm/litert_wasm_internal.*", "@litertjs/core/wasm/litert_wasm_compat_internal.*"),
    "jsquash/jpeg": ("@jsquash/jpeg/meta.js", "@jsquash/jpeg/LICENSE"),
    "jsquash/jpeg/codec": ("@jsquash/jpeg/codec/LICENSE.codec.md",),
    "jsquash/jpeg/codec/enc": ("@jsquash/jpeg/codec/enc/mozjpeg_enc.[jw]*",),
    "jsquash/webp": ("@jsquash/webp/meta.js", "@jsquash/webp/LICENSE"),
    "jsquash/webp/codec": ("@jsquash/webp/codec/LICENSE.codec.md",),
    "jsquash/webp/codec/enc": ("@jsquash/webp/codec/enc/webp_enc_simd.[jw]*",),
    "jsquash/avif": ("@jsquash/avif/meta.js", "@jsquash/avif/LICENSE"),
    "jsquash/avif/codec/enc": ("@jsquash/avif/codec/enc/avif_enc.[jw]*",),
}
# Browsers know packages by their addresses only.
NAMES = {"@litertjs/core/dist/index.js": "core.js", "@litertjs/wasm-utils/dist/index.js": "wasm-utils.js"}
IMPORTS = {"@litertjs/wasm-utils": "./wasm-utils.js"}


def check():
    """CommandError unless there is npm."""
    if not shutil.which("npm"):
        raise CommandError("npm is missing, which installs LiteRT.js: install Node.js")


def browser():
    """The path of Chromium or Chrome, None where there is none."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def install(folder, *flags):
    """Installs the packages into a folder, with further flags of npm ci. CommandError if that fails."""
    for name in LOCKED:
        shutil.copy(HERE / name, folder)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", *flags]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        told = [
            line for line in done.stderr.splitlines() if line.lower().startswith("npm err") and " code " not in line
        ]
        raise CommandError(f"npm ci failed: {told[0] if told else f'exit code {done.returncode}'}")


def copy(target):
    """Installs the packages into a folder of their own, and copies what the page needs of them into `target`."""
    with tempfile.TemporaryDirectory() as scratch:
        install(scratch, "--omit=dev")
        for folder, patterns in FILES.items():
            for pattern in patterns:
                found = sorted((Path(scratch) / "node_modules").glob(pattern))
                if not found:
                    raise CommandError(f"the npm packages hold no {pattern}")
                for path in found:
                    _copy(path, target / folder / NAMES.get(pattern, path.name))


def _copy(path, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix != ".js":
        shutil.copyfile(path, target)
        return
    text = path.read_text()
    for name, address in IMPORTS.items():
        text = re.sub(rf"""(from\s*|import\s*\(?\s*)(["']){re.escape(name)}\2""", rf"\1\2{address}\2", text)
    target.write_text(re.sub(r"^//# sourceMappingURL=.*$", "", text, flags=re.MULTILINE))
