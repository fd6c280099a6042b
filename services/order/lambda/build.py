"""``python services/order/lambda/build.py`` builds the function's zip reproducibly from locked requirements.

It downloads wheels for the architecture and the Python version of Lambda, and compiles nothing.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
REQUIREMENTS = ROOT / "requirements" / "lambda.txt"
PLATFORMS = {"x86_64": "x86_64-manylinux2014", "arm64": "aarch64-manylinux2014"}
EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The earliest timestamp of a zip entry: the zip must not contain the time of the build."""
# Files that a function never imports, and files that name the build machine.
EXCLUDED_FOLDERS = ("__pycache__", "tests", "bin")
EXCLUDED_FILES = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", ".lock")


def build(target: Path, architecture: str = "x86_64", python: str = "3.13") -> Path:
    with tempfile.TemporaryDirectory() as folder:
        packages = Path(folder)
        _install(packages, architecture, python)
        files = {path.relative_to(packages): path for path in packages.rglob("*")}
        files |= {path.relative_to(HERE): path for path in (HERE / "order_intake").rglob("*")}
        target.parent.mkdir(parents=True, exist_ok=True)
        _write(target, {name: path for name, path in files.items() if path.is_file() and _is_included(name)})
    return target


def _install(packages: Path, architecture: str, python: str) -> None:
    uv = ROOT / ".venv" / "bin" / "uv"
    command = [str(uv) if uv.exists() else "uv", "pip", "install", "--quiet", "--require-hashes"]
    machine = ["--python-platform", PLATFORMS[architecture], "--python-version", python, "--only-binary", ":all:"]
    output = ["--no-compile-bytecode", "--link-mode", "copy", "--target", str(packages), "-r", str(REQUIREMENTS)]
    environment = {"UV_SYSTEM_CERTS": "1", **os.environ}
    subprocess.run([*command, *machine, *output], check=True, env=environment)  # noqa: S603  (no input from outside)


def _is_included(name: Path) -> bool:
    return not set(name.parts) & set(EXCLUDED_FOLDERS) and name.name not in EXCLUDED_FILES


def _write(target: Path, files: dict[Path, Path]) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name.as_posix(), EARLIEST)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            archive.writestr(entry, files[name].read_bytes())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "dist" / "order-intake.zip")
    parser.add_argument("--architecture", choices=PLATFORMS, default="x86_64")
    parser.add_argument("--python", default="3.13", help="Python version of the function's runtime")
    options = parser.parse_args()
    target = build(options.output, options.architecture, options.python)
    sys.stdout.write(f"{target} ({target.stat().st_size / 1e6:.1f} MB)\n")


if __name__ == "__main__":
    main()
