"""Runs a customization as Argo CD does: Lua 5.1, `obj` as input, only the libraries that Argo CD opens."""

from pathlib import Path
from typing import Any

import yaml
from lupa import lua51

ARGOCD = Path(__file__).parents[2] / "manifests/argocd"
FOLDER = ARGOCD / "resource_customizations/microservice-operator.dev/Microservice"
APPLICATION = ARGOCD / "resource_customizations/argoproj.io/Application"
ACTIONS = ARGOCD / "actions.yaml"
_CLOSED = ("io", "debug", "package", "require", "dofile", "loadfile", "load", "loadstring", "os")


def run(script: str, microservice: dict[str, Any], *, clock: bool = False) -> Any:
    """What the script returns, as plain values. Actions may ask for the time; health may not."""
    lua = lua51.LuaRuntime(unpack_returned_tuples=True, register_eval=False, register_builtins=False)
    time = lua.eval("{ date = os.date, time = os.time }")
    names = lua.globals()
    for name in _CLOSED:
        names[name] = None
    if clock:
        names["require"] = lua.eval("function(time) return function(name) assert(name == 'os') return time end end")(
            time
        )
    names["obj"] = _table(lua, microservice)
    return _plain(lua.execute(script))


def actions_file() -> str:
    """The actions as the ConfigMap wants them: one document that holds every script."""
    names = sorted(folder.parent.name for folder in (FOLDER / "actions").glob("*/action.lua"))
    document = {
        "discovery.lua": _Block((FOLDER / "actions/discovery.lua").read_text(encoding="utf-8")),
        "definitions": [
            {"name": name, "action.lua": _Block((FOLDER / f"actions/{name}/action.lua").read_text(encoding="utf-8"))}
            for name in names
        ],
    }
    body: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=200)
    return f"# Generated from resource_customizations by: python -m tests.delivery\n{body}"


class _Block(str):
    """Text that stays readable in YAML."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    pass


_Dumper.add_representer(
    _Block, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style="|")
)


def _table(lua: Any, value: Any) -> Any:
    if isinstance(value, dict):
        return lua.table_from({key: _table(lua, each) for key, each in value.items()})
    if isinstance(value, list):
        return lua.table_from([_table(lua, each) for each in value])
    return value


def _plain(value: Any) -> Any:
    if lua51.lua_type(value) != "table":
        return value
    keys = list(value.keys())
    if keys and keys == list(range(1, len(keys) + 1)):
        return [_plain(value[key]) for key in keys]
    return {key: _plain(value[key]) for key in keys}
