"""Generates the Grafana dashboards from the short files in manifests/monitoring/dashboards.

Grafana's own format has 40 lines for each panel, with its coordinates. `python -m tests.delivery` writes the files.
"""

import json
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parents[2] / "manifests/monitoring"
FOLDERS = {"operator": "operator", "microservice": "operator", "shop": "shop"}  # dashboard → kustomize component
COLUMNS = 24
HEIGHTS = {"stat": 4, "table": 7, "timeseries": 8}
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
Json = dict[str, Any]


def generated() -> dict[Path, str]:
    """Return the content of each generated file."""
    return {
        HERE / folder / "dashboards" / f"{name}.json": json.dumps(
            dashboard(yaml.safe_load((HERE / "dashboards" / f"{name}.yaml").read_text(encoding="utf-8"))),
            indent=1,
            ensure_ascii=False,
        )
        + "\n"
        for name, folder in FOLDERS.items()
    }


def dashboard(source: Json) -> Json:
    """Build one dashboard. The keys of the source are read here and in the functions below."""
    return {
        "uid": source["uid"],
        "title": source["title"],
        "description": source["description"],
        "tags": source["tags"],
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "schemaVersion": 39,
        "time": {"from": "now-3h", "to": "now"},
        "timezone": "browser",
        "links": [_link(each) for each in source["links"]],
        "templating": {"list": [_data_source(), *(_variable(each) for each in source.get("variables", []))]},
        "panels": _panels(source["rows"]),
    }


def _panels(rows: list[Json]) -> list[Json]:
    """Place the panels of each row from left to right, and below when there is no room."""
    placed: list[Json] = []
    top = 0
    for row in rows:
        placed.append({"type": "row", "title": row["title"], "collapsed": False, "panels": [], **_at(0, top, 24, 1)})
        left, top, height = 0, top + 1, 0
        for panel in row["panels"]:
            kind = panel.get("kind", "timeseries")
            if left + panel["width"] > COLUMNS:
                left, top, height = 0, top + height, 0
            placed.append(_panel(panel, kind) | _at(left, top, panel["width"], HEIGHTS[kind]))
            left, height = left + panel["width"], max(height, HEIGHTS[kind])
        top += height
    return [{"id": number, **each} for number, each in enumerate(placed, 1)]


def _at(left: int, top: int, width: int, height: int) -> Json:
    return {"gridPos": {"x": left, "y": top, "w": width, "h": height}}


def _panel(panel: Json, kind: str) -> Json:
    table = kind == "table"
    targets = [
        {
            "refId": "ABCDEF"[number],
            "datasource": SOURCE,
            "expr": query["expr"],
            "legendFormat": query["legend"],
            **({"format": "table", "instant": True} if table else {}),
        }
        for number, query in enumerate(panel["queries"])
    ]
    return {
        "type": kind,
        "title": panel["title"],
        "description": panel["description"],
        "datasource": SOURCE,
        "targets": targets,
        "fieldConfig": {"defaults": _defaults(panel), "overrides": [_name_link(panel["link"])] if table else []},
        "options": _options(panel, kind),
        **({"transformations": [_without_columns("Time", "Value")]} if table else {}),
    }


def _defaults(panel: Json) -> Json:
    fields: Json = {"unit": panel["unit"], "min": 0}
    if "colors" in panel:
        steps = [{"color": color, "value": value} for color, value in panel["colors"].items()]
        fields |= {"color": {"mode": "thresholds"}, "thresholds": {"mode": "absolute", "steps": steps}}
    return fields


def _options(panel: Json, kind: str) -> Json:
    if kind == "timeseries":
        return {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}}
    if kind == "stat":
        return {"textMode": panel.get("show", "value"), "reduceOptions": {"calcs": ["lastNotNull"]}}
    return {"showHeader": True}


def _name_link(uid: str) -> Json:
    """Make each name a link to the dashboard of that Microservice."""
    variables = "var-namespace=${__data.fields.namespace}&var-name=${__data.fields.name}"
    link = {"title": "Show this Microservice", "url": f"/d/{uid}?{variables}&${{datasource:queryparam}}"}
    return {"matcher": {"id": "byName", "options": "name"}, "properties": [{"id": "links", "value": [link]}]}


def _without_columns(*names: str) -> Json:
    return {"id": "organize", "options": {"excludeByName": dict.fromkeys(names, True)}}


def _link(link: Json) -> Json:
    return {
        "type": "link",
        "title": link["title"],
        "url": f"/d/{link['uid']}",
        "icon": "dashboard",
        "keepTime": True,
        "includeVars": True,
    }


def _data_source() -> Json:
    return {"type": "datasource", "name": "datasource", "label": "Data source", "query": "prometheus"}


def _variable(variable: Json) -> Json:
    made = {
        "type": "query",
        "name": variable["name"],
        "label": variable["name"],
        "datasource": SOURCE,
        "query": {"query": variable["query"], "refId": variable["name"]},
        "refresh": 2,
        "sort": 1,
    }
    if "current" in variable:
        made["current"] = {"text": variable["current"], "value": variable["current"]}
    return made
