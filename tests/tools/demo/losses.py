"""Restores the demo after a restart of the emulator or of the laptop's PostgreSQL, which lose their data.

The operator never recreates a lost table or database automatically, because an empty one would hide the loss; a person
allows it with an annotation. The demo's data has no value, so the demo sets the annotation.
"""

from .kubectl import Kubectl, Object
from .standing import SHOP

ANNOTATION = "microservice-operator.dev/recreate"
LOST = ("TableLost", "DatabaseLost")
KINDS = ("Table", "DatabaseInstance", "Database")  # the others hold no data, and the operator creates them again


def start_anew(kubectl: Kubectl) -> list[str]:
    """Annotate every Microservice that has lost something; what was lost, in words."""
    said = []
    for item in kubectl.listed("microservices", f"--namespace={SHOP}"):
        part = _lost(item)
        name = item["metadata"]["name"]
        if part is not None and _annotation(item) != part["name"]:
            kubectl("annotate", "--overwrite", "msvc", name, f"--namespace={SHOP}", f"{ANNOTATION}={part['name']}")
            said.append(f"{part['kind'].lower()} {part['name']} of {name}")
    return said


def end_consent(kubectl: Kubectl) -> None:
    """Remove the annotation afterwards; otherwise it would hide the next loss."""
    for item in kubectl.listed("microservices", f"--namespace={SHOP}"):
        if _annotation(item):
            kubectl("annotate", "msvc", item["metadata"]["name"], f"--namespace={SHOP}", f"{ANNOTATION}-")


def _annotation(item: Object) -> str:
    return str(item["metadata"].get("annotations", {}).get(ANNOTATION, ""))


def _lost(item: Object) -> Object | None:
    status = item.get("status", {})
    if not any(c["type"] == "Stalled" and c["reason"] in LOST for c in status.get("conditions", [])):
        return None
    parts: list[Object] = status.get("resources", [])
    return next((p for p in parts if p["kind"] in KINDS and p["state"] == "Stalled"), None)
