"""The ports and networks of a cluster; its index, a small number, determines all of them."""

import socket
import subprocess
from dataclasses import dataclass

INDEXES = range(100)
FIRST_PORT = 16000  # below the range from which the kernel gives ports to outgoing connections
PORTS_EACH = 10


@dataclass(frozen=True)
class Addresses:
    """Where one cluster's servers listen."""

    index: int
    light: bool

    @property
    def node(self) -> str:
        """The node's own address; a light cluster lives on the host's loopback."""
        return "127.0.0.1" if self.light else f"10.200.{self.index}.2"

    @property
    def host(self) -> str:
        """The host's end of the cable to the node."""
        return "127.0.0.1" if self.light else f"10.200.{self.index}.1"

    @property
    def pods(self) -> str:
        """The pods' network."""
        return f"10.201.{self.index}.0/24"

    @property
    def services(self) -> str:
        """The Services' network; a light cluster routes to none of them, and may have many."""
        if self.light:
            return "10.96.0.0/16"
        return f"10.202.{self.index}.0/24"

    @property
    def first_service(self) -> str:
        """The address of the Service `kubernetes`."""
        if self.light:
            return "10.96.0.1"
        return f"10.202.{self.index}.1"

    @property
    def api_port(self) -> int:
        """The API server's port."""
        return self._port(0) if self.light else 6443

    @property
    def etcd_port(self) -> int:
        """etcd's port for its client, the API server."""
        return self._port(1) if self.light else 2379

    @property
    def etcd_peer_port(self) -> int:
        """etcd's port for other members, of which there are none."""
        return self._port(2) if self.light else 2380

    @property
    def kwok_port(self) -> int:
        """The port of the fake nodes' kubelet."""
        return self._port(3) if self.light else 10247

    @property
    def server(self) -> str:
        """The API server's address as clients write it."""
        return f"https://{self.node}:{self.api_port}"

    @property
    def host_link(self) -> str:
        """The name of the host's end of the cable."""
        return f"msop-host{self.index}"

    @property
    def node_link(self) -> str:
        """The name of the node's end of the cable."""
        return f"msop-node{self.index}"

    def free(self) -> bool:
        """Whether they are unused on this machine."""
        if self.light:
            return all(_bindable(self._port(offset)) for offset in range(PORTS_EACH))
        shown = subprocess.run(
            ["ip", "-o", "route", "show", "table", "all"], capture_output=True, text=True, check=True
        ).stdout
        wanted = (f"10.200.{self.index}.", f"10.201.{self.index}.", f"10.202.{self.index}.")
        return not any(network in shown for network in wanted)

    def _port(self, offset: int) -> int:
        return FIRST_PORT + self.index * PORTS_EACH + offset


def _bindable(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
