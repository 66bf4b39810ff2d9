"""Write a case from a real execution: its input, its path, and mocks for what it called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sluiceway.models.masking import MASK

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.rehearsal.recordings import Recording

__all__ = ["case_from", "cases_yaml"]

_PURE: Final = frozenset({"FLOW", "JSON", "XML"})
_MASKED: Final = "a value that was masked"


def case_from(recording: Recording, *, name: str) -> JsonObject:
    """Return a case, as a file of cases has it.

    Steps that called anything are mocked by what they gave; the logic of the flow runs anew. A
    masked value cannot be had back: a made-up one stands in its place.
    """
    called = [step for step in recording.steps if step.type not in _PURE]
    mocks: JsonObject = {
        step.id: _mock(step.output, step.error, step.status_code) for step in called
    }
    params: JsonObject = {step.id: _expected(step.input) for step in called if step.input}
    branches: JsonObject = {
        step.id: "then" if step.output.get("result") is True else "else"
        for step in recording.steps
        if step.action == "BOOLEAN_CONDITION" and isinstance(step.output, dict)
    }
    path: list[JsonValue] = [step.id for step in recording.steps]
    error = recording.error
    expect: JsonObject = {
        "status": recording.status,
        "path": path,
        **({"branches": branches} if branches else {}),
        **({"params": params} if params else {}),
        **({"error": {"code": error.get("code")}} if error is not None else {}),
    }
    case: JsonObject = {"name": name}
    if recording.started_at is not None:
        case["clock"] = recording.started_at
    for root, values in recording.input.as_json().items():
        if values:
            case[root] = _filled(values)
    if mocks:
        case["mocks"] = {"steps": mocks}
    case["expect"] = expect
    return case


def _mock(output: JsonValue, error: JsonObject | None, status_code: int | None) -> JsonObject:
    if error is not None:
        return {
            "error": {
                "code": str(error.get("code") or "ERR_ACTION"),
                "message": str(error.get("message") or ""),
            }
        }
    mock: JsonObject = {"output": _without_headers(_filled(output))}
    if status_code is not None and not (isinstance(output, dict) and "status" in output):
        mock["status_code"] = status_code
    return mock


def _without_headers(output: JsonValue) -> JsonValue:
    if isinstance(output, dict) and {"status", "headers", "body"} <= output.keys():
        return {**output, "headers": {}}
    return output


def _filled(value: JsonValue) -> JsonValue:
    """Return *value* with something in the places that were masked."""
    if value == MASK:
        return _MASKED
    if isinstance(value, str):
        return value.replace(MASK, _MASKED)
    if isinstance(value, list):
        return [_filled(item) for item in value]
    if isinstance(value, dict):
        return {key: _filled(item) for key, item in value.items()}
    return value


def _expected(value: JsonValue) -> JsonValue:
    """Return what to expect: anything where a value was masked."""
    if isinstance(value, str) and MASK in value:
        return {"$any": True}
    if isinstance(value, list):
        return [_expected(item) for item in value]
    if isinstance(value, dict):
        return {key: _expected(item) for key, item in value.items()}
    return value


def cases_yaml(case: JsonObject, *, flow: str | None, schema: str | None = None) -> str:
    """Return a new file of cases with *case* in it."""
    import yaml  # noqa: PLC0415 - takes its time

    document: dict[str, Any] = {"flow": flow} if flow else {}
    document["cases"] = [case]
    head = f"# yaml-language-server: $schema={schema}\n" if schema else ""
    body: str = yaml.dump(
        document, Dumper=_dumper(), sort_keys=False, allow_unicode=True, width=100
    )
    return head + body


def _dumper() -> Any:
    """Return a dumper that writes long texts as blocks, and nothing as aliases."""
    import yaml  # noqa: PLC0415 - as above

    class Dumper(yaml.SafeDumper):
        """See ``yaml.SafeDumper``."""

        def ignore_aliases(self, data: Any) -> bool:
            """Write everything out."""
            del data
            return True

    def write_text(dumper: Any, text: str) -> Any:
        style = "|" if "\n" in text else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    Dumper.add_representer(str, write_text)
    return Dumper
