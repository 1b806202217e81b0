"""A receiver of Amps webhooks with Flask and the official `svix` library.

    pip install -r requirements.txt
    AMPS_WEBHOOK_SECRET=whsec_… OUTCOMES_DB=outcomes.db PORT=3000 python receiver.py

In this order: raw body, verify, deduplicate on `svix-id`, route on `result` or `error`, answer 2xx
within 30 s.
"""

import json
import os
import sqlite3

from flask import Flask, jsonify, request
from svix.webhooks import Webhook, WebhookVerificationError

SCHEMA = """
CREATE TABLE IF NOT EXISTS seen_webhook (svix_id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS action_outcome (
    action_id TEXT PRIMARY KEY, state TEXT NOT NULL, detail TEXT NOT NULL
);
"""


def store_once(path: str, svix_id: str, outcome: tuple[str, str, str]) -> bool:
    """True when the id was new. The insert itself decides, so two copies at once cannot both win,
    and the effect is in the same transaction: a crash keeps both or neither."""
    connection = sqlite3.connect(path, timeout=10)
    try:
        with connection:
            seen = connection.execute(
                "INSERT INTO seen_webhook VALUES (?) ON CONFLICT DO NOTHING", (svix_id,)
            )
            if seen.rowcount == 1:
                connection.execute("INSERT INTO action_outcome VALUES (?, ?, ?)", outcome)
            return seen.rowcount == 1
    finally:
        connection.close()


def create_app(secret: str, path: str) -> Flask:
    app = Flask(__name__)
    webhook = Webhook(secret)
    with sqlite3.connect(path) as connection:
        connection.executescript(SCHEMA)

    @app.post("/webhooks")
    def receive():
        try:
            webhook.verify(request.get_data(), dict(request.headers))
        except WebhookVerificationError as error:
            return jsonify(status="refused", reason=str(error)), 400

        event = json.loads(request.get_data())
        if "result" in event:
            outcome = (event["actionId"], "completed", event["result"]["message"])
        else:
            outcome = (event["actionId"], "failed", event["error"]["code"])
        is_new = store_once(path, request.headers["svix-id"], outcome)
        return jsonify(status="processed" if is_new else "duplicate")

    return app


if __name__ == "__main__":
    create_app(
        os.environ["AMPS_WEBHOOK_SECRET"], os.environ.get("OUTCOMES_DB", "outcomes.db")
    ).run(host="127.0.0.1", port=int(os.environ.get("PORT", "3000")))
