"""The control plane's command lines: the same for a light cluster on loopback and for a whole node."""

from pathlib import Path

from .binaries import program
from .certificates import Pair, authority, issue
from .kubeconfig import kubeconfig, write_kubeconfig
from .paths import HERE
from .state import State

# By default the controllers hold themselves back to 20 requests a second, and take five seconds to start.
UNHURRIED = ("--kube-api-qps=500", "--kube-api-burst=1000")
CLIENTS = {  # who talks to the API server, as which groups
    "admin": ("kubernetes-admin", ["system:masters"]),
    "controller-manager": ("system:kube-controller-manager", []),
    "scheduler": ("system:kube-scheduler", []),
    "kube-proxy": ("system:kube-proxy", []),
    "coredns": ("system:coredns", []),
    "kube-router": ("system:kube-router", []),
    "kubelet": ("system:node:node", ["system:nodes"]),
    "kubelet-client": ("kube-apiserver", ["system:masters"]),
}


def write_credentials(state: State) -> None:
    """The authority, every component's certificate, and a kubeconfig for each that talks to the API server."""
    pki, addresses = state.folder / "pki", state.addresses
    ca = authority("kubernetes")
    ca.write(pki, "ca")
    authority("service-accounts").write(pki, "sa")  # only its key is used, to sign tokens
    hosts = ["127.0.0.1", addresses.node, addresses.first_service, "localhost", "kubernetes"]
    hosts += ["kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"]
    issue(ca, "kube-apiserver", hosts=list(dict.fromkeys(hosts))).write(pki, "apiserver")
    issue(ca, "node", hosts=["node", addresses.node]).write(pki, "kubelet-server")
    for name, (user, groups) in CLIENTS.items():
        pair = issue(ca, user, groups)
        pair.write(pki, name)
        write_kubeconfig(kubeconfig_file(state, name), _kubeconfig(state, ca, pair))


def user_kubeconfig(state: State, ca: Pair, user: str, groups: list[str]) -> Path:
    """A kubeconfig for a person of the test's own, with no more rights than RBAC gives."""
    name = "user-" + "".join(letter if letter.isalnum() else "-" for letter in user)
    return write_kubeconfig(kubeconfig_file(state, name), _kubeconfig(state, ca, issue(ca, user, groups)))


def kubeconfig_file(state: State, name: str) -> Path:
    """Where a client's kubeconfig is."""
    return state.folder / f"{name}.kubeconfig"


def etcd(state: State) -> list[str | Path]:
    """The store. Nothing is synced to the disk: the disk is not what is tested."""
    addresses = state.addresses
    client = f"http://127.0.0.1:{addresses.etcd_port}"
    peer = f"http://127.0.0.1:{addresses.etcd_peer_port}"
    return [
        program("etcd"),
        f"--data-dir={state.folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def api_server(state: State) -> list[str | Path]:
    """The API server: RBAC, Pod Security by namespace labels, no anonymous requests, every request in the audit log."""
    addresses, pki = state.addresses, state.folder / "pki"
    return [
        program("kube-apiserver"),
        f"--etcd-servers=http://127.0.0.1:{addresses.etcd_port}",
        f"--bind-address={addresses.node}",
        f"--advertise-address={addresses.node}",
        f"--secure-port={addresses.api_port}",
        # Endpoints may not hold a loopback address, so a light cluster has none for the Service `kubernetes`.
        f"--endpoint-reconciler-type={'none' if addresses.light else 'lease'}",
        f"--service-cluster-ip-range={addresses.services}",
        f"--tls-cert-file={pki / 'apiserver.crt'}",
        f"--tls-private-key-file={pki / 'apiserver.key'}",
        f"--client-ca-file={pki / 'ca.crt'}",
        f"--kubelet-client-certificate={pki / 'kubelet-client.crt'}",
        f"--kubelet-client-key={pki / 'kubelet-client.key'}",
        f"--kubelet-certificate-authority={pki / 'ca.crt'}",
        "--kubelet-preferred-address-types=InternalIP",  # else logs and exec look the node's name up in DNS
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={pki / 'sa.crt'}",
        f"--service-account-signing-key-file={pki / 'sa.key'}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction,PodSecurity",
        "--anonymous-auth=false",
        "--allow-privileged=true",
        "--profiling=false",
        f"--audit-policy-file={HERE / 'config' / 'audit.yaml'}",
        f"--audit-log-path={audit_log(state)}",
        "--audit-log-maxsize=100000",  # in MB: by default a new file begins at 100, and the tests read one
    ]


def controller_manager(state: State) -> list[str | Path]:
    """The controllers: without them no garbage is collected and no namespace is deleted."""
    pki, config = state.folder / "pki", kubeconfig_file(state, "controller-manager")
    return [
        program("kube-controller-manager"),
        f"--kubeconfig={config}",
        "--secure-port=0",
        "--leader-elect=false",
        "--use-service-account-credentials=true",
        *UNHURRIED,
        f"--service-account-private-key-file={pki / 'sa.key'}",
        f"--root-ca-file={pki / 'ca.crt'}",
        f"--cluster-signing-cert-file={pki / 'ca.crt'}",
        f"--cluster-signing-key-file={pki / 'ca.key'}",
        f"--cluster-cidr={state.addresses.pods}",
        # Without nodes, it takes each pod that is being deleted for one of a lost node, and marks it Failed.
        *(["--controllers=*,-pod-garbage-collector-controller"] if state.kind == "light" else []),
    ]


def scheduler(state: State) -> list[str | Path]:
    """Gives pods a node."""
    config = kubeconfig_file(state, "scheduler")
    return [program("kube-scheduler"), f"--kubeconfig={config}", "--secure-port=0", "--leader-elect=false", *UNHURRIED]


def audit_log(state: State) -> Path:
    """One JSON line for each request."""
    return state.folder / "audit.log"


def _kubeconfig(state: State, ca: Pair, user: Pair) -> str:
    return kubeconfig(state.name, state.addresses.server, ca.certificate, user)
