"""GET and POST of a flow with Starlette and the store, and nothing between them.

python bench/_bare_starlette.py FOLDER PORT
"""

from __future__ import annotations

import sys
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from sluiceway.models.ids import new_id
from sluiceway.models.timestamps import format_timestamp, utc_now
from sluiceway.storage import open_store
from sluiceway.storage.base import AuditEntry, Document, Key


def serve(folder: str, port: int) -> None:
    """Serve until told to stop."""
    store = open_store(f"sqlite:///{folder}/bare.db")

    async def get(request: Any) -> JSONResponse:
        id_ = request.path_params["id"]
        document = await store.documents.get("flow", id_)
        await store.documents.get("flow_activity", id_)
        return JSONResponse({"id": id_, **document.body, **dates(document)})

    async def post(request: Any) -> JSONResponse:
        body, id_, now = await request.json(), new_id("af"), utc_now()
        document = Document(
            kind="flow",
            id=id_,
            body=body,
            created_at=now,
            updated_at=now,
            keys=(Key(name="name", value=body["name"]),),
        )
        await store.documents.insert(document)
        await store.documents.insert(
            Document(
                kind="flow_version",
                id=f"{id_}@1",
                body={**body, "version": 1},
                created_at=now,
                updated_at=now,
                keys=(Key(name="flow", value=id_),),
            )
        )
        await store.audit.append(
            AuditEntry(at=now, actor="bench", action="POST /flows", target="/flows")
        )
        return JSONResponse({"id": id_, **body, **dates(document)}, status_code=201)

    def dates(document: Document) -> dict[str, str]:
        return {
            "created_at": format_timestamp(document.created_at),
            "updated_at": format_timestamp(document.updated_at),
        }

    async def alive(_: Any) -> PlainTextResponse:
        return PlainTextResponse("ok")

    app = Starlette(
        routes=[
            Route("/api/v2/flows/{id}", get),
            Route("/api/v2/flows", post, methods=["POST"]),
            Route("/healthz", alive),
        ]
    )
    uvicorn.run(app, port=port, log_level="warning", access_log=False, lifespan="off")


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
