"""`.local/`: what a person or a script needs afterwards. Not in git; `make down` removes it."""

import shlex
from collections.abc import Mapping
from pathlib import Path

from .rendering import REPOSITORY

LOCAL = REPOSITORY / ".local"
KUBECONFIG = LOCAL / "kubeconfig"


def copy_kubeconfig(source: Path) -> Path:
    """Keep the administrator's kubeconfig where only its owner can read it."""
    LOCAL.mkdir(exist_ok=True)
    KUBECONFIG.touch(mode=0o600)
    KUBECONFIG.chmod(0o600)
    KUBECONFIG.write_bytes(source.read_bytes())
    return KUBECONFIG


def write_env(urls: Mapping[str, str]) -> Path:
    """Shell assignments, exported: `. .local/env`."""
    kubectl = REPOSITORY / ".venv" / "bin"
    values = {
        "KUBECONFIG": str(KUBECONFIG),
        "AWS_ENDPOINT_URL": urls["aws"],
        "AWS_ACCESS_KEY_ID": "emulator",
        "AWS_SECRET_ACCESS_KEY": "emulator",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "USER_URL": urls["user"],
        "PRODUCT_URL": urls["product"],
        "ORDER_URL": urls["order"],
        "GATEWAY_URL": urls["gateway"],
    }
    lines = [f"export {name}={shlex.quote(value)}" for name, value in values.items()]
    # kubectl and microservice-operator are in the virtual environment, which need not be active
    lines.append(f'case ":$PATH:" in *:{kubectl}:*) ;; *) export PATH="$PATH":{shlex.quote(str(kubectl))} ;; esac')
    file = LOCAL / "env"
    file.write_text("# Written by make demo; to use it: . .local/env\n" + "\n".join(lines) + "\n")
    return file
