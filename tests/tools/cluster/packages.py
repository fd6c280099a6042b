"""Installs missing programs from the distribution."""

import os
import shutil
import subprocess

from .binaries import Progress
from .errors import ClusterError

NODE = {  # program → Debian's package
    "runc": "runc",
    "nft": "nftables",
    "iptables": "iptables",
    "ipset": "ipset",
    "ip": "iproute2",
    "conntrack": "conntrack",
    "socat": "socat",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
}
IMAGES = {"buildah": "buildah", "debootstrap": "debootstrap"}
BROWSER = {"chromium": "chromium", "chromedriver": "chromium-driver"}


def install(programs: dict[str, str], progress: Progress) -> None:
    """Install what is missing; an error that names the packages where that cannot be done from here."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    missing = sorted({package for program, package in programs.items() if shutil.which(program, path=path) is None})
    if not missing:
        return
    names = " ".join(missing)
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise ClusterError(f"these packages are needed and cannot be installed from here: {names}; install them")
    progress(f"installing {names}")
    for command in (["apt-get", "update"], ["apt-get", "install", "--yes", "--no-install-recommends", *missing]):
        ran = subprocess.run(
            command,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if ran.returncode != 0:
            raise ClusterError(f"{' '.join(command)} failed:\n{ran.stdout[-2000:]}")
