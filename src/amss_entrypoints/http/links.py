"""What can be asked next with the ids in an answer: the links of the OpenAPI document."""

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from attrs import fields_dict, has

from amss_entrypoints.http.endpoint import Endpoint

_PARAMETER: Final = re.compile(r"{(\w+)}")


def links_of(endpoint: Endpoint[Any, Any, Any], others: Iterable[Endpoint[Any, Any, Any]]) -> dict[str, Any]:
    """Return the links from an endpoint that creates or lists things to those that work with one of them."""
    return {
        other.name: {"operationId": other.name, "parameters": parameters}
        for other in others
        if (parameters := _parameters(endpoint, other.path))
    }


def _parameters(endpoint: Endpoint[Any, Any, Any], path: str) -> Mapping[str, str]:
    """Return where the parameters of a path below the endpoint's own come from, if all of them come from there."""
    if endpoint.listing is None and endpoint.status != HTTPStatus.CREATED:
        return {}
    below = re.match(re.escape(endpoint.path) + r"/{(\w+)}", path)
    members = fields_dict(endpoint.result) if has(endpoint.result) else {}
    if below is None or _PARAMETER.search(path, below.end()) is not None:
        return {}
    name = below[1]
    member = name if name in members else "id"
    if member not in members:
        return {}
    at = f"/items/0/{member}" if endpoint.listing else f"/{member}"
    known = {one: f"$request.path.{one}" for one in _PARAMETER.findall(endpoint.path)}
    return {**known, name: f"$response.body#{at}"}
